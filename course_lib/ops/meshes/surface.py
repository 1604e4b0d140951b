"""The surface of a mesh: areas, normals, volume, and points drawn from it evenly."""

import torch

from course_lib.errors import CourseError


def face_normals(vertices, faces, unit=True):
    """(..., F, 3): outward normals (b - a) x (c - a); with unit=False twice the face's area long."""
    a, b, c = vertices[..., faces, :].unbind(-2)
    normals = torch.linalg.cross(b - a, c - a)
    return torch.nn.functional.normalize(normals, dim=-1) if unit else normals


def face_areas(vertices, faces):
    """(..., F)"""
    return face_normals(vertices, faces, unit=False).norm(dim=-1) / 2


def surface_area(vertices, faces):
    """(...,) the sum of the faces' areas."""
    return face_areas(vertices, faces).sum(-1)


def signed_volume(vertices, faces):
    """(...,) what a closed mesh holds; negative if its faces are turned inwards."""
    a, b, c = vertices[..., faces, :].unbind(-2)
    return (a * torch.linalg.cross(b, c)).sum((-2, -1)) / 6


def vertex_normals(vertices, faces):
    """(..., V, 3): the mean of the normals of the faces about a vertex, weighed by their areas, unit."""
    normals = face_normals(vertices, faces, unit=False)
    total = torch.zeros_like(vertices)
    for corner in range(3):
        total = total.index_add(-2, faces[:, corner], normals)
    return torch.nn.functional.normalize(total, dim=-1)


def sample_surface(vertices, faces, number, generator=None, with_faces=False):
    """Points spread evenly over the surface, and the normals there.

    A face is drawn with a chance that is its share of the area; within it p = (1 - r) a + r (1 - v) b + r v c with
    r = sqrt(u), and u, v even in 0..1. The root makes the points even: without it they crowd about a.

    Args:
        vertices: (V, 3) or (B, V, 3). faces: (F, 3). number: P. generator: torch.Generator on the vertices' device.
        with_faces: also return the faces that were drawn.
    Returns:
        points (..., P, 3), differentiable in the vertices; normals (..., P, 3), unit, of the faces;
        with_faces: and (..., P) long.
    Raises:
        CourseError: if the mesh has no area, or a coordinate is not finite.
    """
    normals = face_normals(vertices, faces, unit=False)
    area = normals.detach().norm(dim=-1)
    if area.shape[-1] == 0 or not area.isfinite().all() or (area.sum(-1) == 0).any():
        raise CourseError(
            f"A mesh of {faces.shape[0]} faces has no area to draw points from, or a coordinate is not finite. "
            "Is it empty (no voxel above the threshold)? Did the training diverge (a smaller learning rate helps)?"
        )
    face = torch.multinomial(area, number, replacement=True, generator=generator)  # (..., P)
    u, v = torch.rand(2, *face.shape, 1, generator=generator, device=vertices.device, dtype=vertices.dtype)
    root = u.sqrt()
    corners = faces[face]  # (..., P, 3)
    a, b, c = (_take(vertices, corners[..., k]) for k in range(3))
    points = (1 - root) * a + root * (1 - v) * b + root * v * c
    drawn = torch.nn.functional.normalize(_take(normals, face), dim=-1)
    return (points, drawn, face) if with_faces else (points, drawn)


def _take(rows, index):
    """(..., N, 3), (..., P) -> (..., P, 3)"""
    return rows.gather(-2, index[..., None].expand(*index.shape, 3))
