"""17.1: how alike is a patch of one map to the patches around it in the other?"""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import correlation as library

SOLUTION = """
import torch
import torch.nn.functional as F


def correlate(first, second, d, k=0):
    height, width = first.shape[2:]
    a = F.pad(first, (k,) * 4)
    b = F.pad(second, (k + d,) * 4)
    maps = []
    for dy in range(-d, d + 1):
        for dx in range(-d, d + 1):
            moved = b[:, :, d + dy : d + dy + height + 2 * k, d + dx : d + dx + width + 2 * k]
            product = (a * moved).mean(dim=1, keepdim=True)
            maps.append(F.avg_pool2d(product, 2 * k + 1, stride=1))
    return torch.cat(maps, dim=1)
"""

ROWS, COLUMNS = "d + dy : d + dy + height + 2 * k", "d + dx : d + dx + width + 2 * k"
MEAN, PATCH = "(a * moved).mean(dim=1, keepdim=True)", "F.avg_pool2d(product, 2 * k + 1, stride=1)"


def _library(first, second, d, k=0):
    return library.correlation(first, second, max_displacement=d, stride_2=1, kernel_size=2 * k + 1, pad=d + k)


def _cases(generator):
    def maps(*shape):
        return [torch.randn(shape, generator=generator) for _ in range(2)]

    ramp = torch.arange(4.0).view(1, 1, 1, 4)
    return [
        Case("3 channels, 4 x 6, d = 1", (*maps(2, 3, 4, 6), 1)),
        Case("2 channels, 7 x 5, d = 2", (*maps(1, 2, 7, 5), 2)),
        Case("patches of 3 x 3: 2 channels, 6 x 5, d = 1, k = 1", (*maps(2, 2, 6, 5), 1, 1)),
        Case("patches of 5 x 5: 1 channel, 5 x 8, d = 2, k = 2", (*maps(1, 1, 5, 8), 2, 2)),
        Case("by hand: the row 0, 1, 2, 3 and itself, d = 1", (ramp, ramp, 1)),
        Case("no displacement at all: d = 0, 4 channels", (*maps(2, 4, 3, 4), 0)),
    ]


correlate = exercise(
    "17.1",
    "The correlation layer",
    points=3,
    solution=SOLUTION,
    same_as=_library,
    cases=_cases,
    differentiable=True,
    forbidden=("course_lib.ops.correlation.correlation", "course_lib.ops.correlation.correlation_reference"),
    mistakes=(
        edit(
            "this adds up over the channels; the layer takes the mean, so that 256 channels give no larger numbers "
            "than 3",
            {MEAN: "(a * moved).sum(dim=1, keepdim=True)"},
        ),
        edit(
            "the sum over a patch is not divided by its pixels: c is a mean over (2k + 1)^2 of them",
            {PATCH: f"(2 * k + 1) ** 2 * {PATCH}"},
        ),
        edit(
            "sums over channels and patch are asked for as means: divide by C (2k + 1)^2",
            {MEAN: "(a * moved).sum(dim=1, keepdim=True)", PATCH: f"(2 * k + 1) ** 2 * {PATCH}"},
        ),
        edit(
            "dx and dy are exchanged: dx runs fastest and moves along the columns (axis 3), dy along the rows (axis 2)",
            {ROWS: ROWS.replace("dy", "dx"), COLUMNS: COLUMNS.replace("dx", "dy")},
        ),
        edit(
            "the displacement has the wrong sign: x2 = x1 + (dx, dy), so the second map is read further right for dx "
            "> 0",
            {ROWS: ROWS.replace("dy", "(-dy)"), COLUMNS: COLUMNS.replace("dx", "(-dx)")},
        ),
        edit(
            "the two maps are exchanged: it is the second one that is read at displaced places",
            {"F.pad(first, (k,)": "F.pad(second, (k,)", "F.pad(second, (k + d,)": "F.pad(first, (k + d,)"},
        ),
        edit(
            "patches are missing: average the products over (2k + 1) x (2k + 1) neighbours",
            {PATCH: "product[:, :, k : k + height, k : k + width]"},
        ),
        edit(
            "this takes the distance of the vectors: correlation multiplies",
            {MEAN: "((a - moved) ** 2).mean(dim=1, keepdim=True)"},
        ),
        edit(
            "what lies outside is 0 here, not a repeated border",
            {"(k + d,) * 4)": '(k + d,) * 4, mode="replicate")'},
        ),
        edit(
            "the features are normalised here: the layer itself multiplies them as they are",
            {"a * moved": "F.normalize(a, dim=1) * F.normalize(moved, dim=1)"},
        ),
        edit(
            "what lies outside is 0 here; this goes on at the other side of the map, as `roll` does",
            {"(k + d,) * 4)": '(k + d,) * 4, mode="circular")'},
        ),
        edit("dy is not used: the second map moves along the rows as well", {ROWS: "d : d + height + 2 * k"}),
        edit("dx is not used: the second map moves along the columns as well", {COLUMNS: "d : d + width + 2 * k"}),
        edit("dy has the wrong sign: for dy > 0 read further down", {ROWS: ROWS.replace("dy", "(-dy)")}),
        edit("dx has the wrong sign: for dx > 0 read further right", {COLUMNS: COLUMNS.replace("dx", "(-dx)")}),
        edit("the largest product of a patch is taken: c is the mean over the patch", {"F.avg_pool2d": "F.max_pool2d"}),
        edit(
            "`F.avg_pool2d` steps by the size of its window unless told otherwise: each place wants a patch, stride=1",
            {", stride=1": ""},
        ),
        edit(
            "this is the cosine of the vectors: the layer itself multiplies them as they are",
            {MEAN: "F.cosine_similarity(a, moved, dim=1)[:, None]"},
        ),
        edit(
            "every displacement from -d to d is asked for, not every second one",
            {"range(-d, d + 1)": "range(-d, d + 1, 2)"},
        ),
        edit("only displacements up to d - 1 came: range(-d, d + 1) ends with d", {"range(-d, d + 1)": "range(-d, d)"}),
        edit("negative displacements are missing: dx and dy run from -d to d", {"range(-d, d + 1)": "range(0, d + 1)"}),
        edit(
            "the mean over the *patches'* side: a patch has 2k + 1 pixels along each axis, not k",
            {"2 * k + 1, stride": "max(k, 1), stride"},
        ),
    ),
    hints=(
        "For each displacement: lay the second map over the first, moved; multiply; average over the channels, and "
        "over the pixels of a patch.",
        "`b` has `d + k` zeros on each side, `a` has `k`. Displacement (0, 0) begins at row `d` and column `d` of "
        "`b` and is as large as `a`. `F.avg_pool2d(x, size, stride=1)` averages over patches.",
        "`moved = b[:, :, d + dy : d + dy + height + 2 * k, ____]`, then `product = (a * moved).mean(dim=____, "
        "keepdim=True)` and `maps.append(F.avg_pool2d(product, ____, stride=1))`.",
    ),
)
