"""22.6: the Laplacian loss of a deformation."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.meshes import icosphere, unique_edges
from course_lib.ops.meshes import laplacian_change as library

SOLUTION = """
import torch


def laplacian_change(before, after, edges):
    move = after - before
    total = torch.zeros_like(move).index_add(0, edges[:, 0], move[edges[:, 1]])
    total = total.index_add(0, edges[:, 1], move[edges[:, 0]])
    number = torch.bincount(edges.flatten(), minlength=len(move))
    change = move - total / number[:, None]
    return (change**2).sum(dim=1).mean()
"""

MOVE, CHANGE, LOSS = "after - before", "move - total / number[:, None]", "(change**2).sum(dim=1).mean()"
SECOND = "total.index_add(0, edges[:, 1], move[edges[:, 0]])"
SQUARES = (
    "lengths before and after are compared: first subtract the two coordinates, then square, for one can turn without "
    "growing longer"
)
LOST = "`x[index] += y` keeps one neighbour only where an index comes several times: index_add adds them all"
# Coordinates of any places, for mistakes that need them before and after.
TWO = {
    "    move = after - before\n": "    to, of = torch.cat([edges, edges.flip(1)]).T\n"
    "    many = torch.bincount(to, minlength=len(after))[:, None]\n\n    def d(v):\n"
    "        return v - torch.zeros_like(v).index_add(0, to, v[of]) / many\n\n    move = after - before\n"
}


def _cases(generator):
    def numbers(*shape):
        return torch.randn(*shape, generator=generator)

    vertices, faces = icosphere(0)
    ball = unique_edges(faces)
    path = torch.stack([torch.arange(6), torch.arange(1, 7)], 1)
    star = torch.tensor([[0, 2], [1, 2], [2, 3], [2, 4]])
    return [
        Case("a ball of 12 vertices, shaken", (vertices, vertices + 0.3 * numbers(12, 3), ball)),
        Case("7 vertices in a row", (numbers(7, 3), numbers(7, 3), path)),
        Case("a star: one vertex with four neighbours", (numbers(5, 3), numbers(5, 3), star)),
        Case("by hand: two vertices, one of which moves by (1, 2, 2)", (
            torch.zeros(2, 3), torch.tensor([[1.0, 2, 2], [0, 0, 0]]), torch.tensor([[0, 1]]))),
    ]  # fmt: skip


laplacian_change = exercise(
    "22.6",
    "The Laplacian loss",
    points=2,
    solution=SOLUTION,
    same_as=library,
    cases=_cases,
    differentiable=True,
    forbidden=(
        "course_lib.ops.meshes.deformation.laplacian_change",
        "course_lib.ops.meshes.deformation.laplacian_coordinates",
    ),
    mistakes=(
        edit(
            "this makes the mesh smooth, however it was before: the *change* of the Laplacian coordinates is to be "
            "small, so subtract those of `before`",
            {MOVE: "after"},
        ),
        edit("these are the Laplacian coordinates before: nothing depends on the deformation", {MOVE: "before"}),
        edit("this punishes every move, also of the whole mesh: subtract the mean of the neighbours", {CHANGE: "move"}),
        edit(
            "the mean of the neighbours is asked for, not their sum: divide by their number", {CHANGE: "move - total"}
        ),
        edit("an edge joins two vertices: each is the other's neighbour", {SECOND: "total"}),
        edit("each vertex counts as its own neighbour here", {CHANGE: "move - (total + move) / (number[:, None] + 1)"}),
        edit("the lengths are squared: the root is too much", {LOSS: "change.norm(dim=1).mean()"}),
        edit("the three coordinates are added up, the vertices averaged", {LOSS: "(change**2).mean()"}),
        edit("the vertices are averaged, not added up", {LOSS: "(change**2).sum()"}),
        edit("the squares are missing", {"change**2": "change"}),
        edit("the squares are asked for, not the absolute values", {"change**2": "change.abs()"}),
        edit("one number is asked for, the mean over the vertices", {LOSS: "(change**2).sum(dim=1)"}),
        edit(
            "the sign is wrong: the vertex *minus* the mean of its neighbours",
            {CHANGE: "move + total / number[:, None]"},
        ),
        edit("this is the mean of the neighbours, not the difference to it", {CHANGE: "total / number[:, None]"}),
        edit(
            "the number of neighbours differs from vertex to vertex",
            {"number[:, None]": "(2 * len(edges) / len(move))"},
        ),
        edit(
            "this multiplies with the number of neighbours: divide the sum by it",
            {CHANGE: "number[:, None] * move - total"},
        ),
        edit(SQUARES, {**TWO, LOSS: "((d(after) ** 2).sum(1) - (d(before) ** 2).sum(1)).mean()"}),
        edit(SQUARES, {**TWO, LOSS: "((d(after) ** 2).sum(1) - (d(before) ** 2).sum(1)).mean().abs()"}),
        edit(SQUARES, {**TWO, LOSS: "((d(after) ** 2).sum(1) - (d(before) ** 2).sum(1)).abs().mean()"}),
        edit(SQUARES, {**TWO, LOSS: "((d(after).norm(dim=1) - d(before).norm(dim=1)) ** 2).mean()"}),
        edit("the coordinates before are subtracted, not added", {MOVE: "after + before"}),
        edit(
            "both forms are asked to be smooth here: only the *change* from one to the other counts",
            {**TWO, LOSS: "(d(after) ** 2).sum(1).mean() + (d(before) ** 2).sum(1).mean()"},
        ),
        edit("the mean of squared lengths is asked for: this is the root of their sum", {LOSS: "change.norm()"}),
        edit(
            "this compares the two ends of each edge: compare each vertex with the *mean* of its neighbours",
            {LOSS: "((move[edges[:, 0]] - move[edges[:, 1]]) ** 2).sum(dim=1).mean()"},
        ),
        edit(
            LOST,
            {
                "    total = torch.zeros_like(move).index_add(0, edges[:, 0], move[edges[:, 1]])\n": "    total = "
                "torch.zeros_like(move)\n    total[edges[:, 0]] += move[edges[:, 1]]\n",
                f"total = {SECOND}": "total[edges[:, 1]] += move[edges[:, 0]]",
            },
        ),
        edit(
            LOST,
            {
                "    total = torch.zeros_like(move).index_add(0, edges[:, 0], move[edges[:, 1]])\n": "    total = "
                "torch.zeros_like(move)\n    to, of = torch.cat([edges, edges.flip(1)]).T\n",
                f"total = {SECOND}": "total[to] += move[of]",
            },
        ),
        edit(
            "an edge joins two vertices: it counts for both, and brings both a neighbour",
            {SECOND: "total", "(edges.flatten(), minlength=len(move))": "(edges[:, 0], minlength=len(move)).clamp(1)"},
        ),
        edit(
            "the sum of the neighbours is divided by their number: the vertex itself is none of them",
            {"number[:, None]": "(number[:, None] + 1)"},
        ),
    ),
    hints=(
        "The Laplacian coordinate of a vertex is its place minus the middle of its neighbours. It is a linear map, so "
        "the change of the coordinates is the coordinate of the change.",
        "With `move = after - before`: sum the neighbours' moves by `index_add`, once per direction of the edges; "
        "`torch.bincount(edges.flatten(), minlength=V)` counts neighbours.",
        "`change = move - total / ____`, and `(change**2).sum(dim=____).____()`.",
    ),
)
