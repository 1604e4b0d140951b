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
MIXED = "rows and columns are mixed up: `top` and the height belong to H, `left` and the width to W"
EVERY_SECOND = "the context takes every second pixel and ignores the others: average each 2 x 2 block"


def _off(rows, columns, words):
    """The fovea is a pixel away from where it belongs."""
    return edit(
        f"the fovea lies one {words}: begin at (H - H // 2) // 2 and (W - W // 2) // 2",
        {CORNER: f"(H - H // 2) // 2 + {rows}, (W - W // 2) // 2 + {columns}"},
    )


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
        edit(EVERY_SECOND, {POOLED: "clip[..., ::2, ::2]"}),
        edit(EVERY_SECOND, {POOLED: "clip[..., 1::2, 1::2]"}),
        edit(
            "the context averages pairs of rows and keeps all columns: blocks are 2 x 2, the window (1, 2, 2)",
            {"(1, 2, 2)": "(1, 2, 1)"},
        ),
        edit("the context has still its full size: average each 2 x 2 block", {POOLED: "clip"}),
        edit(
            "the windows of the context overlap, 3 x 3 pixels each: average blocks of 2 x 2",
            {"(1, 2, 2)": "(1, 3, 3), (1, 2, 2), (0, 1, 1)"},
        ),
        edit(
            "a window of 2 would halve time as well, and F.avg_pool2d knows no time axis: F.avg_pool3d with (1, 2, 2)",
            {POOLED: "F.avg_pool2d(clip, 2)"},
        ),
        edit(
            "one scale factor shrinks time, too: give a window of 1 in time, (1, 2, 2)",
            {POOLED: "F.interpolate(clip, scale_factor=0.5)"},
        ),
        edit(
            "bilinear interpolation takes pictures (B, C, H, W), and a clip has a time axis: F.avg_pool3d averages "
            "blocks of a clip",
            {POOLED: 'F.interpolate(clip, scale_factor=0.5, mode="bilinear")'},
        ),
        edit(MIXED, {"left + W // 2]": "left + H // 2]"}),
        edit(MIXED, {"top + H // 2,": "top + W // 2,"}),
        edit(MIXED, {"top + H // 2, left : left + W // 2]": "top + W // 2, left : left + H // 2]"}),
        edit(MIXED, {"(W - W // 2) // 2": "(H - H // 2) // 2"}),
        edit(MIXED, {"(H - H // 2) // 2": "(W - W // 2) // 2"}),
        edit(MIXED, {CORNER: "(W - W // 2) // 2, (H - H // 2) // 2"}),
        _off(0, 1, "column too far right"),
        _off(0, -1, "column too far left"),
        _off(1, 0, "row too low"),
        _off(-1, 0, "row too high"),
        _off(1, 1, "row too low and one column too far right"),
        _off(-1, -1, "row too high and one column too far left"),
        edit(
            "brackets are missing: half of what is left over is (H - H // 2) // 2",
            {CORNER: "H - H // 2 // 2, W - W // 2 // 2"},
        ),
        edit(
            "the fovea is not in the middle: what is left over, H - H // 2, is shared by two sides",
            {CORNER: "(H - H // 2) // 4, (W - W // 2) // 4"},
        ),
        edit(
            "the fovea is cut out of the context, and is coarse and small: cut it out of the full-size frame",
            {CUT: "context[..., H // 8 : H // 8 + H // 4, W // 8 : W // 8 + W // 4]"},
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
        edit(
            "the fovea is the whole picture made smaller: cut out its middle at full resolution",
            {"clip[..., top : top + H // 2, left : left + W // 2]": "F.avg_pool3d(clip, (1, 2, 2))"},
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
