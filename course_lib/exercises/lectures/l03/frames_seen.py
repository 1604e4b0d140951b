"""03.2: the temporal extent of slow fusion."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def frames_seen(unit, extents, strides):
    first = last = unit
    for extent, stride in zip(reversed(extents), reversed(strides), strict=True):
        first, last = first * stride, last * stride + extent - 1
    return first, last
"""

STEP = "first, last = first * stride, last * stride + extent - 1"
LOOP = f"for extent, stride in zip(reversed(extents), reversed(strides), strict=True):\n        {STEP}"
LAST = "last * stride + extent - 1"
RETURN = "return first, last"
ONE_REVERSED = "one of the two lists still runs from the bottom up: reverse both"
ALL_FRAMES = "these are all the frames that the unit sees: only the first and the last of them are asked for"
LARGER_STEPS = (
    "a layer further up takes larger steps: its extent counts in units of the layer below, which lie all the strides "
    "below it apart"
)


def _upwards(grow, jump="jump * stride", place="unit * jump"):
    """The other way to the answer, from the bottom up: a field that grows, and the distance between two units."""
    return {
        LOOP: f"field, jump = 1, 1\n    for extent, stride in zip(extents, strides):\n        "
        f"field, jump = field + {grow}, {jump}\n    first = {place}\n    last = first + field - 1"
    }


def _cases(generator):
    def draw(low, high):
        return int(torch.randint(low, high + 1, (), generator=generator))

    def stack(layers):
        return tuple(draw(3, 6) for _ in range(layers)), tuple(draw(2, 4) for _ in range(layers))

    return [
        Case("slow fusion: the one unit of conv3", (0, (4, 2, 2), (2, 2, 2))),
        Case("slow fusion: the second unit of conv2", (1, (4, 2), (2, 2))),
        Case("slow fusion: the last unit of conv1", (3, (4,), (2,))),
        Case("early fusion: conv1", (0, (10,), (1,))),
        Case("another network: extents 3, 5, 2, strides 1, 3, 2", (2, (3, 5, 2), (1, 3, 2))),
        Case("three other layers", (draw(1, 5), *stack(3))),
        Case("four other layers", (draw(1, 5), *stack(4))),
    ]


frames_seen = exercise(
    "03.2",
    "The temporal extent of slow fusion",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the walk goes from the bottom up: start at the unit and go through the layers in reverse",
            {"reversed(extents), reversed(strides)": "extents, strides"},
        ),
        edit("the last frame is one too far: a kernel of 4 that begins at 0 ends at 3", {" - 1": ""}),
        edit("the strides are missing", {STEP: "last = last + extent - 1"}),
        edit(
            "this is where the lowest kernel begins and ends, and not yet what its neighbours see: `last` moves with "
            "the last unit, `first` with the first",
            {LAST: "first * stride + extent - 1"},
        ),
        edit(
            "the stride stretches the extent too: multiply the unit's place by the stride, then add extent - 1 "
            "(upwards: "
            "the field grows first, then the jump)",
            {LAST: "(last + extent - 1) * stride"},
        ),
        edit(
            "`last` is computed from the new `first`: it starts from the last unit of the layer above, before that "
            "changes",
            {STEP: "first = first * stride\n        last = first * stride + extent - 1"},
        ),
        edit(ONE_REVERSED, {"reversed(strides)": "strides"}),
        edit(ONE_REVERSED, {"reversed(extents)": "extents"}),
        edit("this stops after the topmost layer: return after the loop, not in it", {"    return": "        return"}),
        edit("the order is (first, last)", {RETURN: "return last, first"}),
        edit("frames are numbered from 0: these numbers are one too large", {RETURN: "return first + 1, last + 1"}),
        edit(ALL_FRAMES, {RETURN: "return range(first, last + 1)"}),
        edit(ALL_FRAMES, {RETURN: "return list(range(first, last + 1))"}),
        edit(
            "this is how many frames, as if the unit were the first: the place of the unit is missing",
            {RETURN: "return 0, last - first"},
        ),
        edit(
            "this is the number of frames that the unit sees: the first and the last of them are asked for",
            {RETURN: "return last - first + 1"},
        ),
        edit(
            "units are numbered from 0: unit 1 is the second one, nothing is subtracted",
            {"last = unit": "last = unit - 1"},
        ),
        edit(
            "the 1 is subtracted once at the end: in every layer the kernel ends at + extent - 1",
            {"extent - 1": "extent", RETURN: "return first, last - 1"},
        ),
        edit(
            "neighbours lie a stride apart, not an extent: multiply by the stride",
            {"first * stride, last * stride": "first * extent, last * extent"},
        ),
        edit("a kernel spans its extent, not its stride: + extent - 1", {"extent - 1": "stride - 1"}),
        edit(
            "every layer starts from `unit` again: carry first and last down from layer to layer",
            {STEP: "first, last = unit * stride, unit * stride + extent - 1"},
        ),
        edit(
            "the lowest layer is left out: range(n - 1, -1, -1) goes down to 0",
            {"(extents)": "(extents[1:])", "(strides)": "(strides[1:])"},
        ),
        edit(
            "the topmost layer is left out: the walk begins with it",
            {"(extents)": "(extents[:-1])", "(strides)": "(strides[:-1])"},
        ),
        edit(LARGER_STEPS, _upwards("extent - 1")),
        edit(LARGER_STEPS, {LOOP: f"{LOOP.replace(STEP, 'first *= stride')}\n    last = first + sum(extents) - 1"}),
        edit(
            "the strides multiply: jump = jump * stride, not the last one alone",
            _upwards("(extent - 1) * jump", "stride"),
        ),
        edit("brackets are missing: the field grows by (extent - 1) * jump", _upwards("extent * jump - 1")),
        edit(
            "two units lie a jump apart, not a whole field: the fields of neighbours overlap",
            _upwards("(extent - 1) * jump", place="unit * field"),
        ),
        edit(
            "the place of the unit must be multiplied by the strides of all layers",
            _upwards("(extent - 1) * jump", place="unit"),
        ),
        edit(
            "the end is exclusive, as in range(): the last frame itself is asked for, which is one less",
            {RETURN: "return first, last + 1"},
        ),
        edit(
            "extent and stride are exchanged: the place is multiplied by the stride, and the extent is added",
            {STEP: "first, last = first * extent, last * extent + stride - 1"},
        ),
        edit(
            "the strides are added: a unit lies `stride` times as far along the layer below",
            {STEP: "first, last = first + stride, last + stride + extent - 1"},
        ),
        edit(
            "the kernel reaches backwards here: unit u reads u * s and those after it, up to u * s + e - 1",
            {STEP: "first, last = first * stride - extent + 1, last * stride"},
        ),
    ),
    hints=(
        "Where does the kernel of the topmost layer begin, if the unit is number u and the stride s? Where does it "
        "end? These are the first and the last unit of the layer below: repeat with them.",
        "`zip(reversed(extents), reversed(strides))` goes from the top layer down. Keep two numbers, `first` and "
        "`last`.",
        "In the loop: `first, last = first * ____, last * ____ + extent - ____`.",
    ),
)
