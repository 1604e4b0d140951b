"""05.4: mean flow subtraction."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import flow_stacking

SOLUTION = """
import torch


def subtract_mean_flow(stack):
    return stack - stack.mean((2, 3), keepdim=True)
"""

MEAN = "stack.mean((2, 3), keepdim=True)"


def _cases(generator):
    def stack(*sizes):
        drift = 4 * torch.rand(*sizes[:2], 1, 1, generator=generator) - 2
        return torch.rand(sizes, generator=generator) + drift

    return [
        Case("2 clips, L = 3", (stack(2, 6, 5, 7),)),
        Case("L = 1", (stack(3, 2, 4, 6),)),
        Case("one clip, L = 5, a pan that grows", (stack(1, 10, 3, 5) + torch.arange(10.0).view(1, 10, 1, 1),)),
    ]


subtract_mean_flow = exercise(
    "05.4",
    "Mean flow subtraction",
    points=1,
    solution=SOLUTION,
    same_as=flow_stacking.subtract_mean_flow,
    cases=_cases,
    mistakes=(
        edit(
            "one number is subtracted from everything: each field of each clip has its own mean u and mean v",
            {MEAN: "stack.mean()"},
        ),
        edit(
            "all channels of a clip share one number: u and v have different means, and so have the fields",
            {"(2, 3)": "(1, 2, 3)"},
        ),
        edit(
            "this takes the mean over the channels at every pixel: it removes what moves steadily, too; take the mean "
            "over the pixels",
            {"(2, 3)": "1"},
        ),
        edit("all clips share their means: every camera moves in its own way", {"(2, 3)": "(0, 2, 3)"}),
        edit(
            "all fields share one mean vector: a camera may speed up, so each field has its own",
            {MEAN: "stack.unflatten(1, (-1, 2)).mean((1, 3, 4)).repeat(1, stack.shape[1] // 2)[..., None, None]"},
        ),
        edit("this is the mean itself: subtract it from the stack", {"stack - stack": "stack"}),
        edit("this divides by the mean: subtract it", {"stack - stack": "stack / stack"}),
        edit(
            "the mean is taken off twice, once along the rows and once along the columns: one mean over both",
            {MEAN: "stack.mean(2, keepdim=True) - stack.mean(3, keepdim=True)"},
        ),
        edit(
            "each half of the channels shares one mean: the channels are u1, v1, u2, v2, ..., and each has its own",
            {MEAN: "torch.cat([x.mean((1, 2, 3), keepdim=True).expand_as(x) for x in stack.chunk(2, dim=1)], dim=1)"},
        ),
        edit(
            "the channels come in another order now, all u first: leave them in turn",
            {
                "return ": "u_first = torch.cat([stack[:, 0::2], stack[:, 1::2]], 1)\n    return ",
                "stack - stack": "u_first - u_first",
            },
        ),
        edit("one median is subtracted from everything: each field has its own mean", {MEAN: "stack.median()"}),
        edit("the mean is added: subtract it", {"stack - stack": "stack + stack"}),
        edit(
            "dividing by the standard deviation is too much: how fast things move is part of the message",
            {f"stack - {MEAN}": f"(stack - {MEAN}) / stack.std((2, 3), keepdim=True)"},
        ),
        edit(
            "this subtracts the median: a good idea, but the paper takes the mean",
            {MEAN: "stack.flatten(2).median(2).values[..., None, None]"},
        ),
        edit("each column has its own mean: take the mean over rows and columns", {"(2, 3)": "2"}),
        edit(
            "this takes the mean over the clips at every pixel: each clip has its own camera; take the mean over the "
            "pixels",
            {"(2, 3)": "0"},
        ),
        edit("this averages channels and rows: rows and columns are the axes 2 and 3", {"(2, 3)": "(1, 2)"}),
        edit(
            "the means have lost their axes: with keepdim=True they are (B, 2L, 1, 1), and can be subtracted",
            {", keepdim=True": ""},
        ),
        edit("this subtracts the sum over the pixels: the mean is asked for", {"mean(": "sum("}),
        edit(
            "u has one mean for all fields and clips, and so has v: each field of each clip has its own",
            {MEAN: "stack.unflatten(1, (-1, 2)).mean((0, 1, 3, 4)).repeat(stack.shape[1] // 2)[:, None, None]"},
        ),
        edit("each row has its own mean: take the mean over rows and columns", {"(2, 3)": "3"}),
        edit("the largest value is subtracted: take the mean", {MEAN: "stack.amax((2, 3), keepdim=True)"}),
        edit("v is missing: subtract the mean from every channel", {f"stack - {MEAN}": f"(stack - {MEAN})[:, ::2]"}),
        edit(
            "this takes the mean over clips and channels at every pixel: take the mean over the pixels",
            {"(2, 3)": "(0, 1)"},
        ),
        edit(
            "one pixel's vector is subtracted: the mean over all pixels is asked for",
            {"stack.mean((2, 3), keepdim=True)": "stack[:, :, :1, :1]"},
        ),
        edit("half of the mean is subtracted: all of it", {"keepdim=True)": "keepdim=True) / 2"}),
    ),
    hints=(
        "A pan adds the same vector to every pixel of a field. Which average, over which axes, recovers that vector?",
        "`x.mean((a, b), keepdim=True)` averages over two axes and keeps them with length 1, so that the result can be "
        "subtracted from x.",
        "`stack - stack.mean((____, ____), keepdim=True)`",
    ),
)
