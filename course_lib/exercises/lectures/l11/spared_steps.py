"""11.3: which outputs of a network have seen no padding."""

from course_lib.exercises import Case, edit, exercise

from .._draw import draw

SOLUTION = """
from course_lib.models.i3d import same_padding as pad_same


def spared_steps(layers, frames):
    spared = [True] * frames
    for kernel, stride in layers:
        before, after = pad_same(len(spared), kernel, stride)
        padded = [False] * before + spared + [False] * after
        spared = [all(padded[t : t + kernel]) for t in range(0, len(padded) - kernel + 1, stride)]
    return spared
"""

PADDED = "[False] * before + spared + [False] * after"
ALL, STEPS = "all(padded[t : t + kernel])", "range(0, len(padded) - kernel + 1, stride)"


def _cases(generator):
    def layers(number):
        return [(draw(generator, 2, 5), draw(generator, 1, 2)) for _ in range(number)]

    return [
        Case("one convolution of 3, 6 frames", ([(3, 1)], 6)),
        Case("kernel 7, stride 2, 16 frames: the padding is uneven", ([(7, 2)], 16)),
        Case("three convolutions of 3, 9 frames", ([(3, 1), (3, 1), (3, 1)], 9)),
        Case("a pool of 2, 5 frames", ([(2, 2)], 5)),
        Case("kernel 4, stride 1, 9 frames: an odd number of cells", ([(4, 1)], 9)),
        Case("kernel 5, stride 3, 9 frames", ([(5, 3)], 9)),
        Case("stem and a pool, 40 frames", ([(7, 2), (3, 1), (3, 2), (3, 1)], 40)),
        Case("so few frames that no step is spared", ([(7, 2), (3, 1), (3, 1)], 6)),
        Case("three other layers, 30 frames", (layers(3), 30)),
        Case("four other layers, 37 frames", (layers(4), 37)),
        Case("no layer: all frames", ([], 4)),
    ]


spared_steps = exercise(
    "11.3",
    "Where the boring video is not boring",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "the slice is one step too short: t : t + kernel has `kernel` steps, the end is not among them",
            {ALL: "all(padded[t : t + kernel - 1])"},
        ),
        edit(
            "the slice is one step too long: t : t + kernel has `kernel` steps",
            {ALL: "all(padded[t : t + kernel + 1])"},
        ),
        edit(
            "t counts outputs here, and the kernels of a layer with a stride begin at multiples of it",
            {STEPS: "range(-(-len(spared) // stride))"},
        ),
        edit(
            "the padding of all layers was added up: what a layer with a stride passes on has fewer steps",
            {
                "spared = [True] * frames": "spared, first, last = [True] * frames, 0, 0",
                f"padded = {PADDED}": "first, last = first + before, last + after",
                f"[{ALL} for t in {STEPS}]": "[True] * -(-len(spared) // stride)",
                "return spared": "return [first <= t < len(spared) - last for t in range(len(spared))]",
            },
        ),
        edit(
            "the middle of each kernel decides here, or the majority: all that it covers counts",
            {ALL: "padded[t + kernel // 2]"},
        ),
        edit(
            "all steps came out as spared: what is added at the ends is False, and one False below a kernel is enough",
            {PADDED: "[True] * before + spared + [True] * after"},
        ),
        edit(
            "the stride is missing: the kernel stands at every `stride`th place",
            {STEPS: "range(0, len(padded) - kernel + 1)"},
        ),
        edit(
            "the padding is that of a stride of 1: it depends on the stride",
            {"pad_same(len(spared), kernel, stride)": "pad_same(len(spared), kernel, 1)"},
        ),
        edit(
            "this pads half a kernel at both ends, as PyTorch layers do: use both numbers of pad_same",
            {PADDED: "[False] * (kernel // 2) + spared + [False] * (kernel // 2)"},
        ),
        edit(
            "before and after are exchanged: the larger half of the padding comes last",
            {PADDED: "[False] * after + spared + [False] * before"},
        ),
        edit(
            "every layer starts from a clip without padding: carry on with what the layer below has left",
            {"before + spared + ": "before + [True] * len(spared) + "},
        ),
        edit(
            "the padding is that of the clip: each layer pads for the length that reaches it",
            {"pad_same(len(spared), kernel, stride)": "pad_same(frames, kernel, stride)"},
        ),
        edit(
            "one output is missing at the end: the last place is len(padded) - kernel",
            {STEPS: "range(0, len(padded) - kernel, stride)"},
        ),
        edit(
            "the last kernels reach beyond the end: the last place is len(padded) - kernel",
            {STEPS: "range(0, len(padded), stride)"},
        ),
        edit("only the first cell of each kernel is looked at: all that it covers counts", {ALL: "padded[t]"}),
        edit(
            "this is the number of spared steps: the list is asked for, one entry per step",
            {
                "return spared": "return sum(spared)",
            },
        ),
        edit(
            "these are the numbers of the spared steps: one True or False per step is asked for",
            {
                "return spared": "return [t for t, kept in enumerate(spared) if kept]",
            },
        ),
        edit(
            "True and False are exchanged: True is a step that has seen no padding",
            {
                "return spared": "return [not kept for kept in spared]",
            },
        ),
        edit("nothing is padded here: SAME adds cells, and the output keeps its length", {PADDED: "spared"}),
    ),
    hints=(
        "Carry a list of True and False through the network instead of numbers. At first all frames are True. A layer "
        "adds False at both ends, then each of its outputs asks whether everything below its kernel is True.",
        "`before, after = pad_same(len(spared), kernel, stride)`; `[False] * before + spared + [False] * after`. "
        "`all(...)` of a slice says whether all of it is True. Places: `range(0, len(padded) - kernel + 1, stride)`.",
        "In the loop: `padded = [____] * before + spared + [____] * after`, then "
        "`spared = [all(padded[t : t + ____]) for t in range(0, len(padded) - kernel + 1, ____)]`.",
    ),
)
