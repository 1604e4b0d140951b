"""01.5: one prediction from many clips."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import sampling

SOLUTION = """
def average_predictions(logits):
    return logits.softmax(dim=-1).mean(dim=1)
"""


def _cases(generator):
    def logits(*shape, scale=2.0):
        return scale * torch.randn(shape, generator=generator)

    return [
        Case("2 videos, 5 clips, 3 classes", (logits(2, 5, 3),)),
        Case("4 videos, 3 clips, 7 classes", (logits(4, 3, 7),)),
        Case("one clip per video", (logits(3, 1, 4),)),
        # Large, and still below 88, where exp overflows: a softmax written as in its formula is right, too.
        Case("large scores", (logits(2, 6, 5, scale=12.0),)),
    ]


average_predictions = exercise(
    "01.5",
    "One prediction from many clips",
    solution=SOLUTION,
    same_as=sampling.average_predictions,
    cases=_cases,
    mistakes=(
        edit(
            "this averages the scores before the softmax (a geometric mean): softmax comes first, then the mean",
            {".softmax(dim=-1).mean(dim=1)": ".mean(dim=1).softmax(dim=-1)"},
        ),
        edit(
            "there is no softmax: scores of different clips have no common scale until they are probabilities",
            {".softmax(dim=-1)": ""},
        ),
        edit(
            "the softmax runs over the clips: it belongs over the classes, the last axis",
            {"softmax(dim=-1)": "softmax(dim=1)"},
        ),
        edit("the mean runs over the classes: average over the clips, axis 1", {"mean(dim=1)": "mean(dim=-1)"}),
        edit("the mean runs over the videos: average over the clips, axis 1", {"mean(dim=1)": "mean(dim=0)"}),
        edit("this is a sum over clips, and does not add up to 1: take the mean", {"mean": "sum"}),
        edit("this takes the largest probability per class: one lucky clip decides; take the mean", {"mean": "amax"}),
        edit(
            "this counts votes: each clip's uncertainty is lost when only its best class is kept",
            {"logits.softmax(dim=-1)": "(logits == logits.amax(dim=-1, keepdim=True)).float()"},
        ),
    ),
    hints=(
        "First turn each clip's scores into probabilities, then average those of one video.",
        "`logits.softmax(dim=____)` over the classes, `.mean(dim=____)` over the clips. Axes are (B, N, K).",
        "`logits.softmax(dim=-1).mean(dim=____)`: which of the axes 0, 1, 2 holds the clips?",
    ),
)
