"""25.6: the weights of the depth filter."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.video_depth.filter import weighted_depth

SOLUTION = """
import torch


def filtered_depth(own, others, trusted, sharpness=3.0):
    ratio = torch.maximum(own.expand_as(others), others) / torch.minimum(own.expand_as(others), others) - 1
    weights = torch.exp(-sharpness * ratio) * trusted
    total = weights.sum(dim=0)
    mean = (weights * others).sum(dim=0) / total.clamp(min=1e-12)
    return torch.where(total > 0, mean, own)
"""

RATIO = "torch.maximum(own.expand_as(others), others) / torch.minimum(own.expand_as(others), others) - 1"
WEIGHTS, MEAN = "torch.exp(-sharpness * ratio) * trusted", "(weights * others).sum(dim=0) / total.clamp(min=1e-12)"
LAST = "torch.where(total > 0, mean, own)"


def _cases(generator):
    def maps(number, rows, columns, share):
        own = 1 + 3 * torch.rand(rows, columns, generator=generator)
        others = own * (0.7 + 0.8 * torch.rand(number, rows, columns, generator=generator))
        trusted = torch.rand(number, rows, columns, generator=generator) < share
        trusted[:, 0, 0] = True
        return own, others, trusted

    alone = maps(3, 4, 5, 0.7)
    alone[2][:, 1, 2] = False
    return [
        Case("4 frames, 3 x 5 pixels, all trusted", maps(4, 3, 5, 2.0)),
        Case("3 frames, 4 x 5 pixels, a pixel where none is trusted", alone),
        Case("9 frames, 6 x 2 pixels, half of them trusted, sharpness 10", maps(9, 6, 2, 0.5), {"sharpness": 10.0}),
        Case(
            "by hand: depth 2, others say 2 and 4, sharpness 1",
            (torch.full((1, 1), 2.0), torch.tensor([2.0, 4]).view(2, 1, 1), torch.ones(2, 1, 1, dtype=torch.bool), 1.0),
        ),
    ]


filtered_depth = exercise(
    "25.6",
    "The weights of the filter",
    points=2,
    solution=SOLUTION,
    same_as=weighted_depth,
    cases=_cases,
    mistakes=(
        edit(
            "this is the sum of the slide, without the division: divide by the sum of the weights, or a constant "
            "depth does not survive",
            {MEAN: "(weights * others).sum(dim=0)"},
        ),
        edit(
            "the sum is divided by the number of frames: divide by the sum of the weights",
            {MEAN: "(weights * others).mean(dim=0)"},
        ),
        edit(
            "frames that are not trusted count: multiply the weights by `trusted`",
            {WEIGHTS: "torch.exp(-sharpness * ratio)"},
        ),
        edit(
            "the weights grow with the disagreement: exp of *minus* sharpness times the ratio",
            {"exp(-sharpness": "exp(sharpness"},
        ),
        edit("the sharpness is not used", {"-sharpness * ratio": "-ratio"}),
        edit("all trusted frames count alike: this is the plain mean", {WEIGHTS: "1.0 * trusted"}),
        edit("where nobody is trusted, the frame's own depth stays", {LAST: "mean"}),
        edit("where nobody is trusted, the frame's own depth stays", {LAST: "mean", ".clamp(min=1e-12)": ""}),
        edit("the difference of the depths has a unit: weigh by max / min - 1", {RATIO: "(own - others).abs()"}),
        edit("others / own - 1 is negative where the others are nearer: max / min - 1", {RATIO: "others / own - 1"}),
        edit(
            "|others / own - 1| is not the ratio max / min - 1 where the others are nearer",
            {RATIO: "(others / own - 1).abs()"},
        ),
        edit(
            "this is exp of the logarithm of the ratio, a power of min / max: max / min - 1 is asked for",
            {RATIO: "(others / own).log().abs()"},
        ),
        edit(
            "the squared ratio is taken here, as in a Gaussian: exp(-sharpness * ratio)",
            {"-sharpness * ratio": "-sharpness * ratio**2"},
        ),
        edit(
            "the own depth is averaged, which is the same for all frames: the mean is over what the *others* say",
            {"weights * others": "weights * own"},
        ),
        edit(
            "the mean runs over the pixels, not over the frames",
            {"weights.sum(dim=0)": "weights.sum(dim=(1, 2))[0]", "others).sum(dim=0)": "others).sum(dim=(1, 2))[0]"},
        ),
        edit(
            "the most agreeing frame alone is taken: a weighted mean of all is asked for",
            {WEIGHTS: "(ratio == ratio.masked_fill(~trusted, 1e9).amin(dim=0)) * trusted"},
        ),
        edit(
            "the own depth is counted as one more opinion: the mean is over the others, unless none is trusted",
            {MEAN: "((weights * others).sum(dim=0) + own) / (1 + total)"},
        ),
        edit(
            "the sum is divided by the number of trusted frames: divide by the sum of the weights",
            {MEAN: "(weights * others).sum(dim=0) / trusted.sum(dim=0).clamp(min=1)"},
        ),
        edit(
            "the own depth is kept where *one* is not trusted: only where none is",
            {LAST: "torch.where(trusted.all(dim=0), mean, own)"},
        ),
        edit("the mask is upside down: True is trusted", {WEIGHTS: "torch.exp(-sharpness * ratio) * ~trusted"}),
        edit("the mask is upside down: True is trusted", {LAST: "torch.where(total > 0, own, mean)"}),
        edit(
            "frames that are not trusted count here with the own depth: their weight is 0",
            {
                RATIO: RATIO
                + "\n    others, ratio = torch.where(trusted, others, own), torch.where(trusted, ratio, 0.0)",
                WEIGHTS: "torch.exp(-sharpness * ratio)",
            },
        ),
        edit(
            "the mask multiplies what stands in the exponent: exp(0) is 1, so who is not trusted counts most",
            {WEIGHTS: "torch.exp(-sharpness * ratio * trusted)"},
        ),
        edit(
            "the weights are brought to sum 1 before some are taken out: divide by the sum of those that are trusted",
            {WEIGHTS: "torch.softmax(-sharpness * ratio, dim=0) * trusted", MEAN: "(weights * others).sum(dim=0)"},
        ),
        edit(
            "min / max as the exponent is large where they agree: max / min - 1",
            {RATIO: "torch.minimum(own.expand_as(others), others) / torch.maximum(own.expand_as(others), others)"},
        ),
        edit(
            "the difference of disparities has a unit: weigh by max / min - 1", {RATIO: "(1 / own - 1 / others).abs()"}
        ),
        edit(
            "the difference is divided by the other depth: max / min - 1 divides it by the smaller of the two",
            {RATIO: "(own - others).abs() / others"},
        ),
        edit(
            "the weight is 1 / (1 + sharpness * ratio) here: exp(-sharpness * ratio)",
            {WEIGHTS: "trusted / (1 + sharpness * ratio)"},
        ),
        edit(
            "who agrees counts 1 and who does not 0: exp falls off smoothly",
            {WEIGHTS: "(ratio < 1 / sharpness) * trusted * 1.0"},
        ),
        edit(
            "the sum runs over the columns: the frames are dim 0",
            {
                "weights.sum(dim=0)": "weights.sum(dim=-1)",
                MEAN: "(weights * others).sum(dim=-1) / total.clamp(min=1e-12)",
                LAST: "mean",
            },
        ),
        edit(
            "the logarithms of the depths are averaged: the mean is over the depths",
            {MEAN: "((weights * others.log()).sum(dim=0) / total.clamp(min=1e-12)).exp()"},
        ),
    ),
    hints=(
        "A weighted mean: each frame's word times its weight, summed, and divided by the sum of the weights. Who "
        "disagrees, in terms of a ratio, weighs little; who is not trusted weighs nothing.",
        "`torch.exp(-sharpness * ratio)`; a mask multiplies like 0 and 1; sums run over dim 0, the frames. "
        "`torch.where(condition, a, b)` chooses pixel by pixel; a division by 0 is avoided by `.clamp(min=1e-12)`.",
        "`weights = torch.exp(____) * ____`; `total = weights.sum(dim=0)`; "
        "`mean = (weights * ____).sum(dim=0) / ____`; return `torch.where(total > 0, ____, ____)`.",
    ),
)
