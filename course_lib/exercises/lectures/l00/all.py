"""Lecture 00, start here: one function, one number, one choice, so that every kind of answer is met once."""

import torch

from course_lib.exercises import Case, Exercise, Mistake


def to_clip(frames):
    """Decoded frames (T, H, W, C) uint8, 0..255, as a clip (C, T, H, W) float32, 0..1."""
    return frames.permute(3, 0, 1, 2).float() / 255


def _frames(generator):
    def random(*sizes):
        return torch.randint(0, 256, sizes, generator=generator, dtype=torch.uint8)

    return [
        Case("two frames, wider than high", (random(2, 4, 7, 3),)),
        Case("a single frame", (random(1, 6, 5, 3),)),
        Case("grey: one channel, and every value from 0 to 255", (torch.arange(256).byte().reshape(4, 8, 8, 1),)),
        Case("three of everything, so that the shape cannot tell", (random(3, 3, 3, 3),)),
    ]


TO_CLIP = Exercise(
    id="00.1",
    title="From decoded frames to a clip",
    name="to_clip",
    kind="function",
    points=2,
    reference=to_clip,
    cases=_frames,
    dtype_counts=True,
    mistakes=(
        Mistake(
            "Time still comes first: this is (T, C, H, W), a stack of images. A clip is (C, T, H, W).",
            lambda frames: frames.permute(0, 3, 1, 2).float() / 255,
        ),
        Mistake(
            "Rows and columns are exchanged: this is (C, T, W, H), and the picture lies on its side.",
            lambda frames: frames.permute(3, 0, 2, 1).float() / 255,
        ),
        Mistake(
            "The axes run in the opposite order: this is (C, W, H, T).",
            lambda frames: frames.permute(3, 2, 1, 0).float() / 255,
        ),
        Mistake(
            "The shape is right and the pixels are scrambled: reshape cuts the same row of numbers anew, it moves no "
            "axis. permute does.",
            lambda frames: frames.reshape(frames.shape[3], *frames.shape[:3]).float() / 255,
        ),
        Mistake(
            "The axes are right, but the clip is still uint8 from 0 to 255. Convert to float, then scale to 0..1.",
            lambda frames: frames.permute(3, 0, 1, 2),
        ),
        Mistake(
            "The clip is float now, and still runs from 0 to 255. Scale it to 0..1.",
            lambda frames: frames.permute(3, 0, 1, 2).float(),
        ),
        Mistake(
            "White becomes 0.996: the largest value of a uint8 is 255, not 256.",
            lambda frames: frames.permute(3, 0, 1, 2).float() / 256,
        ),
        Mistake(
            "Each clip is divided by its own brightest value, so a dark video comes out as bright as any other. "
            "Divide by the largest value that there can be.",
            lambda frames: frames.permute(3, 0, 1, 2).float() / frames.max(),
        ),
        Mistake(
            "Whole-number division: // leaves nothing but 0 and 1. Use /.",
            lambda frames: (frames.permute(3, 0, 1, 2) // 255).float(),
        ),
    ),
    hints=(
        "Two things happen, one after the other: the four axes move to other places, and the numbers change from whole "
        "ones in 0..255 to fractions in 0..1. Write down where each axis of the result comes from: the channels, which "
        "come first in a clip, are the *last* axis of the frames.",
        "`tensor.permute(a, b, c, d)` gives a tensor whose first axis is axis `a` of the old one, whose second is axis "
        "`b`, and so on. `.float()` converts to float32. The largest uint8 is 255.",
        "```python\nreturn frames.permute(3, ..., ..., ...).float() / ...\n```\nThree axes are left for the "
        "dots: time, rows, columns, in this order.",
    ),
)

STRIDE = Exercise(
    id="00.2",
    title="Which stride?",
    name="stride",
    kind="number",
    reference=6,
    mistakes=(
        Mistake(
            "That is how many frames per second remain. The stride is how many of the 30 it takes to get there.", 5
        ),
        Mistake("That many frames go by from the first to the last of the clip; between two of them it is fewer.", 96),
        Mistake("That is a stride in seconds, from one frame of the clip to the next. Count it in frames.", 0.2),
        Mistake("With every frame taken, 16 frames are over after half a second. Drag the slider further.", 1),
        Mistake("These are the seconds that the clip should stand for. The stride is counted in frames.", 3.2),
    ),
    hints=(
        "A clip of 16 frames with stride $s$ stands for as much video as $16 s$ frames of it.",
        "Frames divided by frames per second are seconds: $16 s / 30$.",
        "Solve $16 s / 30 = 3.2$ for $s$, or move the slider until the sentence under the frames says 3.20 s.",
    ),
)

OPTIONS = ("my own version, wrong as it is", "the course's version", "none: the notebook stops here")

CARRIES_ON = Exercise(
    id="00.3",
    title="After a wrong answer",
    name="carries_on",
    kind="choice",
    reference=OPTIONS[1],
    options=OPTIONS,
    mistakes=(
        Mistake(
            "Then one slip would spoil everything below it. Look at the line under a failed check again.", OPTIONS[0]
        ),
        Mistake("A check stops nothing. Look at the line under a failed check again.", OPTIONS[2]),
    ),
    hints=(
        "You have seen a check of an answer that was wrong, or of none at all. What did its last lines say?",
        'The line is `to_clip = check("00.1", to_clip)`: whatever `check` returns is called `to_clip` from then on.',
        "Leave exercise 00.1 unsolved, run its check, and then look at `to_clip.__module__`.",
    ),
)

EXERCISES = (TO_CLIP, STRIDE, CARRIES_ON)
