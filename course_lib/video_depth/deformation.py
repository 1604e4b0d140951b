"""Stretch a depth map smoothly: a factor per node of a coarse grid over the frame, bilinear between the nodes.

Kopf et al. 2021, Section 3.4: c_i(p) = phi_i(p) d_i(p) p~ with phi_i(p) = sum_k b_k(p) s_i^k. A network's depth is
often right in the small and wrong in the large, here too far, there too near; one factor per frame cannot mend that, a
few factors can. The grid begins as a single factor and becomes finer in steps, each starting from the one before.

Nodes lie on the border of the frame and between: row 0 at the top, column 0 at the left. (The released code counts rows
from the bottom.)
"""

import torch
from torch.nn.functional import interpolate

from course_lib.errors import CourseError, check_shape

FINEST = (17, 10)  # nodes along the longer and the shorter side


def scale_map(nodes, size):
    """The factor at every pixel.

    Args:
        nodes: (B, rows, columns), positive. size: (H, W) of the frame.
    Returns:
        (B, H, W); differentiable. A single node gives the same factor everywhere.
    """
    check_shape(nodes, "B R C", "nodes")
    return interpolate(nodes[:, None], size=size, mode="bilinear", align_corners=True)[:, 0]


def at_pixels(nodes, pixels, size):
    """The factor at given places: (B, rows, columns), (B, P, 2) of (x, y), (H, W) -> (B, P)."""
    height, width = size
    grid = 2 * pixels / pixels.new_tensor([max(width - 1, 1), max(height - 1, 1)]) - 1
    found = torch.nn.functional.grid_sample(nodes[:, None], grid[:, None], align_corners=True, padding_mode="border")
    return found[:, 0, 0]


def handles(pixels, size, shape):
    """b_k(p): which four nodes a place hangs on, and by how much.

    Args:
        pixels: (P, 2) of (x, y). size: (H, W) of the frame. shape: (rows, columns) of the grid.
    Returns:
        (P, 4) long, numbers of nodes, counted row by row; (P, 4) weights, which sum to 1. A grid of one row or column
        has the same node twice, once with weight 0.
    """
    share = pixels / pixels.new_tensor([max(size[1] - 1, 1), max(size[0] - 1, 1)])
    at = share.clamp(0, 1) * pixels.new_tensor([shape[1] - 1, shape[0] - 1])
    least = torch.minimum(at.floor(), at.new_tensor([max(shape[1] - 2, 0), max(shape[0] - 2, 0)]))
    across, down = (at - least).unbind(1)
    column, row = least.long().unbind(1)
    right, below = (column + 1).clamp(max=shape[1] - 1), (row + 1).clamp(max=shape[0] - 1)
    nodes = [y * shape[1] + x for y in (row, below) for x in (column, right)]
    weights = [v * u for v in (1 - down, down) for u in (1 - across, across)]
    return torch.stack(nodes, 1), torch.stack(weights, 1)


def finer(nodes, shape):
    """The same factors on a finer grid, (rows, columns): where a finer step begins."""
    return interpolate(nodes[:, None], size=shape, mode="bilinear", align_corners=True)[:, 0]


def coarse_to_fine(size, steps=4, finest=FINEST):
    """The grids of the steps, from a single node on.

    Args:
        size: (H, W) of the frame: the longer side gets more nodes. steps: how many. finest: nodes along the longer and
            the shorter side of the last one.
    Returns:
        list of (rows, columns).
    Raises:
        CourseError: if there are fewer than two steps.
    """
    if steps < 2:
        raise CourseError(f"steps is {steps}, expected at least 2: a single factor first, then the finest grid.")
    shares = [step / (steps - 1) for step in range(steps)]
    longer, shorter = ([1 + int(share * (nodes - 1) + 0.5) for share in shares] for nodes in finest)
    wide = size[1] >= size[0]
    return [(s, g) if wide else (g, s) for g, s in zip(longer, shorter, strict=True)]


def unevenness(nodes):
    """How much neighbouring factors differ, relative to the smaller one: (B, E) for the E edges of the grid.

    The regulariser of the released code is the sum of the squares of 0.1 times these; it keeps a grid from bending
    where no pixel asks for it.
    """
    parts = []
    for a, b in ((nodes[:, :, :-1], nodes[:, :, 1:]), (nodes[:, :-1], nodes[:, 1:])):
        parts.append(((b - a) / torch.minimum(a.abs(), b.abs())).flatten(1))
    return torch.cat(parts, 1)
