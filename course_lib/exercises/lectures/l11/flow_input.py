"""11.4: flow as the flow stream expects it."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def flow_input(flow, largest=20.0):
    return flow.clamp(-largest, largest) / largest
"""

CUT, SCALED = ".clamp(-largest, largest)", " / largest"


def _cases(generator):
    def flow(*sizes, scale):
        return scale * torch.randn(sizes, generator=generator)

    return [
        Case("slow: nothing is cut off", (flow(1, 2, 3, 4, 5, scale=3.0),)),
        Case("two clips with fast motion", (flow(2, 2, 5, 6, 4, scale=30.0),)),
        Case("another limit, 7.5 pixels", (flow(1, 2, 4, 3, 5, scale=9.0), 7.5)),
        Case(
            "by hand: -25, -20, -0.5, 0, 10, 900 (a failure of the flow)",
            (torch.tensor([-25.0, -20, -0.5, 0, 10, 900]).view(1, 1, 1, 1, 6),),
        ),
    ]


flow_input = exercise(
    "11.4",
    "Flow for the flow stream",
    points=1,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.models.i3d.preprocess_flow",),
    mistakes=(
        edit("fast motion is not cut off: clamp to -largest..largest first", {CUT: ""}),
        edit("the numbers are still in pixels: divide by the largest, so that they lie in -1..1", {SCALED: ""}),
        edit(
            "first cut off at 20 pixels, then divide: here the limit met numbers that were already divided",
            {f"{CUT}{SCALED}": ".div(largest).clamp(-largest, largest)"},
        ),
        edit("motion to the left and up is lost: the limit is -largest below, not 0", {CUT: ".clamp(0, largest)"}),
        edit(
            "only fast motion to the right and down is cut off: clamp from below as well",
            {
                CUT: ".clamp(max=largest)",
            },
        ),
        edit(
            "only fast motion to the left and up is cut off: clamp from above as well",
            {
                CUT: ".clamp(min=-largest)",
            },
        ),
        edit(
            "this is 0..1, as for pictures in 0..255: flow has a sign, and 0 stays 0",
            {
                f"flow{CUT}{SCALED}": "(flow.clamp(-largest, largest) + largest) / (2 * largest)",
            },
        ),
        edit(
            "this divides by the clip's own largest motion: by the same number for all clips, or speed is lost",
            {SCALED: " / flow.abs().max()"},
        ),
        edit("the sign is lost: left and right are different motions", {CUT: ".abs().clamp(max=largest)"}),
        edit("the numbers lie in -1/2..1/2: divide by largest, not by twice of it", {SCALED: " / (2 * largest)"}),
        edit("the limit is fixed to 20: use the argument", {CUT: ".clamp(-20, 20)"}),
        edit(
            "the limit is fixed to 20: use the argument in both places",
            {f"{CUT}{SCALED}": ".clamp(-20, 20) / 20"},
        ),
        edit(
            "the flow is in pixels, so that 1 is slow: cut off at `largest`, then divide by it",
            {f"{CUT}{SCALED}": ".clamp(-1, 1)"},
        ),
        edit(
            "this is the rule for pictures, whose numbers begin at 0: flow has a sign, and 0 stays 0",
            {f"flow{CUT}{SCALED}": "flow.clamp(0, largest) / largest * 2 - 1"},
        ),
        edit(
            "fast motion is lost: what is faster than the limit becomes as fast as the limit, not 0",
            {f"flow{CUT}": "torch.where(flow.abs() > largest, 0 * flow, flow)"},
        ),
        edit(
            "fast motion to the left and up was turned around: its limit is -largest",
            {f"flow{CUT}": "torch.where(flow.abs() > largest, 0 * flow + largest, flow)"},
        ),
        edit(
            "each clip is divided by its own largest motion: by the same number for all, or speed is lost",
            {SCALED: " / flow.abs().amax((2, 3, 4), keepdim=True)"},
        ),
        edit(
            "u and v are cut off each by itself: this shortens the arrow that they form",
            {f"flow{CUT}{SCALED}": "flow / flow.norm(dim=1, keepdim=True).clamp(min=largest)"},
        ),
        edit(
            "multiplying makes fast motion faster: divide by largest, so that the numbers lie in -1..1",
            {SCALED: " * largest"},
        ),
        edit(
            "tanh bends all motion: what is slower than the limit stays in proportion",
            {
                f"flow{CUT}{SCALED}": "(flow / largest).tanh()",
            },
        ),
    ),
    hints=(
        "Two steps in this order: nothing is faster than 20 pixels per frame; then 20 pixels become 1.",
        "`x.clamp(low, high)` cuts off on both sides. Motion has a sign.",
        "`return flow.clamp(____, largest) / ____`.",
    ),
)
