"""22.1: the edges of a mesh, each once."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.meshes import icosphere, unique_edges

SOLUTION = """
import torch


def edges_of(faces):
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = pairs.sort(dim=1).values
    return pairs.unique(dim=0)
"""

PAIRS, SORT = "torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])", "pairs.sort(dim=1).values"
BOTH = (
    "an edge between two faces comes twice, once as (a, b) and once as (b, a): put the smaller number first before you "
    "look for doubles"
)
THREE = "a triangle has three edges: one of its pairs of corners is missing"


def _cases(generator):
    _, ball = icosphere(0)
    numbers = torch.randperm(30, generator=generator)[:12]  # with gaps: not every number is a vertex of a face
    order = torch.randperm(20, generator=generator)
    open_ = icosphere(1)[1][torch.randperm(80, generator=generator)[:37]]
    a, b, c, d, e = torch.randperm(11, generator=generator)[:5].tolist()
    return [
        Case("20 faces of a closed surface, vertices renumbered", (numbers[ball][order],)),
        Case("37 faces of an open one", (open_,)),
        Case("two triangles that share an edge, and one beside", (torch.tensor([[a, b, c], [c, b, d], [a, e, d]]),)),
        Case("by hand: the triangle (4, 0, 2)", (torch.tensor([[4, 0, 2]]),)),
    ]


edges_of = exercise(
    "22.1",
    "Every edge once",
    points=2,
    solution=SOLUTION,
    same_as=unique_edges,
    cases=_cases,
    forbidden=("course_lib.ops.meshes.topology.unique_edges",),
    mistakes=(
        edit(BOTH, {SORT: "pairs"}),
        edit("an edge that two faces share still comes twice: `unique(dim=0)`", {"pairs.unique(dim=0)": "pairs"}),
        edit(
            "an edge that two faces share still comes twice, though sorted: `unique(dim=0)` joins equal rows",
            {"pairs.unique(dim=0)": "pairs[(pairs[:, 0] * 1000 + pairs[:, 1]).argsort()]"},
        ),
        edit(THREE, {", faces[:, [2, 0]]": ""}),
        edit(THREE, {"faces[:, [0, 1]], ": ""}),
        edit(THREE, {", faces[:, [1, 2]]": ""}),
        edit(
            "without dim=0, unique gives the different *numbers*; rows are asked for",
            {"pairs.unique(dim=0)": "pairs.unique()"},
        ),
        edit(
            "this sorts each column for itself, which tears the pairs apart: sort within rows, dim=1",
            {"sort(dim=1)": "sort(dim=0)"},
        ),
        edit(
            "the smaller number comes first in each pair",
            {SORT: "pairs.sort(dim=1, descending=True).values"},
        ),
        edit("the smaller number comes first in each pair", {"pairs.unique(dim=0)": "pairs.unique(dim=0).flip(1)"}),
        edit(
            "these are the edges of one face only, the rim: every edge is asked for",
            {"return pairs.unique(dim=0)": "found, n = pairs.unique(dim=0, return_counts=True); return found[n == 1]"},
        ),
        edit(
            "these are the edges between two faces: those at the rim belong to the mesh too",
            {"return pairs.unique(dim=0)": "found, n = pairs.unique(dim=0, return_counts=True); return found[n == 2]"},
        ),
        edit("one row per edge: (E, 2), not (2, E)", {"pairs.unique(dim=0)": "pairs.unique(dim=0).T"}),
        edit(
            "the *number* of edges came: the edges are asked for", {"pairs.unique(dim=0)": "len(pairs.unique(dim=0))"}
        ),
        edit("these are the faces' corners: an edge is a pair", {PAIRS: "faces", "dim=1)": "dim=1)"}),
        edit(
            THREE,
            {PAIRS: "torch.cat([faces.sort(dim=1).values[:, [0, 1]], faces.sort(dim=1).values[:, [1, 2]]])"},
        ),
        edit(
            "every edge comes twice, as (a, b) and as (b, a): keep the one whose smaller number is first",
            {"pairs.unique(dim=0)": "torch.cat([pairs, pairs.flip(1)]).unique(dim=0)"},
        ),
        edit(
            "an edge at the rim has one face only, which may name its larger number first: turn such a pair round, do "
            "not drop it",
            {SORT: "pairs[pairs[:, 0] < pairs[:, 1]]"},
        ),
        edit(
            "the vertices are counted anew here: edges name them by the same numbers as the faces do",
            {"    pairs = torch": "    faces = faces.unique(return_inverse=True)[1]\n    pairs = torch"},
        ),
        edit(
            "`.indices` says where in its row a number stood: `.values` are the numbers",
            {SORT: "pairs.sort(dim=1).indices"},
        ),
        edit(
            "every pair of vertices came: an edge is a pair that some *face* joins",
            {PAIRS: "torch.combinations(faces.unique())"},
        ),
        edit(
            "two different pairs got the same code: multiply by more than the largest vertex number",
            {
                "return pairs.unique(dim=0)": "n = len(faces); code = (pairs[:, 0] * n + pairs[:, 1]).unique()\n"
                "    return torch.stack([code // n, code % n], dim=1)"
            },
        ),
    ),
    hints=(
        "Every face has three pairs of corners. The neighbour face walks the shared edge the other way round.",
        "`faces[:, [0, 1]]` is the first pair of every face; `torch.cat` joins them. `.sort(dim=1).values` puts the "
        "smaller number first, `.unique(dim=0)` keeps each row once, sorted.",
        "`pairs = torch.cat([faces[:, [0, 1]], faces[:, ____], faces[:, ____]])`, then "
        "`pairs.sort(dim=____).values.unique(dim=____)`.",
    ),
)
