"""01.4: ten crops of a clip, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def ten_crop(frames, size):
    T, H, W, C = frames.shape
    h, w = size
    clip = frames.permute(3, 0, 1, 2)
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]
    five = torch.stack([clip[:, :, y : y + h, x : x + w] for y, x in corners])
    return torch.cat([five, five.flip(-1)])
"""

MOVED, RESHAPED = "permute(3, 0, 1, 2)", "reshape(C, T, H, W)"
CROPS = "torch.stack([clip[:, :, y : y + h, x : x + w] for y, x in corners])"
TURNED = "rows and columns are exchanged: .T or a transposed permutation turned the pictures by a quarter"


def _cases(generator):
    def frames(*shape):
        return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)

    return [
        Case("4 frames of 8 x 12 to 6 x 6", (frames(4, 8, 12, 3), (6, 6))),
        Case("portrait, 5 frames of 11 x 7 to 6 x 4", (frames(5, 11, 7, 3), (6, 4))),
        Case("as many frames as channels", (frames(3, 9, 10, 3), (5, 8))),
        Case("the crop is the frame", (frames(2, 4, 6, 1), (4, 6))),
    ]


ten_crop = exercise(
    "01.4",
    "Fix the bugs: ten crops of a clip",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.sampling.ten_crop", "torchvision.transforms.functional.ten_crop"),
    mistakes=(
        edit(
            "both bugs are still there: the pixels are scrambled, and the mirrored crops are upside down",
            {MOVED: RESHAPED, "flip(-1)": "flip(-2)"},
        ),
        edit(
            "the pixels are scrambled: reshape keeps the order in memory and cuts it at new places; permute moves axes",
            {MOVED: RESHAPED},
        ),
        edit("the mirrored crops are upside down: left and right lie along the last axis, W", {"flip(-1)": "flip(-2)"}),
        edit("the mirrored crops run backwards in time: mirror along W, the last axis", {"flip(-1)": "flip(-3)"}),
        edit(
            "frames and channels are exchanged: the clip is (C, T, H, W), so the order is permute(3, 0, 1, 2)",
            {MOVED: "permute(0, 3, 1, 2)"},
        ),
        edit(TURNED, {MOVED: "permute(3, 0, 2, 1)"}),
        edit(TURNED, {MOVED: "permute(3, 0, 2, 1)", "T, H, W, C = frames": "T, W, H, C = frames"}),
        edit(
            "the order of the corners is top left, top right, bottom left, bottom right, centre",
            {"(0, W - w), (H - h, 0)": "(H - h, 0), (0, W - w)"},
        ),
        edit(
            "here the whole picture was mirrored and then cropped, so the mirrored corners come in another order: "
            "mirror the five crops",
            {"five.flip(-1)": CROPS.replace("clip", "clip.flip(-1)")},
        ),
        edit(
            "time comes last: this is (C, H, W, T), and the windows were cut from the wrong axes; permute(3, 0, 1, 2)",
            {MOVED: "permute(3, 1, 2, 0)"},
        ),
        edit(
            "the axes run in the opposite order, (C, W, H, T): permute(3, 0, 1, 2) gives (C, T, H, W)",
            {MOVED: "permute(3, 2, 1, 0)"},
        ),
        edit(
            "this is (H, W, C, T): permute lists the old axes in their new order, and the channels are old axis 3",
            {MOVED: "permute(1, 2, 3, 0)"},
        ),
        edit(
            "the pixels are scrambled: reshape keeps the order in memory, and a transpose after it comes too late; "
            "permute moves axes",
            {MOVED: "reshape(T, C, H, W).transpose(0, 1)"},
        ),
        edit(
            "the pixels are still scrambled (reshape), and the mirrored crops run backwards in time: W is axis -1",
            {MOVED: RESHAPED, "flip(-1)": "flip(-3)"},
        ),
        edit(
            "frames and channels are exchanged, and the mirrored crops are still upside down",
            {MOVED: "permute(0, 3, 1, 2)", "flip(-1)": "flip(-2)"},
        ),
        edit("the crops are mirrored left to right and upside down: only W, the last axis", {"(-1)": "(-1, -2)"}),
        edit("the crops come in the opposite order instead of mirrored: W is the last axis", {"flip(-1)": "flip(0)"}),
        edit("red and blue are exchanged instead of left and right: W is the last axis", {"flip(-1)": "flip(1)"}),
        edit("the last five are not mirrored", {"five.flip(-1)": "five"}),
        edit(
            "the mirrored crops come first: five as they are, then the five mirrored",
            {"[five, five.flip(-1)]": "[five.flip(-1), five]"},
        ),  # fmt: skip
        edit(
            "the mirrored crops became channels: join them along the crops, the first axis",
            {"flip(-1)]": "flip(-1)], dim=1"},
        ),  # fmt: skip
        edit("the two fives still have an axis of their own: torch.cat joins them", {"torch.cat": "torch.stack"}),
        edit("the centre is in the wrong place: as much is left on either side, (H - h) // 2", {"// 2": "// 4"}),
        edit(
            "each mirrored crop follows its own: first five as they are, then the five mirrored",
            {"torch.cat([five, five.flip(-1)])": "torch.stack([five, five.flip(-1)], 1).flatten(0, 1)"},
        ),  # fmt: skip
        edit("the pixels became float, 0 to 1: a crop leaves their values as they are", {MOVED: f"{MOVED} / 255"}),
        edit("only five crops: their mirror images follow", {"torch.cat([five, five.flip(-1)])": "five"}),
    ),
    hints=(
        "Two lines are wrong. Neither changes a shape: look at the pictures above, not at the shapes. "
        "One scrambles the pixels, the other mirrors along the wrong axis.",
        "`tensor.permute(____)` lists, for each new axis, the old axis that goes there. `tensor.flip(axis)` reverses "
        "one axis; W is the last, -1.",
        "`clip = frames.permute(3, ____)` (C first, then T, H, W), and at the end "
        "`torch.cat([five, five.flip(____)])` with the axis of the columns.",
    ),
)
