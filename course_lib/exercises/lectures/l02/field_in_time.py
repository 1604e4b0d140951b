"""02.3: the receptive field in time, repaired."""

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.receptive_field import Layer, receptive_field

from .._draw import draw

SOLUTION = """
def field_in_time(layers):
    field, jump, fields = 1, 1, []
    for kernel, stride in layers:
        field = field + (kernel - 1) * jump
        jump = jump * stride
        fields.append(field)
    return fields
"""

GROW, WIDEN = "field = field + (kernel - 1) * jump", "jump = jump * stride"
DOWN = (
    "this runs in the wrong direction: multiplying by the stride is right when going down from the top; going "
    "up, it grows by (kernel - 1) * jump"
)
BEGIN, LINE, NOTE = "in layers:\n", f"        {WIDEN}\n", "        fields.append(field)\n"


def _cases(generator):
    def layers(count):
        return [(draw(generator, 2, 4), draw(generator, 2, 3)) for _ in range(count)]

    return [
        Case("two convolutions of 3 frames", ([(3, 1), (3, 1)],)),
        Case("the 3D CNN of the table", ([(3, 1), (4, 4), (3, 1)],)),
        Case("strides 2, 1, 3", ([(3, 2), (2, 1), (4, 3), (2, 1)],)),
        Case("slow fusion (Karpathy et al.)", ([(4, 2), (2, 2), (2, 2)],)),
        Case("one frame at a time", ([(1, 1), (1, 4), (5, 1)],)),
        Case("three other layers", (layers(3),)),
        Case("four other layers", (layers(4),)),
    ]


def of_the_library(layers):
    """The same from the formula for three axes at once."""
    endless = 10**9  # frames: no border cuts the field
    rows = receptive_field([Layer("", (k, 1, 1), stride=(s, 1, 1)) for k, s in layers], (1, endless, 1, 1))
    return [row.field[0] for row in rows[1:]]


