"""20.1: shapes and cost through 3D convolutions."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def through_volumes(size, layers):
    channels, shapes, cost = 1, [], 0
    for width, kernel, stride, padding in layers:
        size = [(side + 2 * padding - kernel) // stride + 1 for side in size]
        shapes.append((width, *size))
        cost += width * size[0] * size[1] * size[2] * channels * kernel**3
        channels = width
    return shapes, cost
"""

SIDE, COST = "(side + 2 * padding - kernel) // stride + 1", "channels * kernel**3"
CELLS = "size[0] * size[1] * size[2]"


def _cases(generator):
    def number(low, high):
        return int(torch.randint(low, high + 1, (), generator=generator))

    layers = [(number(3, 9), kernel, stride, padding) for kernel, stride, padding in ((5, 2, 1), (3, 1, 0), (2, 2, 0))]
    return [
        Case("3D ShapeNets: 30^3, three layers", ((30, 30, 30), [(48, 6, 2, 0), (160, 5, 2, 0), (512, 4, 1, 0)])),
        Case("one layer, padded", ((number(9, 14), 8, number(15, 20)), [(number(2, 7), 3, 2, 1)])),
        Case("three layers on an uneven grid", ((number(18, 24), number(25, 31), 17), layers)),
        Case("padded by 2", ((6, number(7, 9), 11), [(4, 5, 1, 2), (number(2, 6), 3, 3, 2)])),
    ]


through_volumes = exercise(
    "20.1",
    "Shapes and cost through 3D convolutions",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the kernel has three axes: kernel**3 numbers per pair of channels", {"kernel**3": "kernel**2"}),
        edit("the kernel has three axes: kernel**3 numbers per pair of channels", {"kernel**3": "kernel * 3"}),
        edit("the kernel has three axes: kernel**3 numbers per pair of channels", {"kernel**3": "kernel"}),
        edit(
            "each output reads all channels of the layer before: multiply by them, and keep `width` for the next layer",
            {COST: "kernel**3"},
        ),
        edit(
            "a layer reads the channels of the layer *before* it: the grid begins with 1", {COST: "width * kernel**3"}
        ),
        edit("the cost is that of the last layer alone: add the layers up", {"cost +=": "cost ="}),
        edit("an output is computed in every cell of the *output*: multiply by their number", {f"{CELLS} * ": ""}),
        edit("each of the `width` channels is computed", {f"width * {CELLS}": CELLS}),
        edit(
            "the last place is missing: (side + 2 padding - kernel) // stride **+ 1**", {" // stride + 1": " // stride"}
        ),
        edit(
            "the `+ 1` stands behind the division: places *between* the first and the last, and the first",
            {SIDE: "(side + 2 * padding - kernel + 1) // stride"},
        ),
        edit(
            "the stride divides what the kernel leaves: subtract it first",
            {SIDE: "(side + 2 * padding) // stride - kernel + 1"},
        ),
        edit("a grid has three axes: D' * H' * W' cells", {CELLS: "size[0] * size[1]"}),
        edit("each axis has its own size: D' * H' * W' cells", {CELLS: "size[0] ** 3"}),
        edit(
            "the grid of voxels has one channel: the first layer reads 1",
            {"channels, shapes, cost = 1": "channels, shapes, cost = 3"},
        ),
        edit("multiply-adds alone: a bias is no product", {COST: f"({COST} + 1)"}),
        edit(
            "each layer reads the sizes that the layer before has made",
            {
                "for side in size]": "for side in start]",
                "channels, shapes": "start, channels, shapes",
                "= 1, [], 0": "= size, 1, [], 0",
            },
        ),
        edit("padding lies on both sides: 2 * padding", {"2 * padding": "padding"}),
        edit("the padding is forgotten", {" + 2 * padding": ""}),
        edit("the stride is forgotten", {" // stride": ""}),
        edit("sizes are whole numbers, rounded down: //", {SIDE: "-((kernel - side - 2 * padding) // stride) + 1"}),
        edit("the kernel is forgotten in the size", {" - kernel": ""}),
        edit(
            "the cost counts the cells of the input, before the stride",
            {"size = [": "before, size = size, [", CELLS: "before[0] * before[1] * before[2]"},
        ),
        edit("the channels come first: (width, D, H, W)", {"(width, *size)": "(*size, width)"}),
        edit("each axis has its own size", {"for side in size": "for side in [size[0]] * 3"}),
        edit("these are the shapes without the channels", {"(width, *size)": "tuple(size)"}),
        edit("the order is shapes, cost", {"return shapes, cost": "return cost, shapes"}),
        edit("a multiply-add counts once, not as two operations", {"cost += width": "cost += 2 * width"}),
    ),
    hints=(
        "As in lecture 02, with one axis more: each axis by itself. Each number of the output is a sum over all "
        "channels before it and over all places of the kernel.",
        "One side becomes `(side + 2 * padding - kernel) // stride + 1`. The layer makes `width * D' * H' * W'` "
        "numbers, each from `channels * kernel**3` products.",
        "`size = [(side + 2 * padding - ____) // stride + 1 for side in size]`, then "
        "`cost += width * size[0] * size[1] * size[2] * ____`, and last `channels = ____`.",
    ),
)
