"""12.2: the four methods as one function."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.exercises.lectures.l12.group_norm import LIBRARY

SOLUTION = """
def normalize(x, method, groups=2, eps=1e-5):
    N, C = x.shape[:2]
    groups = {"batch": C, "layer": 1, "instance": C, "group": groups}[method]
    grouped = x.reshape(N, groups, C // groups, -1)
    axes = (0, 2, 3) if method == "batch" else (2, 3)
    mean = grouped.mean(dim=axes, keepdim=True)
    variance = grouped.var(dim=axes, keepdim=True, correction=0)
    return ((grouped - mean) / (variance + eps).sqrt()).reshape(x.shape)
"""

TABLE = '{"batch": C, "layer": 1, "instance": C, "group": groups}'
AXES = '(0, 2, 3) if method == "batch" else (2, 3)'
AXES_OF_PICTURES = '(0, 2, 3, 4) if method == "batch" else (2, 3, 4)'
RESHAPE, ROOT = "x.reshape(N, groups, C // groups, -1)", "(variance + eps).sqrt()"


def _cases(generator):
    def maps(*shape):
        return 2 * torch.randn(shape, generator=generator) + torch.arange(shape[1]).view(-1, *[1] * (len(shape) - 2))

    return [
        Case("batch normalisation of pictures", (maps(3, 6, 4, 5), "batch")),
        Case("layer normalisation of pictures", (maps(3, 6, 4, 5), "layer")),
        Case("instance normalisation of pictures", (maps(3, 6, 4, 5), "instance")),
        Case("group normalisation of pictures, 2 groups", (maps(3, 6, 4, 5), "group")),
        Case("group normalisation of clips, 3 groups", (maps(2, 6, 3, 4, 5), "group", 3)),
        Case("batch normalisation of clips", (maps(2, 4, 3, 5, 2), "batch")),
        Case("layer normalisation of clips, eps 0.5", (maps(2, 4, 3, 5, 2), "layer"), {"eps": 0.5}),
    ]


normalize = exercise(
    "12.2",
    "One function, four sets",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=LIBRARY,
    mistakes=(
        edit(
            "`groups` is not used: group normalisation is layer normalisation here", {'"group": groups': '"group": 1'}
        ),
        edit("`groups` is not used: group is instance normalisation here", {'"group": groups': '"group": C'}),
        edit(
            'for "batch" only the samples are averaged: rows and columns (and time) belong to the set as well',
            {"(0, 2, 3) if": "0 if"},
        ),
        edit(
            'batch and instance normalisation are the same here: for "batch" the set runs over the samples as well',
            {AXES: "(2, 3)"},
        ),
        edit(
            'the samples are averaged together everywhere: of the four, only "batch" looks across the batch',
            {AXES: "(0, 2, 3)"},
        ),
        edit(
            "`groups` is the number of groups, and this takes it for the channels in one: G groups of C / G channels",
            {RESHAPE: "x.reshape(N, C // groups, groups, -1)"},
        ),
        edit(
            "`groups` is the number of groups, and this takes it for the channels in one: G groups of C / G channels",
            {RESHAPE: 'x.reshape(N, *((C, 1) if method == "batch" else (C // groups, groups)), -1)'},
        ),
        edit(
            "every group of a sample has a mean of its own: axis 1 counts the groups, and is not averaged over",
            {AXES: '(0, 2, 3) if method == "batch" else (1, 2, 3)'},
        ),
        edit(
            "every channel is by itself: for layer and group, the set runs over the channels of a group as well",
            {AXES: '(0, 3) if method == "batch" else 3'},
        ),
        edit(
            "each method averages over one axis alone here: rows and columns (and time) belong to every set",
            {AXES: '{"batch": 0, "instance": 3}.get(method, 2)'},
        ),
        edit(
            "rows and columns (and time) are left out: they belong to every set",
            {AXES: '(0, 2) if method == "batch" else 2'},
        ),
        edit(
            "the last axis of a clip is left out: a clip has an axis more than a picture, and the set runs over it too",
            {RESHAPE: "x.reshape(N, groups, C // groups, *x.shape[2:])", AXES: AXES_OF_PICTURES},
        ),
        edit(
            "layer and instance are exchanged: layer takes all channels of a sample (one group), instance each alone",
            {'"layer": 1, "instance": C': '"layer": C, "instance": 1'},
        ),
        edit(
            "batch normalisation keeps the channels apart: S_i holds the cells with the same channel, k_C = i_C",
            {'"batch": C': '"batch": 1'},
        ),
        edit("layer normalisation has one group: all channels of a sample together", {'"layer": 1': '"layer": C'}),
        edit("instance normalisation keeps the channels apart", {'"instance": C': '"instance": 1'}),
        edit("`groups` is always 2 here: take the argument", {'"group": groups': '"group": 2'}),
        edit(
            "`groups` is the number of groups, and this takes it for the channels in one: G groups of C / G channels",
            {'"group": groups': '"group": C // groups'},
        ),
        edit(
            "a clip's frames are normalised one by one: time belongs to the set, like rows and columns",
            {
                "N, C = x.shape[:2]": "N, C = x.shape[:2]\n"
                "    whole, frames = x.shape, x.shape[2] if x.dim() == 5 else 1\n"
                "    x = x.reshape(N, C, frames, -1).transpose(1, 2).reshape(N * frames, C, -1)\n"
                "    N = N * frames",
                ".reshape(x.shape)": ".reshape(len(x) // frames, frames, C, -1).transpose(1, 2).reshape(whole)",
            },
        ),
        edit(
            "the variance is the unbiased one (divided by m - 1): Eq. 2 divides by m, which is `correction=0`",
            {", correction=0": ""},
        ),
        edit("the root is missing: divide by the deviation, not by the variance", {ROOT: "(variance + eps)"}),
        edit("eps stands outside the root: it is added to the variance, inside", {ROOT: "(variance.sqrt() + eps)"}),
        edit("the argument `eps` is not used: it is added to the variance as it comes", {"+ eps": "+ 1e-5"}),
        edit("the mean is not subtracted", {"grouped - mean": "grouped"}),
        edit(
            "the result still has the axes of the groups: give it the shape of x again",
            {".reshape(x.shape)": ""},
        ),
    ),
    hints=(
        "Batch, layer and instance normalisation are group normalisation with another number of groups, and one of "
        "them averages over one more axis.",
        "Layer: one group. Instance: as many groups as channels. Batch: as instance, and over the samples (axis 0) as "
        "well. `x.reshape(N, groups, C // groups, -1)` takes pictures and clips alike.",
        '`groups = {"batch": C, "layer": ____, "instance": ____, "group": groups}[method]`, then '
        '`axes = (____, 2, 3) if method == "batch" else (2, 3)`, and normalise over these axes.',
    ),
)
