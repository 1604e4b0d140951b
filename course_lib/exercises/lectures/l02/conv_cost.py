"""02.4: what does a 3D convolution cost?"""

from course_lib.exercises import Case, edit, exercise

from .._draw import draw

SOLUTION = """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    weights = outputs * channels * R * P * Q
    T, H, W = places
    return weights + outputs, weights * T * H * W
"""

PARAMETERS, MULTIPLY_ADDS = "weights + outputs", "weights * T * H * W"


def _cases(generator):
    def three(low, high):
        return tuple(draw(generator, low, high) for _ in range(3))

    return [
        Case("3D CNN: 3 -> 12, 3 x 3 x 3", (3, 12, (3, 3, 3), (20, 64, 64))),
        Case("late fusion: 3 -> 12, 1 x 3 x 3", (3, 12, (1, 3, 3), (20, 64, 64))),
        Case("early fusion: 3 -> 12, 20 x 3 x 3", (3, 12, (20, 3, 3), (1, 64, 64))),
        Case("Ji et al., C2: 1 -> 2, 3 x 7 x 7", (1, 2, (3, 7, 7), (5, 54, 34))),
        Case("Ji et al., C4: 1 -> 3, 3 x 7 x 6", (1, 3, (3, 7, 6), (3, 21, 12))),
        Case("another layer", (draw(generator, 2, 9), draw(generator, 2, 9), three(2, 5), three(4, 30))),
        Case("a deep one", (draw(generator, 40, 80), draw(generator, 90, 99), three(2, 5), three(4, 9))),
    ]


conv_cost = exercise(
    "02.4",
    "What does a 3D convolution cost?",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the biases are missing among the parameters: one per output", {PARAMETERS: "weights"}),
        edit("there is one bias per output, not one for the layer", {PARAMETERS: "weights + 1"}),
        edit(
            "there is one bias per output, not one per output and input channel",
            {PARAMETERS: "weights + outputs * channels"},
        ),
        edit("the input channels are missing: each output has a kernel for every channel", {" * channels": ""}),
        edit("the kernel's length in time is missing: this is the cost of a 2D convolution", {" * R": ""}),
        edit(
            "the outputs are missing: each output has kernels and a bias of its own",
            {"outputs * channels": "channels", PARAMETERS: "weights + 1"},
        ),
        edit(
            "the outputs are missing among the parameters: each output has kernels of its own",
            {PARAMETERS: "weights // outputs + outputs"},
        ),
        edit("there is one bias per output, not one per input channel", {PARAMETERS: "weights + channels"}),
        edit("the biases do not depend on the places: one per output", {PARAMETERS: "weights + outputs * T * H * W"}),
        edit(
            "parameters are shared by all places: their number does not grow with T', H', W'",
            {PARAMETERS: "(weights + outputs) * T * H * W"},
        ),
        edit(
            "the channels are added: each of the R * P * Q numbers is there once per channel",
            {"channels * R * P * Q": "(channels + R * P * Q)"},
        ),
        edit(
            "the channels are added: each of the R * P * Q numbers is there once per channel",
            {"channels * R": "(channels + R)"},
        ),
        edit(
            "a kernel of R x P x Q has R * P * Q numbers, and there are T' * H' * W' places: products, not sums",
            {"R * P * Q": "(R + P + Q)", MULTIPLY_ADDS: "weights * (T + H + W)"},
        ),
        edit("there are T' * H' * W' places: a product, not a sum", {MULTIPLY_ADDS: "weights * (T + H + W)"}),
        edit(
            "`places` is the output's size already: nothing is to be taken off",
            {MULTIPLY_ADDS: "weights * (T - R + 1) * (H - P + 1) * (W - Q + 1)"},
        ),
        edit(
            "T' is missing in the multiply-adds: the kernel stands at T' x H' x W' places",
            {MULTIPLY_ADDS: "weights * H * W"},
        ),
        edit(
            "the input channels are missing in the multiply-adds: every weight is used at every place",
            {MULTIPLY_ADDS: "outputs * R * P * Q * T * H * W"},
        ),
        edit("the channels are counted twice in the multiply-adds", {MULTIPLY_ADDS: f"{MULTIPLY_ADDS} * channels"}),
        edit(
            "adding a bias is no multiplication: multiply-adds count the weights alone",
            {MULTIPLY_ADDS: f"{MULTIPLY_ADDS} + outputs"},
        ),
        edit("these are the places: each weight is used once at each of them", {MULTIPLY_ADDS: "T * H * W"}),
        edit("the multiply-adds are in millions: give their number", {MULTIPLY_ADDS: f"{MULTIPLY_ADDS} / 1e6"}),
        edit(
            "one sum came: return the two numbers as a pair, parameters and multiply-adds",
            {f"{PARAMETERS}, ": f"{PARAMETERS} + "},
        ),
        edit("the parameters are missing: return the pair (parameters, multiply-adds)", {f"{PARAMETERS}, ": ""}),
        edit("the multiply-adds are missing: return the pair (parameters, multiply-adds)", {f", {MULTIPLY_ADDS}": ""}),
        edit(
            "the multiply-adds are those of one place: the kernel stands at T' x H' x W' places",
            {MULTIPLY_ADDS: "weights"},
        ),
        edit(
            "adding a bias is no multiplication: multiply-adds count the weights alone",
            {MULTIPLY_ADDS: "(weights + outputs) * T * H * W"},
        ),
        edit(
            "these are FLOPs: a multiply-add counts once here, not as two operations",
            {MULTIPLY_ADDS: f"2 * {MULTIPLY_ADDS}"},
        ),
        edit(
            "the outputs are missing in the multiply-adds: every output does its own sum at every place",
            {MULTIPLY_ADDS: "channels * R * P * Q * T * H * W"},
        ),
        edit(
            "the order is (parameters, multiply-adds)",
            {f"{PARAMETERS}, {MULTIPLY_ADDS}": f"{MULTIPLY_ADDS}, {PARAMETERS}"},
        ),
        edit(
            "these are FLOPs, with the biases: count a multiply-add once, and the weights alone",
            {MULTIPLY_ADDS: "2 * (weights + outputs) * T * H * W"},
        ),
        edit(
            "W' is missing in the multiply-adds: the kernel stands at T' x H' x W' places",
            {MULTIPLY_ADDS: "weights * T * H"},
        ),
        edit("there is one bias per output, and none per input channel", {PARAMETERS: "weights + outputs + channels"}),
        edit(
            "the multiply-adds are those of one output, bias included: count all outputs, and no biases",
            {MULTIPLY_ADDS: "(channels * R * P * Q + 1) * T * H * W"},
        ),
        edit(
            "the input channels are missing among the parameters: each output has a kernel for every channel",
            {PARAMETERS: "weights // channels + outputs"},
        ),
        edit(
            "outputs and channels are added: every output has a kernel for every channel, a product",
            {"outputs * channels": "(outputs + channels)"},
        ),
        edit("the kernel's sides are added: it has R x P x Q numbers", {"R * P * Q": "(R + P + Q)"}),
    ),
    hints=(
        "One output needs one kernel for every input channel, and one bias. How many numbers is that? And how often is "
        "each weight used?",
        "Parameters: `outputs * (channels * R * P * Q + 1)`. For the multiply-adds leave the biases out. "
        "`R, P, Q = kernel` and `T, H, W = places` take the two triples apart.",
        "`weights = outputs * channels * R * P * ____`; return `weights + ____` and `weights * T * H * ____`.",
    ),
)
