"""14.6: fix the bugs: the next box."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    middle_x = x + w / 2 + moved[0] * zoom * factor
    middle_y = y + h / 2 + moved[1] * zoom * factor
    w, h = w * growth, h * growth
    return torch.stack([middle_x - w / 2, middle_y - h / 2, w, h])
"""

GROWTH, RETURN = "1 + rate * (factor - 1)", "middle_x - w / 2, middle_y - h / 2, w, h"
STEP_X, STEP_Y, SIZES = "moved[0] * zoom * factor", "moved[1] * zoom * factor", "    w, h = w * growth, h * growth\n"
CORNER = "the size grows about the corner: the *middle* moves, and the box grows about it"
SCALED = (
    "the winning search image was cut out `factor` times as large, so its pixels are zoom * factor pixels of the frame"
)
INERTIA = "the size jumps: it goes only the share `rate` of the way, 1 + rate * (factor - 1)"


def _cases(generator):
    def case(factor, zoom, **more):
        box = torch.rand(4, generator=generator) * torch.tensor([80.0, 60, 30, 20]) + torch.tensor([5.0, 5, 12, 8])
        moved = 20 * torch.rand(2, generator=generator) - 10
        return (box, moved, factor, zoom), more

    return [
        Case("nothing changes", (torch.tensor([10.0, 20, 30, 40]), torch.tensor([0.0, 0]), 1.0, 1.0)),
        Case(
            "by hand: 8 right, 4 up, half a pixel each",
            (torch.tensor([10.0, 20, 30, 40]), torch.tensor([8.0, -4]), 1.0, 0.5),
        ),
        Case("larger", *case(1.0375, 1.67)),
        Case("much smaller", *case(0.7, 0.8)),
        Case("another rate", *case(1.3, 1.2, rate=0.34)),
    ]


