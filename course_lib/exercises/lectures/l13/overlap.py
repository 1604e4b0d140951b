"""13.1: how much two boxes share."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.boxes import iou

SOLUTION = """
import torch


def overlap(boxes, truth):
    low = torch.maximum(boxes[:, :2], truth[:2])
    high = torch.minimum(boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    together = boxes[:, 2:].prod(dim=1) + truth[2:].prod() - shared
    return shared / together
"""

SHARED, TOGETHER = "(high - low).clamp(min=0).prod(dim=1)", "boxes[:, 2:].prod(dim=1) + truth[2:].prod() - shared"
LOW, HIGH = "torch.maximum(boxes[:, :2], truth[:2])", "boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:]"


def _cases(generator):
    def around(truth, number):
        noise = torch.rand(number, 4, generator=generator) - 0.5
        return truth + noise * torch.tensor([truth[2], truth[3], truth[2] / 2, truth[3] / 2])

    truth = torch.tensor([20.5, 10, 30, 14])
    boxes = around(truth, 6)
    boxes[0], boxes[1] = torch.tensor([90.0, 80, 11, 7]), torch.tensor([-8.0, -9, 4, 6])
    boxes[2] = torch.tensor([60.0, 12, 20, 9])
    inside = torch.tensor([[2.0, 3, 4, 2], [1, 1, 20, 10], [-3, 4, 9, 5]])
    return [
        Case("6 boxes, two of them far away on both axes, one on one axis", (boxes, truth)),
        Case(
            "by hand: side by side, half shared, the same",
            (torch.tensor([[4.0, 0, 4, 2], [2, 0, 4, 2], [0, 0, 4, 2]]), torch.tensor([0.0, 0, 4, 2])),
        ),
        Case("one inside the other, and across the edge of the frame", (inside, torch.tensor([0.0, 2, 10, 5]))),
        Case("a tall truth, 5 boxes", (around(torch.tensor([-4.0, 7, 9, 40]), 5), torch.tensor([-4.0, 7, 9, 40]))),
    ]


overlap = exercise(
    "13.1",
    "Intersection over union",
    points=2,
    solution=SOLUTION,
    same_as=iou,
    cases=_cases,
    mistakes=(
        edit(
            "boxes that are apart on both axes share nothing: two negative lengths multiply to a positive area. Clamp "
            "each length at 0 before the product",
            {SHARED: "(high - low).prod(dim=1).clamp(min=0)"},
        ),
        edit("the lengths of the shared part must not be negative: clamp them at 0", {".clamp(min=0)": ""}),
        edit("what is shared is counted twice in the union: subtract it once", {" - shared\n": "\n"}),
        edit("in the union, what is shared is subtracted once, not twice", {" - shared\n": " - 2 * shared\n"}),
        edit(
            "w and h are sizes, not the lower right corner: the right edge is x + w", {HIGH: "boxes[:, 2:], truth[2:]"}
        ),
        edit("this is the share of the truth that is covered: divide by the union", {TOGETHER: "truth[2:].prod()"}),
        edit(
            "this is the share of each box that is shared: divide by the union", {TOGETHER: "boxes[:, 2:].prod(dim=1)"}
        ),
        edit(
            "divide by the union, the area that the two cover together, not by the smaller area",
            {TOGETHER: "torch.minimum(boxes[:, 2:].prod(dim=1), truth[2:].prod())"},
        ),
        edit(
            "this is the Dice overlap, 2 shared / sum of areas: IoU divides by the union",
            {"shared / together": "2 * shared / (together + shared)"},
        ),
        edit(
            "the pixel grid is not counted here: w is right edge - left edge, without + 1",
            {SHARED: "(high - low + 1).clamp(min=0).prod(dim=1)"},
        ),
        edit("the shared part begins at the *larger* of the two left edges", {"torch.maximum": "torch.minimum"}),
        edit("the shared part ends at the *smaller* of the two right edges", {"torch.minimum(": "torch.maximum("}),
        edit(
            "the shared area is a product of two lengths, not their sum",
            {SHARED: "(high - low).clamp(min=0).sum(dim=1)"},
        ),
        edit(
            "this is the shared area in square pixels: divide by the union",
            {"return shared / together": "return shared"},
        ),
        edit("this is union over intersection: the other way round", {"shared / together": "together / shared"}),
        edit(
            "the union is missing: intersection over union, not over their sum of sides",
            {TOGETHER: "boxes[:, 2:].sum(dim=1) + truth[2:].sum() - shared"},
        ),
        edit(
            "x and y are the upper left corner here, not the middle",
            {
                LOW: "torch.maximum(boxes[:, :2] - boxes[:, 2:] / 2, truth[:2] - truth[2:] / 2)",
                HIGH: "boxes[:, :2] + boxes[:, 2:] / 2, truth[:2] + truth[2:] / 2",
            },
        ),
        edit(
            "boxes that are apart share nothing: a negative length becomes 0, not positive",
            {".clamp(min=0)": ".abs()"},
        ),
        edit(
            "the union is the area that the two cover, not that of the box around both",
            {
                TOGETHER: "(torch.maximum(boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:])"
                " - torch.minimum(boxes[:, :2], truth[:2])).prod(dim=1)"
            },
        ),
    ),
    hints=(
        "The shared part is a rectangle again. On each axis it begins at the larger of the two lower edges and ends at "
        "the smaller of the two upper edges, if there is anything between.",
        "`torch.maximum(boxes[:, :2], truth[:2])` compares (N, 2) with (2,). `.clamp(min=0)` on the lengths, then "
        "`.prod(dim=1)`.",
        "`shared = (high - low).clamp(min=____).prod(dim=1)`, `together = area of boxes + area of truth - ____`.",
    ),
)
