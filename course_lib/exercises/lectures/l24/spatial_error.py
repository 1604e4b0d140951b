"""24.5: by how many pixels geometry and flow disagree."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
from course_lib.ops.warp import pixel_grid


def spatial_error(pixels, flow):
    height, width = flow.shape[2:]
    target = pixel_grid(height, width) + flow
    return (pixels - target).norm(dim=1)
"""

TARGET, NORM = "pixel_grid(height, width) + flow", "(pixels - target).norm(dim=1)"


def _cases(generator):
    def maps(batch, rows, columns):
        return tuple(3 * torch.randn(2, batch, 2, rows, columns, generator=generator))

    hand = torch.zeros(1, 2, 1, 2), torch.tensor([3.0, 4.0]).view(1, 2, 1, 1).expand(1, 2, 1, 2).clone()
    return [
        Case("by hand: 3 to the right and 4 down, geometry stays at 0", hand),
        Case("2 pairs of 4 x 6", maps(2, 4, 6)),
        Case("3 pairs of 5 x 3", maps(3, 5, 3)),
    ]


spatial_error = exercise(
    "24.5",
    "The spatial loss",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=("course_lib.video_depth.geometry.spatial_loss",),
    mistakes=(
        edit("flow is a displacement: the place is the pixel plus the flow", {TARGET: "flow"}),
        edit(
            "the sign of the flow is turned: from i to j, the place is x + F(x)",
            {TARGET: "pixel_grid(height, width) - flow"},
        ),
        edit(
            "the flow is left out: this is how far each pixel went, by geometry", {TARGET: "pixel_grid(height, width)"}
        ),
        edit(
            "rows and columns are exchanged in the grid: channel 0 is x",
            {TARGET: "pixel_grid(height, width).flip(0) + flow"},
        ),
        edit("this is the squared distance: take the root", {NORM: "(pixels - target).square().sum(1)"}),
        edit("the paper takes the Euclidean length; this is |dx| + |dy|", {NORM: "(pixels - target).abs().sum(1)"}),
        edit(
            "the mean of the two squares is not their sum: sqrt(dx^2 + dy^2)",
            {NORM: "(pixels - target).square().mean(1).sqrt()"},
        ),
        edit("this is the mean of |dx| and |dy|: sqrt(dx^2 + dy^2)", {NORM: "(pixels - target).abs().mean(1)"}),
        edit("the larger of the two differences is not their length", {NORM: "(pixels - target).abs().amax(1)"}),
        edit(
            "the length runs along the wrong axis: over the two coordinates, dim=1",
            {NORM: "(pixels - target).norm(dim=0)"},
        ),
        edit(
            "the length runs along the wrong axis: over the two coordinates, dim=1",
            {NORM: "(pixels - target).norm(dim=-1)"},
        ),
        edit("the length of everything at once: one number per pixel is asked for", {NORM: "(pixels - target).norm()"}),
        edit("the mean comes later, over trusted pixels: return a map (B, H, W)", {NORM: f"{NORM}.mean()"}),
        edit("the axis of the length is left over: (B, H, W)", {NORM: "(pixels - target).norm(dim=1, keepdim=True)"}),
        edit("only x is compared: y as well", {NORM: "(pixels - target)[:, 0].abs()"}),
        edit("the difference itself came: take its length along dim=1", {NORM: "pixels - target"}),
        edit("the length cannot be that of the sum: subtract", {NORM: "(pixels + target).norm(dim=1)"}),
        edit("the lengths are subtracted, not the places", {NORM: "(pixels.norm(dim=1) - target.norm(dim=1)).abs()"}),
        edit(
            "this is the mean of the two squares: their sum, and its root",
            {NORM: "(pixels - target).square().mean(1)"},
        ),
        edit(
            "the length runs along the wrong axis: over the two coordinates, dim=1",
            {NORM: "(pixels - target).norm(dim=2)"},
        ),
        edit(
            "the flow's channels are exchanged: u, to the right, comes first, as x does",
            {TARGET: "pixel_grid(height, width) + flow.flip(1)"},
        ),
        edit("only y is compared: x as well", {NORM: "(pixels - target)[:, 1].abs()"}),
    ),
    hints=(
        "Flow at a pixel says where the pixel went, as a displacement. Geometry gives a place. Compare places, by "
        "their distance.",
        "`pixel_grid(height, width)` is $(2, H, W)$, x first, and broadcasts over the batch. `.norm(dim=...)` is a "
        "length along an axis.",
        "`target = ____ + flow`, and `(pixels - ____).norm(dim=____)`.",
    ),
)
