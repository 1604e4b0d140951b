"""07.3: pooling along trajectories."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.models.tdd import trajectory_pool

from ._tracks import tracks

SOLUTION = """
import torch


def pool_along(maps, points, start, video):
    rows, columns = maps.shape[2:]
    column = (points[..., 0] * columns / video[1]).round().long().clamp(0, columns - 1)
    row = (points[..., 1] * rows / video[0]).round().long().clamp(0, rows - 1)
    frame = start[:, None] + torch.arange(points.shape[1])  # (K, P)
    return maps[frame, :, row, column].sum(1)
"""

COLUMN, ROW = "points[..., 0] * columns / video[1]", "points[..., 1] * rows / video[0]"
FRAME, READ = "start[:, None] + torch.arange(points.shape[1])", "maps[frame, :, row, column].sum(1)"


def _cases(generator):
    def case(label, number, length, channels, size, video, outside=0):
        frames = length + 3
        maps = torch.randn(frames, channels, *size, generator=generator)
        start = torch.randint(0, 4, (number,), generator=generator)
        return Case(label, (maps, tracks(generator, number, length, size, video, outside), start, video))

    still = torch.zeros(4, 1, 2, 3)
    still[1:3, 0, 1, 2] = torch.tensor([1.0, 10.0])
    point = torch.tensor([[[15.0, 9.0], [16.0, 8.0]]])
    return [
        Case("by hand: one trajectory, two points", (still, point, torch.tensor([1]), (16, 24))),
        case("5 trajectories of 4 points, cells of 8 pixels", 5, 4, 3, (4, 7), (32, 56)),
        case("15 points, cells of 32 x 34.3 pixels", 4, 15, 6, (7, 10), (240, 320)),
        case("small cells, 2.5 x 2.6 pixels", 12, 5, 2, (6, 10), (15, 26)),
        case("points beyond the border", 9, 5, 2, (6, 4), (30, 44), outside=2),
    ]


pool_along = exercise(
    "07.3",
    "Pool along trajectories",
    points=3,
    solution=SOLUTION,
    same_as=trajectory_pool,
    cases=_cases,
    forbidden=("course_lib.models.tdd.trajectory_pool_reference", "course_lib.models.tdd.cells"),
    mistakes=(
        edit("the mean over the points: Eq. 1 adds them up", {".sum(1)": ".mean(1)"}),
        edit("the maximum over the points: Eq. 1 adds them up", {".sum(1)": ".amax(1)"}),
        edit("the points are still an axis: add them up", {".sum(1)": ""}),
        edit("this adds up channels: the sum goes over the points, axis 1 of (K, P, C)", {".sum(1)": ".sum(2)"}),
        edit("this rounds down: the bar in Eq. 1 means the nearest cell, round()",
             {".round().long()": ".long()"}),
        edit("the points were rounded before they were scaled: scale first, then round",
             {f"({COLUMN}).round()": "(points[..., 0].round() * columns / video[1]).round()",
              f"({ROW}).round()": "(points[..., 1].round() * rows / video[0]).round()"}),
        edit("the ratios of x and y are exchanged: `video` is (H, W), x goes with W",
             {COLUMN: "points[..., 0] * columns / video[0]", ROW: "points[..., 1] * rows / video[1]"}),
        edit("x is the first number of a point and chooses the column",
             {"[..., 0]": "[..., 9]", "[..., 1]": "[..., 0]", "[..., 9]": "[..., 1]"}),
        edit("the points are in pixels of the video: multiply by the size of the map over that of the video",
             {COLUMN: "points[..., 0]", ROW: "points[..., 1]"}),
        edit("this multiplies by the cell's size: a map is smaller than the video, so divide",
             {COLUMN: "points[..., 0] * video[1] / columns", ROW: "points[..., 1] * video[0] / rows"}),
        edit("all points are read in the first frame: point p lies in frame start + p",
             {FRAME: "start[:, None].expand(points.shape[:2])"}),
        edit("the trajectories start where they should, `start`, not in frame 0",
             {FRAME: "torch.arange(points.shape[1]).expand(points.shape[:2])"}),
        edit("`start` is the frame of the first point; here it is taken for the last one",
             {FRAME: "(start[:, None] - points.shape[1] + 1 + torch.arange(points.shape[1]))"}),
        edit("frames count from 0: this is one too late",
             {FRAME: "(start[:, None] + 1 + torch.arange(points.shape[1])).clamp(max=len(maps) - 1)"}),
        edit("the ratio is the same for rows and columns here: each has its own",
             {ROW: "points[..., 1] * columns / video[1]"}),
        edit("the ratio is the same for rows and columns here: each has its own",
             {COLUMN: "points[..., 0] * rows / video[0]"}),
        edit("the result is (C, K): one row per trajectory is asked for", {".sum(1)": ".sum(1).T"}),
        edit(
            "with pixel centres this may be more exact, but it is not Eq. 1: cell = round(r x)",
            {COLUMN: "(points[..., 0] + 0.5) * columns / video[1] - 0.5",
             ROW: "(points[..., 1] + 0.5) * rows / video[0] - 0.5"},
        ),
        edit("row and column are exchanged where the map is read: its axes are (T, C, H', W'), the row comes first",
             {"row, column]": "column.clamp(max=rows - 1), row.clamp(max=columns - 1)]"}),
        edit("the frame was scaled as well: only x and y are, the maps keep every frame",
             {FRAME: f"(({FRAME}) * rows / video[0]).round().long()"}),
        edit("this is the ratio of the last cell to the last pixel: Eq. 1 takes that of the sizes, W' / W and H' / H",
             {COLUMN: "points[..., 0] * (columns - 1) / (video[1] - 1)",
              ROW: "points[..., 1] * (rows - 1) / (video[0] - 1)"}),
        edit("the pixels per cell were rounded down to a whole number: keep the fraction, with / instead of //",
             {COLUMN: "points[..., 0] / (video[1] // columns)", ROW: "points[..., 1] / (video[0] // rows)"}),
        edit("this adds up trajectories: the sum goes over the points of each, axis 1 of (K, P, C)",
             {".sum(1)": ".sum(0)"}),
        edit("this rounds up: the bar in Eq. 1 means the nearest cell, round()", {".round()": ".ceil()"}),
        edit("points beyond the border were left out: they read the nearest cell of the border", {
            "return maps[frame, :, row, column].sum(1)": "inside = ((points >= 0) & (points < torch.tensor([video[1], "
            "video[0]]))).all(-1, keepdim=True)\n    return (maps[frame, :, row, column] * inside).sum(1)"}),
        edit("the last point is missing: the sum goes over all P of them", {".sum(1)": "[:, :-1].sum(1)"}),
        edit("the first point is missing: the sum goes over all P of them", {".sum(1)": "[:, 1:].sum(1)"}),
        edit("this is what the last point reads, alone: add up those of all points", {".sum(1)": "[:, -1]"}),
        edit("all frames of the video were added up: point p reads the map of frame start + p, no other",
             {"maps[frame, :, row, column]": "maps.sum(0)[:, row, column].permute(1, 2, 0)"}),
        edit("the sums were scaled to length 1: Eq. 1 leaves them as they are",
             {"return maps[frame, :, row, column].sum(1)": "pooled = maps[frame, :, row, column].sum(1)\n    "
              "return pooled / pooled.norm(dim=1, keepdim=True)"}),
        edit("the points are places already: they were added up as if they were steps",
             {"points[..., 0]": "points[..., 0].cumsum(1)", "points[..., 1]": "points[..., 1].cumsum(1)"}),
        edit("these are fractions of the frame, 0 to 1: multiply by the number of cells",
             {COLUMN: "points[..., 0] / video[1]", ROW: "points[..., 1] / video[0]"}),
        edit("a cell is not 16 pixels wide in every map: take the ratio of the sizes",
             {COLUMN: "points[..., 0] / 16", ROW: "points[..., 1] / 16"}),
        edit("the frames run backwards: point p lies in frame start + p",
             {FRAME: "(start[:, None] - torch.arange(points.shape[1])).clamp(min=0)"}),
        edit("frames count from 0, and `start` does: this is one too early", {FRAME: f"({FRAME} - 1).clamp(min=0)"}),
        edit("frames count from 0, and `start` does: this is one too early", {FRAME: f"{FRAME} - 1"}),
        edit("this is what one point in the middle reads: add up those of all points",
             {".sum(1)": "[:, points.shape[1] // 2]"}),
        edit("the numbers of all points stand side by side: add them up", {".sum(1)": ".flatten(1)"}),
        edit("the last row and column are never read: clamp to rows - 1 and columns - 1",
             {"columns - 1)": "columns - 2)", "rows - 1)": "rows - 2)"}),
    ),
    hints=(
        "Every point of a trajectory names a frame, a row and a column of the map, and there you find C numbers. Add "
        "the numbers of its points.",
        "All points at once: three index tensors of shape (K, P). `maps[frame, :, row, column]` is then (K, P, C). A "
        "cell is `round()` of the place times the ratio of sizes, `.clamp`ed to the map.",
        "`column = (points[..., 0] * columns / video[____]).round().long().clamp(0, columns - 1)`, the same for `row`; "
        "`frame = start[:, None] + torch.arange(____)`; return `maps[frame, :, row, column].____`.",
    ),
)
