"""22.4: what the picture shows at a vertex."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.camera import intrinsics

SOLUTION = """
import torch
import torch.nn.functional as F


def vertex_features(maps, vertices, K):
    height, width = maps.shape[2:]
    x = K[0, 0] * vertices[..., 0] / vertices[..., 2] + K[0, 2]
    y = K[1, 1] * vertices[..., 1] / vertices[..., 2] + K[1, 2]
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
    found = F.grid_sample(maps, grid[:, :, None], align_corners=True)
    return found[..., 0].transpose(1, 2)
"""

X, Y = (
    "K[0, 0] * vertices[..., 0] / vertices[..., 2] + K[0, 2]",
    "K[1, 1] * vertices[..., 1] / vertices[..., 2] + K[1, 2]",
)
GRID = "torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)"
HALF = "torch.stack([(2 * x {0} 1) / width - 1, (2 * y {0} 1) / height - 1], dim=-1)"
DOWN = "y is turned: here it points down, in space as in the picture"
PIXEL = "one whole pixel is not enough, it has no gradient for the vertex: bilinear, between four"
SAMPLE, OUT = "F.grid_sample(maps, grid[:, :, None], align_corners=True)", "found[..., 0].transpose(1, 2)"


def _cases(generator):
    def some(batch, channels, height, width, points, outside=0):
        K = intrinsics(1.3 * width, 0.9 * height, 0.45 * width, 0.55 * height)
        pixels = torch.rand(batch, points, 2, generator=generator) * torch.tensor([width - 1.0, height - 1.0])
        pixels[:, :outside] += torch.tensor([2.0 * width, -1.5 * height])  # far beside the picture
        z = 1.5 + torch.rand(batch, points, 1, generator=generator)
        places = (pixels - K[:2, 2]) / torch.stack([K[0, 0], K[1, 1]]) * z
        return torch.randn(batch, channels, height, width, generator=generator), torch.cat([places, z], 2), K

    hand = torch.tensor([[[[0.0, 1, 2], [10, 11, 12]]]])
    return [
        Case("1 map of 4 x 7, 3 channels, 5 vertices", some(1, 3, 4, 7, 5)),
        Case("2 maps of 9 x 5, 2 channels, 8 vertices", some(2, 2, 9, 5, 8)),
        Case("3 maps of 6 x 6, 4 channels, 4 vertices, 2 of them outside", some(3, 4, 6, 6, 4, outside=2)),
        Case("by hand: the pixel (0.5, 1) of a map of 2 x 3", (
            hand, torch.tensor([[[-0.5, 0.5, 2.0]]]), intrinsics(2.0, 2.0, 1.0, 0.5))),
    ]  # fmt: skip


vertex_features = exercise(
    "22.4",
    "What the picture shows at a vertex",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "x and y are exchanged: grid_sample wants x, along the columns, first",
            {GRID: "torch.stack([2 * y / (height - 1) - 1, 2 * x / (width - 1) - 1], dim=-1)"},
        ),
        edit(
            "x is divided by the width and y by the height: they are exchanged here",
            {GRID: "torch.stack([2 * x / (height - 1) - 1, 2 * y / (width - 1) - 1], dim=-1)"},
        ),
        edit(
            "pixel centres lie at whole numbers, so -1 and 1 are the outermost *centres*: align_corners=True",
            {"align_corners=True": "align_corners=False"},
        ),
        edit(
            "with align_corners=True the last pixel, width - 1, is 1: divide by width - 1 and height - 1",
            {"(width - 1)": "width", "(height - 1)": "height"},
        ),
        edit(
            "the division by z is missing: far things move to the middle of the picture",
            {X: "K[0, 0] * vertices[..., 0] + K[0, 2]", Y: "K[1, 1] * vertices[..., 1] + K[1, 2]"},
        ),
        edit(
            "only the focal length times X is divided by z: the principal point is added after that",
            {
                X: "(K[0, 0] * vertices[..., 0] + K[0, 2]) / vertices[..., 2]",
                Y: "(K[1, 1] * vertices[..., 1] + K[1, 2]) / vertices[..., 2]",
            },
        ),
        edit(
            "the principal point is missing: pixel (0, 0) is the upper left corner",
            {X: X.removesuffix(" + K[0, 2]"), Y: Y.removesuffix(" + K[1, 2]")},
        ),
        edit("the focal lengths are missing", {X: X.replace("K[0, 0] * ", ""), Y: Y.replace("K[1, 1] * ", "")}),
        edit("y has a focal length of its own, K[1, 1]", {"K[1, 1]": "K[0, 0]"}),
        edit(DOWN, {Y: Y.replace("K[1, 1] *", "-K[1, 1] *")}),
        edit("grid_sample wants -1..1, not 0..1", {GRID: "torch.stack([x / (width - 1), y / (height - 1)], dim=-1)"}),
        edit("grid_sample wants -1..1, not pixels", {GRID: "torch.stack([x, y], dim=-1)"}),
        edit(
            PIXEL,
            {"align_corners=True": "mode='nearest', align_corners=True"},
        ),
        edit(
            "outside the picture there is nothing, 0; not the border",
            {"align_corners=True": "padding_mode='border', align_corners=True"},
        ),
        edit("one row per vertex is asked for: (B, V, C)", {OUT: "found[..., 0]"}),
        edit("one row per vertex: (B, V, C), without a last axis of 1", {OUT: "found.transpose(1, 2)"}),
        edit(
            "this is a reshape, which mixes channels and vertices: transpose(1, 2)",
            {OUT: "found[..., 0].reshape(len(maps), grid.shape[1], -1)"},
        ),
        edit("the places came; the features there are asked for", {OUT: "grid"}),
        edit(
            "the principal points are exchanged: K[0, 2] belongs to x",
            {"+ K[0, 2]": "+ K[1, 2]", "+ K[1, 2]": "+ K[0, 2]"},
        ),
        edit(
            "these places are for align_corners=False, where -1 and 1 are the picture's outer edges",
            {GRID: HALF.format("+")},
        ),
        edit(
            "pixel 0 reaches from -0.5 to 0.5, so half a pixel is added, not subtracted",
            {GRID: HALF.format("-"), "align_corners=True": "align_corners=False"},
        ),
        edit(
            "vertices are rows here: `vertices @ K.T`, for `vertices @ K` multiplies with K transposed",
            {
                X: "(vertices @ K)[..., 0] / (vertices @ K)[..., 2]",
                Y: "(vertices @ K)[..., 1] / (vertices @ K)[..., 2]",
            },
        ),
        edit(DOWN, {Y: f"height - 1 - ({Y})"}),
        edit("z points forward, away from the camera: divide by z, not by -z", {"/ vertices": "/ -vertices"}),
        edit(
            "the depth z divides, not the distance from the camera",
            {"/ vertices[..., 2]": "/ vertices.norm(dim=-1)"},
        ),
        edit(PIXEL, {"* x /": "* x.floor() /", "* y /": "* y.floor() /"}),
        edit(
            "the principal point is what K says, not the middle of the map",
            {"K[0, 2]": "width / 2", "K[1, 2]": "height / 2"},
        ),
        edit(
            "the principal point is what K says, not the middle pixel of the map",
            {"K[0, 2]": "(width - 1) / 2", "K[1, 2]": "(height - 1) / 2"},
        ),
        edit("the principal point is added, not subtracted", {"+ K[0, 2]": "- K[0, 2]", "+ K[1, 2]": "- K[1, 2]"}),
        edit("-1..1 is two wide: twice the share of the way, minus 1", {"2 * x": "x", "2 * y": "y"}),
        edit("x has a focal length of its own, K[0, 0]", {"K[0, 0]": "K[1, 1]"}),
    ),
    hints=(
        "Two steps: where in the picture does the vertex lie, in pixels? Then what stands there in the map, between "
        "four pixels?",
        "$x = f_x X / Z + c_x$, with `K[0, 0]` and `K[0, 2]`. `F.grid_sample` wants a grid (B, V, 1, 2) of x and y in "
        "-1..1; with `align_corners=True`, -1 is pixel 0 and 1 is pixel `width - 1`. It gives (B, C, V, 1).",
        "`x = K[0, 0] * ____ / vertices[..., 2] + ____`, y likewise; "
        "`grid = torch.stack([2 * x / ____ - 1, 2 * y / ____ - 1], dim=-1)[:, :, None]`.",
    ),
)
