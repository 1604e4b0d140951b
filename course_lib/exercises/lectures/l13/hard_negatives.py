"""13.4: hard minibatch mining."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.trackers.mdnet import hardest

SOLUTION = """
import torch


def hard_negatives(scores, number):
    return scores[:, 1].topk(number).indices
"""

CHOSEN = "scores[:, 1].topk(number).indices"


def _cases(generator):
    def scores(rows):
        both = 3 * torch.randn(rows, 2, generator=generator) - torch.tensor([0.0, 2])
        return both

    return [
        Case("3 of 12", (scores(12), 3)),
        Case("7 of 9", (scores(9), 7)),
        Case(
            "by hand: -1 is the largest of target scores that are all negative",
            (torch.tensor([[5.0, -4], [-9, -3], [8, -1], [7, -2]]), 2),
        ),
        Case("1 of 40", (scores(40), 1)),
    ]


hard_negatives = exercise(
    "13.4",
    "Hard minibatch mining",
    points=2,
    solution=SOLUTION,
    same_as=hardest,
    cases=_cases,
    mistakes=(
        edit("these are the easiest: they look least like a target", {"topk(number)": "topk(number, largest=False)"}),
        edit("column 0 is the background's score: the target's is column 1", {"scores[:, 1]": "scores[:, 0]"}),
        edit(
            "a low background score is not the same as a high target score: the paper ranks by the target's, column 1",
            {CHOSEN: "(-scores[:, 0]).topk(number).indices"},
        ),
        edit(
            "this ranks by the difference of the two scores (or their softmax): rank by the target's score alone",
            {CHOSEN: "scores.softmax(1)[:, 1].topk(number).indices"},
        ),
        edit("these are the scores: return the rows they stand in", {".indices": ".values"}),
        edit("hardest first: the order is turned round", {".indices": ".indices.flip(0)"}),
        edit("these are the scores of the chosen samples: return their rows", {CHOSEN: f"scores[{CHOSEN}]"}),
        edit("this is sorted by row: the hardest comes first", {".indices": ".indices.sort().values"}),
        edit("these are the first rows, whatever their scores: rank them", {CHOSEN: "torch.arange(number)"}),
        edit("all rows came: only the `number` hardest are wanted", {"topk(number)": "sort(descending=True)"}),
        edit("this ranks by the size of the score: -4 is not harder than -1", {"scores[:, 1]": "scores[:, 1].abs()"}),
        edit("one too many: `number` rows", {"topk(number)": "topk(number + 1)"}),
        edit(
            "the larger of the two scores was ranked: a sure background would count as hard",
            {"scores[:, 1]": "scores.amax(dim=1)"},
        ),
        edit("the sum of the two scores says nothing about the target", {"scores[:, 1]": "scores.sum(dim=1)"}),
        edit(
            "these are the surest backgrounds: the hardest have the highest *target* scores",
            {"scores[:, 1]": "(scores[:, 0] - scores[:, 1])"},
        ),
        edit(
            "no threshold is asked for: rank all, also when every target score is negative",
            {CHOSEN: "(scores[:, 1] > 0).nonzero()[:number, 0]"},
        ),
    ),
    hints=(
        "All samples here are background. Which of them does the network take for a target most firmly?",
        "`values.topk(k)` has `.values` and `.indices`, largest first. Column 1 holds the target's score.",
        "`return scores[:, ____].topk(____).____`",
    ),
)
