"""14.5: from the peak of the response to pixels of the frame."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def displacement(response, stride, search, side):
    rows, columns = response.shape
    row, column = divmod(response.argmax().item(), columns)
    cells = torch.tensor([column - (columns - 1) / 2, row - (rows - 1) / 2])
    return cells * stride * side / search
"""

PLACE, CELLS = "divmod(response.argmax().item(), columns)", "column - (columns - 1) / 2, row - (rows - 1) / 2"
RETURN = "cells * stride * side / search"


def _cases(generator):
    def peaked(rows, columns, row, column, least=-3.0):
        response = torch.randn(rows, columns, generator=generator).clamp(-3, 3)
        response[0, 0] = least
        response[row, column] = 5
        return response

    return [
        Case("by hand: 17 x 17, two cells left and one down", (peaked(17, 17, 9, 6), 8, 255, 255.0)),
        Case(
            "9 x 13 cells of 4 pixels, the region is smaller than the image",
            (peaked(9, 13, 1, 11, least=-9.0), 4, 79, 50.5),
        ),
        Case("6 x 5 cells, an even number of rows", (peaked(6, 5, 5, 0), 2, 31, 77.0)),
        Case("12 x 8 enlarged cells of half a pixel", (peaked(12, 8, 3, 7), 0.5, 255, 425.9)),
        Case("all responses negative", (peaked(7, 7, 0, 3) - 50, 8, 127, 90.0)),
    ]


displacement = exercise(
    "14.5",
    "From the peak to the displacement",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.response_maps.peak_displacement",),
    mistakes=(
        edit(
            "x and y are exchanged: right (columns) comes first, then down (rows)",
            {CELLS: "row - (rows - 1) / 2, column - (columns - 1) / 2"},
        ),
        edit(
            "this is in pixels of the search image: the region has side / search pixels of the frame for each",
            {RETURN: "cells * stride"},
        ),
        edit("the stride is missing: a cell is `stride` pixels of the search image", {RETURN: "cells * side / search"}),
        edit(
            "side and search are exchanged: a pixel of the search image is side / search pixels of the frame",
            {RETURN: "cells * stride * search / side"},
        ),
        edit(
            "the middle is missing: the displacement counts from the middle of the map",
            {CELLS: "float(column), float(row)"},
        ),
        edit("the middle of n cells numbered from 0 is (n - 1) / 2", {CELLS: "column - columns // 2, row - rows // 2"}),
        edit("the middle of n cells numbered from 0 is (n - 1) / 2", {CELLS: "column - columns / 2, row - rows / 2"}),
        edit(
            "the middle of n cells numbered from 0 is (n - 1) / 2, with its half for an even n",
            {CELLS: "column - (columns - 1) // 2, row - (rows - 1) // 2"},
        ),
        edit(
            "the sign is turned: a peak right of the middle means that the object went right",
            {CELLS: "(columns - 1) / 2 - column, (rows - 1) / 2 - row"},
        ),
        edit(
            "the peak is the largest response, not the largest absolute value",
            {"response.argmax": "response.abs().argmax"},
        ),
        edit("the peak is the largest response, not the smallest", {"argmax": "argmin"}),
        edit("argmax counts along rows: divide by the number of *columns*", {"(), columns)": "(), rows)"}),
        edit(
            "the results of divmod are exchanged: the quotient is the row, the rest is the column",
            {"row, column = divmod": "column, row = divmod"},
        ),
        edit("this is in cells: multiply by stride, and by side / search", {RETURN: "cells * 1.0"}),
        edit(
            "the middles of rows and columns are exchanged", {CELLS: "column - (rows - 1) / 2, row - (columns - 1) / 2"}
        ),
        edit(
            "the displacement down has the wrong sign: y grows downwards, as rows do",
            {CELLS: "column - (columns - 1) / 2, (rows - 1) / 2 - row"},
        ),
        edit("this divides by the stride: a cell is `stride` pixels", {RETURN: "cells / stride * side / search"}),
        edit(
            "side alone is no scale: a pixel of the search image is side / search pixels of the frame",
            {RETURN: "cells * stride * side"},
        ),
        edit("the displacement is rounded to whole pixels", {RETURN: "(cells * stride * side / search).round()"}),
        edit("the map's size is not the search image's: the scale is side / search", {RETURN: "cells * side / rows"}),
        edit(
            "this is a centre of mass: the displacement is that of the single highest cell",
            {
                CELLS: "response.softmax(1).mean(0) @ torch.arange(float(columns)) - (columns - 1) / 2, "
                "row - (rows - 1) / 2"
            },
        ),
        edit(
            "the middles of rows and columns are exchanged, and whole numbers: (n - 1) / 2",
            {CELLS: "column - rows // 2, row - columns // 2"},
        ),
        edit(
            "cell 0 is not at the search image's border: count cells from the map's middle, (n - 1) / 2",
            {
                CELLS: "float(column), float(row)",
                RETURN: "(cells * stride - search / 2) * side / search",
            },
        ),
        edit("side // search is rounded down: divide with /", {RETURN: "cells * stride * (side // search)"}),
        edit(
            "half a cell is added: column and row count from 0, and so does their middle, (n - 1) / 2",
            {CELLS: "column + 0.5 - (columns - 1) / 2, row + 0.5 - (rows - 1) / 2"},
        ),
    ),
    hints=(
        "Three units, one after the other: cells of the map, pixels of the search image, pixels of the frame.",
        "`response.argmax()` counts along the rows: `divmod(number, columns)` gives row and column. Subtract the "
        "middle, `(n - 1) / 2`. A cell is `stride` pixels of the search image; `side` pixels of the frame became "
        "`search`.",
        "`torch.tensor([column - ____, row - ____]) * stride * ____ / ____`.",
    ),
)
