"""02.5: a hardwired channel, the horizontal gradient."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.hardwired import image_gradients

SOLUTION = """
import torch


def gradient_x(frames):
    wide = torch.cat((frames[..., :1], frames, frames[..., -1:]), dim=-1)
    return (wide[..., 2:] - wide[..., :-2]) / 2
"""

WIDE = "torch.cat((frames[..., :1], frames, frames[..., -1:]), dim=-1)"
NEXT, PREVIOUS = "wide[..., 2:]", "wide[..., :-2]"
DIFFERENCE = f"({NEXT} - {PREVIOUS})"


def _cases(generator):
    def frames(*shape):
        return torch.rand(shape, generator=generator)

    return [
        Case("2 frames of 4 x 5", (frames(2, 4, 5),)),
        Case("7 frames of 6 x 3", (frames(7, 6, 3),)),
        Case("a ramp: 1 more in every column", (torch.arange(6.0).expand(3, 4, 6).clone(),)),
        Case("a batch of 2", (frames(2, 3, 5, 4),)),
        Case("a single frame, no axis in front", (frames(5, 7),)),
    ]


def of_the_library(frames):
    """The first of the library's two gradients, which want a time axis."""
    return image_gradients(frames[None])[0][0]


gradient_x = exercise(
    "02.5",
    "A hardwired channel: the horizontal gradient",
    points=2,
    solution=SOLUTION,
    same_as=of_the_library,
    cases=_cases,
    forbidden=("course_lib.ops.hardwired.image_gradients",),
    mistakes=(
        edit(
            "this is the vertical gradient: x runs along the columns, the last axis",
            {"    wide": "    frames = frames.mT\n    wide", DIFFERENCE: f"{DIFFERENCE}.mT"},
        ),
        edit(
            "this is the change over time: x runs along the columns, the last axis",
            {
                "    wide": "    frames = frames.transpose(-3, -1)\n    wide",
                DIFFERENCE: f"{DIFFERENCE}.transpose(-3, -1)",
            },
        ),
        edit("the half is missing: from the previous to the next column it is two pixels", {" / 2": ""}),
        edit(
            "the sign is turned: next minus previous, so that a picture that brightens to the right is positive",
            {DIFFERENCE: f"({PREVIOUS} - {NEXT})"},
        ),
        edit(
            "this compares with the next column only: the central difference is (next - previous) / 2",
            {f"{DIFFERENCE} / 2": f"{NEXT} - frames"},
        ),
        edit(
            "this compares with the previous column only: the central difference is (next - previous) / 2",
            {f"{DIFFERENCE} / 2": f"frames - {PREVIOUS}"},
        ),
        edit("two columns are lost: repeat the first and the last column before you subtract", {WIDE: "frames"}),
        edit(
            "the edge columns stay zero: repeat the first and the last column before you subtract",
            {WIDE: "frames", DIFFERENCE: f"torch.nn.functional.pad({NEXT} - {PREVIOUS}, (1, 1))"},
        ),
        edit(
            "at the edge there is still a half: with the edge repeated, it is (second - first) / 2",
            {f"{DIFFERENCE} / 2": "torch.gradient(frames, dim=-1)[0]"},
        ),
        edit(
            "the picture wraps around (roll): the left neighbour of the first column is the first column itself",
            {DIFFERENCE: "(frames.roll(-1, -1) - frames.roll(1, -1))"},
        ),
        edit(
            "beyond the edge there is black (zero padding): repeat the edge column instead",
            {WIDE: "torch.nn.functional.pad(frames, (1, 1))"},
        ),
        edit(
            "brackets are missing: only the left neighbour is halved, and the whole difference is to be",
            {f"{DIFFERENCE} / 2": f"{NEXT} - {PREVIOUS} / 2"},
        ),
        edit("this adds the neighbours: their difference is asked for", {DIFFERENCE: f"({NEXT} + {PREVIOUS})"}),
        edit(
            "this compares neighbours that are one pixel apart: right minus left of a pixel are two columns apart",
            {PREVIOUS: "wide[..., 1:-1]"},
        ),
        edit("this rounds down: divide with /", {"/ 2": "// 2"}),
        edit(
            "the edge columns hold the picture itself: repeat the first and the last column before you subtract",
            {
                f"    return {DIFFERENCE} / 2": "    out = frames.clone()\n    out[..., 1:-1] = "
                "(frames[..., 2:] - frames[..., :-2]) / 2\n    return out"
            },
        ),
        edit(
            "the gradient of the second column is repeated at the edge: repeat the column of the picture instead",
            {
                f"return {DIFFERENCE} / 2": f"wide = {DIFFERENCE} / 2\n    "
                "return torch.cat((wide[..., 1:2], wide[..., 1:-1], wide[..., -2:-1]), dim=-1)"
            },
        ),
        edit(
            "this is the magnitude: keep the sign, it says on which side the bright part lies",
            {DIFFERENCE: f"{DIFFERENCE}.abs()"},
        ),
        edit(
            "brackets are missing: only the right neighbour is halved, and the whole difference is to be",
            {f"{DIFFERENCE} / 2": f"{NEXT} / 2 - {PREVIOUS}"},
        ),
        edit(
            "this is the vertical gradient, and at the edge there is still a half: x runs along the columns",
            {f"{DIFFERENCE} / 2": "torch.gradient(frames, dim=-2)[0]"},
        ),
        edit(
            "the sign is turned, and the edge columns stay zero: next minus previous, with the edge repeated",
            {WIDE: "frames", DIFFERENCE: f"torch.nn.functional.pad({PREVIOUS} - {NEXT}, (1, 1))"},
        ),
        edit(
            "the picture wraps around, and the half is missing: repeat the edge column, and divide by 2",
            {f"{DIFFERENCE} / 2": "frames.roll(-1, -1) - frames.roll(1, -1)"},
        ),
        edit(
            "this is half the step from the left neighbour to the pixel: go on to the right neighbour",
            {"wide[..., 2:] - wide": "wide[..., 1:-1] - wide"},
        ),
    ),
    hints=(
        "At each pixel: how much brighter is the right neighbour than the left one, per pixel of distance? Lengthen "
        "every row by one copy of its first and of its last pixel, then all pixels have two neighbours.",
        "`torch.cat((a, b, c), dim=-1)` sets columns side by side; `frames[..., :1]` is the first column, still with "
        "its axis. With the longer rows, `wide[..., 2:]` are all right neighbours.",
        "`wide = torch.cat((frames[..., :1], frames, frames[..., ____]), dim=-1)`, then "
        "`return (wide[..., 2:] - wide[..., ____]) / ____`.",
    ),
)
