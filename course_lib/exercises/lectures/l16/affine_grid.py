"""16.1: where every pixel of the output looks."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.spatial_transformer import affine_grid as reference

SOLUTION = """
import torch


def affine_grid(theta, height, width):
    y = (2 * torch.arange(height) + 1) / height - 1
    x = (2 * torch.arange(width) + 1) / width - 1
    y, x = torch.meshgrid(y, x, indexing="ij")
    target = torch.stack([x, y, torch.ones_like(x)], dim=-1)  # (H, W, 3)
    return torch.einsum("brc,hwc->bhwr", theta, target)
"""

DOWN, ACROSS = "(2 * torch.arange(height) + 1) / height - 1", "(2 * torch.arange(width) + 1) / width - 1"
STACK, PRODUCT = "[x, y, torch.ones_like(x)]", 'torch.einsum("brc,hwc->bhwr", theta, target)'
CENTERS = "torch.linspace(-1, 1, {})"


def _cases(generator):
    def thetas(batch):
        identity = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
        return identity + 0.5 * torch.randn(batch, 2, 3, generator=generator)

    return [
        Case("by hand: the identity, 1 row of 4 pixels", (torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]), 1, 4)),
        Case("by hand: shifted right by half a picture", (torch.tensor([[[1.0, 0, 1], [0, 1, 0]]]), 2, 3)),
        Case("3 matrices, 4 x 6", (thetas(3), 4, 6)),
        Case("2 matrices, 7 x 3", (thetas(2), 7, 3)),
        Case("4 matrices, 5 x 5", (thetas(4), 5, 5)),
    ]


affine_grid = exercise(
    "16.1",
    "Where to look",
    points=3,
    solution=SOLUTION,
    same_as=reference,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "-1 and 1 are the *outer edges* of the picture here: the first pixel's centre lies at 1/W - 1, not at -1",
            {DOWN: CENTERS.format("height"), ACROSS: CENTERS.format("width")},
        ),
        edit(
            "these are the left and upper edges of the pixels: their centres lie half a pixel farther on, (2 j + 1) / "
            "W - 1",
            {DOWN: "2 * torch.arange(height) / height - 1", ACROSS: "2 * torch.arange(width) / width - 1"},
        ),
        edit("x comes first: theta's rows and columns count (x, y, 1)", {STACK: "[y, x, torch.ones_like(x)]"}),
        edit("the pair that comes out is (x, y): here it is (y, x)", {PRODUCT: f"{PRODUCT}.flip(-1)"}),
        edit(
            "x and y are exchanged, before theta and after it: (x, y, 1) goes in, (x, y) comes out",
            {STACK: "[y, x, torch.ones_like(x)]", PRODUCT: f"{PRODUCT}.flip(-1)"},
        ),
        edit(
            "the third coordinate is 1, or theta's shift has no effect", {"torch.ones_like(x)": "torch.zeros_like(x)"}
        ),
        edit(
            "theta is transposed: its *rows* give x and y, so multiply its columns with (x, y, 1)",
            {PRODUCT: 'torch.einsum("bcr,hwc->bhwr", theta[:, :, :2], target[..., :2]) + theta[:, None, None, :, 2]'},
        ),
        edit(
            "the grid is in pixels: coordinates go from -1 to 1",
            {DOWN: "torch.arange(height).float()", ACROSS: "torch.arange(width).float()"},
        ),
        edit(
            "coordinates go from -1 to 1, these from 0 to 1",
            {DOWN: "(torch.arange(height) + 0.5) / height", ACROSS: "(torch.arange(width) + 0.5) / width"},
        ),
        edit(
            "height and width are exchanged: y has `height` values, x has `width`",
            {DOWN: DOWN.replace("height", "width"), ACROSS: ACROSS.replace("width", "height")},
        ),
        edit("the first axes are (H, W): indexing='ij'", {'indexing="ij"': 'indexing="xy"'}),
        edit("only the first matrix of the batch is used", {"theta, target": "theta[:1].expand_as(theta), target"}),
        edit(
            "the shift is doubled: it is in -1..1 coordinates already",
            {PRODUCT: f"{PRODUCT} + theta[:, None, None, :, 2]"},
        ),
        edit(
            "this is the way back: theta goes from the output to the input, as it is",
            {
                "    return": "    last = theta.new_tensor([[[0.0, 0, 1]]]).expand(len(theta), 1, 3)\n"
                "    theta = torch.linalg.inv(torch.cat([theta, last], 1))[:, :2]\n    return"
            },
        ),
        edit("the pair stands last: (B, H, W, 2), here it is axis 1", {'"brc,hwc->bhwr"': '"brc,hwc->brhw"'}),
        edit(
            "theta's last column is the shift: the 1 stands last, (x, y, 1)", {STACK: "[torch.ones_like(x), x, y]"}
        ),
        edit(
            "the result is in pixels: it stays in -1..1",
            {PRODUCT: f"(({PRODUCT} + 1) * torch.tensor([width, height]) - 1) / 2"},
        ),
        edit(
            "a pixel too far to the left and up: counted from 0, centre j lies at (2 j + 1) / W - 1",
            {DOWN: DOWN.replace("+ 1)", "- 1)"), ACROSS: ACROSS.replace("+ 1)", "- 1)")},
        ),
        edit(
            "each axis goes from -1 to 1 by itself, the shorter one as well",
            {
                DOWN: "(2 * torch.arange(height) + 1 - height) / max(height, width)",
                ACROSS: "(2 * torch.arange(width) + 1 - width) / max(height, width)",
            },
        ),
        edit(
            "theta gives the place itself, no displacement: nothing is taken off",
            {PRODUCT: f"{PRODUCT} - target[..., :2]"},
        ),
    ),
    hints=(
        "First the output's own pixels, as (x, y, 1), with -1 and 1 at the outer edges of the picture. With 4 columns "
        "a pixel is 0.5 wide, so their centres lie at -0.75, -0.25, 0.25, 0.75. Then theta times each of them.",
        "Centre j of W pixels lies at `(2 * j + 1) / W - 1`. `torch.meshgrid(y, x, indexing='ij')` gives two (H, W) "
        "tensors; stack them with ones to (H, W, 3). `torch.einsum` multiplies every theta with every place.",
        "`target = torch.stack([____, ____, torch.ones_like(x)], dim=-1)`, then "
        "`torch.einsum('brc,hwc->bhwr', theta, ____)`.",
    ),
)
