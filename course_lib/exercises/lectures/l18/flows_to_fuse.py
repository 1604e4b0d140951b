"""18.3: fix the bugs: from two networks' outputs to the flows that are fused."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch.nn.functional as F


def flows_to_fuse(stack, small, scale=20.0):
    large_flow = F.interpolate(scale * stack, scale_factor=4, mode="nearest")
    small_flow = F.interpolate(small / scale, scale_factor=4, mode="nearest")
    return small_flow, large_flow
"""

LARGE, SMALL = "scale * stack", "small / scale"
BOTH_BILINEAR = 'scale_factor=4, mode="bilinear", align_corners=False'


def _cases(generator):
    def outputs(batch, rows, columns):
        return tuple(k * torch.randn(batch, 2, rows, columns, generator=generator) for k in (0.2, 8.0))

    return [
        Case("one pair, maps of 2 x 3", outputs(1, 2, 3)),
        Case("two pairs, maps of 4 x 2", outputs(2, 4, 2)),
        Case("three pairs, maps of 3 x 5, scale 4", (*outputs(3, 3, 5), 4.0)),
    ]


def _both(text):
    return {
        'scale * stack, scale_factor=4, mode="nearest"': f"scale * stack, {text}",
        'small / scale, scale_factor=4, mode="nearest"': f"small / scale, {text}",
    }


flows_to_fuse = exercise(
    "18.3",
    "Fix the bugs: twenty times, or a twentieth?",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "inside the full network the small-displacement network's output is divided by the scale: it was trained "
            "to give twenty times the pixels",
            {SMALL: "scale * small"},
        ),
        edit("the small flow is not scaled at all: divide it", {SMALL: "small"}),
        edit("the stack's output is flow / scale: multiply it", {LARGE: "stack"}),
        edit("the stack's output is flow / scale: multiply, only the small one is divided", {LARGE: "stack / scale"}),
        edit(
            "the scales are exchanged: multiply the stack's output, divide the small one",
            {
                LARGE: "stack / scale",
                SMALL: "scale * small",
            },
        ),
        edit(
            "a larger map does not have longer vectors: they are pixels of the full picture already",
            {
                LARGE: "4 * scale * stack",
                SMALL: "4 * small / scale",
            },
        ),
        edit(
            "the large flow is multiplied by 4: it is in pixels of the full picture already",
            {
                LARGE: "4 * scale * stack",
            },
        ),
        edit(
            "the small flow is multiplied by 4: it is in pixels of the full picture already",
            {
                SMALL: "4 * small / scale",
            },
        ),
        edit(
            "both flows are right in length; before the fusion each vector is repeated, not interpolated: nearest",
            _both(BOTH_BILINEAR),
        ),
        edit(
            "the large flow is interpolated: before the fusion each vector is repeated, nearest",
            {
                'scale * stack, scale_factor=4, mode="nearest"': f"scale * stack, {BOTH_BILINEAR}",
            },
        ),
        edit(
            "the small flow is interpolated: before the fusion each vector is repeated, nearest",
            {
                'small / scale, scale_factor=4, mode="nearest"': f"small / scale, {BOTH_BILINEAR}",
            },
        ),
        edit(
            "the small flow comes first, then the large one",
            {
                "return small_flow, large_flow": "return large_flow, small_flow",
            },
        ),
        edit("this enlarges by 2: the outputs have a quarter of the rows and columns", _both("scale_factor=2")),
        edit(
            "still interpolated, still four times too long, and the small one multiplied: three bugs are in this cell",
            {
                'scale * stack, scale_factor=4, mode="nearest"': f"4 * scale * stack, {BOTH_BILINEAR}",
                'small / scale, scale_factor=4, mode="nearest"': f"4 * scale * small, {BOTH_BILINEAR}",
            },
        ),
        edit(
            "the small one is still multiplied, and both are still four times too long",
            {
                LARGE: "4 * scale * stack",
                SMALL: "4 * scale * small",
            },
        ),
        edit(
            "the small one is still multiplied, and both are still interpolated",
            {
                'scale * stack, scale_factor=4, mode="nearest"': f"scale * stack, {BOTH_BILINEAR}",
                'small / scale, scale_factor=4, mode="nearest"': f"scale * small, {BOTH_BILINEAR}",
            },
        ),
        edit(
            "the large flow is right; the small one still has its three bugs: 20 times, 4 times, interpolated",
            {'small / scale, scale_factor=4, mode="nearest"': f"4 * scale * small, {BOTH_BILINEAR}"},
        ),
        edit(
            "the large flow is right; the small one is still multiplied, by the scale and by 4",
            {SMALL: "4 * scale * small"},
        ),
        edit(
            "the large flow is right; the small one is still multiplied, and interpolated",
            {'small / scale, scale_factor=4, mode="nearest"': f"scale * small, {BOTH_BILINEAR}"},
        ),
        edit(
            "the small flow is right; the large one is still four times too long, and interpolated",
            {'scale * stack, scale_factor=4, mode="nearest"': f"4 * scale * stack, {BOTH_BILINEAR}"},
        ),
        edit(
            "the maps grow by 4, their vectors stay as they are: there is nothing to divide by 4",
            {LARGE: "scale * stack / 4", SMALL: "small / scale / 4"},
        ),
        edit(
            "both are still four times too long, and interpolated",
            {
                'scale * stack, scale_factor=4, mode="nearest"': f"4 * scale * stack, {BOTH_BILINEAR}",
                'small / scale, scale_factor=4, mode="nearest"': f"4 * small / scale, {BOTH_BILINEAR}",
            },
        ),
    ),
    hints=(
        "Three questions: do vectors grow when a map is enlarged that holds pixels of the full picture? Which of the "
        "two networks was trained on flow / 20, which on 20 times the flow? And is this place one of those where flow "
        "is interpolated?",
        '`F.interpolate(x, scale_factor=4, mode="nearest")` repeats each vector 4 x 4 times.',
        '`large_flow = F.interpolate(____ * stack, scale_factor=4, mode="____")`, and `small / ____` in the other.',
    ),
)
