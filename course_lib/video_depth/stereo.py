"""Depth from several frames with known cameras, by trying depths: plane-sweep multi-view stereo, the smallest there is.

For every pixel and every depth of a list: where would it lie in the neighbouring frames, and do small patches look
alike there? The best depth wins. A second look from the neighbour throws out what does not return. What is left is
right where the scene is textured and still, and 0 elsewhere: holes, as in the output of COLMAP's dense reconstruction,
whose idea this is (Collins 1996; COLMAP: Schoenberger et al., ECCV 2016).
"""

import torch
from torch.nn.functional import avg_pool2d

from course_lib.errors import check_shape
from course_lib.ops.camera import reproject
from course_lib.ops.warp import in_view, pixel_grid, warp
from course_lib.video_depth.geometry import ratio_loss

PATCH = 5  # pixels of a patch's side
APART = (-4, -2, 2, 4)  # frames with which a frame is compared
AGREES = 0.08  # by how much two frames' depths of one point may differ


def sweep(frames, K, poses, depths, patch=PATCH, apart=APART):
    """The depth per pixel at which the patches of neighbouring frames look most alike, without a check.

    Args:
        frames: (T, 3, H, W). K: (3, 3). poses: (T, 4, 4). depths: (D,), what is tried.
        apart: how far the neighbours are; of those that exist, the better half counts, as things get hidden.
    Returns:
        (T, H, W)
    """
    sizes = check_shape(frames, "T 3 H W", "frames")
    here = pixel_grid(sizes["H"], sizes["W"])
    found = torch.empty(len(frames), sizes["H"], sizes["W"])
    for i, frame in enumerate(frames):
        others = [i + step for step in apart if 0 <= i + step < len(frames)]
        costs = []
        for depth in depths:
            constant = depth.expand(len(others), sizes["H"], sizes["W"])
            pixels, _ = reproject(constant, K, poses[i], K, poses[others])
            flow = pixels - here
            apart_ = (warp(frames[others], flow, outside="border") - frame).abs().mean(1)
            apart_ = torch.where(in_view(flow), apart_, torch.ones(()))
            smooth = avg_pool2d(apart_[:, None], patch, 1, patch // 2, count_include_pad=False)[:, 0]
            costs.append(smooth.sort(0).values[: max(1, len(others) // 2)].mean(0))
        found[i] = depths[torch.stack(costs).argmin(0)]
    return found


def plane_sweep(frames, K, poses, depths, patch=PATCH, apart=APART, agrees=AGREES):
    """`sweep`, and 0 where no neighbour agrees: arguments as there; (T, H, W).

    Args:
        agrees: the largest ratio, minus 1, between a depth carried into a neighbour and the neighbour's own.
    """
    depth = sweep(frames, K, poses, depths, patch, apart)
    here = pixel_grid(*depth.shape[1:])
    kept = torch.zeros_like(depth)
    for i in range(len(frames)):
        others = [i + step for step in apart if 0 <= i + step < len(frames)]
        pixels, seen = reproject(depth[i].expand(len(others), -1, -1), K, poses[i], K, poses[others])
        flow = pixels - here
        own = warp(depth[others][:, None], flow, outside="border")[:, 0]
        votes = (in_view(flow) & (ratio_loss(seen, own) < agrees)).sum(0)
        kept[i] = torch.where(2 * votes >= len(others), depth[i], torch.zeros(()))
    return kept
