"""What keeps a mesh in shape while a loss on points pulls at it: short edges, even neighbourhoods, gentle folds."""

import torch

from course_lib.errors import CourseError
from course_lib.ops.meshes.surface import face_areas
from course_lib.ops.meshes.topology import unique_edges


def edge_loss(vertices, faces, target=0.0):
    """Mean of (length - target)^2 over the edges: Mesh R-CNN's L_edge with target 0.

    Args:
        vertices: (V, 3) or (B, V, 3). faces: (F, 3). target: the length to reach, in the vertices' unit.
    Returns:
        scalar: the mean over a batch. 0 for a mesh without faces.
    """
    if not len(faces):
        return vertices.sum() * 0
    start, end = vertices[..., unique_edges(faces), :].unbind(-2)
    if target == 0:  # without a root, whose gradient is infinite for an edge of length 0
        return ((start - end) ** 2).sum(-1).mean()
    return ((torch.linalg.vector_norm(start - end, dim=-1) - target) ** 2).mean()


def laplacian_loss(vertices, faces, kind="uniform"):
    """How far each vertex is from the middle of its neighbours: mean of |L v|, not squared.

    Args:
        vertices: (V, 3) or (B, V, 3). faces: (F, 3).
        kind: "uniform": all neighbours count alike. "cot": as the cotangents of the angles opposite to the edge, which
            does not punish uneven triangles in a plane. "cotcurv": the same difference over the area about the vertex,
            about the mean curvature. The weights of the last two are kept fixed, no gradient flows through them.
    Returns:
        scalar: the mean over vertices and batch. 0 for a mesh without faces.
    Raises:
        CourseError: if the kind is unknown.
    """
    if kind not in ("uniform", "cot", "cotcurv"):
        raise CourseError(f'kind is {kind!r}, expected "uniform", "cot" or "cotcurv".')
    if not len(faces):
        return vertices.sum() * 0
    if kind == "uniform":
        start, end = unique_edges(faces).unbind(1)
        weights = torch.ones(len(start), dtype=vertices.dtype, device=vertices.device)
    else:
        start, end, weights = _cotangents(vertices.detach(), faces)
    total = _gathered(weights, start, end, vertices)
    pull = _gathered(weights[..., None], start, end, vertices, times=vertices)
    if kind == "cotcurv":
        differences = (pull - total[..., None] * vertices) * (0.25 / _areas_about(vertices.detach(), faces))[..., None]
    else:
        differences = pull / torch.where(total > 0, total, torch.ones_like(total))[..., None] - vertices
    return torch.linalg.vector_norm(differences, dim=-1).mean()


def normal_consistency(vertices, faces):
    """Mean of 1 - cos of the angle between the faces at each edge: 0 for a plane, 2 for a fold that closes.

    Where more than two faces share an edge, every pair of them counts. Which way faces are turned does not matter.

    Args:
        vertices: (V, 3) or (B, V, 3). faces: (F, 3).
    Returns:
        scalar; 0 if no two faces share an edge.
    """
    edges, of_face = unique_edges(faces, with_faces=True)
    edge, order = of_face.flatten().sort(stable=True)
    opposite = faces.flatten()[order]  # the third corner of each face at the edge
    firsts, seconds = [], []
    for step in range(1, int(torch.bincount(edge).max()) if len(edge) else 0):  # 1 in a manifold mesh
        pairs = torch.nonzero(edge[:-step] == edge[step:])[:, 0]
        firsts.append(pairs)
        seconds.append(pairs + step)
    if not firsts or not sum(map(len, firsts)):
        return vertices.sum() * 0
    first, second = torch.cat(firsts), torch.cat(seconds)
    start, end = vertices[..., edges[edge[first]], :].unbind(-2)
    one = torch.linalg.cross(end - start, vertices[..., opposite[first], :] - start)
    other = -torch.linalg.cross(end - start, vertices[..., opposite[second], :] - start)
    return (1 - torch.cosine_similarity(one, other, dim=-1)).mean()


def _gathered(weights, start, end, vertices, times=None):
    """Sum over the neighbours of each vertex: of the weights, or of weights times the neighbours' values."""
    shape = vertices.shape[:-1] if times is None else vertices.shape
    total = torch.zeros(shape, dtype=vertices.dtype, device=vertices.device)
    axis = -1 if times is None else -2
    for receiver, sender in ((start, end), (end, start)):
        values = weights if times is None else weights * times[..., sender, :]
        total = total.index_add(axis, receiver, values.expand(*shape[:-1], -1) if times is None else values)
    return total


def _cotangents(vertices, faces):
    """Per face and corner: the edge opposite to the corner and the cotangent of the angle there."""
    corners = vertices[..., faces, :]
    twice = (2 * face_areas(vertices, faces)).clamp(min=1e-12)
    starts, ends, weights = [], [], []
    for corner in range(3):
        one, other = (corner + 1) % 3, (corner + 2) % 3
        to_one, to_other = (
            corners[..., one, :] - corners[..., corner, :],
            corners[..., other, :] - corners[..., corner, :],
        )
        starts.append(faces[:, one])
        ends.append(faces[:, other])
        weights.append((to_one * to_other).sum(-1) / twice)
    return torch.cat(starts), torch.cat(ends), torch.cat(weights, -1)


def _areas_about(vertices, faces):
    """(..., V): the summed areas of the faces about each vertex; inf where there are none."""
    areas = face_areas(vertices, faces)
    total = torch.zeros(vertices.shape[:-1], dtype=vertices.dtype, device=vertices.device)
    for corner in range(3):
        total = total.index_add(-1, faces[:, corner], areas)
    return torch.where(total > 0, total, torch.full_like(total, torch.inf))
