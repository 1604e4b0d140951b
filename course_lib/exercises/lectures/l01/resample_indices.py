"""01.3: the same video at another frame rate."""

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import sampling

from .._draw import draw

SOLUTION = """
import math

import torch


def resample_indices(num_frames, fps_in, fps_out):
    count = math.ceil(num_frames * fps_out / fps_in)
    return (torch.arange(count) * fps_in / fps_out).long()
"""

EARLY = "the ratio is rounded before it is multiplied: 25 to 10 fps needs the steps 2, 3, 2, 3, so round at the end"
COUNT, POSITIONS = "math.ceil(num_frames * fps_out / fps_in)", "torch.arange(count) * fps_in / fps_out"
NEARLY = (
    "nearly: steps of 1 / fps_out add up, and so does their rounding, until 6 is 5.9999 and becomes 5; take "
    "j = 0, 1, 2, ... and j * fps_in / fps_out"
)


def _cases(generator):
    return [
        Case("30 to 10 fps", (40, 30, 10)),
        Case("25 to 10 fps", (24, 25, 10)),
        Case("30 to 24 fps", (33, 30, 24)),
        Case("10 to 25 fps", (9, 10, 25)),
        Case("the rate stays", (6, 24, 24)),
        Case("25 to 10 fps, another length", (draw(generator, 9, 23), 25, 10)),
        Case("30 to 24 fps, another length", (draw(generator, 9, 32), 30, 24)),
    ]


resample_indices = exercise(
    "01.3",
    "The same video at another frame rate",
    points=2,
    solution=SOLUTION,
    same_as=sampling.resample_indices,
    cases=_cases,
    mistakes=(
        edit(
            "the ratio is upside down in the positions: frame j is wanted at time j / fps_out, which is source frame "
            "time * fps_in",
            {POSITIONS: "torch.arange(count) * fps_out / fps_in"},
        ),
        edit(
            "the ratio is upside down in the count: num_frames / fps_in seconds hold fps_out output frames per second",
            {COUNT: "math.ceil(num_frames * fps_in / fps_out)"},
        ),
        edit(
            "there are as many output frames as source frames, though the rate differs: the duration has to stay",
            {COUNT: "num_frames"},
        ),
        edit(
            "there are as many output frames as source frames, and the ratio is upside down",
            {COUNT: "num_frames", POSITIONS: "torch.arange(count) * fps_out / fps_in"},
        ),
        edit(
            "these are the frames as they were: another rate drops or repeats some of them",
            {COUNT: "num_frames", POSITIONS: "torch.arange(count)"},
        ),
        edit(
            "the ratio is upside down: output frame j is at time j / fps_out, and that is source frame time * fps_in",
            {POSITIONS: "torch.arange(count) * fps_out / fps_in", COUNT: "math.ceil(num_frames * fps_in / fps_out)"},
        ),
        edit(
            "this rounds to the nearest frame: at time t the screen still shows the frame that began before t (floor)",
            {".long": ".round().long"},
        ),
        edit(
            "a whole stride only works when fps_in is a multiple of fps_out: 25 to 10 fps needs the steps 2, 3, 2, 3",
            {POSITIONS: "torch.arange(0, num_frames, max(1, fps_in // fps_out))"},
        ),
        edit(
            "the last output frame is missing: its time is still within the video, so round the count up",
            {COUNT: "num_frames * fps_out // fps_in"},
        ),
        edit(
            "these are positions in seconds or fractions: a frame number is a whole number, so round down",
            {".long()": ""},
        ),
        edit(
            EARLY,
            {POSITIONS: "torch.arange(count) * (fps_in // fps_out)"},
        ),
        edit(
            EARLY,
            {POSITIONS: "torch.arange(count) * round(fps_in / fps_out)"},
        ),
        edit(
            "this rounds up: at time t the screen still shows the frame that began before t (floor)",
            {").long": ").ceil().long"},
        ),
        edit("one output frame too many: at its time the video has ended", {COUNT: f"{COUNT} + 1"}),
        edit("output frame 0 is source frame 0: count j from 0", {"torch.arange(count)": "(1 + torch.arange(count))"}),
        edit(
            "these are times in seconds, cut to whole ones: multiply by fps_in before you round",
            {"* fps_in / fps_out": "/ fps_out"},
        ),
        edit(
            "these are times in seconds: times fps_in, rounded down, they are frames",
            {"* fps_in / fps_out": "/ fps_out", ".long()": ""},
        ),  # fmt: skip
        edit(
            "the duration is cut to whole seconds before it is multiplied: round the count alone",
            {COUNT: "num_frames // fps_in * fps_out"},
        ),
        edit(
            "the duration is rounded up to whole seconds before it is multiplied: round the count alone",
            {COUNT: "math.ceil(num_frames / fps_in) * fps_out"},
        ),
        edit("these are the frames of the first second alone", {COUNT: "fps_out"}),
        edit(
            "every fps_out-th frame: how many source frames go by for one output frame?",
            {POSITIONS: "torch.arange(0, num_frames, fps_out)"},
        ),  # fmt: skip
        edit(
            "spreading the frames evenly over the video changes the speed: start from times j / fps_out",
            {POSITIONS: "torch.linspace(0, num_frames, count)"},
        ),
        edit(NEARLY, {POSITIONS: "torch.arange(0, num_frames / fps_in, 1 / fps_out) * fps_in"}),
        edit(
            NEARLY,
            {
                "import math": "import math\nimport numpy as np",
                POSITIONS: "torch.from_numpy(np.arange(0, num_frames / fps_in, 1 / fps_out) * fps_in)",
            },
        ),
        edit(
            "spreading the frames evenly from the first to the last changes the speed: start from times j / fps_out",
            {POSITIONS: "torch.linspace(0, num_frames - 1, count)"},
        ),
        edit(
            "num_frames counts frames and not seconds: the video lasts num_frames / fps_in seconds",
            {COUNT: "num_frames * fps_out"},
        ),
    ),
    hints=(
        "Think of two clocks. At which time is output frame j wanted? Which source frame is on the screen then?",
        "`torch.arange(count) * fps_in / fps_out` gives positions; `.long()` cuts off what is behind the point. "
        "`math.ceil` gives the count: every tick before the end of the video, num_frames / fps_in seconds.",
        "`count = math.ceil(num_frames * ____ / ____)`, then `(torch.arange(count) * fps_in / ____).long()`.",
    ),
)