next_box = exercise(
    "14.6",
    "Fix the bugs: the next box",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            f"three bugs are left: {CORNER}; {SCALED}; {INERTIA}",
            {
                GROWTH: "factor",
                STEP_X: "moved[0] * zoom",
                STEP_Y: "moved[1] * zoom",
                RETURN: "middle_x - w / growth / 2, middle_y - h / growth / 2, w, h",
            },
        ),
        edit(
            f"two bugs are left: {CORNER}; {SCALED}",
            {
                STEP_X: "moved[0] * zoom",
                STEP_Y: "moved[1] * zoom",
                RETURN: "middle_x - w / growth / 2, middle_y - h / growth / 2, w, h",
            },
        ),
        edit(
            f"two bugs are left: {SCALED}; {INERTIA}",
            {GROWTH: "factor", STEP_X: "moved[0] * zoom", STEP_Y: "moved[1] * zoom"},
        ),
        edit(
            f"two bugs are left: {CORNER}; {INERTIA}",
            {GROWTH: "factor", RETURN: "middle_x - w / growth / 2, middle_y - h / growth / 2, w, h"},
        ),
        edit(CORNER, {RETURN: "middle_x - w / growth / 2, middle_y - h / growth / 2, w, h"}),
        edit(SCALED, {STEP_X: "moved[0] * zoom", STEP_Y: "moved[1] * zoom"}),
        edit(INERTIA, {GROWTH: "factor"}),
        edit(
            "the displacement is in pixels of the search image: one is zoom * factor pixels of the frame",
            {STEP_X: "moved[0]", STEP_Y: "moved[1]"},
        ),
        edit(
            "zoom is missing in the displacement: one pixel of the search image is zoom * factor pixels of the frame",
            {STEP_X: "moved[0] * factor", STEP_Y: "moved[1] * factor"},
        ),
        edit(
            "the displacement is divided by the factor: the larger region has larger pixels, so multiply",
            {STEP_X: "moved[0] * zoom / factor", STEP_Y: "moved[1] * zoom / factor"},
        ),
        edit(
            "the displacement is divided by zoom: zoom is pixels of the frame per pixel of the search image",
            {STEP_X: "moved[0] / zoom * factor", STEP_Y: "moved[1] / zoom * factor"},
        ),
        edit(
            "rate and 1 - rate are exchanged: the size goes the share `rate` towards the factor",
            {GROWTH: "1 + (1 - rate) * (factor - 1)"},
        ),
        edit("1 + is missing: a factor of 1 must leave the size as it is", {GROWTH: "rate * factor"}),
        edit(
            "rate * factor is added to 1: it is rate * (factor - 1), which is 0 for a factor of 1",
            {GROWTH: "1 + rate * factor"},
        ),
        edit(
            "the displacement goes by the damped growth: the image was cut out at the full factor",
            {STEP_X: "moved[0] * zoom * growth", STEP_Y: "moved[1] * zoom * growth"},
        ),
        edit("the middle is returned: x and y are the upper left corner", {RETURN: "middle_x, middle_y, w, h"}),
        edit("the size stays: it grows by 1 + rate * (factor - 1)", {SIZES: ""}),
        edit(
            "the box shrinks where the factor is above 1: a larger region won, so the object is larger",
            {GROWTH: "1 / (1 + rate * (factor - 1))"},
        ),
        edit(
            "the box shrinks where the factor is above 1: 1 + rate * (factor - 1)", {GROWTH: "1 - rate * (factor - 1)"}
        ),
        edit(
            "right and down are exchanged: moved is (right, down)",
            {STEP_X: "moved[1] * zoom * factor", STEP_Y: "moved[0] * zoom * factor"},
        ),
        edit("the default of `rate` is taken whatever comes in: use the argument", {GROWTH: "1 + 0.59 * (factor - 1)"}),
        edit(
            "the box does not move: add the displacement to its middle",
            {STEP_X: "0 * moved[0]", STEP_Y: "0 * moved[1]"},
        ),
        edit(
            "the displacement is subtracted: the object went where the peak is",
            {STEP_X: "-moved[0] * zoom * factor", STEP_Y: "-moved[1] * zoom * factor"},
        ),
        edit("only the width grows: both do", {SIZES: "    w = w * growth\n"}),
        edit(
            "growth as a power of the factor is close to it, but the rule is 1 + rate * (factor - 1)",
            {GROWTH: "factor**rate"},
        ),
        edit(
            "x and y are the upper left corner: the middle is x + w / 2, y + h / 2",
            {"x + w / 2 +": "x +", "y + h / 2 +": "y +"},
        ),
        edit(
            "half of the old size is subtracted, but was never added: x and y are the corner already",
            {RETURN: "middle_x - w / growth, middle_y - h / growth, w, h"},
        ),
        edit(
            "the corner moves the wrong way: a box that grows about its middle begins further left and higher",
            {RETURN: "middle_x + w / 2 - w / growth, middle_y + h / 2 - h / growth, w, h"},
        ),
        edit(
            "the corner moves by the full factor, the size by less: the box grows by 1 + rate * (factor - 1) alone",
            {RETURN: "middle_x - w / growth * factor / 2, middle_y - h / growth * factor / 2, w, h"},
        ),
        edit(
            "the corner moves by all that the box grows by: half of it lies on each side",
            {RETURN: "middle_x - w + w / growth / 2, middle_y - h + h / growth / 2, w, h"},
        ),
    ),
    hints=(
        "There are three bugs. What is one pixel of the winning search image in pixels of the frame? How fast may the "
        "size change? What stays in place when a box grows?",
        "The region was cut out `factor` times as large, and shown at the same size. The size goes the share `rate` of "
        "the way. A box grows about its middle.",
        "`middle_x = x + w / 2 + moved[0] * zoom * ____`; `w, h = w * growth, h * growth` with "
        "`growth = 1 + rate * (____ - 1)`; the corner is `middle_x - ____`.",
    ),
)
