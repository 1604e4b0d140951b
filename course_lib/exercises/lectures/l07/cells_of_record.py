"""07.4: from a record of the authors' program to frames, rows and columns, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

from ._tracks import tracks

SOLUTION = """
import torch


def cells_of_record(end, points, size, video):
    rows, columns = size
    length = points.shape[1]
    x, y = points[..., 0] - 1, points[..., 1] - 1
    ratio_x, ratio_y = video[1] / columns, video[0] / rows
    column = (x / ratio_x).round().long().clamp(0, columns - 1)
    row = (y / ratio_y).round().long().clamp(0, rows - 1)
    frame = end[:, None] - length + torch.arange(length)
    return frame, row, column
"""

XY = "points[..., 0] - 1, points[..., 1] - 1"
RATIOS = "video[1] / columns, video[0] / rows"
FRAME = "end[:, None] - length + torch.arange(length)"
BUGS = {RATIOS: "video[0] / rows, video[1] / columns", FRAME: "end[:, None] - 1 + torch.arange(length)"}


def _cases(generator):
    def case(label, number, length, size, video, outside=0):
        end = torch.randint(length, length + 30, (number,), generator=generator)
        return Case(label, (end, tracks(generator, number, length, size, video, outside) + 1, size, video))

    return [
        Case("by hand: one point in the corner, frame 1", (torch.tensor([1]), torch.ones(1, 1, 2), (3, 4), (24, 40))),
        case("4 records of 15 points, 240 x 320, a map of 7 x 10", 4, 15, (7, 10), (240, 320)),
        case("12 records of 6 points, cells of 2.5 x 2.6 pixels", 12, 6, (6, 10), (15, 26)),
        case("points beyond the border", 7, 4, (5, 3), (60, 24), outside=2),
    ]


cells_of_record = exercise(
    "07.4",
    "Fix the bugs: a record of the authors' program",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.models.tdd.cells",),
    mistakes=(
        edit("both bugs are still there: look at which size belongs to x, and which frame the record names", BUGS),
        edit("one bug is left: x is divided by the ratio of the columns, video[1] / columns",
             {RATIOS: BUGS[RATIOS]}),
        edit("one bug is left: the record names the frame of the *last* point", {FRAME: BUGS[FRAME]}),
        edit("the last point lies in frame `end`, which counts from 1: this is one frame too late",
             {FRAME: "end[:, None] - length + 1 + torch.arange(length)"}),
        edit("the last point lies in frame `end`, which counts from 1: this is one frame too early",
             {FRAME: "end[:, None] - length - 1 + torch.arange(length)"}),
        edit("the frames run backwards: the first point lies in the earliest frame",
             {FRAME: "end[:, None] - 1 - torch.arange(length)"}),
        edit("the ratios are fine in the end, and x and y are now exchanged",
             {XY: "points[..., 1] - 1, points[..., 0] - 1"}),
        edit("points count from 1, too: the -1 has gone", {XY: "points[..., 0], points[..., 1]"}),
        edit("the ratios are mixed: x goes with the width of both, y with the height of both",
             {RATIOS: "video[1] / rows, video[0] / columns"}),
        edit("the ratios are mixed: x goes with the width of both, y with the height of both",
             {RATIOS: "video[0] / columns, video[1] / rows"}),
        edit("the ratios are upside down: pixels of the video per cell of the map",
             {RATIOS: "columns / video[1], rows / video[0]"}),
        edit("x and y each have a ratio of their own", {RATIOS: "video[1] / columns, video[1] / columns"}),
        edit("x and y each have a ratio of their own", {RATIOS: "video[0] / rows, video[0] / rows"}),
        edit("the order is frame, row, column", {"frame, row, column": "frame, column, row"}),
        edit("the ratios have fractions: divide with /, not with //",
             {RATIOS: "video[1] // columns, video[0] // rows"}),
        edit("all points lie in one frame here: one after the other, each in the next",
             {FRAME: "(end[:, None] - 1).expand(len(end), length)"}),
        edit("a record need not have 15 points: its length is points.shape[1]", {"- length + torch": "- 15 + torch"}),
        edit("the size of the map is (H', W'), rows first: that line was right",
             {"rows, columns = size": "columns, rows = size"}),
        edit("a map's cells count from 0 to columns - 1 and to rows - 1: the clamps were right",
             {"clamp(0, columns - 1)": "clamp(1, columns)", "clamp(0, rows - 1)": "clamp(1, rows)"}),
        edit("the cells count from 0: here they count from 1, as the authors' do",
             {"x / ratio_x)": "x / ratio_x + 1)", "y / ratio_y)": "y / ratio_y + 1)"}),
        edit("a column is clamped to the columns, a row to the rows: those lines were right",
             {"column = (x / ratio_x).round().long().clamp(0, columns - 1)":
                 "column = (x / ratio_x).round().long().clamp(0, rows - 1)",
              "row = (y / ratio_y).round().long().clamp(0, rows - 1)":
                  "row = (y / ratio_y).round().long().clamp(0, columns - 1)"}),
        edit("this rounds down: the nearest cell is meant, and that line was right", {".round()": ".floor()"}),
        edit("every point has its own frame, (K, P) in all: here is one frame for each record",
             {FRAME: "end[:, None] - length"}),
        edit("the frames run backwards: the first point lies in the earliest frame",
             {FRAME: "end[:, None] - torch.arange(length)"}),
        edit("`end` is the last frame of a path, not its middle",
             {FRAME: "end[:, None] - length // 2 + torch.arange(length)"}),
        edit("all points lie in one frame here: one after the other, each in the next",
             {FRAME: "(end[:, None] - length).expand(len(end), length)"}),
        edit("`end` is the last frame: this takes it for the first one, and for a count from 0",
             {FRAME: "end[:, None] + torch.arange(length)"}),
        edit("a cell beyond the map does not exist: the clamps were right",
             {".clamp(0, columns - 1)": "", ".clamp(0, rows - 1)": ""}),
        edit("1 was subtracted twice: x and y count from 0 already", {XY: "points[..., 0] - 2, points[..., 1] - 2"}),
        edit("the ratio is that of the sizes, video over map, without a -1",
             {RATIOS: "video[1] / (columns - 1), video[0] / (rows - 1)"}),
    ),
    hints=(
        "With a pencil: a record with `end` 15 and 15 points. In which frame, counted from 0, is its first point, and "
        "in which its last one? And a map of 7 rows and 10 columns for 240 x 320 pixels: how wide is a cell, and how "
        "high?",
        "`video` is (H, W). The frames of a record end with `end - 1`, so they begin with `end - length`.",
        "`ratio_x, ratio_y = video[____] / columns, video[____] / rows`; "
        "`frame = end[:, None] - ____ + torch.arange(length)`.",
    ),
)
