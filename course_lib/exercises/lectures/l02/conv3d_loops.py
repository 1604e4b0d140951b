"""02.1: 3D convolution with loops."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.convolution import conv3d_reference

SOLUTION = """
import torch


def conv3d_loops(clip, weight, bias):
    outputs, _, R, P, Q = weight.shape
    frames, rows, columns = clip.shape[1] - R + 1, clip.shape[2] - P + 1, clip.shape[3] - Q + 1
    out = torch.zeros(outputs, frames, rows, columns)
    for j in range(outputs):
        for t in range(frames):
            for x in range(rows):
                for y in range(columns):
                    block = clip[:, t : t + R, x : x + P, y : y + Q]
                    out[j, t, x, y] = (weight[j] * block).sum() + bias[j]
    return out
"""

HANGS = (
    "block and kernel differ in size: a block is t : t + R, x : x + P, y : y + Q, and the kernel stands only where it "
    "fits, at T - R + 1 places in time"
)
RETURN = "\n    return out"
PRODUCT, SUM = "weight[j] * block", "(weight[j] * block).sum() + bias[j]"


def _cases(generator):
    def numbers(*shape):
        return torch.randn(shape, generator=generator)

    return [
        Case("1 channel, 2 x 2 x 2 kernel", (numbers(1, 3, 4, 5), numbers(1, 1, 2, 2, 2), numbers(1))),
        Case("3 channels, 2 outputs, 3 x 2 x 1 kernel", (numbers(3, 4, 5, 3), numbers(2, 3, 3, 2, 1), numbers(2))),
        Case("2 channels, 3 outputs, 2 x 1 x 3 kernel", (numbers(2, 5, 3, 4), numbers(3, 2, 2, 1, 3), numbers(3))),
        Case("early fusion: kernel as long as the clip", (numbers(2, 4, 3, 4), numbers(2, 2, 4, 2, 2), numbers(2))),
    ]


conv3d_loops = exercise(
    "02.1",
    "3D convolution with loops",
    points=3,
    solution=SOLUTION,
    same_as=conv3d_reference,
    cases=_cases,
    forbidden=(
        "torch.nn.functional.conv3d",
        "torch.nn.functional.conv2d",
        "course_lib.ops.convolution.conv3d",
    ),
    mistakes=(
        edit("the bias is missing: b_j is added once to every output", {" + bias[j]": ""}),
        edit(
            "the kernel is flipped: that is convolution as signal processing has it; Eq. 2 adds p, q and r to the "
            "position and takes the kernel as it is",
            {PRODUCT: "weight[j].flip(1, 2, 3) * block"},
        ),
        edit(
            "the kernel runs backwards in time: its first frame belongs to the first frame of the block",
            {PRODUCT: "weight[j].flip(1) * block"},
        ),
        edit(
            "only the first input channel counts: Eq. 2 sums over all channels m", {PRODUCT: "weight[j, 0] * block[0]"}
        ),
        edit(
            "one place is missing along each axis: a kernel of length R stands at T - R + 1 places, not T - R",
            {"R + 1": "R", "P + 1": "P", "Q + 1": "Q"},
        ),
        edit(
            "the output is as large as the clip, and its border is empty: along time, only T - R + 1 places fit",
            {"torch.zeros(outputs, frames, rows, columns)": "torch.zeros(outputs, *clip.shape[1:])"},
        ),
        edit(
            "time is missing: this multiplies one frame with the first frame of the kernel; sum over r as well",
            {PRODUCT: "weight[j, :, 0] * block[:, 0]"},
        ),
        edit("the bias is added for every channel: add it once, after the sum", {"+ bias[j]": "+ len(clip) * bias[j]"}),
        edit("the bias is added for every frame of the kernel: add it once, after the sum", {"+ bias": "+ R * bias"}),
        edit(
            "the bias is added with every product: add it once, after the sum",
            {SUM: "(weight[j] * block + bias[j]).sum()"},
        ),
        *(
            edit(
                "the return stands inside a loop and ends it early: it belongs as far to the left as the first for",
                {RETURN: f"\n{indent}return out"},
            )
            for indent in (20 * " ", 16 * " ", 12 * " ")
        ),
        edit(
            "only the first output is filled: j runs over all of them, and the return stands outside its loop",
            {RETURN: "\n        return out"},
        ),
        edit("only one frame of the output is filled: t runs over all of them", {"in range(frames)": "in range(1)"}),
        edit(
            "every place has the sum of all places: a block gives one number, and it belongs at its own place",
            {"out[j, t, x, y] =": "out[j] +="},
        ),
        edit("the kernels of all outputs are added up: output j takes weight[j]", {PRODUCT: "weight * block"}),
        edit(
            "only the first input channel is read: keep all of them, clip[:, ...], and the sum runs over them",
            {"clip[:, t": "clip[0, t"},
        ),
        edit(
            "output j reads input channel j: every output sums over all channels, clip[:, ...]",
            {"clip[:, t": "clip[j, t"},
        ),
        edit(
            "the slices cut one axis too early: axis 0 of the clip are the channels, so begin with clip[:, ...]",
            {"clip[:, t": "clip[t"},
        ),
        edit(
            "the kernel is flipped in its channels as well: Eq. 2 takes the kernel as it is",
            {PRODUCT: "weight[j].flip(0, 1, 2, 3) * block"},
        ),
        edit("this takes the largest product: Eq. 2 has a sum", {".sum()": ".max()"}),
        edit("the bias is multiplied: it is added", {"+ bias[j]": "* bias[j]"}),
        edit("rows and columns are exchanged in the kernel's shape: (D, C, R, P, Q)", {"R, P, Q =": "R, Q, P ="}),
        edit("the kernel's length in time comes first in its shape: (D, C, R, P, Q)", {"R, P, Q =": "P, Q, R ="}),
        edit(
            "rows and columns are exchanged in the block: x counts the rows, y the columns here",
            {"x : x + P, y : y + Q": "y : y + P, x : x + Q"},
        ),
        edit(
            HANGS,
            {" - R + 1": "", " - P + 1": "", " - Q + 1": ""},
        ),
        edit(HANGS, {" - R + 1": ""}),
        edit(
            "the block has one frame: the kernel lies on R of them, t : t + R, and the sum runs over them as well",
            {"t : t + R": "t"},
        ),
        edit("the sum is missing: a block times a kernel is still a block", {SUM: "weight[j] * block + bias[j]"}),
        edit("every output gets all biases: output j takes bias[j]", {"+ bias[j]": "+ bias"}),
        edit("this takes the mean of the products: Eq. 2 has a sum", {".sum()": ".mean()"}),
        edit("leave the tanh of the paper out here, as the task says", {SUM: f"({SUM}).tanh()"}),
        edit("all outputs have the first kernel: output j takes weight[j]", {"weight[j]": "weight[0]"}),
        edit("all outputs have the first bias: output j takes bias[j]", {"bias[j]": "bias[0]"}),
        edit("kernel and block are added: multiply them number by number", {PRODUCT: "weight[j] + block"}),
        edit("the bias is subtracted: it is added", {"+ bias[j]": "- bias[j]"}),
        edit(
            "leave the activation out here: Eq. 2 is asked for without tanh, and without ReLU", {SUM: f"({SUM}).relu()"}
        ),
        edit(
            "only the last input channel counts: is the sum of the others overwritten? Eq. 2 sums over all channels m",
            {PRODUCT: "weight[j, -1] * block[-1]"},
        ),
    ),
    hints=(
        "Put the kernel at frame t, row y, column x. Which block of the clip lies under it? Multiply block and kernel "
        "number by number, add everything up, add the bias.",
        "The block is a slice in three axes: `clip[:, t : t + R, ____]` has shape (C, R, P, Q), and so has "
        "`weight[j]`. `(a * b).sum()` is the fourfold sum of Eq. 2.",
        "`block = clip[:, t : t + R, y : y + P, ____]`, then "
        "`out[j, t, y, x] = (weight[j] * ____).sum() + bias[____]`.",
    ),
)
