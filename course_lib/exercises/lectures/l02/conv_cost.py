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
    ),
    hints=(
        "One output needs one kernel for every input channel, and one bias. How many numbers is that? And how often is "
        "each weight used?",
        "Parameters: `outputs * (channels * R * P * Q + 1)`. For the multiply-adds leave the biases out. "
        "`R, P, Q = kernel` and `T, H, W = places` take the two triples apart.",
        "`weights = outputs * channels * R * P * ____`; return `weights + ____` and `weights * T * H * ____`.",
    ),
)
