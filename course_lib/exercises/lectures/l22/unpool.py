"""22.2: four triangles for each, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.meshes import icosphere, subdivide

SOLUTION = """
import torch


def unpool(vertices, faces):
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]].sort(dim=2).values
    edges, number = pairs.flatten(0, 1).unique(dim=0, return_inverse=True)
    middles = vertices[edges].mean(dim=1)
    (a, b, c), (p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T
    corners = [(a, r, q), (b, p, r), (c, q, p), (p, q, r)]
    return torch.cat([vertices, middles]), torch.cat([torch.stack(three, dim=1) for three in corners])
"""

PAIRS, LAST = ".sort(dim=2).values", "(c, q, p)"
CRACK = (
    "the surface is torn: an edge that two faces share gets two middles, since one face names it (a, b) and the other "
    "(b, a). Put the smaller number first before you look for doubles"
)
ODD = "one triangle that was right is turned now: the third was the odd one, (c, p, q)"
BEGIN = "the triangle is right, and turned the right way: let it begin with its own corner, c, as the others do"
NEIGHBOURS = "p and q are the new vertices on c's two edges; r lies opposite to c"
TURNED = "one of the four triangles is turned inside out: go round it in the same direction as round the others"


def _cases(generator):
    vertices, ball = icosphere(0)
    shaken = vertices + 0.2 * torch.rand(12, 3, generator=generator)
    order = torch.randperm(12, generator=generator)
    renumbered = order.argsort()[ball]
    two = torch.rand(4, 3, generator=generator), torch.tensor([[0, 1, 2], [2, 1, 3]])
    open_ = ball[torch.randperm(20, generator=generator)[:9]]
    return [
        Case("a closed surface of 20 faces", (shaken[order], renumbered)),
        Case("an open one of 9", (shaken, open_)),
        Case("two triangles that share an edge", two),
        Case("by hand: one triangle", (torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 4, 0]]), torch.tensor([[0, 1, 2]]))),
    ]  # fmt: skip


unpool = exercise(
    "22.2",
    "Fix the bugs: a surface with cracks",
    points=2,
    solution=SOLUTION,
    same_as=subdivide,
    cases=_cases,
    forbidden=("course_lib.ops.meshes.topology.subdivide",),
    mistakes=(
        edit(CRACK, {PAIRS: "", LAST: "(c, p, q)"}),
        edit(CRACK, {PAIRS: ""}),
        edit(TURNED, {LAST: "(c, p, q)"}),
        edit(TURNED, {LAST: "(q, c, p)"}),
        edit(TURNED, {LAST: "(p, q, c)"}),
        edit(
            "now all triangles but one are turned inside out: the third was the odd one, (c, p, q)",
            {"(a, r, q), (b, p, r), (c, q, p), (p, q, r)": "(a, q, r), (b, r, p), (c, p, q), (p, r, q)"},
        ),
        edit(
            "the new vertex lies in the *middle* of its edge: the mean of the two ends, not their sum",
            {"mean(dim=1)": "sum(dim=1)"},
        ),
        edit("new vertices come after the old ones: their numbers begin at len(vertices)", {"len(vertices) + ": ""}),
        edit("the face in the middle, of three new vertices, is missing: there is a hole", {", (p, q, r)]": "]"}),
        edit("the triangle at the third corner is missing", {"(c, q, p), ": ""}),
        edit("the old vertices stay, and the new ones come after them", {"torch.cat([vertices, middles])": "middles"}),
        edit("the new vertices come after the old ones", {"[vertices, middles]": "[middles, vertices]"}),
        edit(
            "sorting over the faces tears the pairs apart: the two numbers of each pair, the last axis",
            {"sort(dim=2)": "sort(dim=0)"},
        ),
        edit(
            "this sorts the three edges of a face, not the two numbers of an edge: the last axis",
            {"sort(dim=2)": "sort(dim=1)"},
        ),
        edit(
            "two middles are exchanged: p lies opposite to a, between b and c",
            {"(a, r, q), (b, p, r)": "(a, q, p), (b, p, r)"},
        ),
        edit(
            "this drops the edges' order: each row keeps its two numbers, sorted",
            {"[[1, 2], [2, 0], [0, 1]]": "[[0, 1], [1, 2], [2, 0]]"},
        ),
        edit(
            "the triangle in the middle is turned inside out: p, q, r runs the way a, b, c does",
            {"(p, q, r)]": "(p, r, q)]"},
        ),
        edit(ODD, {"(a, r, q)": "(a, q, r)", LAST: "(c, p, q)"}),
        edit(ODD, {"(b, p, r)": "(b, r, p)", LAST: "(c, p, q)"}),
        edit(ODD, {"(p, q, r)]": "(p, r, q)]", LAST: "(c, p, q)"}),
        edit(BEGIN, {LAST: "(p, c, q)"}),
        edit(BEGIN, {LAST: "(q, p, c)"}),
        edit(NEIGHBOURS, {LAST: "(c, q, r)"}),
        edit(NEIGHBOURS, {LAST: "(c, r, p)"}),
        edit(
            "the mesh is right, its new vertices come in another order: the smaller number of a pair first, not last",
            {"sort(dim=2)": "sort(dim=2, descending=True)"},
        ),
        edit(
            "sorting a face's corners still leaves its edge (c, a) the wrong way round, and p no longer lies opposite "
            "to a: sort the two numbers of each pair",
            {f"faces[:, [[1, 2], [2, 0], [0, 1]]]{PAIRS}": "faces.sort(dim=1).values[:, [[1, 2], [2, 0], [0, 1]]]"},
        ),
        edit(
            "vertices are told apart by their numbers, not by their places: two may lie at one place, and the order of "
            "the new ones is that of the edges",
            {
                "edges, number = pairs.flatten(0, 1)": "middles, number = vertices[pairs].mean(dim=2).flatten(0, 1)",
                "    middles = vertices[edges].mean(dim=1)\n": "",
            },
        ),
        edit(
            "this puts a new vertex into every *face*, and old edges stay as long as they were: into every edge",
            {
                "vertices[edges].mean(dim=1)": "vertices[faces].mean(dim=1)",
                "(p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T": "m = faces.T, len(vertices) + "
                "torch.arange(len(faces))",
                "[(a, r, q), (b, p, r), (c, q, p), (p, q, r)]": "[(a, b, m), (b, c, m), (c, a, m)]",
            },
        ),
    ),
    hints=(
        "Look at what `examine(unpool)` prints: are there as many new vertices as edges? And does the volume stay the "
        "same, when every triangle is only cut in four?",
        "`unique(dim=0)` joins rows that are equal, and (1, 2) is not (2, 1): sort the last axis first. For the volume "
        "draw a triangle a, b, c with p, q, r in the middles of the opposite sides, and go round each of the four.",
        "Behind the pairs of every face stands `.sort(dim=____).values`; the triangle at corner c runs "
        "`(c, ____, ____)`, like `(a, r, q)` does at a.",
    ),
)
