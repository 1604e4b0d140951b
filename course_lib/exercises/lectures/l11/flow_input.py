"""11.4: flow as the flow stream expects it."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
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
