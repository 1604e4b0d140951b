"""What keeps a mesh in shape while a network moves it: Pixel2Mesh's losses on the change from one stage to the next.

`course_lib.ops.meshes.regularizers` judges a mesh alone. These compare it with what it was before, or with the true
surface. Edges are (E, 2), each once; vertices (V, 3) or (B, V, 3).
"""

import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.meshes.surface import face_normals
from course_lib.ops.meshes.topology import neighbours, unique_edges
from course_lib.ops.points import nearest


def laplacian_coordinates(vertices, edges):
    """Each vertex minus the middle of its neighbours: (..., V, 3). A vertex without neighbours gives itself."""
    receivers, senders = neighbours(edges)
    total = torch.zeros_like(vertices).index_add(-2, receivers, vertices[..., senders, :])
    number = torch.bincount(receivers, minlength=vertices.shape[-2]).clamp(min=1)
    return vertices - total / number[:, None]


def laplacian_change(before, after, edges):
    """Mean of |d' - d|^2 over the vertices, d and d' the Laplacian coordinates before and after (Pixel2Mesh, Eq. 4).

    A shape that moves as a whole costs nothing, whatever its details; a vertex that leaves its neighbours does.

    Args:
        before, after: (..., V, 3), the same vertices. edges: (E, 2).
    Returns:
        scalar.
    Raises:
        ShapeError: if the shapes differ.
    """
    if before.shape != after.shape:
        raise ShapeError(
            f"before has shape {tuple(before.shape)}, after {tuple(after.shape)}: expected the same vertices. Was the "
            "mesh subdivided in between? Then `before` is the subdivided one."
        )
    # The map from vertices to Laplacian coordinates is linear: that of the move is the change of the coordinates.
    return (laplacian_coordinates(after - before, edges) ** 2).sum(-1).mean()


def edge_normal_loss(vertices, edges, points, normals, index=None):
    """Mean of |cos| of the angle between an edge and the true normal where it begins: 0 where edges lie in the surface.

    Pixel2Mesh, Eq. 3, with absolute values in place of squares, as in the public codes.

    Args:
        vertices: (B, V, 3). edges: (E, 2); each is looked at from both ends.
        points, normals: (B, Q, 3), of the true surface. A vertex has the normal of its nearest point.
        index: (B, V) which point that is, where it is known already.
    Returns:
        scalar; 0 without an edge.
    """
    if not len(edges):
        return vertices.sum() * 0
    if index is None:
        _, index = nearest(vertices, points)
    begin, end = neighbours(edges)
    found = normals.gather(1, index[:, begin, None].expand(-1, -1, 3))
    along = vertices[:, end] - vertices[:, begin]
    return torch.cosine_similarity(along, found, dim=-1, eps=1e-8).abs().mean()


def folds(vertices, faces):
    """The share of inner edges at which the surface is folded back: its two faces look to opposite sides.

    0 for a smooth or convex mesh; a box with its right angles too. Where a vertex was pulled across its neighbours'
    edges, faces overlap or are turned inside out, and the edges about them count.

    Args:
        vertices: (V, 3) or (B, V, 3). faces: (F, 3), consistently oriented.
    Returns:
        scalar or (B,), 0..1.
    Raises:
        CourseError: if no two faces share an edge.
    """
    _, of_face = unique_edges(faces, with_faces=True)
    edge, order = of_face.flatten().sort(stable=True)
    pairs = torch.nonzero(edge[:-1] == edge[1:])[:, 0]
    if not len(pairs):
        raise CourseError(f"No two of the {len(faces)} faces share an edge: there is nothing that could be folded.")
    face = order // 3
    normals = face_normals(vertices, faces)
    cosine = (normals[..., face[pairs], :] * normals[..., face[pairs + 1], :]).sum(-1)
    return (cosine < -1e-3).float().mean(-1)
