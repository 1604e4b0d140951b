"""25.3: how alike two points are, in the frame and in depth, whatever the unit of the scene."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def similarity(a, b):
    spatial = (a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).norm(dim=1)
    ratio = torch.maximum(a[:, 2], b[:, 2]) / torch.minimum(a[:, 2], b[:, 2]) - 1
    return spatial + ratio
"""

SPATIAL = "(a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).norm(dim=1)"
RATIO = "torch.maximum(a[:, 2], b[:, 2]) / torch.minimum(a[:, 2], b[:, 2]) - 1"


def _cases(generator):
    def points(number, low, high):
        pixels = torch.rand(2, number, 2, generator=generator) * torch.tensor([9.0, 6.0]) - 2
        depth = low + (high - low) * torch.rand(2, number, 1, generator=generator)
        return tuple(torch.cat([pixels * depth, depth], 2))

    return [
        Case("5 pairs of points", points(5, 1.0, 4.0)),
        Case("9 pairs, nearer than 1 m", points(9, 0.2, 0.9)),
        Case("4 pairs, far away", points(4, 20.0, 90.0)),
        Case(
            "by hand: pixels (3, 4) and (0, 0), depths 2 and 3",
            (torch.tensor([[6.0, 8, 2]]), torch.tensor([[0.0, 0, 3]])),
        ),
        Case("by hand: the same pixel, depths 3 and 2", (torch.tensor([[3.0, -6, 3]]), torch.tensor([[2.0, -4, 2]]))),
    ]


similarity = exercise(
    "25.3",
    "A loss without a unit",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "this is the Euclidean distance of the points: it becomes small when the scene does",
            {SPATIAL: "(a - b).norm(dim=1)", "spatial + ratio": "spatial"},
        ),
        edit(
            "the second term is a difference of depths: it becomes small when the scene does",
            {RATIO: "(a[:, 2] - b[:, 2]).abs()"},
        ),
        edit(
            "the second term is a difference of disparities: it becomes small when the scene grows",
            {RATIO: "(1 / a[:, 2] - 1 / b[:, 2]).abs()"},
        ),
        edit(
            "the second term is the logarithm of the ratio, which the released code takes: here it is max / min - 1",
            {RATIO: "(a[:, 2] / b[:, 2]).log().abs()"},
        ),
        edit("a / b is below 1 where a is nearer: the larger depth over the smaller", {RATIO: "a[:, 2] / b[:, 2] - 1"}),
        edit("b / a is below 1 where b is nearer: the larger depth over the smaller", {RATIO: "b[:, 2] / a[:, 2] - 1"}),
        edit(
            "|a / b - 1| is not the same for a and b exchanged: the larger depth over the smaller, minus 1",
            {RATIO: "(a[:, 2] / b[:, 2] - 1).abs()"},
        ),
        edit(
            "|b / a - 1| is not the same for a and b exchanged: the larger depth over the smaller, minus 1",
            {RATIO: "(b[:, 2] / a[:, 2] - 1).abs()"},
        ),
        edit("equal depths should cost nothing: subtract 1 from the ratio", {" - 1\n": "\n"}),
        edit(
            "min / max - 1 is negative: the larger depth over the smaller",
            {RATIO: "torch.minimum(a[:, 2], b[:, 2]) / torch.maximum(a[:, 2], b[:, 2]) - 1"},
        ),
        edit(
            "1 - min / max never exceeds 1: here it is max / min - 1",
            {RATIO: "1 - torch.minimum(a[:, 2], b[:, 2]) / torch.maximum(a[:, 2], b[:, 2])"},
        ),
        edit("the pixels are a_xy / a_z: divide before you compare", {SPATIAL: "(a[:, :2] - b[:, :2]).norm(dim=1)"}),
        edit(
            "both points are divided by the depth of a: each by its own",
            {SPATIAL: "(a[:, :2] / a[:, 2:] - b[:, :2] / a[:, 2:]).norm(dim=1)"},
        ),
        edit(
            "the spatial term is a length: the root of the sum of the squares",
            {SPATIAL: "(a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).square().sum(dim=1)"},
        ),
        edit(
            "the spatial term is the length of (dx, dy), not |dx| + |dy|",
            {SPATIAL: "(a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).abs().sum(dim=1)"},
        ),
        edit("the ratio term is missing", {"spatial + ratio": "spatial"}),
        edit("the spatial term is missing", {"spatial + ratio": "ratio"}),
        edit(
            "one value per pair of points is asked for, not their mean", {"spatial + ratio": "(spatial + ratio).mean()"}
        ),
        edit("the two terms are added, not multiplied", {"spatial + ratio": "spatial * ratio"}),
        edit(
            "max and min run over all points here: torch.maximum and torch.minimum compare pair by pair",
            {RATIO: "a[:, 2].max() / b[:, 2].min() - 1"},
        ),
        edit(
            "max and min run over all points here: torch.maximum and torch.minimum compare pair by pair",
            {RATIO: "torch.cat([a, b])[:, 2].max() / torch.cat([a, b])[:, 2].min() - 1"},
        ),
        edit("the length runs over all points: one length per pair of points, dim=1", {".norm(dim=1)": ".norm()"}),
        edit(
            "the ratio is that of the distances from the camera: it is that of the depths, the third numbers",
            {RATIO: "torch.maximum(a.norm(dim=1), b.norm(dim=1)) / torch.minimum(a.norm(dim=1), b.norm(dim=1)) - 1"},
        ),
        edit("the spatial term is a length, not a mean of |dx| and |dy|", {".norm(dim=1)": ".abs().mean(dim=1)"}),
        edit(
            "the difference is divided by the mean depth: max / min - 1 divides it by the smaller one",
            {RATIO: "2 * (a[:, 2] - b[:, 2]).abs() / (a[:, 2] + b[:, 2])"},
        ),
        edit(
            "the spatial term is the distance in space here: compare a_xy / a_z with b_xy / b_z",
            {SPATIAL: "(a - b).norm(dim=1)"},
        ),
        edit("the ratio term is squared here: add it as it is", {"spatial + ratio": "spatial + ratio**2"}),
        edit(
            "the squared logarithm of the ratio is taken: here it is max / min - 1",
            {RATIO: "(a[:, 2] / b[:, 2]).log().square()"},
        ),
        edit(
            "the two terms are added, not joined like the sides of a triangle",
            {"spatial + ratio": "(spatial**2 + ratio**2).sqrt()"},
        ),
        edit("the larger of the two terms is taken: add them", {"spatial + ratio": "torch.maximum(spatial, ratio)"}),
    ),
    hints=(
        "Two questions about two points: how far apart are they in the frame, and by what factor do their depths "
        "differ? Neither may depend on the unit of the scene.",
        "`a[:, :2] / a[:, 2:]` are pixels; `.norm(dim=1)` is a length per row; `torch.maximum` and `torch.minimum` "
        "compare two tensors element by element.",
        "`spatial = (a[:, :2] / ____ - b[:, :2] / ____).norm(dim=1)`; "
        "`ratio = torch.maximum(a[:, 2], b[:, 2]) / ____ - ____`; return their sum.",
    ),
)
