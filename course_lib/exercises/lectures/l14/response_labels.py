"""14.2: where the response should be high."""

from course_lib.exercises import Case, edit, exercise
from course_lib.exercises.lectures._draw import draw
from course_lib.ops.response_maps import label_map

SOLUTION = """
import torch


def response_labels(size, stride, radius):
    rows, columns = size
    y = torch.arange(rows) - (rows - 1) / 2
    x = torch.arange(columns) - (columns - 1) / 2
    distance = stride * (y[:, None] ** 2 + x**2).sqrt()  # (H', W'), pixels of the search image
    return torch.where(distance <= radius, 1.0, -1.0)
"""

Y, X = "torch.arange(rows) - (rows - 1) / 2", "torch.arange(columns) - (columns - 1) / 2"
DISTANCE, RETURN = "stride * (y[:, None] ** 2 + x**2).sqrt()", "torch.where(distance <= radius, 1.0, -1.0)"
MIDDLE = "the middle of n cells numbered from 0 is (n - 1) / 2: for an even n it lies between two cells"


def _cases(generator):
    return [
        Case("17 x 17 cells of 8 pixels, radius 16", ((17, 17), 8, 16)),
        Case("7 x 9 cells of 4 pixels, radius 9: a small disc", ((7, 9), 4, 9)),
        Case("6 x 5 cells of 2 pixels, radius 3.5: an even number of rows", ((6, 5), 2, 3.5)),
        Case("15 x 11 cells of 1 pixel, radius 4.7", ((15, 11), 1, 4.7)),
        Case("another size", ((draw(generator, 4, 9), draw(generator, 10, 14)), 3, 7.1)),
    ]


response_labels = exercise(
    "14.2",
    "Where the response should be high",
    points=2,
    solution=SOLUTION,
    same_as=label_map,
    cases=_cases,
    mistakes=(
        edit(
            "the stride is missing, or on the side of the radius: a cell is `stride` pixels, the radius is in pixels",
            {DISTANCE: "(y[:, None] ** 2 + x**2).sqrt()"},
        ),
        edit("the labels are -1 and +1: here the others are 0", {RETURN: "torch.where(distance <= radius, 1.0, 0.0)"}),
        edit(
            "the cells *at* the radius count as hit: <=, not <",
            {"<=": "<"},
        ),
        edit("the signs are exchanged: +1 near the middle", {RETURN: "torch.where(distance <= radius, -1.0, 1.0)"}),
        edit(MIDDLE, {"(rows - 1) / 2": "rows // 2", "(columns - 1) / 2": "columns // 2"}),
        edit(MIDDLE, {"(rows - 1) / 2": "(rows - 1) // 2", "(columns - 1) / 2": "(columns - 1) // 2"}),
        edit(
            "n / 2 is the middle of cells numbered from 1/2: from 0 it is (n - 1) / 2",
            {"(rows - 1) / 2": "rows / 2", "(columns - 1) / 2": "columns / 2"},
        ),
        edit(
            "this is the sum of the distances along x and y (a rhombus): the formula has the length, a disc",
            {DISTANCE: "stride * (y[:, None].abs() + x.abs())"},
        ),
        edit(
            "this is the larger of the distances along x and y (a square): the formula has the length, a disc",
            {DISTANCE: "stride * torch.maximum(y[:, None].abs(), x.abs())"},
        ),
        edit(
            "this compares the squared distance with the radius: take the root, or square the radius",
            {DISTANCE: "stride * (y[:, None] ** 2 + x**2)"},
        ),
        edit(
            "this compares the squared distance with the radius: take the root, or square the radius",
            {DISTANCE: "stride**2 * (y[:, None] ** 2 + x**2)"},
        ),
        edit("rows and columns are exchanged: the map is (H', W')", {"rows, columns = size": "columns, rows = size"}),
        edit(
            "the labels are True and False: +1.0 and -1.0 are asked for",
            {RETURN: "distance <= radius"},
        ),
        edit(
            "the middle is the upper left corner here: subtract (n - 1) / 2",
            {Y: "torch.arange(rows)", X: "torch.arange(columns)"},
        ),
        edit(
            "the radius is taken as a diameter: compare with radius, not with its half", {"<= radius": "<= radius / 2"}
        ),
        edit("the radius is doubled: compare with radius itself", {"<= radius": "<= 2 * radius"}),
        edit(
            "these are whole numbers: the loss multiplies them with responses, so +1.0 and -1.0",
            {RETURN: "torch.where(distance <= radius, 1, -1)"},
        ),
        edit("this is the distance itself: compare it with the radius", {RETURN: "distance"}),
        edit(
            "these are smooth labels: the formula has +1 and -1 only",
            {RETURN: "1 - 2 * (distance / radius).clamp(max=1)"},
        ),
        edit(
            "only the distance along x counts here: y as well",
            {DISTANCE: "stride * (0 * y[:, None] ** 2 + x**2).sqrt()"},
        ),
        edit(
            "only the distance along y counts here: x as well",
            {DISTANCE: "stride * (y[:, None] ** 2 + 0 * x**2).sqrt()"},
        ),
        edit(
            "a cell exactly at the radius gets 0 here: it is a hit, +1",
            {RETURN: "torch.sign(radius - distance)"},
        ),
        edit(
            "only y is in pixels here: x counts cells too, so multiply both by the stride",
            {DISTANCE: "((stride * y[:, None]) ** 2 + x**2).sqrt()"},
        ),
        edit(
            "only x is in pixels here: y counts cells too, so multiply both by the stride",
            {DISTANCE: "(y[:, None] ** 2 + (stride * x) ** 2).sqrt()"},
        ),
        edit(
            "the radius is rounded down to whole cells: compare pixels, stride times the distance",
            {DISTANCE: "(y[:, None] ** 2 + x**2).sqrt()", "<= radius": "<= radius // stride"},
        ),
        edit(
            "the distance is squared but the stride is not: square the two, or neither",
            {DISTANCE: "stride * (y[:, None] ** 2 + x**2)", "<= radius": "<= radius**2"},
        ),
        edit(
            "cells are numbered from 1 here: (n - 1) / 2 is the middle of cells numbered from 0",
            {Y: "torch.arange(1, rows + 1) - (rows - 1) / 2", X: "torch.arange(1, columns + 1) - (columns - 1) / 2"},
        ),
    ),
    hints=(
        "Number the cells from the middle of the map. The middle of 17 cells is cell 8, the middle of 6 lies between "
        "cells 2 and 3. How far is each cell from there, in *pixels*?",
        "`torch.arange(n) - (n - 1) / 2` along each axis; `y[:, None] ** 2 + x ** 2` is (H', W'). "
        "`torch.where(condition, 1.0, -1.0)` makes labels.",
        "`distance = ____ * (y[:, None] ** 2 + x ** 2).sqrt()`, then `torch.where(distance ____ radius, 1.0, -1.0)`.",
    ),
)
