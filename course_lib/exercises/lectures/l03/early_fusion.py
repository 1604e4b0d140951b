"""03.1: early fusion is a reshape."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch.nn.functional as F


def early_fusion(clip, weight, bias, stride):
    return F.conv2d(clip.flatten(1, 2), weight.flatten(1, 2), bias, stride=stride)
"""

WHOLE = "F.conv2d(clip.flatten(1, 2), weight.flatten(1, 2), bias, stride=stride)"
CLIP, WEIGHT = "clip.flatten(1, 2)", "weight.flatten(1, 2)"
DISAGREE = (
    "clip and weight disagree about the order of the 3 T channels: the frames come first in one and the colours in the "
    "other; flatten both the same way"
)
ONE_FRAME = "the frames are added up before the kernel sees them, and lose their order: each needs weights of its own"


def _cases(generator):
    def numbers(*shape):
        return torch.randn(shape, generator=generator)

    return [
        Case("2 clips of 4 frames, 3 x 2 kernel", (numbers(2, 3, 4, 7, 6), numbers(5, 3, 4, 3, 2), numbers(5), 1)),
        Case("3 clips of 5 frames, stride 2", (numbers(3, 3, 5, 9, 8), numbers(4, 3, 5, 3, 3), numbers(4), 2)),
        Case("grey, 2 frames, stride 3", (numbers(2, 1, 2, 11, 9), numbers(3, 1, 2, 5, 4), numbers(3), 3)),
    ]


early_fusion = exercise(
    "03.1",
    "Early fusion is a reshape",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("torch.nn.functional.conv3d",),
    mistakes=(
        edit(DISAGREE, {CLIP: "clip.transpose(1, 2).flatten(1, 2)"}),
        edit(DISAGREE, {WEIGHT: "weight.transpose(1, 2).flatten(1, 2)"}),
        edit(
            "the clip still has its time axis; a 2D convolution takes (B, channels, H, W): join C and T to one axis",
            {CLIP: "clip"},
        ),
        edit(
            "the weight still has its time axis: what you do to the clip's axes C and T, do to the weight's as well",
            {WEIGHT: "weight"},
        ),
        edit("the bias is missing", {" bias, stride=": " None, stride="}),
        edit(
            "the bias is added for every frame: add it once, after the sum over the frames",
            {" bias, stride=": " bias * clip.shape[2], stride="},
        ),
        edit("the stride is missing", {", stride=stride": ""}),
        edit(
            "there is still a time axis of length 1: a 2D convolution leaves (B, D, H', W')",
            {"stride=stride)": "stride=stride).unsqueeze(2)"},
        ),
        edit(
            "this is late fusion: every frame went through the first frame's kernel by itself; stack the frames first",
            {WHOLE: "F.conv3d(clip, weight[:, :, :1], bias, stride=(1, stride, stride))"},
        ),
        edit(ONE_FRAME, {CLIP: "clip.mean(2)", WEIGHT: "weight.sum(2)"}),
        edit(ONE_FRAME, {CLIP: "clip.sum(2)", WEIGHT: "weight.sum(2)"}),
        edit(ONE_FRAME, {CLIP: "clip.mean(2)", WEIGHT: "weight.mean(2)"}),
        edit(
            "only the first frame counts (in a loop over the frames, return after it)",
            {CLIP: "clip[:, :, 0]", WEIGHT: "weight[:, :, 0]"},
        ),
        edit("only the last frame counts", {CLIP: "clip[:, :, -1]", WEIGHT: "weight[:, :, -1]"}),
        edit(
            "clips and colours were joined, axes 0 and 1, and time stays an axis: join C and T, axes 1 and 2",
            {CLIP: "clip.flatten(0, 1)", WEIGHT: "weight.flatten(0, 1)"},
        ),
        edit(
            "the frames were made clips of their own (they joined the batch axis): make them channels, so that one "
            "kernel sums over all of them",
            {CLIP: "clip.transpose(1, 2).flatten(0, 1)", WEIGHT: "weight.transpose(1, 2).flatten(0, 1)"},
        ),
        edit("flatten(1) joins rows and columns as well: join only C and T, .flatten(1, 2)", {"(1, 2)": "(1)"}),
        edit("flatten() joins everything to one row: join only C and T, .flatten(1, 2)", {"(1, 2)": "()"}),
        edit(
            "the clip comes first, then the weight: F.conv2d(input, weight, bias)",
            {f"{CLIP}, {WEIGHT}": f"{WEIGHT}, {CLIP}"},
        ),
        edit("F.conv2d takes (input, weight, bias, stride), in this order", {"bias, stride=stride)": "stride, bias)"}),
        edit(
            "one bias belongs to each output channel, axis 1: hand it to F.conv2d, or add bias.view(1, -1, 1, 1)",
            {"bias, stride=stride)": "stride=stride) + bias"},
        ),
        edit(
            "the stride counts for rows and columns, and only the rows keep to it",
            {"stride=stride)": "stride=1)[:, :, ::stride]"},
        ),
        edit(
            "a new layer brings random weights of its own: use those that are given",
            {
                WHOLE: f"torch.nn.Conv2d({CLIP}.shape[1], len(weight), weight.shape[3:], stride)({CLIP})",
                "import": "import torch\nimport",
            },
        ),
        edit(
            "this pads: early fusion as asked here keeps only the places where the kernel fits",
            {"stride=stride)": "stride=stride, padding=(weight.shape[3] // 2, weight.shape[4] // 2))"},
        ),
        edit("the padding got the stride's place: stride=stride, and no padding", {"stride=stride": "padding=stride"}),
        edit("the bias is multiplied: it is added", {"bias, stride=stride)": "stride=stride) * bias[:, None, None]"}),
    ),
    hints=(
        "A 2D convolution sums over channels. What must be a channel, for it to sum over colours *and* frames?",
        "`x.flatten(1, 2)` joins axes 1 and 2. What you do to the clip's axes C and T, do to the weight's as well.",
        "`F.conv2d(clip.flatten(1, ____), weight.flatten(1, ____), bias, stride=____)`.",
    ),
)
