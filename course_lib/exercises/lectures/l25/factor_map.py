"""25.5: a coarse grid of factors, bilinear between its nodes."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def factor_map(nodes, height, width):
    rows, columns = nodes.shape[1:]
    y = torch.arange(height) * (rows - 1) / (height - 1)
    x = torch.arange(width) * (columns - 1) / (width - 1)
    top = y.floor().long().clamp(max=rows - 2)
    left = x.floor().long().clamp(max=columns - 2)
    down, across = (y - top)[:, None], x - left
    upper = (1 - across) * nodes[:, top][:, :, left] + across * nodes[:, top][:, :, left + 1]
    lower = (1 - across) * nodes[:, top + 1][:, :, left] + across * nodes[:, top + 1][:, :, left + 1]
    return (1 - down) * upper + down * lower
"""

Y, X = "torch.arange(height) * (rows - 1) / (height - 1)", "torch.arange(width) * (columns - 1) / (width - 1)"


def _cases(generator):
    def nodes(*shape):
        return 0.5 + 1.5 * torch.rand(*shape, generator=generator)

    return [
        Case("2 frames, 3 x 4 nodes, 7 x 13 pixels", (nodes(2, 3, 4), 7, 13)),
        Case("1 frame, 2 x 2 nodes, 5 x 4 pixels", (nodes(1, 2, 2), 5, 4)),
        Case("3 frames, 5 x 2 nodes, 11 x 6 pixels", (nodes(3, 5, 2), 11, 6)),
        Case("as many nodes as pixels, 4 x 6", (nodes(2, 4, 6), 4, 6)),
        Case("by hand: 1 and 2 above, 3 and 5 below, 3 x 3 pixels", (torch.tensor([[[1.0, 2], [3, 5]]]), 3, 3)),
    ]


factor_map = exercise(
    "25.5",
    "The bilinear handles",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=(
        "torch.nn.functional.interpolate",
        "torch.nn.functional.grid_sample",
        "torch.nn.Upsample",
        "course_lib.video_depth.deformation.scale_map",
        "course_lib.video_depth.deformation.at_pixels",
        "course_lib.video_depth.deformation.finer",
        "course_lib.video_depth.deformation.handles",
    ),
    mistakes=(
        edit(
            "the nodes' distance is taken as height / rows: the outermost nodes lie *on* the outermost pixels",
            {Y: "torch.arange(height) * rows / height", X: "torch.arange(width) * columns / width"},
        ),
        edit(
            "the nodes lie half a cell inside the frame here: the outermost ones lie on the outermost pixels",
            {
                Y: "((torch.arange(height) + 0.5) * rows / height - 0.5).clamp(0, rows - 1)",
                X: "((torch.arange(width) + 0.5) * columns / width - 0.5).clamp(0, columns - 1)",
            },
        ),
        edit(
            "the pixels are counted to height, not to height - 1: the last row of nodes is never reached",
            {Y: "torch.arange(height) * (rows - 1) / height", X: "torch.arange(width) * (columns - 1) / width"},
        ),
        edit("the two weights across are exchanged", {"    upper =": "    across = 1 - across\n    upper ="}),
        edit(
            "the two weights downwards are exchanged",
            {"(1 - down) * upper + down * lower": "down * upper + (1 - down) * lower"},
        ),
        edit(
            "all weights are exchanged: the near node counts most",
            {"down, across = (y - top)[:, None], x - left": "down, across = 1 - (y - top)[:, None], 1 - (x - left)"},
        ),
        edit(
            "each pixel takes the node to its upper left: blend the four nodes around it",
            {"return (1 - down) * upper + down * lower": "return nodes[:, top][:, :, left]"},
        ),
        edit(
            "each pixel takes its nearest node: blend the four nodes around it",
            {"    upper =": "    down, across = down.round(), across.round()\n    upper ="},
        ),
        edit(
            "only across, not down: the row below counts, too",
            {"return (1 - down) * upper + down * lower": "return upper"},
        ),
        edit(
            "rows are counted from below here, as in the released code: row 0 is the upper edge",
            {"rows, columns = nodes.shape[1:]": "nodes = nodes.flip(1)\n    rows, columns = nodes.shape[1:]"},
        ),
        edit(
            "the four nodes are averaged, not weighed by how near they are",
            {"down, across = (y - top)[:, None], x - left": "down, across = 0.5, 0.5"},
        ),
        edit(
            "the weights are smoothed at the ends: bilinear weights grow evenly",
            {"    upper =": "    down, across = ((3 - 2 * w) * w * w for w in (down, across))\n    upper ="},
        ),
        edit(
            "rows and columns of the nodes are exchanged: height goes with rows, width with columns",
            {
                Y: "(torch.arange(height) * (columns - 1) / (height - 1)).clamp(max=rows - 1)",
                X: "(torch.arange(width) * (rows - 1) / (width - 1)).clamp(max=columns - 1)",
            },
        ),
        edit(
            "rows and columns of the nodes are exchanged: height goes with rows, width with columns",
            {
                Y: "torch.arange(height) * (columns - 1) / (height - 1)",
                X: "torch.arange(width) * (rows - 1) / (width - 1)",
            },
        ),
        edit(
            "the last pixel lies on the last node, number rows - 1, not behind it: multiply by rows - 1",
            {Y: "torch.arange(height) * rows / (height - 1)", X: "torch.arange(width) * columns / (width - 1)"},
        ),
        edit(
            "columns are counted from the right: column 0 is the left edge",
            {"rows, columns = nodes.shape[1:]": "nodes = nodes.flip(2)\n    rows, columns = nodes.shape[1:]"},
        ),
        edit(
            "two of the four nodes are missing: the upper right and the lower left count, too",
            {
                " + across * nodes[:, top][:, :, left + 1]": "",
                "(1 - across) * nodes[:, top + 1][:, :, left] + ": "",
            },
        ),
        edit(
            "the fourth node, to the lower right, is missing: this is a plane through the other three",
            {"(1 - down) * upper + down * lower": "upper + down * (nodes[:, top + 1] - nodes[:, top])[:, :, left]"},
        ),
        edit(
            "only down, not across: the node to the right counts, too",
            {"    upper =": "    across = 0\n    upper ="},
        ),
        edit(
            "rows are blended through their logarithms: bilinear is a weighted sum of the factors themselves",
            {"(1 - down) * upper + down * lower": "torch.exp((1 - down) * upper.log() + down * lower.log())"},
        ),
    ),
    hints=(
        "Where is pixel (x, y) in the grid? Its first and last pixel lie on the first and last node. The whole part "
        "names the upper left node, the rest says how far on it is.",
        "`y = torch.arange(height) * (rows - 1) / (height - 1)`, `.floor().long()`. At the last pixel there is no node "
        "further on: `.clamp(max=rows - 2)`. `nodes[:, top][:, :, left]` has a value for every pixel.",
        "`upper = (1 - across) * nodes[:, top][:, :, left] + across * nodes[:, top][:, :, ____]`; `lower` likewise "
        "with `____`; return `(1 - down) * ____ + down * ____`.",
    ),
)
