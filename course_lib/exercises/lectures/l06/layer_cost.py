"""06.1: what a 3D convolution layer costs."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def layer_cost(inputs, outputs, size, depth=3):
    T, H, W = size
    weights = outputs * inputs * depth * 3 * 3
    return weights + outputs, weights * T * H * W
"""

RETURNED = "weights + outputs, weights * T * H * W"
FLOATS = "the numbers are right, and floats: counts are whole numbers (int), so nothing is divided or converted"
ONLY_WEIGHTS = "the depth multiplies the weights, not the biases: there is one bias per output"


def _cases(generator):
    def draw(low, high):
        """A whole number from low to high."""
        return int(torch.randint(low, high + 1, (), generator=generator))

    another = tuple(draw(8, 30) for _ in range(3))
    return [
        Case("conv1 of C3D: 3 -> 64", (3, 64, (16, 112, 112))),
        Case("conv4a of C3D: 256 -> 512, fewer places", (256, 512, (4, 14, 14))),
        Case("depth 1", (8, 16, (8, 6, 10), 1)),
        Case("depth 7", (5, 4, (9, 7, 11), 7)),
        Case("another layer", (draw(2, 9), draw(10, 19), another, 5)),
    ]


layer_cost = exercise(
    "06.1",
    "What does a layer cost?",
    points=1,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the depth is missing: a kernel of depth d has d times as many weights as one of 3 x 3",
            {"depth * 3 * 3": "3 * 3"},
        ),
        edit("the depth is fixed to 3: use the argument `depth`", {"inputs * depth": "inputs * 3"}),
        edit(
            "the frames are missing: the kernel stands at T x H x W places, not at H x W",
            {RETURNED: "weights + outputs, weights * H * W"},
        ),
        edit(
            "the kernel is depth x 3 x 3; this one is as deep as it is wide (depth x depth x depth)",
            {"depth * 3 * 3": "depth**3"},
        ),
        edit(
            "the input channels are missing: each output has a kernel for every channel",
            {"outputs * inputs": "outputs"},
        ),
        edit("the biases are missing among the parameters: one per output", {"weights + outputs": "weights"}),
        edit(
            "the layer is padded: there are as many places in time as frames, not T - depth + 1",
            {"* T *": "* (T - depth + 1) *"},
        ),
        edit(
            "the layer is padded: it has as many places as the clip has pixels, in rows and columns, too",
            {"* T * H * W": "* (T - depth + 1) * (H - 2) * (W - 2)"},
        ),
        edit("there is one bias per output, not one per input channel", {"weights + outputs": "weights + inputs"}),
        edit("there is one bias per output, not one for the layer", {"weights + outputs": "weights + 1"}),
        edit("one 3 is missing: the kernel has depth x 3 x 3 numbers", {"depth * 3 * 3": "depth * 3"}),
        edit(
            "the outputs count twice in the multiply-adds: the weights have them already",
            {"weights * T": "weights * outputs * T"},
        ),
        edit("the number of places is the product T x H x W, not the sum", {"T * H * W": "(T + H + W)"}),
        edit(
            "these are only the parameters: return the pair (parameters, multiply-adds)",
            {RETURNED: "weights + outputs"},
        ),
        edit(
            "these are only the multiply-adds: return the pair (parameters, multiply-adds)",
            {RETURNED: "weights * T * H * W"},
        ),
        edit(FLOATS, {"depth * 3 * 3": "depth * 3 * 3 / 1"}),
        edit(FLOATS, {RETURNED: "float(weights + outputs), weights * T * H * W"}),
        edit(FLOATS, {RETURNED: "weights + outputs, float(weights * T * H * W)"}),
        edit(
            "the outputs are missing: each of them has a kernel of its own for every input channel",
            {"outputs * inputs": "inputs"},
        ),
        edit("one 3 is too many: the kernel has depth x 3 x 3 numbers", {"depth * 3 * 3": "depth * 3 * 3 * 3"}),
        edit("a kernel is as long as `depth`, not as the clip", {"inputs * depth": "inputs * T"}),
        edit("the kernel stands at T x H x W places, however deep it is", {"weights * T": "weights * depth"}),
        edit(
            "the layer is padded in rows and columns, too: there are H x W places, not (H - 2) x (W - 2)",
            {"* H * W": "* (H - 2) * (W - 2)"},
        ),
        edit("the parameters miss the depth: a kernel has depth x 3 x 3 numbers", {"weights +": "weights // depth +"}),
        edit(
            "there is one bias per output, not one per pair of channels",
            {"weights + outputs": "weights + inputs * outputs"},
        ),
        edit(
            "one bias serves an output at all places: it does not count once per place",
            {"weights + outputs,": "weights + outputs * T * H * W,"},
        ),
        edit(ONLY_WEIGHTS, {"weights + outputs,": "weights + outputs * depth,"}),
        edit(
            f"{ONLY_WEIGHTS}; and the multiply-adds miss the frames, T x H x W places",
            {RETURNED: "weights + outputs * depth, weights * H * W"},
        ),
        edit(
            "the multiply-adds miss the depth: there are as many at each place as a kernel has weights",
            {"weights * T": "weights // depth * T"},
        ),
        edit(
            "the multiply-adds miss the outputs: every output has a kernel at each place",
            {"weights * T": "weights // outputs * T"},
        ),
        edit(
            "these are FLOPs: a multiply-add counts once here, not as two operations",
            {"weights * T": "2 * weights * T"},
        ),
        edit(
            "adding a bias is no multiplication: multiply-adds count the weights alone",
            {"weights * T": "(weights + outputs) * T"},
        ),
        edit(
            "the order is (parameters, multiply-adds)",
            {RETURNED: "weights * T * H * W, weights + outputs"},
        ),
        edit(
            "the multiply-adds miss the kernel: at every place each of its numbers is multiplied",
            {"weights * T": "inputs * outputs * T"},
        ),
        edit(
            "inputs and outputs are added: every output has a kernel for every input channel",
            {"outputs * inputs": "(outputs + inputs)"},
        ),
        edit(
            "the padding is counted as places: as many come out as went in, T x H x W",
            {"T * H * W": "(T + 2) * (H + 2) * (W + 2)"},
        ),
        edit("the kernel's sides are added: it has depth x 3 x 3 numbers", {"depth * 3 * 3": "(depth + 3 + 3)"}),
    ),
    hints=(
        "Time is one more axis, of the kernel and of the places. How many weights does one kernel of depth "
        "$d$ have? And at how many places does it stand when the layer is padded?",
        "`T, H, W = size`. The weights of the worked example get one more factor, and so do its multiply-adds. The "
        "biases stay as they are.",
        "`weights = outputs * inputs * ____ * 3 * 3`; return `weights + outputs, weights * T * ____`.",
    ),
)
