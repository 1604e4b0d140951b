"""03.3: context and fovea."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.models.fusion import context_and_fovea

SOLUTION = """
import torch.nn.functional as F


def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.avg_pool3d(clip, (1, 2, 2))
    top, left = (H - H // 2) // 2, (W - W // 2) // 2
    fovea = clip[..., top : top + H // 2, left : left + W // 2]
    return context, fovea
"""

POOLED = "F.avg_pool3d(clip, (1, 2, 2))"
CORNER = "(H - H // 2) // 2, (W - W // 2) // 2"
CUT = "clip[..., top : top + H // 2, left : left + W // 2]"


def _cases(generator):
    return [
        Case("2 clips, 1 frame of 8 x 12", (torch.rand(2, 3, 1, 8, 12, generator=generator),)),
        Case("3 clips, 2 frames of 16 x 4", (torch.rand(3, 3, 2, 16, 4, generator=generator),)),
        Case("half rows that are odd: 10 x 6", (torch.rand(1, 3, 4, 10, 6, generator=generator),)),
    ]


two_streams = exercise(
    "03.3",
    "Context and fovea",
    points=2,
    solution=SOLUTION,
    same_as=context_and_fovea,
    cases=_cases,
    mistakes=(
        edit("the fovea is cut along the rows only: half of the columns go, too", {", left : left + W // 2]": ", :]"}),
        edit(
            "the fovea is cut along the columns only, as if they were rows: clip[..., rows, columns] needs both",
            {CUT: "clip[..., top : top + H // 2]"},
        ),
        edit(
            "the fovea is cut along the columns only: half of the rows go, too",
            {CUT: "clip[..., left : left + W // 2]"},
        ),
        edit("rows and columns of the fovea are exchanged: clip[..., rows, columns]", {"H, W = ": "W, H = "}),
        edit(
            "the crop hits frames and rows: the rows and columns are the last two axes, clip[..., rows, columns]",
            {"clip[..., ": "clip[:, :, "},
        ),
        edit(
            "the windows of the context overlap: with stride 1 it keeps its size; let each 2 x 2 block count once",
            {"(1, 2, 2)": "(1, 2, 2), stride=1"},
        ),
        edit("the context adds up each 2 x 2 block: average it", {POOLED: f"4 * {POOLED}"}),
        edit("the order is (context, fovea)", {"return context, fovea": "return fovea, context"}),
        edit(
            "the context takes every second pixel and ignores the others: average each 2 x 2 block",
            {POOLED: "clip[..., ::2, ::2]"},
        ),
        edit(
            "the context averages frames too: the pooling window is 1 in time",
            {"(1, 2, 2)": "(min(2, clip.shape[2]), 2, 2)"},
        ),
        edit("the context takes the largest value of each block: average it", {"avg_pool3d": "max_pool3d"}),
        edit("the fovea is the upper left corner: it lies in the middle", {CORNER: "0, 0"}),
        edit("the fovea is the lower right corner: it lies in the middle", {CORNER: "H // 2, W // 2"}),
        edit(
            "the fovea is a quarter of the rows and columns in size: it should have half of each",
            {"top + H // 2": "H // 2", "left + W // 2": "W // 2"},
        ),
        edit(
            "the fovea comes from the context: cut it out of the full-size frame, that is its point",
            {
                CUT: "context[..., H // 8 : H // 8 + H // 4, W // 8 : W // 8 + W // 4]\n"
                "    fovea = F.interpolate(fovea, size=context.shape[2:])"
            },
        ),
    ),
    hints=(
        "One stream sees everything, coarsely; the other sees the middle, finely. Both have half the rows and half the "
        "columns.",
        "`F.avg_pool3d(clip, (1, 2, 2))` averages blocks of 2 x 2 pixels. A centre crop of h rows out of H begins at "
        "`(H - h) // 2`.",
        "`context = F.avg_pool3d(clip, (1, ____, ____))`; `fovea = clip[..., top : top + H // 2, left : left + ____]` "
        "with `top = (H - H // 2) // ____`.",
    ),
)
