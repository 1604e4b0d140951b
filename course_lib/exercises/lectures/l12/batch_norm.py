"""12.3: batch normalisation with its moving averages."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.exercises.lectures.l12.group_norm import LIBRARY

SOLUTION = """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = running_mean, running_var
    if training:
        mean = x.mean(dim=(0, 2, 3))
        var = x.var(dim=(0, 2, 3), correction=0)
        cells = x.numel() / x.shape[1]
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var * cells / (cells - 1)
    y = (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt()
    return y, running_mean, running_var
"""

MEAN, VAR, UNBIASED = "x.mean(dim=(0, 2, 3))", "x.var(dim=(0, 2, 3), correction=0)", " * cells / (cells - 1)"
NEW_MEAN = "(1 - momentum) * running_mean + momentum * mean"
NEW_VAR = "(1 - momentum) * running_var + momentum * var"
BY_ITSELF = """    if training:
        own, mean, var = x.var(dim=(2, 3), keepdim=True, correction=0) + eps, mean * 0, var * 0 + 1 - eps
        x = (x - x.mean(dim=(2, 3), keepdim=True)) / own.sqrt()
"""
ROOT, BEFORE = "(var[:, None, None] + eps).sqrt()", "    y = "


def _cases(generator):
    def batch(*shape):
        return 2 * torch.randn(shape, generator=generator) + torch.arange(float(shape[1])).view(-1, 1, 1)

    def averages(channels):
        return torch.randn(channels, generator=generator), torch.rand(channels, generator=generator) + 0.5

    return [
        Case("training, 2 samples of 3 channels, 2 x 3 places", (batch(2, 3, 2, 3), *averages(3), True)),
        Case("training, momentum 0.3", (batch(3, 2, 2, 4), *averages(2), True), {"momentum": 0.3}),
        Case("evaluation", (batch(2, 3, 4, 3), *averages(3), False)),
        Case("evaluation of a single sample, eps 0.5", (batch(1, 4, 3, 2), *averages(4), False), {"eps": 0.5}),
        Case("training, eps 0.5", (batch(2, 4, 3, 2), *averages(4), True), {"eps": 0.5}),
    ]


batch_norm = exercise(
    "12.3",
    "Moving averages, and what evaluation mode changes",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    forbidden=(
        *LIBRARY,
        "course_lib.ops.normalization.running_statistics",
        "course_lib.ops.normalization.fixed_normalization",
    ),
    mistakes=(
        edit(
            "the averages come in the wrong order: first the mean, then the variance",
            {"return y, running_mean, running_var": "return y, running_var, running_mean"},
        ),
        edit(
            "the modes are exchanged: training uses and moves what evaluation only reads",
            {"if training": "if not training"},
        ),
        edit(
            "give back the moving averages, not this batch's mean and variance",
            {"return y, running_mean, running_var": "return y, mean, var"},
        ),
        edit(
            "in training the batch's own mean and variance normalise it; the moving averages are for evaluation",
            {BEFORE: "    mean, var = running_mean, running_var\n    y = "},
        ),
        edit(
            "in evaluation the moving averages normalise, so that a picture's result does not depend on its company",
            {BEFORE: f"    mean, var = {MEAN}, {VAR}\n    y = "},
        ),
        edit(
            "evaluation does what training does here: it should use the moving averages, and leave them alone",
            {"if training": "if True"},
        ),
        edit(
            "in evaluation nothing moves: the batch is not mixed into the averages",
            {
                "    mean, var = running_mean, running_var\n    if training": "    if True",
                BEFORE: "    mean, var = (mean, var) if training else (running_mean, running_var)\n    y = ",
            },
        ),
        edit(
            "each sample is normalised by itself here: batch normalisation averages over the samples too",
            {BEFORE: BY_ITSELF + BEFORE},
        ),
        edit(
            "momentum is the weight of the *new* batch: (1 - momentum) old + momentum new",
            {
                NEW_MEAN: "momentum * running_mean + (1 - momentum) * mean",
                NEW_VAR: "momentum * running_var + (1 - momentum) * var",
            },
        ),
        edit(
            "the moving average takes the unbiased variance, divided by m - 1 (the batch itself keeps the biased one)",
            {UNBIASED: ""},
        ),
        edit(
            "the batch itself is normalised by the biased variance, divided by m; the unbiased one is for the average",
            {", correction=0": "", UNBIASED: ""},
        ),
        edit(
            "the correction is turned round: the unbiased variance is the larger one, m / (m - 1) times the biased",
            {UNBIASED: " * (cells - 1) / cells"},
        ),
        edit(
            "the two variances are exchanged: biased for this batch, unbiased for the moving average",
            {UNBIASED: "", BEFORE: "    var = var * cells / (cells - 1) if training else var\n    y = "},
        ),
        edit(
            "m counts the samples here: it is the number of cells of a channel, N H W",
            {"x.numel() / x.shape[1]": "len(x)"},
        ),
        edit(
            "m counts the cells of all channels: a channel has N H W of them",
            {"x.numel() / x.shape[1]": "x.numel()"},
        ),
        edit(
            "the averages do not move: in training, mix the new mean and variance in",
            {NEW_MEAN: "running_mean", NEW_VAR + UNBIASED: "running_var"},
        ),
        edit(
            "the moving averages forget all that was before: keep (1 - momentum) of it",
            {NEW_MEAN: "mean", NEW_VAR: "var"},
        ),
        edit("the old averages are not faded: (1 - momentum) of them stays", {"(1 - momentum) * ": ""}),
        edit(
            "momentum is always 0.1 here: take the argument",
            {"(1 - momentum)": "0.9", "+ momentum *": "+ 0.1 *"},
        ),
        edit(
            "old and new count the same here: momentum is the weight of the new batch",
            {"(1 - momentum)": "0.5", "+ momentum *": "+ 0.5 *"},
        ),
        edit(
            "the moving average keeps variances; this mixes in the deviation",
            {NEW_VAR + UNBIASED: "(1 - momentum) * running_var + momentum * (var * cells / (cells - 1)).sqrt()"},
        ),
        edit(
            "the variance is mixed with the old mean", {"(1 - momentum) * running_var": "(1 - momentum) * running_mean"}
        ),
        edit(
            "eps stands outside the root: it is added to the variance, inside",
            {ROOT: "(var[:, None, None].sqrt() + eps)"},
        ),
        edit("the root is missing: divide by the deviation, not by the variance", {".sqrt()": ""}),
        edit(
            "every sample has statistics of its own here: batch normalisation averages over the samples too",
            {MEAN: "x.mean(dim=(2, 3)).mean(0)", VAR: "x.var(dim=(2, 3), correction=0).mean(0)"},
        ),
    ),
    hints=(
        "Two pairs of numbers per channel: those of this batch, and the averages over many batches. Which pair "
        "normalises in training, which in evaluation? Which of the two modes moves the averages?",
        "`x.mean(dim=(0, 2, 3))` and `x.var(dim=(0, 2, 3), correction=0)` are (C,). With m = N H W cells, "
        "`var * m / (m - 1)` is the unbiased variance.",
        "In training: `running_mean = (1 - momentum) * ____ + momentum * ____`, the same for the (unbiased) variance. "
        "Then, with the pair that the mode asks for, `y = (x - mean[:, None, None]) / (____ + eps).sqrt()`.",
    ),
)
