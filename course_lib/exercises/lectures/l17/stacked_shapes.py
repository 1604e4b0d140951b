"""17.3: what the refinement stacks, and how large it is."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def stacked_shapes(size, widths):
    rows, columns = size
    sizes = []
    for _ in widths:
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
        sizes.append((rows, columns))
    shapes = []
    for i in range(len(widths) - 2, 0, -1):
        shapes.append((widths[i] + widths[i - 1] + 2, *sizes[i]))
    return shapes
"""

CHANNELS = "widths[i] + widths[i - 1] + 2"
HALF = "(rows + 1) // 2, (columns + 1) // 2"
PUBLISHED = (64, 128, 256, 512, 512, 1024)


def _cases(generator):
    size = tuple(torch.randint(65, 200, (2,), generator=generator).tolist())
    widths = tuple(torch.randint(3, 40, (5,), generator=generator).tolist())
    return [
        Case("FlowNetS, 384 x 512", ((384, 512), PUBLISHED)),
        Case("FlowNetS on Sintel's 436 x 1024", ((436, 1024), PUBLISHED)),
        Case("odd sizes, 101 x 75", ((101, 75), PUBLISHED)),
        Case("the miniature, 48 x 64, four widths", ((48, 64), (16, 24, 32, 48))),
        Case(f"five other widths, {size[0]} x {size[1]}", (size, widths)),
    ]


stacked_shapes = exercise(
    "17.3",
    "What the refinement stacks",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the upsampled flow is missing: two channels more, u and v", {CHANNELS: "widths[i] + widths[i - 1]"}),
        edit("flow has two channels, u and v; this counts one", {CHANNELS: "widths[i] + widths[i - 1] + 1"}),
        edit(
            "the skip connection is missing: the map of that size from the way down, widths[i] channels",
            {CHANNELS: "widths[i - 1] + 2"},
        ),
        edit("the upconvolved features are missing: widths[i - 1] channels", {CHANNELS: "widths[i] + 2"}),
        edit(
            "an upconvolution that ends at map i gives widths[i - 1] channels, not those of the map from which it "
            "comes",
            {CHANNELS: "widths[i] + widths[i + 1] + 2"},
        ),
        edit(
            "an upconvolution that ends at map i gives widths[i - 1] channels, not as many as the skip",
            {CHANNELS: "2 * widths[i] + 2"},
        ),
        edit(
            "odd sizes round up: a convolution of stride 2 with this padding keeps a place for the last row",
            {HALF: "rows // 2, columns // 2"},
        ),
        edit(
            "the order: the coarsest stack comes first", {"range(len(widths) - 2, 0, -1)": "range(1, len(widths) - 1)"}
        ),
        edit(
            "the sizes are those of the map from which the upconvolution comes: it doubles them, to sizes[i]",
            {"*sizes[i]": "*sizes[i + 1]"},
        ),
        edit("the sizes are one level too fine: sizes[i] belongs to widths[i]", {"*sizes[i]": "*sizes[i - 1]"}),
        edit(
            "one stack too many: the refinement ends at conv2, a quarter of the picture",
            {"range(len(widths) - 2, 0, -1)": "range(len(widths) - 2, -1, -1)"},
        ),
        edit(
            "nothing is stacked at the coarsest map: the first stack is at the second coarsest",
            {"range(len(widths) - 2, 0, -1)": "range(len(widths) - 1, 0, -1)"},
        ),
        edit("rows come before columns: (channels, rows, columns)", {"*sizes[i]": "*sizes[i][::-1]"}),
        edit("both axes are halved: rows and columns", {HALF: "(rows + 1) // 2, columns"}),
        edit(
            "the columns come from the rows: each axis is halved by itself", {HALF: "(rows + 1) // 2, (rows + 1) // 2"}
        ),
        edit(
            "the channels come first: (channels, rows, columns)",
            {f"{CHANNELS}, *sizes[i]": f"*sizes[i], {CHANNELS}"},
        ),
        edit("three numbers are asked for, not one and a pair: `*` takes a pair apart", {"*sizes[i]": "sizes[i]"}),
        edit(
            "Python's `round` takes a half to the even neighbour, round(54.5) is 54: (n + 1) // 2 always rounds up",
            {HALF: "round(rows / 2), round(columns / 2)"},
        ),
        edit(
            "doubling from the coarsest map up is too large where a size was odd: the stack is as large as its skip",
            {"*sizes[i]": "(rows := 2 * rows), (columns := 2 * columns)"},
        ),
        edit(
            "this adds one to even sizes as well: (n + 1) // 2 rounds up only where a half is left",
            {HALF: "rows // 2 + 1, columns // 2 + 1"},
        ),
    ),
    hints=(
        "Go down first and note the size after each halving. Then come back up: which three things lie on the stack at "
        "each size?",
        "`(n + 1) // 2` is half of `n`, rounded up. Going up means `for i in range(len(widths) - 2, 0, -1)`: map `i` "
        "is the skip, and the upconvolution that leads there gives `widths[i - 1]` channels.",
        "`shapes.append((widths[i] + ____ + 2, *sizes[____]))`.",
    ),
)
