"""18.4: the 11 channels that the fusion network is given."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.models import flownet2_inputs

SOLUTION = """
import torch

from course_lib.ops.warp import warp


def fusion_input(images, small, large):
    first, second = images.split(3, dim=1)
    lengths = [flow.norm(dim=1, keepdim=True) for flow in (small, large)]
    warped = [warp(second, flow, outside="border") for flow in (small, large)]
    errors = [(first - back).norm(dim=1, keepdim=True) for back in warped]
    return torch.cat([first, small, large, *lengths, *errors], dim=1)
"""

STACKED = "[first, small, large, *lengths, *errors]"


def _cases(generator):
    def case(label, batch, rows, columns):
        images = torch.rand(batch, 6, rows, columns, generator=generator) - 0.5
        small, large = (k * torch.randn(batch, 2, rows, columns, generator=generator) for k in (0.4, 3.0))
        return Case(label, (images, small, large))

    return [case("one pair of 6 x 9", 1, 6, 9), case("two pairs of 8 x 5", 2, 8, 5), case("three of 5 x 7", 3, 5, 7)]


fusion_input = exercise(
    "18.4",
    "What the fusion network sees",
    points=2,
    solution=SOLUTION,
    same_as=flownet2_inputs.fusion_input,
    cases=_cases,
    mistakes=(
        edit("small before large: the flows are exchanged", {STACKED: "[first, large, small, *lengths, *errors]"}),
        edit(
            "small before large, everywhere: flows, lengths and errors are exchanged",
            {
                "in (small, large)]\n    warped": "in (large, small)]\n    warped",
                'outside="border") for flow in (small, large)': 'outside="border") for flow in (large, small)',
                STACKED: "[first, large, small, *lengths, *errors]",
            },
        ),
        edit(
            "small before large: the lengths are exchanged", {STACKED: "[first, small, large, *lengths[::-1], *errors]"}
        ),
        edit(
            "small before large: the errors are exchanged", {STACKED: "[first, small, large, *lengths, *errors[::-1]]"}
        ),
        edit("the lengths come before the errors", {STACKED: "[first, small, large, *errors, *lengths]"}),
        edit(
            "the two flows stand together, then the two lengths, then the two errors",
            {
                STACKED: "[first, small, lengths[0], errors[0], large, lengths[1], errors[1]]",
            },
        ),
        edit(
            "the fusion network sees the first image only: 11 channels",
            {
                STACKED: "[images, small, large, *lengths, *errors]",
            },
        ),
        edit(
            "it is the first image that goes in, not the second",
            {
                STACKED: "[second, small, large, *lengths, *errors]",
            },
        ),
        edit("the first image is missing", {STACKED: "[small, large, *lengths, *errors]"}),
        edit("the lengths of the flows are missing", {STACKED: "[first, small, large, *errors]"}),
        edit("the brightness errors are missing", {STACKED: "[first, small, large, *lengths]"}),
        edit("the *second* image is warped back", {"warp(second": "warp(first"}),
        edit("the error compares a warped image with the *first* one", {"(first - back)": "(second - back)"}),
        edit(
            "the flow's sign is turned: the second image is fetched from where the flow points",
            {
                "warp(second, flow": "warp(second, -flow",
            },
        ),
        edit('beyond the border `warp` is black unless told otherwise: outside="border"', {', outside="border"': ""}),
        edit(
            "these are squared lengths of the flows: take the root",
            {
                "flow.norm(dim=1, keepdim=True)": "flow.square().sum(dim=1, keepdim=True)",
            },
        ),
        edit(
            "these are squared errors: take the root",
            {
                "(first - back).norm(dim=1, keepdim=True)": "(first - back).square().sum(dim=1, keepdim=True)",
            },
        ),
        edit(
            "the length of a flow is the root of u * u + v * v, not |u| + |v|",
            {"flow.norm(dim=1, keepdim=True)": "flow.abs().sum(dim=1, keepdim=True)"},
        ),
        edit(
            "the error is a length over the three colours, not a sum of absolute differences",
            {"(first - back).norm(dim=1, keepdim=True)": "(first - back).abs().sum(dim=1, keepdim=True)"},
        ),
        edit(
            "the errors keep their three colours here: each is one channel, a length",
            {"(first - back).norm(dim=1, keepdim=True)": "(first - back).abs()"},
        ),
        edit("these are errors without any warp: both are the same", {"(first - back)": "(first - second)"}),
        edit(
            "the flows are pixels already: warp with them as they are", {"warp(second, flow": "warp(second, flow / 20"}
        ),
        edit("the flows are pixels already: nothing is multiplied", {"warp(second, flow": "warp(second, 20 * flow"}),
        edit(
            "the error is a length over the three colours, not a mean of absolute differences",
            {
                "(first - back).norm(dim=1, keepdim=True)": "(first - back).abs().mean(dim=1, keepdim=True)",
            },
        ),
        edit(
            "the flows go in as pixels: nothing is divided by 20 here",
            {
                STACKED: "[first, small / 20, large / 20, *lengths, *errors]",
            },
        ),
        edit(
            "flows and lengths go in as pixels: nothing is divided by 20 here",
            {
                STACKED: "[first, small / 20, large / 20, *[x / 20 for x in lengths], *errors]",
            },
        ),
    ),
    hints=(
        "To decide between two flows it helps to see how long each is, and how well each explains the second image.",
        "`flow.norm(dim=1, keepdim=True)` is the length at every pixel. The error is that of 18.1, between the first "
        "image and the second one warped with that flow.",
        "`torch.cat([first, small, large, |small|, |large|, ____ of small, ____ of large], dim=1)`.",
    ),
)
