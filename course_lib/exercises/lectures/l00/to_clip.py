"""00.1: from decoded frames to a clip."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def to_clip(frames):
    return frames.permute(3, 0, 1, 2).float() / 255
"""

MOVED = "permute(3, 0, 1, 2)"


def _cases(generator):
    def random(*sizes):
        return torch.randint(0, 256, sizes, generator=generator, dtype=torch.uint8)

    return [
        Case("two frames, wider than high", (random(2, 4, 7, 3),)),
        Case("a single frame", (random(1, 6, 5, 3),)),
        Case("grey: one channel, and every value from 0 to 255", (torch.arange(256).byte().reshape(4, 8, 8, 1),)),
        Case("three of everything, so that the shape cannot tell", (random(3, 3, 3, 3),)),
    ]


to_clip = exercise(
    "00.1",
    "From decoded frames to a clip",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    dtype_counts=True,
    mistakes=(
        edit(
            "Time still comes first: this is (T, C, H, W), a stack of images. A clip is (C, T, H, W).",
            {MOVED: "permute(0, 3, 1, 2)"},
        ),
        edit(
            "Rows and columns are exchanged: this is (C, T, W, H), and the picture lies on its side.",
            {MOVED: "permute(3, 0, 2, 1)"},
        ),
        edit("The axes run in the opposite order: this is (C, W, H, T).", {MOVED: "permute(3, 2, 1, 0)"}),
        edit(
            "This is (C, H, W, T): time comes second in a clip, before rows and columns.",
            {MOVED: "permute(3, 1, 2, 0)"},
        ),
        edit(
            "This is (H, W, C, T). permute asks which old axis comes first: the channels are old axis 3.",
            {MOVED: "permute(1, 2, 3, 0)"},
        ),
        edit("The channels still come last: this is (T, H, W, C), as decoded.", {f".{MOVED}": ""}),
        edit(
            "The shape is right and the pixels are scrambled: reshape cuts the same row of numbers anew, it moves no "
            "axis. permute does.",
            {MOVED: "reshape(frames.shape[3], *frames.shape[:3])"},
        ),
        edit(
            "The axes are right, but the clip is still uint8 from 0 to 255. Convert to float, then scale to 0..1.",
            {".float() / 255": ""},
        ),
        edit("The clip is float now, and still runs from 0 to 255. Scale it to 0..1.", {" / 255": ""}),
        edit("White becomes 0.996: the largest value of a uint8 is 255, not 256.", {"255": "256"}),
        edit(
            "Each clip is divided by its own brightest value, so a dark video comes out as bright as any other. "
            "Divide by the largest value that there can be.",
            {"255": "frames.max()"},
        ),
        edit(
            "Each clip is stretched from its darkest to its brightest value. Divide by the largest value that can be.",
            {
                "frames.permute": "(frames.float() - frames.min()).permute",
                " / 255": " / (frames.max() - frames.min())",
            },
        ),
        edit("This runs from -1 to 1; a clip runs from 0 to 1.", {" / 255": " / 127.5 - 1"}),
        edit("White becomes 65025: divide by 255.", {" / 255": " * 255"}),
        edit("Half precision: float32 is asked for, which .float() gives.", {".float()": ".half()"}),
        edit("Whole-number division: // leaves nothing but 0 and 1. Use /.", {" / ": " // "}),
    ),
    hints=(
        "Two things happen, one after the other: the four axes move to other places, and the numbers change from whole "
        "ones in 0..255 to fractions in 0..1. Write down where each axis of the result comes from: the channels, which "
        "come first in a clip, are the *last* axis of the frames.",
        "`tensor.permute(a, b, c, d)` gives a tensor whose first axis is axis `a` of the old one, whose second is axis "
        "`b`, and so on. `.float()` converts to float32. The largest uint8 is 255.",
        "```python\nreturn frames.permute(3, ____, ____, ____).float() / ____\n```\nThe first three "
        "blanks are axes: time, rows, columns, in this order.",
    ),
)
