"""01.2: which frames are in the clip?"""

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import sampling

from .._draw import draw

SOLUTION = """
import torch


def clip_indices(num_frames, start, clip_len, stride):
    indices = start + stride * torch.arange(clip_len)
    return indices.clamp(max=num_frames - 1)
"""

INDICES, HELD = "start + stride * torch.arange(clip_len)", ".clamp(max=num_frames - 1)"


def _cases(generator):
    return [
        Case("inside the video", (50, 10, 8, 1)),
        Case("every third frame", (50, 4, 6, 3)),
        Case("runs past the end", (12, 9, 8, 1)),
        Case("stride 4 past the end", (31, 17, 7, 4)),
        Case("a video of one frame", (1, 0, 5, 2)),
        Case("another clip", (draw(generator, 40, 60), draw(generator, 1, 8), draw(generator, 4, 9), 3)),
        Case("another past the end", (draw(generator, 20, 25), draw(generator, 16, 19), 6, draw(generator, 2, 4))),
    ]


clip_indices = exercise(
    "01.2",
    "Which frames are in the clip?",
    points=2,
    solution=SOLUTION,
    same_as=sampling.clip_indices,
    cases=_cases,
    mistakes=(
        edit("frames beyond the end are asked for: hold the last frame, number num_frames - 1", {HELD: ""}),
        edit(
            "off by one: frames count from 0, the last one is num_frames - 1, not num_frames",
            {HELD: ".clamp(max=num_frames)"},
        ),
        edit(
            "too few frames with a stride: clip_len counts the frames in the clip, not the frames that it spans",
            {INDICES: "torch.arange(start, start + clip_len, stride)"},
        ),
        edit(
            "the clip is shorter at the end of the video: repeat the last frame, so that all clips can share a batch",
            {INDICES: "torch.arange(start, min(start + clip_len * stride, num_frames), stride)"},
        ),
        edit("the stride is missing: frames of a clip lie `stride` apart", {"stride * ": ""}),
        edit("the start is missing", {"start + ": ""}),
        edit(
            "at the end this begins again at frame 0; the exercise asks to hold the last frame", {HELD: " % num_frames"}
        ),
    ),
    hints=(
        "Frame t of the clip is frame start + t * stride of the video, as long as the video lasts.",
        "`torch.arange(clip_len)` counts the frames of the clip; `.clamp(max=____)` holds what would run past the end.",
        "`(start + stride * torch.arange(____)).clamp(max=____)`: the last frame of the video has the number "
        "`num_frames - 1`.",
    ),
)
