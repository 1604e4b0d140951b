"""11.1: a 2D kernel becomes a 3D kernel."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def inflate_kernel(weight, depth):
    return weight.unsqueeze(2).repeat(1, 1, depth, 1, 1) / depth
"""

AXIS, REPEATED, DIVIDED = "unsqueeze(2)", ".repeat(1, 1, depth, 1, 1)", " / depth"


def _cases(generator):
    def weight(*sizes):
        return torch.randn(sizes, generator=generator)

    return [
        Case("5 kernels of 3 x 3 on 3 channels, depth 4", (weight(5, 3, 3, 3), 4)),
        Case("kernels of 2 x 5, not square, depth 3", (weight(4, 2, 2, 5), 3)),
        Case("as many outputs, channels and frames: 3", (weight(3, 3, 3, 3), 3)),
        Case("depth 1: the same kernel", (weight(2, 6, 4, 3), 1)),
        Case("a kernel of 1 x 1, depth 7", (weight(6, 2, 1, 1), 7)),
    ]


inflate_kernel = exercise(
    "11.1",
    "Inflate a kernel",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.models.i3d.inflate",),
    mistakes=(
        edit(
            "the answers would be `depth` times too large: a sum over time needs its share, divide by depth",
            {DIVIDED: ""},
        ),
        edit(
            "time has got another place: it comes after the channels, (D, C, depth, H, W)",
            {AXIS: "unsqueeze(1)", REPEATED: ".repeat(1, depth, 1, 1, 1)"},
        ),
        edit(
            "time stands last: it comes before rows and columns, (D, C, depth, H, W)",
            {AXIS: "unsqueeze(4)", REPEATED: ".repeat(1, 1, 1, 1, depth)"},
        ),
        edit(
            "time stands first: it comes after outputs and channels, (D, C, depth, H, W)",
            {
                AXIS: "unsqueeze(0)",
                REPEATED: ".repeat(depth, 1, 1, 1, 1)",
            },
        ),
        edit(
            "the whole kernel stands in one frame, and zeros around it: that passes the test with a boring video as "
            "well, but it is not what the paper does, which spreads it over all frames",
            {
                f"weight.{AXIS}{REPEATED}{DIVIDED}": "torch.stack([weight if t == depth // 2 else 0 * weight "
                "for t in range(depth)], dim=2)",
            },
        ),
        edit(
            "the whole kernel stands in the first frame: the paper spreads it over all frames",
            {
                f"weight.{AXIS}{REPEATED}{DIVIDED}": "torch.stack([weight if t == 0 else 0 * weight "
                "for t in range(depth)], dim=2)",
            },
        ),
        edit(
            "this divides by the root of depth, which keeps the kernel's length: its *sum* over time should stay",
            {DIVIDED: " / depth**0.5"},
        ),
        edit("this multiplies by depth: divide", {DIVIDED: " * depth"}),
        edit("this divides by depth twice", {DIVIDED: " / depth**2"}),
        edit(
            "this divides by the height of the kernel: divide by the number of frames", {DIVIDED: " / weight.shape[2]"}
        ),
        edit(
            "this divides by the number of input channels: divide by the number of frames",
            {DIVIDED: " / weight.shape[1]"},
        ),
        edit("this divides by the number of outputs: divide by the number of frames", {DIVIDED: " / weight.shape[0]"}),
        edit("`//` rounds down to whole numbers: divide with `/`", {DIVIDED: " // depth"}),
        edit(
            "one frame got its share, and the others are empty: each of the frames gets one",
            {
                f"weight.{AXIS}{REPEATED}{DIVIDED}": "torch.stack([weight / depth if t == depth // 2 else 0 * weight "
                "for t in range(depth)], dim=2)",
            },
        ),
        edit(
            "this divides the kernel by itself, so that all numbers are 1 / depth: divide by depth alone",
            {f"{REPEATED}{DIVIDED}": f"{REPEATED} / weight.{AXIS}{REPEATED}.sum(2, keepdim=True)"},
        ),
        edit("the kernel is not repeated: it has one frame, not `depth`", {REPEATED: ""}),
        edit("one frame too few", {REPEATED: ".repeat(1, 1, depth - 1, 1, 1)"}),
        edit(
            "the kernel was made longer in rows: time is an axis of its own, which the kernel did not have",
            {f"{AXIS}{REPEATED}": "repeat(1, 1, depth, 1)"},
        ),
        edit(
            "the input channels were repeated, as for a stack of frames: time is an axis of its own",
            {f"{AXIS}{REPEATED}": "repeat(1, depth, 1, 1)"},
        ),
    ),
    hints=(
        "The new kernel meets `depth` equal frames and adds up. For the same answer as before, each frame should give "
        "an equal share of it.",
        "`weight.unsqueeze(2)` makes room for time behind the channels: (D, C, 1, H, W). `.repeat(1, 1, n, 1, 1)` "
        "copies along that axis.",
        "`return weight.unsqueeze(____).repeat(1, 1, ____, 1, 1) / ____`.",
    ),
)
