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
        edit(
            "the softmax runs over the videos (as nn.Softmax() without a dim does here): it belongs over the classes, "
            "the last axis",
            {"softmax(dim=-1)": "softmax(dim=0)"},
        ),
        edit(
            "the softmax runs over all videos, clips and classes at once: each clip has probabilities of its own",
            {"logits.softmax(dim=-1)": "(logits.exp() / logits.exp().sum())"},
        ),
        edit(
            "the softmax comes a second time: means of probabilities are probabilities", {"n(dim=1)": "n(1).softmax(1)"}
        ),
        edit(
            "the exponentials are averaged before they are divided: a clip with large scores would outvote all others; "
            "first each clip's probabilities, then the mean",
            {"logits.softmax(dim=-1).mean(dim=1)": "logits.exp().mean(1).log().softmax(-1)"},
        ),
        edit("these are log-probabilities: take the softmax without the logarithm", {".soft": ".log_soft"}),
        edit(
            "a sigmoid judges each class by itself: the softmax makes the classes of a clip add up to 1",
            {"softmax(dim=-1)": "sigmoid()"},
        ),
        edit("this is the median clip: take the mean", {"mean(dim=1)": "median(dim=1).values"}),
        edit("this multiplies the clips: take the mean", {"mean(dim=1)": "prod(dim=1)"}),
        edit("only the first clip counts: average over all N", {".mean(dim=1)": "[:, 0]"}),
        edit(
            "dividing by the sum of the scores is no softmax: scores may be negative, so take exponentials first",
            {"logits.softmax(dim=-1)": "(logits / logits.sum(-1, keepdim=True))"},
        ),
        edit(
            "only the winning class came: the probabilities of all classes are asked for",
            {"mean(dim=1)": "mean(dim=1).argmax(-1)"},
        ),
        edit(
            "divided by the number of classes: a mean over clips divides by N",
            {".mean(dim=1)": ".sum(1) / logits.shape[2]"},
        ),
        edit(
            "divided by the number of videos: a mean over clips divides by N", {".mean(dim=1)": ".sum(1) / len(logits)"}
        ),
        edit("all videos were averaged into one: each video keeps its row", {"mean(dim=1)": "mean(dim=(0, 1))"}),
        edit("the mean is still missing: one row of probabilities per video", {".mean(dim=1)": ""}),
        edit("the mean runs over the classes: average over the clips, axis 1", {"mean(dim=1)": "mean(dim=-1)"}),
        edit("the mean runs over the videos: average over the clips, axis 1", {"mean(dim=1)": "mean(dim=0)"}),
        edit("this is a sum over clips, and does not add up to 1: take the mean", {"mean": "sum"}),
        edit("this takes the largest probability per class: one lucky clip decides; take the mean", {"mean": "amax"}),
        edit(
            "this counts votes: each clip's uncertainty is lost when only its best class is kept",
            {"logits.softmax(dim=-1)": "(logits == logits.amax(dim=-1, keepdim=True)).float()"},
        ),
        edit(
            "this adds up the scores before the softmax, which multiplies the clips: softmax first, then the mean",
            {".softmax(dim=-1).mean(dim=1)": ".sum(dim=1).softmax(-1)"},
        ),
        edit(
            "clips and classes are exchanged: the softmax runs over the classes, the last axis, the mean over clips",
            {"softmax(dim=-1).mean(dim=1)": "softmax(dim=1).mean(dim=-1)"},
        ),
        edit("these are logarithms: the probabilities themselves are asked for", {"mean(dim=1)": "mean(dim=1).log()"}),
        edit(
            "the exponentials are not divided by their sum over the classes: the softmax is that quotient",
            {"softmax(dim=-1)": "exp()"},
        ),
        edit(
            "only the last clip counts: does a loop forget the others? Average over all N", {".mean(dim=1)": "[:, -1]"}
        ),
    ),
    hints=(
        "First turn each clip's scores into probabilities, then average those of one video.",
        "`logits.softmax(dim=____)` over the classes, `.mean(dim=____)` over the clips. Axes are (B, N, K).",
        "`logits.softmax(dim=-1).mean(dim=____)`: which of the axes 0, 1, 2 holds the clips?",
    ),
)
