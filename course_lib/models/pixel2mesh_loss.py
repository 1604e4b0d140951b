"""Pixel2Mesh's loss: Chamfer, normals, Laplacian, movement and edges, over three stages (Section 3.4 of the paper).

The paper's formula and its two public codes weigh the terms differently; `WEIGHTS` names theirs. Both codes also take
the mean of edge and normal terms over a list that holds every edge twice *and a loop at every vertex*, whose length and
cosine are 0. So their means are smaller, by 2 E / (2 E + V); `loops` says so.
"""

from dataclasses import dataclass

from course_lib.errors import CourseError
from course_lib.ops.meshes import edge_normal_loss, laplacian_change, unique_edges
from course_lib.ops.points import nearest


@dataclass(frozen=True)
class Weights:
    """Of the terms, in the order of the formula.

    Attributes:
        accuracy, completeness: of the mean squared distance from vertices to points, and from points to vertices.
        edge, normal, laplacian, move: of the other terms. first: (of the first stage's Laplacian, of its move).
        loops: whether a loop at every vertex counts as an edge.
    """

    accuracy: float
    completeness: float
    edge: float
    normal: float
    laplacian: float
    move: float
    first: tuple
    loops: bool


WEIGHTS = {
    "tensorflow": Weights(0.55 * 3000, 3000, 300, 0.5, 1500, 100, (0.1, 0.0), loops=True),  # the authors'
    "pytorch": Weights(1, 1, 0.3, 1.6e-4, 0.5, 0.1, (0.2, 0.0), loops=True),  # the re-implementation
    "chamfer": Weights(1, 1, 0, 0, 0, 0, (0.0, 0.0), loops=False),  # nothing keeps the mesh in shape
}


def pixel2mesh_loss(results, starts, points, normals, weights="pytorch"):
    """The whole loss of three stages.

    Args:
        results: list of (vertices (B, V, 3), faces (F, 3)), what `Pixel2Mesh` gives. starts: list of (B, V, 3), what
            each stage began with: `Pixel2Mesh.starts(results)`.
        points, normals: (B, Q, 3), of the true surface, in the same coordinates.
        weights: a key of `WEIGHTS`, or `Weights`.
    Returns:
        scalar.
    Raises:
        CourseError: if the weights are unknown.
    """
    if isinstance(weights, str):
        if weights not in WEIGHTS:
            raise CourseError(f"There are no weights {weights!r}. There are: {', '.join(WEIGHTS)}.")
        weights = WEIGHTS[weights]
    total = 0
    for stage, ((after, faces), before) in enumerate(zip(results, starts, strict=True)):
        value = stage_terms(before, after, unique_edges(faces), points, normals, loops=weights.loops)
        laplacian, move = weights.first if stage == 0 else (1.0, 1.0)
        total = total + (
            weights.accuracy * value["accuracy"]
            + weights.completeness * value["completeness"]
            + weights.edge * value["edge"]
            + weights.normal * value["normal"]
            + weights.laplacian * laplacian * value["laplacian"]
            + weights.move * move * value["move"]
        )
    return total


def stage_terms(before, after, edges, points, normals, loops=False):
    """One stage's terms without weights.

    Args:
        before, after: (B, V, 3). edges: (E, 2), each once. Others: as for `pixel2mesh_loss`.
    Returns:
        dict of scalars: accuracy, completeness, edge, normal, laplacian, move.
    """
    start, end = after[:, edges[:, 0]], after[:, edges[:, 1]]
    share = 2 * len(edges) / (2 * len(edges) + after.shape[1]) if loops else 1
    distance, index = nearest(after, points)
    return {
        "accuracy": distance.mean(),
        "completeness": nearest(points, after)[0].mean(),
        "edge": share * ((start - end) ** 2).sum(-1).mean(),
        "normal": share * edge_normal_loss(after, edges, points, normals, index),
        "laplacian": laplacian_change(before, after, edges),
        "move": ((after - before) ** 2).sum(-1).mean(),
    }
