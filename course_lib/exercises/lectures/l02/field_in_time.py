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
BEGIN, LINE = "in layers:\n", f"        {WIDEN}\n"


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
        edit("fields do not multiply: each layer adds (kernel - 1) * jump", {GROW: "field = field * kernel"}),
        edit("only the last field came: give the list of all fields, one per layer", {"return fields": "return field"}),
    ),
    hints=(
        "Two lines are wrong, or stand in the wrong place. Take a pencil: one convolution of 3 frames sees 3 frames. "
        "Pool 4 frames with stride 4: how many does it see, and how far apart are its outputs?",
        "`jump` is the distance, in frames of the clip, between two inputs of the present layer. A kernel of 3 spans "
        "2 of these distances. The layer's own stride matters only to the layers above it.",
        "In the loop: first `field = field + (kernel - ____) * jump`, then `jump = jump * ____`, then the append.",
    ),
)
