"""09.1: five ways to fuse two maps."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
import torch.nn.functional as F


def fuse(a, b, how, weight=None, bias=None):
    if how == "sum":
        return a + b
    if how == "max":
        return torch.maximum(a, b)
    if how == "concatenation":
        return torch.cat([a, b], dim=1)
    if how == "convolution":
        return F.conv2d(torch.cat([a, b], dim=1), weight, bias)
    return torch.einsum("bchw,bdhw->bcd", a, b)
"""

CAT = "return torch.cat([a, b], dim=1)"
CONV = "F.conv2d(torch.cat([a, b], dim=1), weight, bias)"
OUTER = 'torch.einsum("bchw,bdhw->bcd", a, b)'


def _cases(generator):
    def maps(*sizes):
        return torch.randn(sizes, generator=generator), torch.randn(sizes, generator=generator)

    def filters(channels):
        weight = torch.randn(channels, 2 * channels, 1, 1, generator=generator)
        return weight, torch.randn(channels, generator=generator)

    return [
        Case("sum of maps of 2 x 3", (*maps(2, 4, 2, 3), "sum")),
        Case("maximum of maps of 3 x 5", (*maps(2, 3, 3, 5), "max")),
        Case("concatenation of maps of 4 x 3", (*maps(3, 2, 4, 3), "concatenation")),
        Case("convolution of maps of 2 x 5", (*maps(2, 3, 2, 5), "convolution", *filters(3))),
        Case("bilinear, 4 channels, 3 x 2 positions", (*maps(2, 4, 3, 2), "bilinear")),
        Case("bilinear, one position", (*maps(3, 2, 1, 1), "bilinear")),
    ]


fuse = exercise(
    "09.1",
    "Five fusions",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    forbidden=tuple(
        f"course_lib.models.two_stream_fusion.{name}"
        for name in ("Sum", "Max", "Concatenate", "Convolution", "Bilinear", "bilinear", "FUSIONS")
    ),
    mistakes=(
        edit("the sum is halved: sum fusion adds, it does not average", {"return a + b": "return (a + b) / 2"}),
        edit(
            "the maximum is taken over all channels of both: it compares channel d of one with channel d of the other",
            {"torch.maximum(a, b)": "torch.cat([a, b], dim=1).amax(1, keepdim=True)"},
        ),
        edit(
            "this is the one largest number of all: compare a and b number by number, and keep the shape",
            {"torch.maximum(a, b)": "torch.max(torch.stack([a, b]))"},
        ),
        edit("this is the minimum", {"torch.maximum": "torch.minimum"}),
        edit(
            "the larger absolute value wins here: the maximum keeps the sign in mind",
            {"torch.maximum(a, b)": "torch.where(a.abs() > b.abs(), a, b)"},
        ),
        edit("the channels of b come first: a, the spatial stream, comes first", {CAT: CAT.replace("a, b", "b, a")}),
        edit("the maps were put side by side as a larger picture: channels are axis 1", {CAT: CAT.replace("1)", "3)")}),
        edit("the batch has grown: channels are axis 1", {CAT: CAT.replace("dim=1", "dim=0")}),
        edit(
            "the channels are interleaved: here all channels of a come first",
            {CAT: "return torch.stack([a, b], dim=2).flatten(1, 2)"},
        ),
        edit("the bias of the convolution is missing", {CONV: CONV.replace(", bias", "")}),
        edit(
            "in the convolution the channels of b come first: the first D columns of the weight belong to a",
            {CONV: CONV.replace("[a, b]", "[b, a]")},
        ),
        edit(
            "a sum goes into the convolution: its weight reads 2 D channels, so concatenate first",
            {CONV: "F.conv2d(a + b, weight[:, : a.shape[1]], bias)"},
        ),
        edit(
            "a ReLU follows the fusing convolution here: return what the convolution gives",
            {CONV: f"{CONV}.relu()"},
        ),
        edit(
            "only the same channels meet: the outer product pairs every channel of a with every one of b",
            {OUTER: "(a * b).sum((2, 3))"},
        ),
        edit(
            "this is averaged over positions: bilinear fusion sums",
            {OUTER: f"{OUTER} / (a.shape[2] * a.shape[3])"},
        ),
        edit(
            "the positions are lost before the channels meet: multiply at every position, then sum",
            {OUTER: "a.sum((2, 3))[:, :, None] * b.sum((2, 3))[:, None]"},
        ),
        edit(
            "the positions are lost before the channels meet: multiply at every position, then sum",
            {OUTER: "a.mean((2, 3))[:, :, None] * b.mean((2, 3))[:, None]"},
        ),
        edit(
            "only the same channels meet, and the positions are still there: pair every channel of a with every one of "
            "b, and sum over rows and columns",
            {OUTER: "a * b"},
        ),
        edit(
            "positions are paired and channels summed: it is the channels that meet, and the positions that are summed",
            {OUTER: "a.flatten(2).transpose(1, 2) @ b.flatten(2)"},
        ),
        edit(
            "examples are paired, and everything else is summed: each example has a table of its own",
            {OUTER: "a.flatten(1) @ b.flatten(1).T"},
        ),
        edit("the batch was summed as well: each example has a table of its own", {"->bcd": "->cd"}),
        edit(
            "this is the bilinear feature of the paper, flat and of length 1: here the bare table is asked for",
            {OUTER: f"F.normalize({OUTER}.flatten(1), dim=1)"},
        ),
        edit("rows are the channels of a: this is transposed", {"->bcd": "->bdc"}),
        edit("the positions are still there: sum over rows and columns", {"->bcd": "->bcdhw"}),
        edit("keep the two axes of channels, (B, D, D)", {OUTER: f"{OUTER}.flatten(1)"}),
    ),
    hints=(
        "Four of the five keep the places: at every (row, column) they make one vector of two. Bilinear fusion gives "
        "the places up: it multiplies every channel of one with every channel of the other, and adds over places.",
        "`torch.maximum`, `torch.cat(..., dim=1)`, `F.conv2d(both, weight, bias)`. For the outer products: "
        "`torch.einsum`, or flatten the places and multiply matrices.",
        'The last line: `torch.einsum("bchw,bdhw->____", a, b)`; the letters that are missing on the right are summed.',
    ),
)
