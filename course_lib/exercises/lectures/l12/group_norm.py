"""12.1: group normalisation by reshaping."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def group_norm(x, groups, weight, bias, eps=1e-5):
    N, C, H, W = x.shape
    grouped = x.reshape(N, groups, C // groups, H, W)
    mean = grouped.mean(dim=(2, 3, 4), keepdim=True)
    variance = grouped.var(dim=(2, 3, 4), keepdim=True, correction=0)
    x = ((grouped - mean) / (variance + eps).sqrt()).reshape(N, C, H, W)
    return x * weight[:, None, None] + bias[:, None, None]
"""

RESHAPE, BACK = "x.reshape(N, groups, C // groups, H, W)", ".reshape(N, C, H, W)"
AXES, ROOT = "dim=(2, 3, 4)", "(variance + eps).sqrt()"
VAR = "grouped.var(dim=(2, 3, 4), keepdim=True, correction=0)"
SCALED = "x * weight[:, None, None] + bias[:, None, None]"
OPS, TORCHS = "course_lib.ops.normalization", "torch.nn.functional"
LIBRARY = (
    *(f"{TORCHS}.{method}_norm" for method in ("group", "layer", "instance", "batch")),
    f"{OPS}.normalization",
    f"{OPS}.normalization_reference",
    "course_lib.models.resnet_gn.norm_layer",
)


def _cases(generator):
    def maps(shape, groups, **more):
        x = 3 * torch.randn(shape, generator=generator) + torch.arange(shape[1]).view(-1, 1, 1)
        weight, bias = torch.randn(2, shape[1], generator=generator)
        return (x, groups, weight, bias), more

    return [
        Case("2 samples, 6 channels in 3 groups, 4 x 5 places", *maps((2, 6, 4, 5), 3)),
        Case("3 samples, 8 channels in 2 groups, 3 x 2 places", *maps((3, 8, 3, 2), 2)),
        Case("4 groups of one channel: instance normalisation", *maps((2, 4, 5, 3), 4)),
        Case("one group: layer normalisation", *maps((3, 5, 2, 4), 1)),
        Case("eps 0.5, which is large enough to be seen", *maps((2, 6, 3, 4), 2, eps=0.5)),
    ]


group_norm = exercise(
    "12.1",
    "Group normalisation by reshaping",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=LIBRARY,
    mistakes=(
        edit(
            "one mean and one deviation for the whole batch: every sample and group has its own",
            {AXES: "dim=(0, 1, 2, 3, 4)"},
        ),
        edit(
            "`groups` is the number of groups, and this takes it for the channels in one: G groups of C / G channels",
            {RESHAPE: "x.reshape(N, C // groups, groups, H, W)"},
        ),
        edit(
            "the groups are interleaved: a group is C / G channels that stand side by side (0, 1, 2, ... first)",
            {
                RESHAPE: "x.reshape(N, C // groups, groups, H, W).transpose(1, 2)",
                BACK: f".transpose(1, 2){BACK}",
            },
        ),
        edit(
            "the batch is averaged as well: every sample has a mean and a deviation of its own for each group",
            {AXES: "dim=(0, 2, 3, 4)"},
        ),
        edit(
            "every channel is by itself: a group's statistics run over its C / G channels as well",
            {AXES: "dim=(3, 4)"},
        ),
        edit(
            "this is still batch normalisation: each channel with itself in other samples. A group's statistics run "
            "over its C / G channels, within one sample",
            {AXES: "dim=(0, 3, 4)"},
        ),
        edit(
            "all groups and samples are averaged together, and the channels of a group kept apart: it is the other way "
            "round",
            {AXES: "dim=(0, 1, 3, 4)"},
        ),
        edit(
            "axis 1 counts the groups, axis 2 the channels within a group: the statistics run over the second",
            {AXES: "dim=(1, 3, 4)"},
        ),
        edit("the rows and columns are left out: a group's statistics run over H and W as well", {AXES: "dim=2"}),
        edit(
            "all groups are averaged together: each has a mean and a deviation of its own", {AXES: "dim=(1, 2, 3, 4)"}
        ),
        edit(
            "the variance is the unbiased one (divided by m - 1): Eq. 2 divides by m, which is `correction=0`",
            {", correction=0": ""},
        ),
        edit(
            "the squares are added up, not averaged: the sum is divided by m, the cells of a group",
            {VAR: "((grouped - mean) ** 2).sum(dim=(2, 3, 4), keepdim=True)"},
        ),
        edit("the root is missing: divide by the deviation, not by the variance", {ROOT: "(variance + eps)"}),
        edit("eps stands outside the root: it is added to the variance, inside", {ROOT: "(variance.sqrt() + eps)"}),
        edit("the argument `eps` is not used: it is added to the variance as it comes", {"+ eps": "+ 1e-5"}),
        edit("the mean is not subtracted", {"grouped - mean": "grouped"}),
        edit(
            "only the mean is divided by the deviation: put brackets around x - mean",
            {"(grouped - mean) /": "grouped - mean /"},
        ),
        edit("weight and bias (gamma and beta) are missing: after all, scale and shift each channel", {SCALED: "x"}),
        edit("the bias (beta) is missing", {" + bias[:, None, None]": ""}),
        edit("the weight (gamma) is missing", {"x * weight[:, None, None]": "x"}),
        edit(
            "the bias is scaled too: first x times weight, then plus bias",
            {SCALED: "(x + bias[:, None, None]) * weight[:, None, None]"},
        ),
        edit("multiply by weight; this divides", {"x * weight": "x / weight"}),
        edit("the bias is added; this subtracts it", {"+ bias": "- bias"}),
    ),
    hints=(
        "In batch normalisation a channel is averaged with itself in other samples. Here it is averaged with its "
        "neighbours in the same sample. So give the neighbours an axis of their own.",
        "`x.reshape(N, groups, C // groups, H, W)`. Mean and variance run over the last three axes, "
        "`keepdim=True, correction=0`. Then reshape back; `weight[:, None, None]` is (C, 1, 1).",
        "`grouped = x.reshape(N, groups, ____, H, W)`, `mean = grouped.mean(dim=(____), keepdim=True)`, the same for "
        "`var`, then `((grouped - mean) / (____ + eps).sqrt()).reshape(N, C, H, W)`.",
    ),
)
