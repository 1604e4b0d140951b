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

MOVED = "the clip was moved to an earlier start so that it fits: it starts where it is told, and holds the last frame"
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
            "the start is multiplied, too: the clip begins at frame `start`, and only then counts in strides",
            {INDICES: "stride * (start + torch.arange(clip_len))"},
        ),
        edit(
            "start and steps are mixed up: it is the steps 0, 1, 2, ... that are multiplied by the stride",
            {INDICES: "start * stride + torch.arange(clip_len)"},
        ),
        edit("the first frame of the clip is frame `start` itself: count from 0", {"arange(": "arange(1, 1 + "}),
        edit(
            MOVED,
            {"start + ": "min(start, num_frames - 1 - (clip_len - 1) * stride) + "},
        ),
        edit(
            MOVED,
            {"start + ": "max(0, min(start, num_frames - clip_len * stride)) + "},
        ),
        edit(
            "beyond the end the last chosen frame is repeated: the exercise asks for the last frame of the video",
            {HELD: ".where(indices < num_frames, indices[indices < num_frames].max())"},
        ),
        edit(
            "beyond the end frame 0 is taken: the exercise asks to hold the last frame",
            {HELD: " * (indices < num_frames)"},
        ),
        edit(
            "beyond the end there is -1: the number of the last frame of the video is num_frames - 1",
            {HELD: ".where(indices < num_frames, -1)"},
        ),
        edit("one frame too early: the last frame has the number num_frames - 1", {"frames - 1": "frames - 2"}),
        edit(
            "index num_frames slips through: the last frame is num_frames - 1, so compare with >=",
            {HELD: ".where(indices <= num_frames, num_frames - 1)"},
        ),
        edit(
            "at the end the clip turns round and runs backwards: the exercise asks to hold the last frame",
            {HELD: " - 2 * (indices - num_frames + 1).clamp(min=0)"},
        ),
        edit(
            "as soon as the clip does not fit, all of it is the last frame: only what lies beyond the end is replaced",
            {HELD: f"{HELD} if indices[-1] < num_frames else torch.full((clip_len,), num_frames - 1)"},
        ),
        edit(
            "the last frame is a lower limit here: what lies beyond the end is to be cut, clamp(max=...)",
            {"max=": "min="},
        ),
        edit(
            "spreading the frames evenly up to the end ignores the stride: frames of a clip lie `stride` apart",
            {INDICES: "torch.linspace(start, num_frames - 1, clip_len).long()"},
        ),
        edit(
            "linspace takes its end in: the steps become longer than `stride`; multiply arange by the stride",
            {INDICES: "torch.linspace(start, start + clip_len * stride, clip_len).long()"},
        ),
        edit(
            "linspace takes its end in and knows no stride: multiply arange by the stride",
            {INDICES: "torch.linspace(start, start + clip_len, clip_len).long()"},
        ),
        edit(
            "at the end this begins again at frame 0; the exercise asks to hold the last frame", {HELD: " % num_frames"}
        ),
        edit(
            "dividing by the stride repeats frames: multiply, so that they lie `stride` apart",
            {"stride * torch.arange(clip_len)": "torch.arange(clip_len) // stride"},
        ),
        edit(
            "the limit is the clip's length: what must not be passed is the end of the video, num_frames - 1",
            {"num_frames - 1": "clip_len - 1"},
        ),
    ),
    hints=(
        "Frame t of the clip is frame start + t * stride of the video, as long as the video lasts.",
        "`torch.arange(clip_len)` counts the frames of the clip; `.clamp(max=____)` holds what would run past the end.",
        "`(start + stride * torch.arange(____)).clamp(max=____)`: the last frame of the video has the number "
        "`num_frames - 1`.",
    ),
)
