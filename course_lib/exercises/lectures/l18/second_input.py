"""18.2: the 12 channels that the second network of a stack is given."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
import torch.nn.functional as F

from course_lib.ops.warp import warp


def second_input(images, output, scale=20.0):
    first, second = images.split(3, dim=1)
    flow = F.interpolate(scale * output, scale_factor=4, mode="bilinear", align_corners=False)
    warped = warp(second, flow, outside="border")
    error = (first - warped).norm(dim=1, keepdim=True)
    return torch.cat([first, second, warped, flow / scale, error], dim=1)
"""

STACKED = "[first, second, warped, flow / scale, error]"
FLOW = 'F.interpolate(scale * output, scale_factor=4, mode="bilinear", align_corners=False)'
WARPED = 'warp(second, flow, outside="border")'


def _cases(generator):
    def case(label, batch, rows, columns, scale=None):
        images = torch.rand(batch, 6, rows, columns, generator=generator) - 0.5
        output = torch.randn(batch, 2, rows // 4, columns // 4, generator=generator)
        numbers = (images, output / 10) if scale is None else (images, output * 2 / scale, scale)
        return Case(label, numbers)

    return [
        case("one pair of 8 x 12", 1, 8, 12),
        case("two pairs of 12 x 20", 2, 12, 20),
        case("three pairs of 8 x 16, scale 4", 3, 8, 16, 4.0),
    ]


second_input = exercise(
    "18.2",
    "What the second network sees",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the network gives flow / scale: multiply by it before you warp", {"scale * output": "output"}),
        edit(
            "the warp needs pixels: for it, multiply the output by the scale (the flow that goes in is right)",
            {"scale * output": "output", "flow / scale": "flow"},
        ),
        edit(
            "the map grows by 4, its vectors stay as they are: there is nothing to divide by 4",
            {"scale * output": "scale * output / 4"},
        ),
        edit(
            "u and v are exchanged in the warp: channel 0 points to the right, channel 1 down",
            {WARPED: 'warp(second, flow.flip(1), outside="border")'},
        ),
        edit(
            "the first image is warped forth here: fetch the *second* one from where the flow points",
            {WARPED: 'warp(first, -flow, outside="border")'},
        ),
        edit(
            "the error is a length over the three colours, not a sum of absolute differences",
            {".norm(dim=1, keepdim=True)": ".abs().sum(dim=1, keepdim=True)"},
        ),
        edit(
            "the error is a length over the three colours, not a mean, in which they can cancel",
            {".norm(dim=1, keepdim=True)": ".mean(dim=1, keepdim=True)"},
        ),
        edit(
            "the flow goes in divided by the scale, as the networks give and take it: these are pixels",
            {"flow / scale": "flow"},
        ),
        edit(
            "the map grows by 4, its vectors do not: they are pixels of the full picture already",
            {"scale * output": "4 * scale * output"},
        ),
        edit("the *second* image is warped back: the flow points into it", {WARPED: WARPED.replace("second", "first")}),
        edit(
            "the flow's sign is turned: the second image is fetched from where the flow points",
            {
                WARPED: 'warp(second, -flow, outside="border")',
            },
        ),
        edit("the error compares the warped image with the *first* one", {"(first - warped)": "(second - warped)"}),
        edit("this is the error without any warp", {"(first - warped)": "(first - second)"}),
        edit(
            "the error's length is squared here: take the root",
            {
                ".norm(dim=1, keepdim=True)": ".square().sum(dim=1, keepdim=True)",
            },
        ),
        edit(
            "the error is a length over the three colours, not a mean of absolute differences",
            {
                ".norm(dim=1, keepdim=True)": ".abs().mean(dim=1, keepdim=True)",
            },
        ),
        edit(
            "the error keeps its three colours here: it is one channel, their length",
            {
                "(first - warped).norm(dim=1, keepdim=True)": "(first - warped).abs()",
            },
        ),
        edit(
            "the error keeps its three colours and its sign here: it is one channel, their length",
            {
                "(first - warped).norm(dim=1, keepdim=True)": "first - warped",
            },
        ),
        edit("the warped image comes before the flow", {STACKED: "[first, second, flow / scale, warped, error]"}),
        edit("the error comes last, after the flow", {STACKED: "[first, second, warped, error, flow / scale]"}),
        edit(
            "the order is first, second, warped: the second image stands behind the warped one",
            {
                STACKED: "[first, warped, second, flow / scale, error]",
            },
        ),
        edit(
            "the second image itself is missing: nine channels of images go in",
            {
                STACKED: "[first, warped, flow / scale, error]",
            },
        ),
        edit("the brightness error is missing", {STACKED: "[first, second, warped, flow / scale]"}),
        edit("the flow itself is missing", {STACKED: "[first, second, warped, error]"}),
        edit(
            "the images are exchanged: the first one comes first",
            {
                "first, second = images": "second, first = images",
            },
        ),
        edit(
            'beyond the border `warp` is black unless told otherwise: outside="border"',
            {
                ', outside="border"': "",
            },
        ),
        edit(
            "this repeats the nearest vector: the flow between two networks is interpolated bilinearly",
            {
                ', mode="bilinear", align_corners=False': "",
            },
        ),
        edit(
            "align_corners=False is asked for here (the other code has the other convention)",
            {
                "align_corners=False": "align_corners=True",
            },
        ),
        edit(
            "the scale is counted twice: multiply the network's output by it once",
            {
                "scale * output": "scale * scale * output",
            },
        ),
        edit("the output is divided by the scale: multiply, to get pixels", {"scale * output": "output / scale"}),
        edit(
            "the flow is scaled up again: divide it, as the networks give and take it", {"flow / scale": "flow * scale"}
        ),
    ),
    hints=(
        "First turn the network's output into pixels at full size. With that flow fetch the second image. What is left "
        "between it and the first one is the error.",
        '`F.interpolate(x, scale_factor=4, mode="bilinear", align_corners=False)`; `warp(image, flow, '
        'outside="border")`; `(a - b).norm(dim=1, keepdim=True)`; `torch.cat([...], dim=1)`.',
        '`flow = F.interpolate(scale * ____, ...)`, `warped = warp(____, flow, outside="border")`, and at the end '
        "`torch.cat([first, second, warped, flow / ____, error], dim=1)`.",
    ),
)
