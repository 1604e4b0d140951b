"""04.4: warping an image backwards."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.warp import warp as backward_warp

SOLUTION = """
import torch
import torch.nn.functional as F


def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")  # each (H, W)
    grid_x = 2 * (x + flow[:, 0]) / (width - 1) - 1
    grid_y = 2 * (y + flow[:, 1]) / (height - 1) - 1
    grid = torch.stack([grid_x, grid_y], dim=-1)  # (B, H, W, 2)
    return F.grid_sample(image, grid, align_corners=True)
"""

U, V = "x + flow[:, 0]", "y + flow[:, 1]"
GRID_X, GRID_Y = f"2 * ({U}) / (width - 1) - 1", f"2 * ({V}) / (height - 1) - 1"


def _cases(generator):
    def image(*shape):
        return torch.rand(shape, generator=generator)

    def flow(batch, height, width, largest):
        return largest * (2 * torch.rand(batch, 2, height, width, generator=generator) - 1)

    one_right = torch.zeros(1, 2, 4, 5)
    one_right[:, 0] = 1
    half_down = torch.zeros(1, 2, 6, 4)
    half_down[:, 1] = 0.5
    return [
        Case("every pixel is fetched from its right neighbour", (image(1, 1, 4, 5), one_right)),
        Case("half a pixel from below", (image(1, 2, 6, 4), half_down)),
        Case("2 images, 3 channels, 5 x 8 pixels", (image(2, 3, 5, 8), flow(2, 5, 8, 1.5))),
        Case("9 x 6 pixels, far out of the picture", (image(2, 1, 9, 6), flow(2, 9, 6, 8.0))),
    ]


SAMPLED, WHOLE_X, WHOLE_Y = "F.grid_sample(image, grid, align_corners=True)", f"({U})", f"({V})"
BRACKETS = "brackets are missing: 2 * (x + u) / (width - 1) - 1, the place is doubled and divided as a whole"
PUSHED = """torch.zeros_like(image)
    for b, i, j in ((b, i, j) for b in range(len(image)) for i in range(height) for j in range(width)):
        row, column = round(i + flow[b, 1, i, j].item()), round(j + flow[b, 0, i, j].item())
        if 0 <= row < height and 0 <= column < width:
            out[b, :, row, column] = image[b, :, i, j]
    return out"""
LAST_AXIS = "the grid is to have (x, y) as its last axis, (B, H, W, 2): stack along dim=-1"
SAME_SIZE = "this divides x and y by the same size: x is divided by width - 1, y by height - 1"

warp = exercise(
    "04.4",
    "Warp an image backwards",
    points=3,
    solution=SOLUTION,
    same_as=backward_warp,
    cases=_cases,
    forbidden=(
        "course_lib.ops.warp.sampling_grid",
        "course_lib.ops.warp.warp_reference",
        "course_lib.ops.flow.lucas_kanade_step",
        "course_lib.ops.flow.lucas_kanade",
        "course_lib.ops.flow.pyramidal_lucas_kanade",
    ),
    mistakes=(
        edit(
            "this fetches from the opposite side: look at x + u and y + v, where the pixel went",
            {"x + flow": "x - flow", "y + flow": "y - flow"},
        ),
        edit(
            "u and v are exchanged: channel 0 of the flow is added to x, channel 1 to y",
            {U: "x + flow[:, 1]", V: "y + flow[:, 0]"},
        ),
        edit(
            "x and y are exchanged in the grid: its last axis is (x, y), columns first",
            {"[grid_x, grid_y]": "[grid_y, grid_x]"},
        ),
        edit(
            'the two results of meshgrid are exchanged: with "ij" the rows (y) come first, then the columns (x)',
            {"y, x = torch": "x, y = torch"},
        ),
        edit(
            "reshape cuts the same row of numbers anew and mixes x with y: .permute(0, 2, 3, 1) moves the axis of two",
            {"dim=-1)": "dim=1).reshape(len(flow), height, width, 2)"},
        ),
        edit("the sign of u is turned: x + u, and y + v", {"x + flow": "x - flow"}),
        edit("the sign of v is turned: x + u, and y + v", {"y + flow": "y - flow"}),
        edit(SAME_SIZE, {"(height - 1)": "(width - 1)"}),
        edit(SAME_SIZE, {"(width - 1)": "(height - 1)"}),
        edit(
            "the division drops the fractions: use /, not //, so that places between pixels can be meant",
            {"/ (": "// ("},
        ),
        edit(
            "without align_corners, -1 and 1 are the edges of the picture, half a pixel outside: divide by width - 1 "
            "and height - 1, and set align_corners=True",
            {"(width - 1)": "width", "(height - 1)": "height", "=True": "=False"},
        ),
        edit(LAST_AXIS, {"dim=-1": "dim=1"}),
        edit(LAST_AXIS, {", dim=-1": ""}),
        edit(
            "width and height are exchanged: x is divided by width - 1, y by height - 1",
            {
                "height, width = image": "width, height = image",
                "torch.arange(height), torch.arange(width)": "torch.arange(width), torch.arange(height)",
            },
        ),
        edit(
            "divide by width - 1 and height - 1: the last pixel has the number width - 1, and must become 1",
            {"(width - 1)": "width", "(height - 1)": "height"},
        ),
        edit(
            "align_corners=True is missing: only with it do -1 and 1 mean the centres of the first and last pixel",
            {"align_corners=True": "align_corners=False"},
        ),
        edit(
            "the flow is in pixels: add it before you go from pixels to -1..1, not after",
            {GRID_X: "2 * x / (width - 1) - 1 + flow[:, 0]", GRID_Y: "2 * y / (height - 1) - 1 + flow[:, 1]"},
        ),
        edit(BRACKETS, {WHOLE_X: "x + flow[:, 0]", WHOLE_Y: "y + flow[:, 1]"}),
        edit(BRACKETS, {"(width - 1)": "width - 1", "(height - 1)": "height - 1"}),
        edit(
            "the flow is divided, but not doubled: from -1 to 1 is a way of 2, so 2 * (x + u) / (width - 1) - 1",
            {
                GRID_X: "2 * x / (width - 1) - 1 + flow[:, 0] / (width - 1)",
                GRID_Y: "2 * y / (height - 1) - 1 + flow[:, 1] / (height - 1)",
            },
        ),
        edit("this goes from 0 to 2: subtract 1, so that it goes from -1 to 1", {"1) - 1": "1)"}),
        edit("this goes from -1 to 0: double it before 1 is subtracted", {"2 * (": "("}),
        edit("u is added to y as well: v is flow[:, 1]", {V: "y + flow[:, 0]"}),
        edit(
            "the channel is the second axis: u is flow[:, 0], v is flow[:, 1]",
            {"[:, 0]": "[..., 0]", "[:, 1]": "[..., 1]"},
        ),
        edit(
            "only the first flow of the batch is read: flow[:, 0], not flow[0, 0]",
            {"[:, 0]": "[0, 0]", "[:, 1]": "[0, 1]"},
        ),
        edit(
            "this pushes each pixel to where the flow points: every pixel of the result is to *fetch* its value "
            "from there",
            {f"return {SAMPLED}": f"out = {PUSHED}"},
        ),
        edit(
            "this takes the nearest pixel, and repeats the border outside: interpolate bilinearly, and outside is "
            "black",
            {"grid, align": 'grid, mode="nearest", padding_mode="border", align'},
        ),
        edit("this interpolates cubically: bilinearly is the default", {"grid, align": 'grid, mode="bicubic", align'}),
        edit("this goes from 0 to 1: grid_sample counts from -1 to 1", {"2 * (": "(", "1) - 1": "1)"}),
        edit("the grid is in pixels: grid_sample wants -1 to 1", {GRID_X: U, GRID_Y: V}),
        edit(
            "the flow is missing: this returns the image as it was",
            {"flow[:, 0]": "0 * flow[:, 0]", "flow[:, 1]": "0 * flow[:, 1]"},
        ),
        edit(
            'what lies outside should be black here, padding_mode="zeros", not the border repeated',
            {"grid, align": 'grid, padding_mode="border", align'},
        ),
        edit(
            "this takes the nearest pixel: between pixels, interpolate bilinearly",
            {"grid, align": 'grid, mode="nearest", align'},
        ),
        edit(
            "the pixel's own place is missing: look at x + u and y + v, not at (u, v)",
            {U: "flow[:, 0]", V: "flow[:, 1]"},
        ),
        edit(
            "what lies outside should be black here, not the picture mirrored",
            {"grid, align": 'grid, padding_mode="reflection", align'},
        ),
        edit("the flow counts twice: x + u and y + v", {U: "x + 2 * flow[:, 0]", V: "y + 2 * flow[:, 1]"}),
    ),
    hints=(
        "For each pixel of the result: in which column and row of `image` do you look? `grid_sample` wants these "
        "places as numbers from -1 (first column or row) to 1 (last one).",
        "`flow[:, 0]` is u, shape (B, H, W). Column c becomes `2 * c / (width - 1) - 1`. "
        "`torch.stack([gx, gy], dim=-1)` makes the grid (B, H, W, 2).",
        "`gx = 2 * (x + flow[:, 0]) / (width - 1) - 1`, the same for `gy`, then "
        "`F.grid_sample(image, torch.stack([____, ____], dim=-1), align_corners=____)`.",
    ),
)
