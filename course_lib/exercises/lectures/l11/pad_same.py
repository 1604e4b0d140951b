"""11.2: TensorFlow's SAME padding."""

from course_lib.exercises import Case, edit, exercise
from course_lib.models.i3d import same_padding

from .._draw import draw

SOLUTION = """
import math


def pad_same(size, kernel, stride):
    outputs = math.ceil(size / stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    before = total // 2
    return before, total - before
"""

OUTPUTS, NEEDED, HALF = "math.ceil(size / stride)", "(outputs - 1) * stride + kernel - size", "total // 2"
RETURNED = "before, total - before"


def _cases(generator):
    def another():
        return draw(generator, 20, 90), draw(generator, 4, 7), draw(generator, 2, 3)

    return [
        Case("conv1 of I3D on 224 rows: kernel 7, stride 2", (224, 7, 2)),
        Case("the same on 225 rows", (225, 7, 2)),
        Case("a pool of 2 with stride 2 on 7 rows", (7, 2, 2)),
        Case("a pool of 2 with stride 2 on 8 rows: nothing to pad", (8, 2, 2)),
        Case("kernel 3, stride 1, 10 frames", (10, 3, 1)),
        Case("kernel 4, stride 1: an odd number of cells", (9, 4, 1)),
        Case("kernel 1, stride 3: the stride jumps over cells", (11, 1, 3)),
        Case("a kernel larger than the input", (2, 5, 2)),
        Case("other numbers", another()),
        Case("and others", another()),
    ]


pad_same = exercise(
    "11.2",
    "SAME padding",
    points=2,
    solution=SOLUTION,
    same_as=same_padding,
    cases=_cases,
    mistakes=(
        edit("the odd cell goes to the end: before is the smaller half", {RETURNED: "total - before, before"}),
        edit(
            "both sides get the same: an odd total leaves one cell more for the end",
            {RETURNED: "before, before"},
        ),
        edit(
            "this is the padding of half a kernel at both ends, as in PyTorch layers: SAME depends on the size, too",
            {RETURNED: "kernel // 2, kernel // 2"},
        ),
        edit(
            "this is SAME for a stride of 1: kernel - 1 cells; with a stride, count what the last kernel lacks",
            {NEEDED: "kernel - 1"},
        ),
        edit(
            "a negative number came: where the stride jumps over the last cells, nothing is cut off; max(..., 0)",
            {f"max({NEEDED}, 0)": NEEDED},
        ),
        edit("the number of outputs is rounded up: ceil(size / stride)", {OUTPUTS: "size // stride"}),
        edit(
            "one output too many: ceil(size / stride), which floor + 1 is not when it divides evenly",
            {
                OUTPUTS: "size // stride + 1",
            },
        ),
        edit(
            "outputs kernels stand outputs - 1 strides apart: from the first to the last is (outputs - 1) * stride",
            {"(outputs - 1) * stride": "outputs * stride"},
        ),
        edit(
            "the input's own cells are missing: pad only what (outputs - 1) * stride + kernel exceeds `size` by",
            {" + kernel - size": " + kernel"},
        ),
        edit(
            "kernel - stride is enough only where the stride divides the size: count what the last kernel lacks",
            {NEEDED: "kernel - stride"},
        ),
        edit(
            "`outputs - 1 * stride` multiplies first: the brackets around outputs - 1 are missing",
            {"(outputs - 1) * stride": "outputs - 1 * stride"},
        ),
        edit(
            "where nothing is lacking, nothing is padded: max(..., 0), not the absolute value",
            {f"max({NEEDED}, 0)": f"abs({NEEDED})"},
        ),
        edit(
            "this is the number of outputs without any padding: SAME makes ceil(size / stride) of them",
            {OUTPUTS: "math.ceil((size - kernel + 1) / stride)"},
        ),
        edit(
            "this fills up to a multiple of the stride: it is the last kernel whose cells must all be there",
            {NEEDED: "outputs * stride - size"},
        ),
        edit(
            "kernel and stride are exchanged: kernels stand `stride` apart, and the last one is `kernel` long",
            {NEEDED: "(outputs - 1) * kernel + stride - size"},
        ),
        edit(
            "the last kernel covers `kernel` cells from where it starts, not kernel - 1",
            {
                "+ kernel - size": "+ kernel - 1 - size",
            },
        ),
        edit("this is the total: it is shared between both ends", {RETURNED: "total"}),
        edit("the whole padding stands at the end: half of it, rounded down, comes first", {RETURNED: "0, total"}),
        edit("the whole padding stands at the beginning: the larger half comes last", {RETURNED: "total, 0"}),
        edit("half a cell does not exist: round down before, and give the rest to the end", {HALF: "total / 2"}),
    ),
    hints=(
        "SAME fixes the number of outputs first: one per stride, rounded up. Then it pads exactly so much that the "
        "last kernel finds its cells.",
        "The first kernel starts at 0, the last one at `(outputs - 1) * stride`, and it is `kernel` long. What of it "
        "lies beyond `size`? That may be nothing, and never less. The smaller half comes first.",
        "`outputs = math.ceil(____)`; `total = max((outputs - 1) * stride + ____ - size, ____)`; return `total // 2` "
        "and the rest.",
    ),
)
