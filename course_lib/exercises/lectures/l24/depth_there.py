"""24.4: reading a depth map between its pixels, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
import torch.nn.functional as F


def depth_there(depth, pixels):
    height, width = depth.shape[1:]
    size = torch.tensor([width - 1, height - 1])
    grid = 2 * pixels.permute(0, 2, 3, 1) / size - 1
    return F.grid_sample(depth[:, None], grid, padding_mode="border", align_corners=True)[:, 0]
"""

SIZE, GRID = "torch.tensor([width - 1, height - 1])", "2 * pixels.permute(0, 2, 3, 1) / size - 1"
ALIGN = "align_corners=True"
HALF = (
    "up to half a pixel off: dividing by W - 1 puts -1 and 1 at the *centres* of the outermost pixels, and grid_sample "
    "must be told so; by default they are its outer edges"
)
SWAPPED = "the sizes are exchanged: the first coordinate is x, which runs over the width"


def _cases(generator):
    def maps(batch, rows, columns):
        depth = 1 + 4 * torch.rand(batch, rows, columns, generator=generator)
        places = torch.rand(batch, 2, rows, columns, generator=generator)
        return depth, places * torch.tensor([columns - 1, rows - 1]).view(2, 1, 1)

    outside = maps(2, 4, 7)
    return [
        Case(
            "by hand: a ramp, read half-way between two pixels",
            (torch.arange(10.0).view(1, 2, 5), torch.tensor([2.5, 0.0]).view(1, 2, 1, 1).expand(1, 2, 2, 5)),
        ),
        Case("2 maps of 5 x 8", maps(2, 5, 8)),
        Case("3 maps of 6 x 3", maps(3, 6, 3)),
        Case("places outside take the border", (outside[0], 1.5 * outside[1] - 1)),
    ]


depth_there = exercise(
    "24.4",
    "Fix the bugs: half a pixel beside it",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "nothing is mended yet: the order of the sizes, and where -1 and 1 lie",
            {SIZE: "torch.tensor([height - 1, width - 1])", ALIGN: "align_corners=False"},
        ),
        edit(HALF, {ALIGN: "align_corners=False"}),
        edit(SWAPPED, {SIZE: "torch.tensor([height - 1, width - 1])"}),
        edit(
            "half a pixel off in the middle: for align_corners=False a pixel x lies at (2 x + 1) / W - 1",
            {SIZE: "torch.tensor([width, height])", ALIGN: "align_corners=False"},
        ),
        edit(
            "divided by W, but -1 and 1 are centres here: W - 1 pixels lie between them",
            {SIZE: "torch.tensor([width, height])"},
        ),
        edit(
            SWAPPED + "; and half a pixel is missing: (2 x + 1) / W - 1",
            {SIZE: "torch.tensor([height, width])", ALIGN: "align_corners=False"},
        ),
        edit(
            "this adds half a pixel twice: with align_corners=True, 2 x / (W - 1) - 1 is right",
            {GRID: "(2 * pixels.permute(0, 2, 3, 1) + 1) / size - 1"},
        ),
        edit(
            "half a pixel is added, but the division is by W - 1: with align_corners=False divide by W",
            {GRID: "(2 * pixels.permute(0, 2, 3, 1) + 1) / size - 1", ALIGN: "align_corners=False"},
        ),
        edit(
            "the nearest pixel is read: read between pixels, bilinearly", {ALIGN: 'align_corners=True, mode="nearest"'}
        ),
        edit(
            "the nearest pixel is read: read between pixels, bilinearly",
            {GRID: "2 * pixels.round().permute(0, 2, 3, 1) / size - 1"},
        ),
        edit(
            "places are cut to whole pixels: read between them, bilinearly",
            {GRID: "2 * pixels.floor().permute(0, 2, 3, 1) / size - 1"},
        ),
        edit(
            "outside the map this fades to 0, which is no depth: the border was right",
            {'padding_mode="border"': 'padding_mode="zeros"'},
        ),
        edit(
            "outside the map this reads a mirror image: the border was right",
            {'padding_mode="border"': 'padding_mode="reflection"'},
        ),
        edit(
            "x and y are exchanged: channel 0 of `pixels` is x, and grid_sample wants x first",
            {GRID: "(2 * pixels.permute(0, 2, 3, 1) / size - 1).flip(-1)"},
        ),
        edit(
            "the places are flow here: `pixels` are places already",
            {
                GRID: "2 * (pixels + torch.stack(torch.meshgrid(torch.arange(width), torch.arange(height), "
                "indexing='xy'))).permute(0, 2, 3, 1) / size - 1"
            },
        ),
        edit(
            "cubic reading overshoots at steps of the depth: bilinear is asked for",
            {ALIGN: 'align_corners=True, mode="bicubic"'},
        ),
        edit("the coordinates run from 0 to 1: grid_sample wants -1 to 1", {GRID: "pixels.permute(0, 2, 3, 1) / size"}),
        edit(
            "the channel axis is left over: (B, H, W) is asked for",
            {"align_corners=True)[:, 0]": "align_corners=True)"},
        ),
        edit(
            SWAPPED + "; with the edges at -1 and 1, (2 x + 1) / W - 1, all else is right",
            {
                SIZE: "torch.tensor([height, width])",
                GRID: "(2 * pixels.permute(0, 2, 3, 1) + 1) / size - 1",
                ALIGN: "align_corners=False",
            },
        ),
        edit(
            "x and y are exchanged: channel 0 of `pixels` is x already, and grid_sample wants x first",
            {GRID: "2 * pixels.flip(1).permute(0, 2, 3, 1) / size - 1"},
        ),
        edit(
            "half a pixel is taken off: the centre of pixel x lies half a pixel *beyond* its left edge, "
            "(2 x + 1) / W - 1",
            {
                SIZE: "torch.tensor([width, height])",
                GRID: "2 * (pixels.permute(0, 2, 3, 1) - 0.5) / size - 1",
                ALIGN: "align_corners=False",
            },
        ),
        edit(
            "the coordinates run from -1 to 0: the factor 2 is missing",
            {GRID: "pixels.permute(0, 2, 3, 1) / size - 1"},
        ),
        edit("the coordinates run from 0 to 2: take 1 off", {GRID: "2 * pixels.permute(0, 2, 3, 1) / size"}),
        edit(
            "reshape does not move an axis: x and y of different pixels get mixed, permute was right",
            {GRID: "2 * pixels.reshape(len(depth), height, width, 2) / size - 1"},
        ),
        edit(
            "W pixels have W - 1 steps between their centres, not W + 1",
            {SIZE: "torch.tensor([width + 1, height + 1])"},
        ),
        edit(
            "inverse depth is read between pixels here: read the depth itself",
            {"F.grid_sample(depth[:, None]": "1 / F.grid_sample(1 / depth[:, None]"},
        ),
    ),
    hints=(
        "grid_sample knows no pixels, only -1 to 1. There are two conventions where these lie: at the centres of the "
        "outermost pixels, or at their outer edges. Formula and argument must mean the same one. And which size "
        "belongs to x?",
        "Centres: `2 * x / (W - 1) - 1` with `align_corners=True`. Edges: `(2 * x + 1) / W - 1` with "
        "`align_corners=False`.",
        "`size = torch.tensor([____ - 1, ____ - 1])`, the formula stays, and `align_corners=____`.",
    ),
)
