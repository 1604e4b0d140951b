"""02.2: how many frames come out?"""

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.convolution import conv_output_size

from .._draw import draw

SOLUTION = """
def output_size(size, kernel, stride=1, padding=0):
    return (size + 2 * padding - kernel) // stride + 1
"""

STEPS = "(size + 2 * padding - kernel) // stride"


def _cases(generator):
    return [
        Case("16 frames, kernel 3", (16, 3)),
        Case("16 frames, kernel 3, stride 2, padding 1", (16, 3), {"stride": 2, "padding": 1}),
        Case("64 columns, pooling 4 with stride 4", (64, 4), {"stride": 4}),
        Case("7 frames, kernel 7: early fusion", (7, 7)),
        Case("10 frames, kernel 5, stride 3, padding 2", (10, 5), {"stride": 3, "padding": 2}),
        Case("11 frames, kernel 2, stride 4", (11, 2), {"stride": 4}),
        Case("10 frames, kernel 5, padding 2: the size stays", (10, 5), {"padding": 2}),
        Case("kernel longer than the clip, padded", (3, 5), {"padding": 1}),
        Case("another stride", (draw(generator, 12, 40), draw(generator, 2, 5)), {"stride": draw(generator, 2, 4)}),
        Case("another padding", (draw(generator, 12, 40), 5), {"stride": 2, "padding": draw(generator, 1, 2)}),
    ]


output_size = exercise(
    "02.2",
    "How many frames come out?",
    solution=SOLUTION,
    same_as=conv_output_size,
    cases=_cases,
    mistakes=(
        edit(
            "the + 1 is divided as well: count the steps first, (size + 2 * padding - kernel) // stride, then add 1",
            {"kernel) // stride + 1": "kernel + 1) // stride"},
        ),
        edit(
            "one too few: a kernel that exactly fits still has one place, so + 1 belongs after the division",
            {" + 1": ""},
        ),
        edit("the padding counts once: it is added at both ends", {"2 * ": ""}),
        edit(
            "the padding is missing: it makes the axis longer by 2 * padding before the kernel is placed",
            {" + 2 * padding": ""},
        ),
        edit("the stride is missing: of all places, only every stride-th is taken", {" // stride": ""}),
        edit(
            "this rounds up: the last, incomplete step would hang over the end; round down with //",
            {STEPS: "-(-(size + 2 * padding - kernel) // stride)"},
        ),
        edit("a size is a whole number: divide with //, which rounds down", {"//": "/"}),
        edit(
            "this divides the size by the stride: true only with padding that keeps the size; the kernel is missing",
            {f"{STEPS} + 1": "size // stride"},
        ),
    ),
    hints=(
        "Count steps, not places: from its first place the kernel can move until its end touches the end of the axis. "
        "Places are steps plus one.",
        "With padding the axis is `size + 2 * padding` long. The kernel takes `kernel` of it; `//` divides what is "
        "left into whole steps of `stride`.",
        "`(size + 2 * ____ - kernel) // ____ + 1`",
    ),
)