field_in_time = exercise(
    "02.3",
    "Fix the bugs: the receptive field in time",
    points=2,
    solution=SOLUTION,
    same_as=of_the_library,
    cases=_cases,
    forbidden=("course_lib.ops.receptive_field.receptive_field",),
    mistakes=(
        edit(
            "both bugs are still there: check one convolution of 3 frames by hand, then a layer with a stride",
            {"(kernel - 1)": "kernel", LINE: "", BEGIN: BEGIN + LINE},
        ),
        edit(
            "the field grows too fast: the first of the kernel's inputs was already seen, so only kernel - 1 are new",
            {"(kernel - 1)": "kernel"},
        ),
        edit(
            "a layer's own stride does not widen its own field: change the jump after the field, for the layers above",
            {LINE: "", BEGIN: BEGIN + LINE},
        ),
        edit(
            "the jump is missing: after a stride, neighbouring units lie `jump` frames apart",
            {"(kernel - 1) * jump": "kernel - 1"},
        ),
        edit(
            "this takes only the layer's own stride: the jump is the product of all strides so far",
            {"(kernel - 1) * jump": "(kernel - 1) * stride"},
        ),
        edit(
            "- 1 stands outside: kernel - 1 gaps are each `jump` frames wide, so (kernel - 1) * jump with brackets",
            {"(kernel - 1) * jump": "kernel * jump - 1"},
        ),
        edit(
            "- 1 stands outside, and the jump changes too early: (kernel - 1) * jump with brackets, then the jump",
            {"(kernel - 1) * jump": "kernel * jump - 1", LINE: "", BEGIN: BEGIN + LINE},
        ),
        edit(
            "brackets are missing: * binds more tightly than -, so this subtracts the jump; (kernel - 1) * jump",
            {"(kernel - 1)": "kernel - 1"},
        ),
        edit(
            "the old field is multiplied as well: only what is new, (kernel - 1) * jump, depends on the jump",
            {"field + (kernel - 1) * jump": "(field + kernel - 1) * jump"},
        ),
        edit(
            "the old field is multiplied: it stays, and (kernel - 1) * jump is added",
            {GROW: "field = field * jump + kernel - 1"},
        ),
        edit(
            "the field is noted before it has grown: the list has the field after each layer",
            {NOTE: "", BEGIN: BEGIN + NOTE},
        ),
        edit(
            "the field is noted before it has grown, and both bugs are still there",
            {NOTE: "", "(kernel - 1)": "kernel", LINE: "", BEGIN: BEGIN + NOTE + LINE},
        ),
        edit(
            "the jump forgets the layers below: it is multiplied by each stride, jump * stride",
            {"jump * stride": "stride"},
        ),
        edit("jumps multiply: a stride of 2 on a stride of 3 gives 6, not 5", {"jump * stride": "jump + stride"}),
        edit("a stride makes the gaps wider, not narrower: jump * stride", {"jump * stride": "jump // stride"}),
        edit(
            DOWN,
            {GROW: "field = (field - 1) * stride + kernel"},
        ),
        edit(
            DOWN,
            {GROW: "field = field * stride + kernel - 1"},
        ),
        edit(
            "from the top down this gives the field of the last layer alone: each layer needs those below it, from the "
            "first on",
            {"in layers": "in reversed(layers)", GROW: "field = (field - 1) * stride + kernel"},
        ),
        edit(
            "the layers run backwards: the first of the list lies on the clip",
            {"in layers": "in reversed(layers)"},
        ),
        edit("the field is not added up: it grows, field + (kernel - 1) * jump", {GROW: "field = (kernel - 1) * jump"}),
        edit(
            "the field is not added up, and - 1 is missing: field + (kernel - 1) * jump",
            {GROW: "field = kernel * jump"},
        ),
        edit(
            "kernel - 1 gaps, whatever the stride: it belongs into the jump",
            {"kernel - 1": "kernel - stride"},
        ),
        edit("the kernel's own units are 1 gap fewer: kernel - 1, not kernel + 1", {"kernel - 1": "kernel + 1"}),
        edit("the field begins at 1: a frame sees itself", {"jump, fields = 1": "jump, fields = 0"}),
        edit(
            "the field begins at 1 (a frame sees itself), and each kernel adds kernel - 1 gaps",
            {"jump, fields = 1": "jump, fields = 0", "(kernel - 1)": "kernel"},
        ),
        edit(
            "kernel and stride are exchanged: each layer is (kernel, stride)",
            {"kernel, stride in": "stride, kernel in"},
        ),
        edit("these are the jumps: the fields are asked for", {"append(field)": "append(jump)"}),
        edit(
            "the field counts frames already: do not multiply it",
            {"append(field)": "append(field * jump)"},
        ),
        edit("pairs came: the fields alone are asked for", {"append(field)": "append((field, jump))"}),
        edit(
            "the return stands inside the loop and ends it early: move it left",
            {"    return": "        return"},
        ),
        edit("only the last field is noted: the append belongs into the loop", {NOTE: "    fields.append(field)\n"}),
        edit("the clip itself is no layer: the list begins with the field of the first layer", {", []": ", [1]"}),
        edit(
            "fields and jumps came in turn: the fields alone are asked for", {"append(field)": "extend([field, jump])"}
        ),
        edit(
            "the kernels are multiplied: the jump is the product of the strides, and a layer adds (kernel - 1) * jump",
            {GROW: "field = field * kernel"},
        ),
        edit("only the last field came: give the list of all fields, one per layer", {"return fields": "return field"}),
        edit(
            "the field is not added up: it starts from the field below, not from 1",
            {GROW: "field = (kernel - 1) * jump + 1"},
        ),
        edit(
            "the jump is missing, and - 1 as well: each layer adds (kernel - 1) * jump",
            {GROW: "field = field + kernel"},
        ),
        edit(
            "this takes only the layer's own stride, and - 1 is missing: each layer adds (kernel - 1) * jump",
            {GROW: "field = field + kernel * stride"},
        ),
        edit("jumps multiply: two strides of 3 give 9, not 5", {"jump * stride": "jump + stride - 1"}),
    ),
    hints=(
        "Two lines are wrong, or stand in the wrong place. Take a pencil: one convolution of 3 frames sees 3 frames. "
        "Pool 4 frames with stride 4: how many does it see, and how far apart are its outputs?",
        "`jump` is the distance, in frames of the clip, between two inputs of the present layer. A kernel of 3 spans "
        "2 of these distances. The layer's own stride matters only to the layers above it.",
        "In the loop: first `field = field + (kernel - ____) * jump`, then `jump = jump * ____`, then the append.",
    ),
)
