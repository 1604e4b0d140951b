"""18.5: one level of SPyNet's pyramid."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
from functools import partial

import torch
import torch.nn.functional as F

from course_lib.ops.warp import warp


def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    start = 2 * F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    warped = warp(image2, start, outside="border")
    return start + network(torch.cat([image1, warped, start], dim=1))
"""

START = '2 * F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)'
INPUT = "[image1, warped, start]"
RETURNED = "return start + network(torch.cat([image1, warped, start], dim=1))"


def _cases(generator):
    def case(label, batch, rows, columns):
        weight = torch.randn(2, 8, 3, 3, generator=generator) / 8
        images = [torch.rand(batch, 3, 2 * rows, 2 * columns, generator=generator) for _ in range(2)]
        coarse = torch.randn(batch, 2, rows, columns, generator=generator)
        return Case(label, (weight, *images, coarse))

    return [
        case("one pair, coarse flow of 3 x 4", 1, 3, 4),
        case("two pairs, coarse flow of 4 x 6", 2, 4, 6),
        case("three pairs, coarse flow of 5 x 3", 3, 5, 3),
    ]


pyramid_step = exercise(
    "18.5",
    "One level of the pyramid",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("vectors that were pixels of the coarse level are twice as long here: multiply by 2", {"2 * F": "F"}),
        edit("the vectors are halved: at the finer level they are twice as long", {"2 * F": "0.5 * F"}),
        edit("the start is not added: the network gives only what is missing to it", {"start + network": "network"}),
        edit(
            "the network's answer is subtracted: it is what is missing, so add it",
            {
                "start + network": "start - network",
            },
        ),
        edit("the *second* image is warped back, and compared with the first", {"warp(image2": "warp(image1"}),
        edit(
            "the second image goes in as it is: warp it with the start, so that only the rest is left to see",
            {
                INPUT: "[image1, image2, start]",
            },
        ),
        edit(
            "the flow's sign is turned: the second image is fetched from where the flow points",
            {
                "warp(image2, start": "warp(image2, -start",
            },
        ),
        edit("the order is first image, warped second image, flow", {INPUT: "[image1, start, warped]"}),
        edit(
            "the order is first image, warped second image, flow: the images are exchanged",
            {
                INPUT: "[warped, image1, start]",
            },
        ),
        edit("the flow comes last: first image, warped second image, flow", {INPUT: "[start, image1, warped]"}),
        edit('beyond the border `warp` is black unless told otherwise: outside="border"', {', outside="border"': ""}),
        edit(
            "align_corners=True is asked for here: corners stay on corners",
            {
                "align_corners=True": "align_corners=False",
            },
        ),
        edit(
            "this repeats the nearest vector: interpolate bilinearly",
            {
                ', mode="bilinear", align_corners=True': "",
            },
        ),
        edit(
            "the coarse flow is only half-way doubled: the network sees the start with the length of the coarse level",
            {
                INPUT: "[image1, warped, start / 2]",
            },
        ),
        edit("the flow is doubled twice", {"2 * F": "4 * F"}),
        edit(
            "the start is doubled too late: the warp and the network need vectors of this level's length as well",
            {"2 * F": "F", "return start": "return 2 * start"},
        ),
        edit(
            "only the warp gets vectors of this level's length: the network needs them too, and so does the sum",
            {"2 * F": "F", "warp(image2, start": "warp(image2, 2 * start"},
        ),
        edit("the start is doubled once more in the sum", {"return start": "return 2 * start"}),
        edit(
            "the start is subtracted: the network's answer is what is missing to it, so add",
            {RETURNED: "return network(torch.cat([image1, warped, start], dim=1)) - start"},
        ),
        edit(
            "the warp uses vectors of the coarse level's length: double them first",
            {"2 * F": "F", RETURNED: f"start = 2 * start\n    {RETURNED}"},
        ),
        edit(
            "the sum is doubled: double the coarse flow, not the result",
            {"2 * F": "F", RETURNED: "return 2 * (" + RETURNED.removeprefix("return ") + ")"},
        ),
    ),
    hints=(
        "Three steps: enlarge the coarse flow (map *and* vectors), fetch the second image with it, let the network "
        "say what is still missing.",
        '`F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)`, `warp(image, flow, '
        'outside="border")`, `torch.cat([...], dim=1)` with 3 + 3 + 2 channels.',
        '`start = ____ * F.interpolate(coarse, ...)`, `warped = warp(____, start, outside="border")`, `return start + '
        "network(torch.cat([image1, ____, start], dim=1))`.",
    ),
)
