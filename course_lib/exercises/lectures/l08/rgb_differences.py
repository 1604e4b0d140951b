"""08.4: differences of frames as the input of a network."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def rgb_differences(frames):
    return (frames[:, 1:] - frames[:, :-1]).flatten(1, 2)
"""

DIFFERENCE = "frames[:, 1:] - frames[:, :-1]"


def _cases(generator):
    def frames(*shape):
        return torch.randn(*shape, generator=generator)

    return [
        Case("2 snippets of 6 frames of 4 x 5", (frames(2, 6, 3, 4, 5),)),
        Case("3 snippets of 4 frames of 6 x 3", (frames(3, 4, 3, 6, 3),)),
        Case("two frames, one difference", (frames(2, 2, 3, 5, 4),)),
        Case(
            "by hand: one pixel in three frames, its red changes",
            (torch.tensor([[0.2, 0, 1], [0.5, 0, 1], [0.1, 0, 1]]).view(1, 3, 3, 1, 1),),
        ),
    ]


rgb_differences = exercise(
    "08.4",
    "Flow for the poor: RGB differences",
    points=1,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the sign is turned: the later frame minus the earlier one", {DIFFERENCE: "frames[:, :-1] - frames[:, 1:]"}
        ),
        edit(
            "this is the difference to the first frame: take the frame just before",
            {DIFFERENCE: "frames[:, 1:] - frames[:, :1]"},
        ),
        edit(
            "the sign of a difference tells which way the light changed: keep it, no absolute value",
            {f"({DIFFERENCE})": f"({DIFFERENCE}).abs()"},
        ),
        edit("time and colours are still two axes: a 2D network takes (B, channels, H, W)", {".flatten(1, 2)": ""}),
        edit(
            "the colours come first here: all colours of the first difference, then those of the second",
            {".flatten(1, 2)": ".transpose(1, 2).flatten(1, 2)"},
        ),
        edit("this flattens the snippets with the time: the batch axis stays", {"flatten(1, 2)": "flatten(0, 1)"}),
        edit(
            "the first frame was put in front: T frames have T - 1 differences",
            {f"({DIFFERENCE})": "frames.diff(dim=1, prepend=frames[:, :1] * 0)"},
        ),
        edit(
            "a difference of 0 was put in front: T frames have T - 1 differences",
            {f"({DIFFERENCE})": "frames.diff(dim=1, prepend=frames[:, :1])"},
        ),
        edit(
            "the last difference goes around, from the last frame to the first: T frames have T - 1 differences",
            {DIFFERENCE: "frames.roll(-1, 1) - frames"},
        ),
        edit(
            "these are differences between colours: time is axis 1, (B, T, 3, H, W)",
            {DIFFERENCE: "frames[:, :, 1:] - frames[:, :, :-1]"},
        ),
        edit(
            "every second pair only: each frame is compared with the one just before, pairs overlap",
            {DIFFERENCE: "frames[:, 1::2] - frames[:, :-1:2]"},
        ),
        edit("this is the sum of neighbours: take the difference", {DIFFERENCE: "frames[:, 1:] + frames[:, :-1]"}),
        edit(
            "these are differences between videos: time is axis 1, (B, T, 3, H, W)",
            {DIFFERENCE: "frames[1:] - frames[:-1]"},
        ),
        edit(
            "these are differences between columns: time is axis 1, (B, T, 3, H, W)",
            {DIFFERENCE: "frames[..., 1:] - frames[..., :-1]"},
        ),
        edit(
            "these are differences between rows: time is axis 1, (B, T, 3, H, W)",
            {DIFFERENCE: "frames[..., 1:, :] - frames[..., :-1, :]"},
        ),
        edit(
            "this is the difference to the last frame: take the frame just before",
            {DIFFERENCE: "frames[:, -1:] - frames[:, :-1]"},
        ),
        edit(
            "two frames apart: subtract the frame just before",
            {DIFFERENCE: "frames[:, 2:] - frames[:, :-2]"},
        ),
        edit(
            "this is the difference to the mean of all frames: take the frame just before",
            {DIFFERENCE: "frames[:, 1:] - frames.mean(1, keepdim=True)"},
        ),
        edit(
            "colours and time became one axis too early, and neighbouring colours are subtracted: first the difference "
            "over time, then .flatten(1, 2)",
            {f"({DIFFERENCE}).flatten(1, 2)": "frames.flatten(1, 2).diff(dim=1)"},
        ),
        edit(
            "the first frame goes around to the last one: T frames have T - 1 differences",
            {DIFFERENCE: "frames - frames.roll(1, 1)"},
        ),
        edit(
            "the differences are stacked in front of the batch: (B, channels, H, W), so join them on axis 1",
            {DIFFERENCE: "frames.diff(dim=1).transpose(0, 1)"},
        ),
        edit(
            "the differences are joined along the batch: they become channels, axis 1",
            {f"({DIFFERENCE}).flatten(1, 2)": "frames.diff(dim=1).transpose(0, 1).flatten(0, 1)"},
        ),
        edit(
            "the colours are averaged: all three stay, 3 (T - 1) channels",
            {".flatten(1, 2)": ".mean(2)"},
        ),
        edit(
            "the colours are added up: all three stay, 3 (T - 1) channels",
            {".flatten(1, 2)": ".sum(2)"},
        ),
        edit(
            "the differences are added up, which leaves the last frame minus the first: all T - 1 stay",
            {".flatten(1, 2)": ".sum(1)"},
        ),
        edit(
            "the differences are averaged over time: all T - 1 stay",
            {".flatten(1, 2)": ".mean(1)"},
        ),
        edit(
            "the sign of a difference tells which way the light changed: keep it, no square",
            {f"({DIFFERENCE})": f"({DIFFERENCE}).square()"},
        ),
        edit(
            "what became darker is lost: keep the negative differences",
            {f"({DIFFERENCE})": f"({DIFFERENCE}).clamp(min=0)"},
        ),
        edit("half of the difference: take the whole", {f"({DIFFERENCE})": f"(({DIFFERENCE}) / 2)"}),
        edit(
            "the differences run backwards in time: the first one comes first",
            {f"({DIFFERENCE})": f"({DIFFERENCE}).flip(1)"},
        ),
    ),
    hints=(
        "Line up the frames from the second on with the frames up to the last but one.",
        "`frames[:, 1:]` and `frames[:, :-1]` have the same shape. `.flatten(1, 2)` joins axes 1 and 2.",
        "`return (frames[:, ____] - frames[:, ____]).flatten(1, 2)`.",
    ),
)
