"""06.2: the shape table, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import math


def sizes_after_pools(clip):
    frames, rows, columns = clip
    sizes = []
    for i in range(5):
        time = 1 if i == 0 else 2
        frames, rows, columns = math.ceil(frames / time), math.ceil(rows / 2), math.ceil(columns / 2)
        sizes.append((frames, rows, columns))
    return sizes
"""

WINDOW = "1 if i == 0 else 2"
FRAMES, ROWS, COLUMNS = "math.ceil(frames / time)", "math.ceil(rows / 2)", "math.ceil(columns / 2)"
DOWN = {ROWS: "rows // 2", COLUMNS: "columns // 2"}
SIZES = f"{FRAMES}, {ROWS}, {COLUMNS}"
UP = "this adds one to even sizes as well: math.ceil(size / 2) rounds up only where a half is left over"


def _cases(generator):
    low_high = ((33, 64), (70, 130), (70, 130))
    another = tuple(int(torch.randint(low, high + 1, (), generator=generator)) for low, high in low_high)
    return [
        Case("the published clip, 16 x 112 x 112", ((16, 112, 112),)),
        Case("16 x 128 x 171, not cropped", ((16, 128, 171),)),
        Case("odd sizes, 9 x 50 x 67", ((9, 50, 67),)),
        Case("a long clip, 40 x 24 x 24", ((40, 24, 24),)),
        Case(f"another clip, {another[0]} x {another[1]} x {another[2]}", (another,)),
    ]


sizes_after_pools = exercise(
    "06.2",
    "Fix the bugs: the shape table",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "both bugs are still there: a window that is not full counts, and the first pool leaves time alone",
            {WINDOW: "2", FRAMES: "frames // time", **DOWN},
        ),
        edit("one bug is left: the first pool, i == 0, leaves time alone (window 1 in time)", {WINDOW: "2"}),
        edit(UP, {ROWS: "rows // 2 + 1", COLUMNS: "columns // 2 + 1", FRAMES: "frames // time"}),
        edit(UP, {ROWS: "rows // 2 + 1", COLUMNS: "columns // 2 + 1", FRAMES: "frames // time + 1"}),
        edit(UP, {ROWS: "rows // 2 + 1", COLUMNS: "columns // 2 + 1"}),
        edit(
            "(frames + 1) // time rounds up for time = 2 only, and pool1 has 1 there: math.ceil(frames / time)",
            {FRAMES: "(frames + 1) // time"},
        ),
        edit(
            "only the last pool rounds up here: all of them do",
            {
                FRAMES: "frames // time",
                ROWS: "(math.ceil(rows / 2) if i == 4 else rows // 2)",
                COLUMNS: "(math.ceil(columns / 2) if i == 4 else columns // 2)",
            },
        ),
        edit(
            "the sizes before each pool are listed: append after the new size is computed",
            {
                "        sizes.append((frames, rows, columns))\n": "",
                "        time": "        sizes.append((frames, rows, columns))\n        time",
            },
        ),
        edit(
            "pool1 leaves time alone, and nothing else: it halves rows and columns",
            {"rows / 2": "rows / time", "columns / 2": "columns / time"},
        ),
        edit("the columns come from the rows: each axis is halved by itself", {COLUMNS: ROWS}),
        edit(
            "every pool starts from the clip again: it halves what the pool before it has left",
            {"frames / time": "clip[0] / time", "rows / 2": "clip[1] / 2", "columns / 2": "clip[2] / 2"},
        ),
        edit("this stops after pool1: return after the loop, not in it", {"    return": "        return"}),
        edit("extend takes the three numbers apart: append((...)) adds them as one", {"append": "extend"}),
        edit("`ceil` is part of the module math: math.ceil(...)", {"math.ceil": "ceil"}),
        edit("the order is (T, H, W): time comes first", {"(frames, rows, columns))": "(rows, columns, frames))"}),
        edit(
            "one bug is left: Caffe rounds up, so that the last row and column get a window of their own (// and "
            "int round "
            "down before anything can round up)",
            {FRAMES: "frames // time", **DOWN},
        ),
        edit("no pool halves time now: only the first one leaves it alone", {WINDOW: "1"}),
        edit("time is left alone by the last pool: it is the first one that leaves it alone", {"i == 0": "i == 4"}),
        edit("pool2 halves time already: only pool1, i == 0, leaves it alone", {"i == 0": "i <= 1"}),
        edit("the pools are counted from 0 here: pool1 has i == 0", {"i == 0": "i == 1"}),
        edit("the two cases are exchanged: pool1 has window 1 in time, the others 2", {WINDOW: "2 if i == 0 else 1"}),
        edit("time still rounds down: Caffe rounds up along every axis", {FRAMES: "frames // time"}),
        edit("rows and columns still round down: Caffe rounds up along every axis", DOWN),
        edit(
            "sizes are whole numbers: np.ceil gives floats; math.ceil gives ints",
            {SIZES: f"map(float, ({SIZES}))"},
        ),
        edit("half a place is left over: a size is a whole number, so round up with math.ceil", {"math.ceil": ""}),
        edit("only the last size came: give the list of all five", {"return sizes": "return sizes[-1]"}),
        edit(
            "the order is (T, H, W): rows and columns are exchanged",
            {"(frames, rows, columns))": "(frames, columns, rows))"},
        ),
        edit(
            "this pads every axis by one before it pools; Caffe pads nothing and rounds up",
            {
                FRAMES: "frames if time == 1 else (frames + 2) // 2",
                ROWS: "(rows + 2) // 2",
                COLUMNS: "(columns + 2) // 2",
            },
        ),
        edit("`round` goes to the nearest even number at a half: round up with math.ceil", {"math.ceil": "round"}),
    ),
    hints=(
        "Two things are special about C3D's pools: what the first one does to time, and what becomes of a row that is "
        "left over when the size is odd.",
        "`i` counts the pools from 0. `//` rounds down; `math.ceil(size / 2)` rounds up.",
        "`time = 1 if i == ____ else 2`, and then `frames, rows, columns = math.ceil(frames / time), math.ceil(____), "
        "math.ceil(____)`.",
    ),
)
