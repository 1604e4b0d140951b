"""16.3: the correspondence contrastive loss."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.correspondence_losses import correspondence_contrastive

SOLUTION = """
import torch.nn.functional as F


def correspondence_loss(first, second, same, margin=1.0):
    squared = (first - second).square().sum(dim=1)  # (N,)
    missing = (margin - squared.sqrt()).clamp(min=0)
    cost = same * squared + (1 - same) * missing.square()
    return cost.sum() / (2 * len(same))
"""

SQUARED, MISSING = "(first - second).square().sum(dim=1)", "(margin - squared.sqrt()).clamp(min=0)"
COST, MEAN = "same * squared + (1 - same) * missing.square()", "cost.sum() / (2 * len(same))"


def _cases(generator):
    def pairs(number, width, spread=1.0):
        first, second = (
            torch.nn.functional.normalize(torch.randn(number, width, generator=generator), dim=1) for _ in range(2)
        )
        second = torch.nn.functional.normalize(first + spread * second, dim=1)
        same = (torch.arange(number) % 3 != 1).float()
        return first, second, same

    by_hand = (torch.tensor([[1.0, 0], [1, 0]]), torch.tensor([[1.0, 0.5], [0.6, 0.3]]), torch.tensor([1.0, 0]))
    return [
        Case("by hand: one match at 0.5, one negative at 0.5", by_hand),
        Case("7 pairs of 5 numbers", pairs(7, 5)),
        Case("5 pairs of 16 numbers, margin 0.5", (*pairs(5, 16, 0.8), 0.5)),
        Case("9 pairs of 3 numbers, margin 2", (*pairs(9, 3, 3.0), 2.0)),
    ]


correspondence_loss = exercise(
    "16.3",
    "The correspondence contrastive loss",
    points=2,
    solution=SOLUTION,
    same_as=correspondence_contrastive,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit("a negative farther than the margin costs nothing: the maximum with 0 is missing", {".clamp(min=0)": ""}),
        edit("what is missing to the margin counts squared", {"missing.square()": "missing"}),
        edit("a match costs its squared distance, not the distance", {"same * squared": "same * squared.sqrt()"}),
        edit(
            "inside the margin stands the distance d, not d squared (that is open-ucn's loss)",
            {"squared.sqrt()": "squared"},
        ),
        edit(
            "matches and negatives are exchanged: same is 1 for a match",
            {COST: "(1 - same) * squared + same * missing.square()"},
        ),
        edit("the half is missing: 1 / (2 N)", {MEAN: "cost.sum() / len(same)"}),
        edit("the sum is divided by 2 N, N being the number of pairs", {MEAN: "cost.sum() / 2"}),
        edit("the negatives are missing", {COST: "same * squared"}),
        edit("the matches are missing", {COST: "(1 - same) * missing.square()"}),
        edit("the margin is fixed to 1: use the argument", {"margin - squared": "1.0 - squared"}),
        edit(
            "matches and negatives are each averaged by themselves: the sum of all is divided by 2 N",
            {
                MEAN: "((same * squared).sum() / same.sum() "
                "+ ((1 - same) * missing.square()).sum() / (1 - same).sum()) / 2"
            },
        ),
        edit(
            "these are absolute differences: the distance is the root of the sum of squares",
            {SQUARED: "(first - second).abs().sum(dim=1).square()"},
        ),
        edit(
            "the mean over the numbers of a descriptor is not its squared distance: add them up",
            {"sum(dim=1)": "mean(dim=1)"},
        ),
        edit("the clamp keeps the wrong side: only negatives *nearer* than the margin cost", {"min=0": "max=0"}),
        edit("one number is asked for, the mean over the pairs", {MEAN: "cost / 2"}),
        edit("the second part is for negatives alone: times 1 - same", {"(1 - same) * missing": "missing"}),
        edit("the sum is divided by 2 N, N being the number of pairs: here by nothing", {MEAN: "cost.sum()"}),
        edit(
            "what is missing to the margin is m - d, and it counts squared: here stands m - d squared",
            {"missing.square()": "(margin - squared).clamp(min=0)"},
        ),
        edit(
            "(m - d) squared is not m squared minus d squared",
            {"missing.square()": "(margin**2 - squared).clamp(min=0)"},
        ),
        edit(
            "this is 1 minus the cosine: the distance is the length of first - second",
            {SQUARED: "(1 - F.cosine_similarity(first, second)).square()"},
        ),
        edit(
            "this is the product of both: the distance is the length of first - second",
            {SQUARED: "(first * second).sum(dim=1).square()", "squared.sqrt()": "(first * second).sum(dim=1)"},
        ),
        edit(
            "this is one distance for all pairs together: add up over dim=1 only",
            {SQUARED: "(first - second).square().sum().expand(len(same))"},
        ),
        edit(
            "every point is compared with every other: row n of `first` belongs to row n of `second` alone",
            {SQUARED: "(first[:, None] - second).square().sum(dim=2)", MEAN: "cost.mean() / 2"},
        ),
    ),
    hints=(
        "Every pair pays once: a match for being apart, a negative for being nearer than the margin.",
        "`same` holds 1 and 0, so `same * a + (1 - same) * b` chooses. `.clamp(min=0)` is the maximum with 0.",
        "`squared = (first - second).square().sum(dim=1)`, `missing = (margin - ____).clamp(min=0)`, cost "
        "`same * ____ + (1 - same) * ____.square()`, divided by `2 * len(same)`.",
    ),
)
