"""07.1: one step of tracking, with the median."""

import torch

from course_lib.exercises import Case, edit, exercise

from ._tracks import near, whole

SOLUTION = """
import torch

from course_lib.ops.filters import median_filter


def tracking_step(points, flow):
    height, width = flow.shape[1:]
    smooth = median_filter(flow.unsqueeze(0), radius=1)[0]  # (2, H, W)
    column = points[:, 0].round().long().clamp(0, width - 1)
    row = points[:, 1].round().long().clamp(0, height - 1)
    return points + smooth[:, row, column].T
"""

SMOOTH = "median_filter(flow.unsqueeze(0), radius=1)[0]"
COLUMN, ROW = "points[:, 0].round().long().clamp(0, width - 1)", "points[:, 1].round().long().clamp(0, height - 1)"


def _cases(generator):
    def points(number, height, width, beyond=0):
        ends = torch.stack([whole(generator, -beyond, n - 1 + beyond, number) for n in (width, height)], 1)
        return near(ends, generator)

    def flow(height, width):
        return 3 * torch.randn(2, height, width, generator=generator)

    wrong_pixel = torch.zeros(2, 5, 7)
    wrong_pixel[0] = 1.0
    wrong_pixel[:, 2, 3] = 9.0
    return [
        Case("one pixel is wrong, its neighbours go right", (torch.tensor([[3.2, 1.8]]), wrong_pixel)),
        Case("6 points, 5 x 9 pixels", (points(6, 5, 9), flow(5, 9))),
        Case("20 points, 11 x 6 pixels", (points(20, 11, 6), flow(11, 6))),
        Case("points beyond the border", (points(12, 6, 8, beyond=3), flow(6, 8))),
    ]


tracking_step = exercise(
    "07.1",
    "One step of tracking",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.trajectories.tracking_step", "course_lib.ops.trajectories.read_flow"),
    mistakes=(
        edit("the median is missing: one wrong pixel carries its points away", {SMOOTH: "flow"}),
        edit("this is the mean of the window: one wrong pixel shifts it, and does not shift the median", {
            SMOOTH: "torch.nn.functional.avg_pool2d(torch.nn.functional.pad(flow[None], (1, 1, 1, 1), "
                    'mode="replicate"), 3, 1)[0]',
        }),
        edit("the window is too large: radius 1 is 3 x 3", {"radius=1": "radius=2"}),
        edit("rows and columns are exchanged: y, the second number of a point, chooses the row",
             {"smooth[:, row, column]": "smooth[:, column.clamp(max=height - 1), row.clamp(max=width - 1)]"}),
        edit("u and v are exchanged: u, channel 0, is added to x", {"column].T": "column].T.flip(1)"}),
        edit("this steps backwards: add the displacement", {"points + smooth": "points - smooth"}),
        edit("these are the displacements: add them to the points", {"points + smooth": "smooth"}),
        edit("this rounds down: take the nearest pixel, round()", {".round().long()": ".long()"}),
        edit("this rounds up: take the nearest pixel, round()", {".round().long()": ".ceil().long()"}),
        edit(
            "the point itself was rounded as well: only the place where the flow is read is a whole pixel",
            {"return points +": "return points.round() +"},
        ),
        edit("the last row and column are never read: clamp to width - 1 and height - 1",
             {"width - 1": "width - 2", "height - 1": "height - 2"}),
        edit(
            "the first row and column are never read: pixels count from 0",
            {"clamp(0, width": "clamp(1, width", "clamp(0, height": "clamp(1, height"},
        ),
        edit("u is the same for all points: each reads at a place of its own",
             {"smooth[:, row, column].T": "smooth.mean((1, 2))"}),
        edit(
            "points beyond the border stay where they are here: let them read the nearest pixel of the border",
            {
                "return points + smooth[:, row, column].T": "inside = ((points > -0.5) & (points < torch.tensor("
                "[width - 0.5, height - 0.5]))).all(1, keepdim=True)\n    "
                "return points + inside * smooth[:, row, column].T"
            },
        ),
        edit("a reshape mixes u and v of different points: transpose (2, N) to (N, 2) with .T",
             {"column].T": "column].reshape(-1, 2)"}),
        edit("points beyond the border read on the opposite side: clamp their column and row, do not wrap them",
             {".clamp(0, width - 1)": " % width", ".clamp(0, height - 1)": " % height"}),
        edit("the new places were rounded: the bar in the formula is over the place where flow is read, nothing else",
             {"points + smooth[:, row, column].T": "(points + smooth[:, row, column].T).round()"}),
        edit("the new places were clamped to the frame: only the pixel that is read is, a point itself may leave",
             {"return points + smooth[:, row, column].T": "moved = points + smooth[:, row, column].T\n    "
              "return torch.minimum(moved.clamp(min=0), torch.tensor([width - 1.0, height - 1.0]))"}),
        edit("the length of the flow was added to x and to y: u belongs to x, v to y",
             {"column].T": "column].norm(dim=0)[:, None]"}),
        edit("u was added to x and to y: u belongs to x, v to y",
             {"smooth[:, row, column].T": "smooth[:1, row, column].T"}),
        edit("the displacement was added twice",
             {"points + smooth[:, row, column].T": "points + 2 * smooth[:, row, column].T"}),
        edit("this is one median for the whole frame: every pixel has its own, over its 3 x 3 neighbours",
             {SMOOTH: "flow.flatten(1).median(1).values[:, None, None].expand_as(flow)"}),
        edit("the window is too large: radius 1 is 3 x 3", {"radius=1": "radius=3"}),
        edit("the median saw zeros beyond the border, which are no displacements: `median_filter` repeats the border",
             {SMOOTH: "torch.nn.functional.pad(flow, (1, 1, 1, 1)).unfold(1, 3, 1).unfold(2, 3, 1)"
                      ".flatten(3).median(-1).values"}),
        edit("only x moves here: v is added to y", {"smooth[:, row, column].T": "torch.stack([smooth[0, row, column], "
                                                                                "0 * points[:, 1]], 1)"}),
        edit("the mean of u and v was added to x and to y: u belongs to x, v to y",
             {"column].T": "column].mean(0)[:, None]"}),
        edit("the row is rounded down: take the nearest pixel, round()",
             {"points[:, 1].round()": "points[:, 1].floor()"}),
        edit("the column is rounded down: take the nearest pixel, round()",
             {"points[:, 0].round()": "points[:, 0].floor()"}),
        edit("the median was taken for u alone: v needs it as well",
             {SMOOTH: "torch.cat([median_filter(flow.unsqueeze(0), radius=1)[0, :1], flow[1:]])"}),
    ),
    hints=(
        "Three steps: make the flow robust, find for each point the pixel whose flow it reads, and move the point.",
        "`median_filter` wants (B, 2, H, W): `flow.unsqueeze(0)`. Whole numbers: `.round().long()`; kept within the "
        "picture: `.clamp(0, width - 1)`. `smooth[:, row, column]` is (2, N).",
        "`column = points[:, 0].round().long().clamp(0, ____)`, the same for `row`; return "
        "`points + smooth[:, ____, ____].T`.",
    ),
)
