"""15.1: the contrastive loss."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def contrastive_loss(first, second, same, margin=1.0):
    distance = (first - second).norm(dim=1)
    pull = distance**2
    push = (margin - distance).clamp(min=0) ** 2
    return torch.where(same == 1, pull, push).mean() / 2
"""

DISTANCE, PULL, PUSH = "(first - second).norm(dim=1)", "distance**2", "(margin - distance).clamp(min=0) ** 2"
CHOICE, RESULT = "torch.where(same == 1, pull, push)", "torch.where(same == 1, pull, push).mean() / 2"
SQUARE_OUTSIDE = (
    "a mixed pair costs max(0, m - d) squared, with the plain distance d: here the squared distance is compared with m"
)


def _cases(generator):
    def pairs(number, width, spread=1.0):
        first = torch.randn(number, width, generator=generator) * spread
        second = first + torch.randn(number, width, generator=generator) * spread * 0.6
        same = torch.randperm(number, generator=generator) % 2
        return first, second, same

    return [
        Case(
            "by hand: distances 5 (same), 5 and 0.5 (others), margin 1",
            (
                torch.tensor([[0.0, 0], [3, 4], [0, 0]]),
                torch.tensor([[3.0, 4], [0, 0], [0.5, 0]]),
                torch.tensor([1, 0, 0]),
            ),
        ),
        Case("8 pairs of 3 numbers", pairs(8, 3)),
        Case("9 pairs of 5 numbers, near each other", pairs(9, 5, 0.3)),
        Case("7 pairs of 4 numbers, margin 2.5", pairs(7, 4), {"margin": 2.5}),
    ]


contrastive_loss = exercise(
    "15.1",
    "The contrastive loss",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "1 stands for the same class here: the two terms are exchanged (Hadsell counts the other way)",
            {"same == 1": "same == 0"},
        ),
        edit(SQUARE_OUTSIDE, {PUSH: "(margin - distance**2).clamp(min=0)"}),
        edit(SQUARE_OUTSIDE, {PUSH: "(margin - distance**2).clamp(min=0) ** 2"}),
        edit(
            "the margin is to be compared as a distance, then the rest squared: here the margin is squared alone",
            {PUSH: "(margin**2 - distance**2).clamp(min=0)"},
        ),
        edit("a mixed pair costs the *square* of what is missing to the margin", {PUSH: PUSH.removesuffix(" ** 2")}),
        edit("a pair of the same class costs its *squared* distance", {PULL: "distance"}),
        edit("both terms are squared: here they are plain", {PULL: "distance", PUSH: PUSH.removesuffix(" ** 2")}),
        edit(
            "pairs beyond the margin are pulled back in: cut off at 0, and do it before you square",
            {".clamp(min=0)": ""},
        ),
        edit(
            "the sign of the push is turned: what is missing to the margin is m - d",
            {"margin - distance": "distance - margin"},
        ),
        edit("the factor 1/2 is missing", {" / 2": ""}),
        edit(
            "the factor 1/2 stands before one term only: it belongs to both",
            {PULL: "distance**2 / 2", ".mean() / 2": ".mean()"},
        ),
        edit(
            "the factor 1/2 stands before one term only: it belongs to both",
            {PUSH: f"{PUSH} / 2", ".mean() / 2": ".mean()"},
        ),
        edit("this adds up over pairs: the loss is their mean", {".mean() / 2": ".sum() / 2"}),
        edit("every pair still has a loss of its own: take the mean", {RESULT: f"{CHOICE} / 2"}),
        edit("the margin is fixed to 1: use the argument `margin`", {"(margin -": "(1.0 -"}),
        edit(
            "this is the mean square, not the distance: add the squares up (.norm(dim=1))",
            {DISTANCE: "(first - second).square().mean(dim=1).sqrt()"},
        ),
        edit(
            "this is the distance as one walks along streets (L1): take the straight one, .norm(dim=1)",
            {DISTANCE: "(first - second).abs().sum(dim=1)"},
        ),
        edit(
            "this is already the squared distance, and it is squared again: take the root",
            {DISTANCE: "(first - second).square().sum(dim=1)"},
        ),
        edit(
            "the distances run over pairs, axis 0: one distance per pair adds up over axis 1",
            {DISTANCE: "(first - second).norm(dim=0)", CHOICE: "torch.where(same[:1] == 1, pull, push)"},
        ),
        edit(
            "this is one distance for all pairs together: .norm(dim=1) gives one per pair",
            {DISTANCE: "(first - second).norm()"},
        ),
        edit(
            "pairs of the same class have no cost: pull them together, with their squared distance",
            {CHOICE: "torch.where(same == 1, 0 * pull, push)"},
        ),
        edit(
            "mixed pairs have no cost, so that all points may fall into one: push them apart",
            {CHOICE: "torch.where(same == 1, pull, 0 * push)"},
        ),
        edit(
            "this is the mean of two means: average over all pairs at once, whatever they are",
            {RESULT: "(pull[same == 1].mean() + push[same == 0].mean()) / 2"},
        ),
        edit("every pair is pulled and pushed: which of the two, its label says", {CHOICE: "(pull + push)"}),
        edit(
            "the push counts for pairs of the same class, too, and mixed pairs cost nothing: it belongs to `1 - same`",
            {CHOICE: "torch.where(same == 1, pull + push, 0 * push)"},
        ),
        edit(
            "the push is subtracted, so that near mixed pairs are a gain: both terms are costs, and added",
            {CHOICE: "torch.where(same == 1, pull, -push)"},
        ),
        edit(
            "what is missing to the margin is added up over pairs and then squared: square it pair by pair",
            {PUSH: "(margin - distance).clamp(min=0).sum() ** 2"},
        ),
        edit(
            "the margin is compared with the mean distance: compare it with the distance of each pair",
            {PUSH: "(margin - distance).mean().clamp(min=0) ** 2"},
        ),
        edit(
            "the mean is squared: square the term of each pair, then average",
            {PULL: "distance", PUSH: PUSH.removesuffix(" ** 2"), RESULT: f"{CHOICE}.mean() ** 2 / 2"},
        ),
        edit(
            "this is one mean square for all pairs together: .norm(dim=1) gives one distance per pair",
            {DISTANCE: "(first - second).square().mean()", PULL: "distance"},
        ),
        edit(
            "this is the angle between the points (cosine): take the length of their difference",
            {DISTANCE: "1 - torch.cosine_similarity(first, second)"},
        ),
        edit(
            "the points are scaled to length 1 first: nothing of that kind here, compare them as they are",
            {
                f"    distance = {DISTANCE}": "    first, second = (x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)"
                f" for x in (first, second))\n    distance = {DISTANCE}"
            },
        ),
    ),
    hints=(
        "Two wishes. Same class: the distance shall be 0, and costs its square. Different: it shall be at least m, and "
        "costs the square of what is missing, if anything is.",
        "`(first - second).norm(dim=1)` is one distance per pair; `.clamp(min=0)` is the maximum with 0; "
        "`torch.where(condition, a, b)` takes from a where the condition holds.",
        "`push = (margin - ____).clamp(min=0) ** ____`; return `torch.where(same == ____, pull, push).mean() / 2`.",
    ),
)
