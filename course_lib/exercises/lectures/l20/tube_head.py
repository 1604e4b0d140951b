"""20.2: voxels from a map, by 2D layers alone."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch
from torch import nn


class TubeHead(nn.Module):
    def __init__(self, channels, width, depth):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.deconv = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.out = nn.Conv2d(width, depth, 1)

    def forward(self, maps):
        maps = self.conv(maps).relu()
        maps = self.deconv(maps).relu()
        return self.out(maps)
"""

OUT = "return self.out(maps)"


def _cases(generator):
    def case(label, shape, width, depth):
        maps = torch.randn(shape, generator=generator)
        return Case(label, (shape[1], width, depth), {"inputs": maps})

    return [
        case("1 map of 4 x 6, 9 voxels deep", (1, 5, 4, 6), 7, 9),
        case("3 maps of 3 x 5, 12 voxels deep", (3, 4, 3, 5), 6, 12),
        case("2 maps of 5 x 5, 10 voxels deep", (2, 3, 5, 5), 8, 10),
    ]


tube_head = exercise(
    "20.2",
    "Voxel tubes",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the ReLU after the convolution is missing", {"self.conv(maps).relu()": "self.conv(maps)"}),
        edit("the ReLU after the deconvolution is missing", {"self.deconv(maps).relu()": "self.deconv(maps)"}),
        edit("ReLUs are asked for, not sigmoids", {".relu()": ".sigmoid()"}),
        edit(
            "ReLUs are asked for: a leaky one lets a part of the negative through",
            {
                "self.conv(maps).relu()": "torch.nn.functional.leaky_relu(self.conv(maps))",
                "self.deconv(maps).relu()": "torch.nn.functional.leaky_relu(self.deconv(maps))",
            },
        ),
        edit(
            "a convolution with stride 2 *halves* rows and columns: a deconvolution doubles them",
            {"nn.ConvTranspose2d(": "nn.Conv2d("},
        ),
        edit(
            "these are logarithms of probabilities: logits are asked for, the last layer as it is",
            {OUT: "return self.out(maps).sigmoid().log()"},
        ),
        edit("both ReLUs are missing: then the three layers are one", {".relu()": ""}),
        edit("logits may be negative: no ReLU after the last layer", {OUT: "return self.out(maps).relu()"}),
        edit("logits are asked for: leave the sigmoid to the loss", {OUT: "return self.out(maps).sigmoid()"}),
        edit(
            "a softmax makes the voxels of a tube compete: each is full or empty by itself, and logits are asked for",
            {OUT: "return self.out(maps).softmax(1)"},
        ),
        edit(
            "the channels already are the depth: (B, depth, 2 H, 2 W), no axis more",
            {OUT: "return self.out(maps)[:, None]"},
        ),
        edit(
            "depth stays the second axis: (B, depth, 2 H, 2 W) is along z, y, x",
            {OUT: "return self.out(maps).permute(0, 2, 3, 1)"},
        ),
        edit("the batch is cut off: every map has its own voxels", {OUT: "return self.out(maps)[0]"}),
        edit("z runs the wrong way: channel 0 is the voxel in front", {OUT: "return self.out(maps).flip(1)"}),
        edit(
            "the deconvolution doubles rows and columns: it is not called",
            {"self.deconv(maps).relu()": "maps"},
        ),
        edit("these are yes and no: logits are asked for", {OUT: "return self.out(maps) > 0"}),
        edit("the last layer is not called", {OUT: "return maps"}),
        edit("without padding, the convolution loses the border: padding=1", {", padding=1": ""}),
        edit("the deconvolution has stride 2, to double rows and columns", {"2, stride=2": "2"}),
        edit(
            "the last layer gives `depth` channels, not one", {"nn.Conv2d(width, depth, 1)": "nn.Conv2d(width, 1, 1)"}
        ),
        edit(
            "the last layer gives `depth` channels, not `width`",
            {"nn.Conv2d(width, depth, 1)": "nn.Conv2d(width, width, 1)"},
        ),
        edit("the last layer has a kernel of 1 x 1", {"(width, depth, 1)": "(width, depth, 3, padding=1)"}),
        edit("the first layer has a kernel of 3 x 3", {"(channels, width, 3, padding=1)": "(channels, width, 1)"}),
        edit(
            "nothing but 2D layers is asked for: doubling is the deconvolution's, with a kernel of 2 x 2",
            {"2, stride=2)": "3, stride=2, padding=1, output_padding=1)"},
        ),
    ),
    hints=(
        "A 2D network as in every lecture; only the meaning of the last channels is new: channel d is the slice of "
        "voxels at depth d.",
        "`nn.Conv2d(inputs, outputs, 3, padding=1)` keeps rows and columns, `nn.ConvTranspose2d(inputs, outputs, 2, "
        "stride=2)` doubles them, `nn.Conv2d(inputs, outputs, 1)` changes the channels alone.",
        "`self.conv = nn.Conv2d(channels, width, 3, padding=____)`, `self.deconv = nn.ConvTranspose2d(width, width, "
        "2, stride=____)`, `self.out = nn.Conv2d(width, ____, 1)`; call them in this order, with a ReLU after the "
        "first two.",
    ),
)
