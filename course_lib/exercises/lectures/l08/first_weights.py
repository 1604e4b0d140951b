"""08.3: the first convolution for another modality."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.models.two_stream import cross_modality_weight

SOLUTION = """
import torch


def first_weights(weight, channels):
    mean = weight.mean(dim=1, keepdim=True)
    return mean.repeat(1, channels, 1, 1)
"""

MEAN, REPEATED = "weight.mean(dim=1, keepdim=True)", "mean.repeat(1, channels, 1, 1)"


def _cases(generator):
    def weight(*shape):
        return torch.randn(*shape, generator=generator)

    return [
        Case("5 kernels of 7 x 7, for 10 channels", (weight(5, 3, 7, 7), 10)),
        Case("4 kernels of 3 x 5, for 15 channels", (weight(4, 3, 3, 5), 15)),
        Case("3 kernels: as many as colours", (weight(3, 3, 5, 3), 4)),
        Case("back to 3 channels", (weight(6, 3, 2, 3), 3)),
        Case("by hand: one kernel of 1 x 2", (torch.tensor([[[[1.0, 3]], [[2, -3]], [[3, 6]]]]), 2)),
    ]


first_weights = exercise(
    "08.3",
    "From colours to flow: the first weights",
    points=2,
    solution=SOLUTION,
    same_as=cross_modality_weight,
    cases=_cases,
    mistakes=(
        edit("the colours are added up: take their mean", {"weight.mean": "weight.sum"}),
        edit("this averages over the kernels: average over the colours, axis 1", {"dim=1": "dim=0"}),
        edit(
            "the colours are still apart, one after the other: average over them first, all channels are alike",
            {REPEATED: "weight.repeat(1, -(-channels // 3), 1, 1)[:, :channels]"},
        ),
        edit(
            "each colour is repeated in a block: average over the colours first, all channels are alike",
            {REPEATED: "weight.repeat_interleave(-(-channels // 3), dim=1)[:, :channels]"},
        ),
        edit(
            "the kernels are repeated, not their channels: the result is (D, channels, h, w)",
            {REPEATED: "mean.repeat(channels, 1, 1, 1)"},
        ),
        edit(
            "rescaled so that the sum stays: a good idea, but the paper repeats the mean as it is",
            {REPEATED: "mean.repeat(1, channels, 1, 1) * 3 / channels"},
        ),
        edit(
            "divided by the number of channels: the paper repeats the mean as it is",
            {REPEATED: "mean.repeat(1, channels, 1, 1) / channels"},
        ),
        edit("this is the first colour alone: average over all three", {MEAN: "weight[:, :1]"}),
        edit("one channel came: repeat it `channels` times", {REPEATED: "mean"}),
        edit(
            "the kernels have become flat: average over colours alone, rows and columns stay",
            {MEAN: "weight.mean(dim=(1, 2, 3), keepdim=True).expand(-1, 1, *weight.shape[2:])"},
        ),
        edit("the number of channels is fixed to 10: use `channels`", {"channels, 1, 1)": "10, 1, 1)"}),
        edit("this is the largest of the colours: take their mean", {MEAN: "weight.amax(dim=1, keepdim=True)"}),
        edit(
            "the axis of the colours is gone before it is repeated: keepdim=True, or .unsqueeze(1)",
            {", keepdim=True": ""},
        ),
        edit(
            "the axes are exchanged: kernels come first, then channels",
            {REPEATED: "mean.repeat(1, channels, 1, 1).transpose(0, 1)"},
        ),
        edit(
            "columns and rows of the kernels are exchanged",
            {REPEATED: "mean.repeat(1, channels, 1, 1).transpose(2, 3)"},
        ),
        edit(
            "the colours stay, and the mean is put behind them: all channels are the mean",
            {REPEATED: "torch.cat([weight, mean.repeat(1, max(0, channels - 3), 1, 1)], 1)[:, :channels]"},
        ),
        edit(
            "this averages over rows and columns: average over the colours, axis 1",
            {MEAN: "weight.mean(dim=(2, 3), keepdim=True)"},
        ),
        edit("this averages over the rows: average over the colours, axis 1", {"dim=1": "dim=2"}),
        edit("this averages over the columns: average over the colours, axis 1", {"dim=1": "dim=3"}),
        edit(
            "this is luminance, with a weight for each colour: the paper takes the plain mean",
            {MEAN: "(weight * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1, keepdim=True)"},
        ),
        edit(
            "the colours are still apart, and there are 3 times as many channels: average over the colours first",
            {REPEATED: "weight.repeat(1, channels, 1, 1)"},
        ),
        edit(
            "the colours are still apart, as often as they fit into `channels`: average over them first",
            {REPEATED: "weight.repeat(1, channels // 3, 1, 1)"},
        ),
        edit(
            "one number for all kernels: average over the colours alone, keep kernels, rows and columns",
            {MEAN: "weight.mean().expand(len(weight), 1, *weight.shape[2:])"},
        ),
        edit(
            "each kernel is repeated, not its channel: the result is (D, channels, h, w)",
            {REPEATED: "mean.repeat_interleave(channels, dim=0)"},
        ),
        edit(
            "every second channel has the other sign: all channels get the same mean",
            {REPEATED: "mean.repeat(1, channels, 1, 1) * (1 - 2 * (torch.arange(channels) % 2)).view(1, -1, 1, 1)"},
        ),
        edit(
            "the rows are repeated: the channels are axis 1",
            {REPEATED: "mean.repeat(1, 1, channels, 1)"},
        ),
        edit(
            "this is the length of the three colours as a vector: take their mean",
            {MEAN: "weight.norm(dim=1, keepdim=True)"},
        ),
        edit("this is the median of the colours: take their mean", {MEAN: "weight.median(dim=1, keepdim=True).values"}),
        edit(
            "twice as many channels as asked for: `channels` counts u and v already",
            {REPEATED: "mean.repeat(1, 2 * channels, 1, 1)"},
        ),
    ),
    hints=(
        "A kernel for colours has three layers. What is a grey version of it? Every channel of the flow gets that one.",
        "`weight.mean(dim=1, keepdim=True)` is (D, 1, h, w). `tensor.repeat(a, b, c, d)` says how often each axis is "
        "repeated.",
        "`mean = weight.mean(dim=____, keepdim=True)`, and `return mean.repeat(1, ____, 1, 1)`.",
    ),
)
