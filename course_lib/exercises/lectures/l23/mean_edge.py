"""23.5: the edge loss, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.meshes import edge_loss

SOLUTION = """
import torch


def mean_edge(vertices, faces):
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = pairs.sort(dim=1).values.unique(dim=0)
    difference = vertices[edges[:, 0]] - vertices[edges[:, 1]]
    return (difference**2).sum(1).mean()
"""

EDGES, LENGTH = "pairs.sort(dim=1).values.unique(dim=0)", "(difference**2).sum(1).mean()"
TWICE = "one bug is left: an edge between two faces is counted twice, an edge at a border once"
ROOT = "one bug is left: the loss is the mean of the *squared* lengths"


def _cases(generator):
    def mesh(faces):
        faces = torch.tensor(faces)
        return torch.randn(int(faces.max()) + 1, 3, generator=generator), faces

    return [
        Case("two triangles", mesh([[0, 1, 2], [2, 1, 3]])),
        Case("a tetrahedron", mesh([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])),
        Case("a fan of four and a triangle apart", mesh([[0, 1, 2], [0, 2, 3], [0, 3, 4], [4, 5, 0], [6, 7, 8]])),
        Case("an edge with three faces", mesh([[0, 1, 2], [1, 0, 3], [0, 1, 4]])),
        Case("by hand: legs 3 and 4", (torch.tensor([[0.0, 0, 0], [3, 0, 0], [0, 4, 0]]), torch.tensor([[0, 1, 2]]))),
    ]


mean_edge = exercise(
    "23.5",
    "Fix the bugs: the edge loss",
    points=2,
    solution=SOLUTION,
    same_as=edge_loss,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "two bugs are left: edges between two faces count twice, and the lengths are not squared",
            {EDGES: "pairs", LENGTH: "difference.norm(dim=1).mean()"},
        ),
        edit(TWICE, {EDGES: "pairs"}),
        edit(ROOT, {LENGTH: "difference.norm(dim=1).mean()"}),
        edit(
            "(0, 1) and (1, 0) are the same edge: sort each pair before you look for equal ones",
            {EDGES: "pairs.unique(dim=0)"},
        ),
        edit(
            "two bugs are left: (0, 1) and (1, 0) are one edge, so sort each pair first; and nothing is squared",
            {EDGES: "pairs.unique(dim=0)", LENGTH: "difference.norm(dim=1).mean()"},
        ),
        edit(
            "sorting along the rows mixes vertices of different edges: sort *within* each pair, dim=1",
            {"sort(dim=1)": "sort(dim=0)"},
        ),
        edit(
            "the mean is over the coordinates too: a squared length is a sum of three squares",
            {".sum(1).mean()": ".mean()"},
        ),
        edit("the squares are added up: the loss is their mean", {".sum(1).mean()": ".sum(1).sum()"}),
        edit(
            "a face has three sides: the one from its last vertex to its first is missing", {", faces[:, [2, 0]]": ""}
        ),
        edit("the root is taken of the mean: the loss is the mean square itself", {LENGTH: LENGTH + ".sqrt()"}),
        edit(
            "the mean length is squared: square first, then take the mean",
            {LENGTH: "difference.norm(dim=1).mean() ** 2"},
        ),
        edit(
            "this divides by the number of faces: by the number of edges",
            {LENGTH: "(difference**2).sum() / len(faces)"},
        ),
        edit(
            "this divides by the number of vertices: by the number of edges",
            {LENGTH: "(difference**2).sum() / len(vertices)"},
        ),
        edit("|dx| + |dy| + |dz| is no length", {LENGTH: "difference.abs().sum(1).mean()"}),
        edit("this is the longest edge; the loss is a mean", {LENGTH: "(difference**2).sum(1).max()"}),
        edit(
            "the mean difference is a vector whose square says nothing of lengths",
            {LENGTH: "(difference.mean(0) ** 2).sum()"},
        ),
        edit(
            "border edges come in one direction only: where that is the falling one, this loses them. Sort each pair, "
            "then keep equal ones once",
            {EDGES: "pairs[pairs[:, 0] < pairs[:, 1]]"},
        ),
        edit(
            "two bugs are left: nothing is squared, and border edges that run from the larger number are lost",
            {EDGES: "pairs[pairs[:, 0] < pairs[:, 1]]", LENGTH: "difference.norm(dim=1).mean()"},
        ),
        edit(
            "this divides by three times the faces: edges between two faces would count twice there",
            {LENGTH: "(difference**2).sum() / (3 * len(faces))"},
        ),
        edit(
            "edges shall be short, not equally long: the lengths' spread is another loss",
            {LENGTH: "(difference.norm(dim=1) - difference.norm(dim=1).mean()).square().mean()"},
        ),
        edit(
            "the three differences are added up before they are squared: square each",
            {LENGTH: "difference.sum(1).square().mean()"},
        ),
        edit(
            "every other pair is not every other edge: sort each pair, then keep equal ones once", {EDGES: "pairs[::2]"}
        ),
    ),
    hints=(
        "By hand: two triangles that share an edge have five edges, not six. And what does the formula do with the "
        "length of an edge?",
        "`pairs.sort(dim=1).values` puts the smaller number first; `.unique(dim=0)` keeps equal rows once. The square "
        "of a length needs no root: a sum of squares.",
        "`edges = pairs.sort(dim=____).values.____(dim=0)`, and `(difference**2).sum(____).mean()`.",
    ),
)
