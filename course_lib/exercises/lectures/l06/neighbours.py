"""06.5: nearest neighbours in the embedding."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.embedding import nearest_neighbours

SOLUTION = """
import torch
import torch.nn.functional as F


def neighbours(descriptors, k):
    unit = F.normalize(descriptors, dim=1)
    similarity = (unit @ unit.T).fill_diagonal_(-torch.inf)
    return similarity.topk(k, dim=1).indices
"""

UNIT, PRODUCT, LEFT_OUT = "F.normalize(descriptors, dim=1)", "unit @ unit.T", ".fill_diagonal_(-torch.inf)"
NEAREST = "similarity.topk(k, dim=1).indices"
FIRST = (
    "the first of k + 1 need not be the clip itself: two that point the same way are equally near; take the clip "
    "out, with "
    "-torch.inf on the diagonal"
)


def _cases(generator):
    def descriptors(number, width):
        lengths = 0.2 + 5 * torch.rand(number, 1, generator=generator)
        return torch.randn(number, width, generator=generator) * lengths

    return [
        Case("by hand: four arrows, 2 neighbours", (torch.tensor([[1.0, 0], [9, 1], [0, 2], [1, 5]]), 2)),
        Case("12 descriptors of 5, 3 neighbours", (descriptors(12, 5), 3)),
        Case("9 descriptors of 4, 1 neighbour", (descriptors(9, 4), 1)),
        Case("20 descriptors of 8, 6 neighbours", (descriptors(20, 8), 6)),
        Case("two that point the same way, 1 neighbour", (_two_pairs(*descriptors(2, 5)), 1)),
    ]


def _two_pairs(one, other):
    """Four descriptors: two that are near each other, and one twice, as near to its double as to itself."""
    return torch.stack([other, one, other + 0.05 * one, 2 * one])


neighbours = exercise(
    "06.5",
    "Nearest neighbours in the embedding",
    points=2,
    solution=SOLUTION,
    same_as=nearest_neighbours,
    cases=_cases,
    mistakes=(
        edit("each clip is its own first neighbour: leave it out, with -torch.inf on the diagonal", {LEFT_OUT: ""}),
        edit(FIRST, {LEFT_OUT: "", "(k, dim=1).indices": "(k + 1, dim=1).indices[:, 1:]"}),
        edit(FIRST, {LEFT_OUT: "", NEAREST: "similarity.argsort(dim=1, descending=True)[:, 1 : k + 1]"}),
        edit(
            f"long descriptors win: scale them to length 1. Besides, {FIRST}",
            {UNIT: "descriptors", LEFT_OUT: "", "(k, dim=1).indices": "(k + 1, dim=1).indices[:, 1:]"},
        ),
        edit(
            "only k - 1 are left where the first is dropped; leave the clip itself out instead, with -torch.inf on the "
            "diagonal",
            {LEFT_OUT: "", ".indices": ".indices[:, 1:]"},
        ),
        edit("only the k-th neighbour came: all k of them are asked for", {".indices": ".indices[:, -1:]"}),
        edit("topk gives a pair, values and indices: the .indices are asked for", {".indices": ""}),
        edit("only the first clip's neighbours came: return after the loop, not in it", {".indices": ".indices[:1]"}),
        edit(
            "long descriptors win: scale them to length 1 before the product, then only the direction counts",
            {UNIT: "descriptors"},
        ),
        edit(
            "long descriptors win, and each clip counts as its own neighbour: scale to length 1 and leave it out",
            {UNIT: "descriptors", LEFT_OUT: ""},
        ),
        edit(
            "these are the farthest ones: a large cosine means near",
            {"-torch.inf": "torch.inf", "dim=1).indices": "dim=1, largest=False).indices"},
        ),
        edit(
            "this is the distance between descriptors of different lengths: compare directions (scale to length 1)",
            {f"({PRODUCT}){LEFT_OUT}": "-torch.cdist(descriptors, descriptors).fill_diagonal_(torch.inf)"},
        ),
        edit(
            "scaled along the wrong axis: every *row* should have length 1", {UNIT: "F.normalize(descriptors, dim=0)"}
        ),
        edit(
            "these are the smallest cosines, which are the farthest clips: topk lists the largest, argsort needs "
            "descending=True",
            {NEAREST: "similarity.argsort(dim=1)[:, :k]"},
        ),
        edit(
            "a cosine may be negative: with 0 the clip itself still beats those; take -torch.inf", {"-torch.inf": "0.0"}
        ),
        edit("these are the cosines: the numbers of the neighbours are asked for, .indices", {".indices": ".values"}),
        edit(
            "this compares features with each other, (D, D): clips are the rows, so unit @ unit.T is (N, N)",
            {PRODUCT: "unit.T @ unit"},
        ),
        edit("descriptors are numbered from 0: these numbers are one too large", {".indices": ".indices + 1"}),
        edit("only the nearest one came: k of them are asked for", {NEAREST: "similarity.argmax(dim=1)"}),
        edit(
            "the lengths have lost their axis, and each column is divided instead of each row: keepdim=True",
            {UNIT: "descriptors / descriptors.norm(dim=1)"},
        ),
        edit("nearest first: the order is turned around", {".indices": ".indices.flip(1)"}),
        edit(
            "the absolute value makes opposite descriptors neighbours: keep the sign",
            {f"({PRODUCT})": f"({PRODUCT}).abs()"},
        ),
        edit(
            "the nearest neighbour was dropped, not the clip itself: one clip too far on",
            {NEAREST: "similarity.topk(min(k + 1, len(unit) - 1), dim=1).indices[:, 1 : k + 1]"},
        ),
        edit(
            "dividing by the sum is no scaling to length 1: divide by the root of the sum of squares, .norm()",
            {UNIT: "descriptors / descriptors.sum(dim=1, keepdim=True)"},
        ),
        edit(
            "dividing by the largest value is no scaling to length 1: divide by .norm()",
            {UNIT: "descriptors / descriptors.abs().amax(dim=1, keepdim=True)"},
        ),
        edit(
            "this is the distance along the axes (sum of absolute differences): the cosine is asked for",
            {f"({PRODUCT})": "(-(unit[:, None] - unit).abs().sum(-1))"},
        ),
        edit(
            "a mean was subtracted before: the cosine is that of the descriptors as they are",
            {UNIT: "F.normalize(descriptors - descriptors.mean(0), dim=1)"},
        ),
        edit(
            "this divides by the square of the length: by the length itself, .norm()",
            {UNIT: "descriptors / descriptors.square().sum(1, keepdim=True)"},
        ),
    ),
    hints=(
        "Similar means: almost the same direction. The cosine of the angle between two vectors of length 1 is their "
        "product. The clip itself would always win, so it may not take part.",
        "`F.normalize(descriptors, dim=1)` scales rows. `matrix.fill_diagonal_(-torch.inf)` takes the clips themselves "
        "out; `.topk(k, dim=1).indices` lists the k largest, largest first.",
        "`unit = F.normalize(descriptors, dim=1)`, `similarity = unit @ unit.____`, `similarity.fill_diagonal_(____)`, "
        "return `similarity.topk(k, dim=1).indices`.",
    ),
)
