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
        Case("12 frames, kernel 5, stride 4", (12, 5), {"stride": 4}),
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
        edit(
            "one is missing: the last place is at size + 2 * padding - kernel, itself included",
            {"kernel)": "kernel - 1)"},
        ),
        edit(
            "the + 1 is there twice, before the division (by kernel - 1, say) and after it: it belongs after it alone",
            {"kernel)": "(kernel - 1))"},
        ),
        edit(
            "this rounds to the nearest step: an incomplete step would hang over the end; round down with //",
            {STEPS: "round((size + 2 * padding - kernel) / stride)"},
        ),
        edit("the padding counts once: it is added at both ends", {"2 * ": ""}),
        edit("half of the padding counts: it is added in full at both ends", {"2 * padding": "padding // 2"}),
        edit("the padding is taken away: it makes the axis longer", {"+ 2 * padding": "- 2 * padding"}),
        edit(
            "the padding is added at the end: it makes the axis longer before the kernel is placed",
            {" + 2 * padding": "", " + 1": " + 1 + 2 * padding"},
        ),
        edit(
            "the padding is added at the end: it makes the axis longer before the kernel is placed",
            {STEPS: "(size - kernel + 1) // stride + 2 * padding", " + 1\n": "\n"},
        ),
        edit(
            "brackets are missing: // binds more tightly than + and -, so only the kernel is divided",
            {STEPS: "size + 2 * padding - kernel // stride"},
        ),
        edit(
            "brackets are missing: // binds more tightly than + and -, so only the 1 is divided",
            {f"{STEPS} + 1": "size + 2 * padding - kernel + 1 // stride"},
        ),
        edit("the kernel is added: it takes its length off the axis", {"- kernel": "+ kernel"}),
        edit("only half of the kernel is taken off: it has to fit in full", {"- kernel": "- kernel // 2"}),
        edit(
            "the kernel is taken off after the division (or times the stride): first size + 2 * padding - kernel",
            {STEPS: "(size + 2 * padding) // stride - kernel"},
        ),
        edit(
            "this cuts the axis into pieces of the kernel's length: the kernel moves on by `stride`",
            {f"{STEPS} + 1": "(size + 2 * padding) // kernel"},
        ),
        edit(
            "the kernel is missing: it takes its length off the axis",
            {f"{STEPS} + 1": "(size + 2 * padding) // stride"},
        ),
        edit("this multiplies by the stride: larger steps leave fewer places", {"// stride": "* stride"}),
        edit("divide by the stride itself, not by stride + 1", {"// stride": "// (stride + 1)"}),
        edit("padding and stride are missing", {STEPS: "size - kernel"}),
        edit("one too many: count the steps, then add 1 for the first place", {"+ 1": "+ 2"}),
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
        edit("% gives what is left over: // counts the steps", {"// stride": "% stride"}),
        edit("the + 1 is missing, and the padding is added once more", {" + 1": " + padding"}),
    ),
    hints=(
        "Count steps, not places: from its first place the kernel can move until its end touches the end of the axis. "
        "Places are steps plus one.",
        "With padding the axis is `size + 2 * padding` long. The kernel takes `kernel` of it; `//` divides what is "
        "left into whole steps of `stride`.",
        "`(size + 2 * ____ - kernel) // ____ + 1`",
    ),
)
