"""19.5: normals of the surface that a depth map is."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.camera import intrinsics

SOLUTION = """
import torch
import torch.nn.functional as F
from course_lib.ops.camera import backproject


def surface_normals(depth, K):
    points = backproject(depth, K)
    right = points[:, :, 1:-1, 2:] - points[:, :, 1:-1, :-2]
    down = points[:, :, 2:, 1:-1] - points[:, :, :-2, 1:-1]
    normals = torch.linalg.cross(down, right, dim=1)
    return F.normalize(normals, dim=1)
"""

POINTS, CROSS = "backproject(depth, K)", "torch.linalg.cross(down, right, dim=1)"
RIGHT = "points[:, :, 1:-1, 2:] - points[:, :, 1:-1, :-2]"
DOWN = "points[:, :, 2:, 1:-1] - points[:, :, :-2, 1:-1]"
PIXELS = (
    "torch.cat([torch.stack(torch.meshgrid(*(torch.arange(n) for n in depth.shape[1:]), indexing='ij')[::-1])"
    ".float().expand(len(depth), 2, -1, -1), depth[:, None]], 1)"
)
AWAY = (
    "the normals point away from the camera: (down) x (right), in this order, with `right` along the last axis from "
    "left to right and `down` along the rows from top to bottom"
)
SCALED = "F.normalize(normals, dim=1)"
SLOPES = (  # of the depth map; what they are divided by is left open
    "F.normalize(torch.stack([(depth[:, 1:-1, 2:] - depth[:, 1:-1, :-2]) / 2 * K[0, 0]{0}, "
    "(depth[:, 2:, 1:-1] - depth[:, :-2, 1:-1]) / 2 * K[1, 1]{0}, -torch.ones_like(depth[:, 1:-1, 1:-1])], 1), dim=1)"
)


def _cases(generator):
    K = intrinsics(9.0, 7.0, 3.2, 1.7)

    def maps(batch, rows, columns):
        """Bumpy walls that lean to all sides."""
        y, x = torch.meshgrid(torch.arange(rows) / rows, torch.arange(columns) / columns, indexing="ij")
        slopes = torch.randn(2, batch, 1, 1, generator=generator)
        bumps = 0.1 * torch.rand(batch, rows, columns, generator=generator)
        return 3 + slopes[0] * x + 0.7 * slopes[1] * y + bumps, K

    def side():
        """A wall on the left that opens away from the camera: n X = -2, n = (1, 0, 0.25), and bumps."""
        aside = intrinsics(3.0, 4.0, 7.0, 1.7)
        x = (torch.arange(6) - 7) / 3
        depth = -2 / (x + 0.25)
        return depth.expand(1, 5, 6) * (1 + 0.02 * torch.rand(1, 5, 6, generator=generator)), aside

    return [
        Case("1 depth map of 4 x 6", maps(1, 4, 6)),
        Case("3 depth maps of 5 x 7", maps(3, 5, 7)),
        Case("2 depth maps of 8 x 4", maps(2, 8, 4)),
        Case("1 depth map of 5 x 6: a wall at the side, whose normals have a positive z", side()),
        Case("by hand: a wall straight ahead", (torch.full((1, 3, 4), 2.0), K)),
    ]


surface_normals = exercise(
    "19.5",
    "Normals by a cross product",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.depth.normals_from_depth",),
    mistakes=(
        edit(AWAY, {"(down, right": "(right, down"}),
        edit("the normals do not have length 1 yet", {SCALED: "normals"}),
        edit("the axis of the vectors is 1, the channels", {SCALED: "F.normalize(normals, dim=-1)"}),
        edit("the axis of the vectors is 1, the channels", {SCALED: "F.normalize(normals, dim=2)"}),
        edit(
            "this scales by the largest length of all: every pixel's vector has its own",
            {SCALED: "normals / normals.norm(dim=1).max()"},
        ),
        edit("this divides by the squared length", {SCALED: "normals / normals.square().sum(1, keepdim=True)"}),
        edit(
            "tangents of the depth map in pixels: turn pixels into points in space first, with `backproject`",
            {POINTS: PIXELS},
        ),
        edit(
            "the differences are one-sided, to the next pixel: take those between the two neighbours",
            {
                RIGHT: "points[:, :, 1:-1, 2:] - points[:, :, 1:-1, 1:-1]",
                DOWN: "points[:, :, 2:, 1:-1] - points[:, :, 1:-1, 1:-1]",
            },
        ),
        edit(
            "the differences are one-sided, to the pixel before: take those between the two neighbours",
            {
                RIGHT: "points[:, :, 1:-1, 1:-1] - points[:, :, 1:-1, :-2]",
                DOWN: "points[:, :, 1:-1, 1:-1] - points[:, :, :-2, 1:-1]",
            },
        ),
        edit(
            AWAY,
            {RIGHT: "points[:, :, 1:-1, :-2] - points[:, :, 1:-1, 2:]"},
        ),
        edit(
            AWAY,
            {RIGHT: DOWN, DOWN + "\n    normals": RIGHT + "\n    normals"},
        ),
        edit(
            "the cross product runs along the wrong axis: dim=1, the three coordinates",
            {CROSS: "torch.linalg.cross(down[:, :, :3, :3], right[:, :, :3, :3], dim=-1)"},
        ),
        edit("the axis of the vectors is 1, the channels", {SCALED: "F.normalize(normals, dim=0)"}),
        edit(
            "`down` is one-sided, to the next row: take the difference of the two neighbours",
            {DOWN: "points[:, :, 2:, 1:-1] - points[:, :, 1:-1, 1:-1]"},
        ),
        edit(
            "`right` is one-sided, to the next column: take the difference of the two neighbours",
            {RIGHT: "points[:, :, 1:-1, 2:] - points[:, :, 1:-1, 1:-1]"},
        ),
        edit("a product pixel by pixel is no cross product", {CROSS: "down * right"}),
        edit("the sum of the tangents lies in the surface: the cross product stands on it", {CROSS: "down + right"}),
        edit("this is the difference of the tangents: the cross product stands on both", {CROSS: "down - right"}),
        edit("this is one of the tangents: it lies in the surface", {CROSS: "right"}),
        edit("this is one of the tangents: it lies in the surface", {CROSS: "down"}),
        edit("these are the points, not the normals", {SCALED: "points"}),
        edit(
            "z is turned: the camera looks along +z, and the cross product has the sign of z already",
            {SCALED: "F.normalize(normals, dim=1) * torch.tensor([1.0, 1, -1]).view(3, 1, 1)"},
        ),
        edit(
            "towards the camera does not mean towards -z: at the side of the frame the rays are oblique, and a wall "
            "that one sees there may have a positive z. Trust the order of the cross product",
            {SCALED: "F.normalize(normals * -normals[:, 2:].sign(), dim=1)"},
        ),
        edit(
            "slopes of the depth per pixel are those of a camera without perspective: the pixels of a near surface "
            "are closer together in space. Turn pixels into points first",
            {SCALED: SLOPES.format("")},
        ),
        edit(
            "slopes divided by z forget that points also move along oblique rays: take the cross product of tangents "
            "between points",
            {SCALED: SLOPES.format(" / depth[:, 1:-1, 1:-1]")},
        ),
        edit(
            "length is the root of the sum of squares, not the sum of absolute values: p=2, the default",
            {SCALED: "F.normalize(normals, p=1, dim=1)"},
        ),
        edit(
            "the tangents belong to the neighbour at the lower right, not to the pixel itself: 1:-1 is the middle",
            {"2:, 1:-1] - points[:, :, :-2, 1:-1]": "2:, 2:] - points[:, :, :-2, 2:]",
             "1:-1, 2:] - points[:, :, 1:-1, :-2]": "2:, 2:] - points[:, :, 2:, :-2]"},
        ),
        edit("the focal lengths are forgotten: use K as it is", {POINTS: "backproject(depth, torch.eye(3))"}),
        edit("channels come first: (B, 3, H - 2, W - 2)", {SCALED: "F.normalize(normals, dim=1).permute(0, 2, 3, 1)"}),
    ),
    hints=(
        "Two tangents span the surface: from the left neighbour's point to the right neighbour's, and from the upper "
        "to the lower. What stands on both is their cross product.",
        "`points = backproject(depth, K)` is $(B, 3, H, W)$. Slices without the border: `points[:, :, 1:-1, 2:]` are "
        "the right neighbours. `torch.linalg.cross(a, b, dim=1)`, `F.normalize(x, dim=1)`.",
        "`right = points[:, :, 1:-1, 2:] - points[:, :, 1:-1, ____]`, `down = points[:, :, 2:, 1:-1] - ____`, and "
        "`torch.linalg.cross(____, ____, dim=1)` such that a wall ahead gets $(0, 0, -1)$.",
    ),
)
