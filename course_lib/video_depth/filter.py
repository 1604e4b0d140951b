"""The last step: each pixel's depth from what several frames say about it, the agreeing ones above all.

Kopf et al. 2021, Section 3.5:

    d_final(p) = sum w z / sum w,  w = exp(-lambda L_ratio(d_i(p), z))

over what the frames i - tau to i + tau say, z being their depth at the place to which flow leads, seen from frame i.
The paper prints the sum without its division; a constant depth survives only with it, and the released code divides.
"""

import torch

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.camera import backproject, relative, transform
from course_lib.ops.warp import in_view, warp
from course_lib.video_depth.geometry import ratio_loss

SHARPNESS = 3.0  # lambda: a depth that is a third larger counts exp(-1) times as much
REACH = 4  # tau: frames to either side


def weighted_depth(own, others, trusted=None, sharpness=SHARPNESS):
    """Mean of what several frames say, weighed by how well it agrees with the frame's own depth.

    Args:
        own: (H, W) depth of the frame. others: (N, H, W), depth as the other frames see it, in this frame; the frame
            itself may be among them. trusted: (N, H, W) bool, where flow can be trusted; by default everywhere.
        sharpness: lambda; 0 is the plain mean.
    Returns:
        (H, W). Where no other frame is trusted, the frame's own depth.
    """
    check_shape(others, "N H W", "others")
    weights = torch.exp(-sharpness * ratio_loss(own.expand_as(others), others))
    if trusted is not None:
        weights = weights * trusted
    total = weights.sum(0)
    mean = (weights * others).sum(0) / total.clamp(min=1e-12)
    return torch.where(total > 1e-12, mean, own)


def chained_flow(flows, masks=None):
    """f~: flow to a far frame from the flows between neighbours.

    Args:
        flows: list of (B, 2, H, W), from frame i to i + 1, from i + 1 to i + 2, ...
        masks: list of (B, H, W) bool, where each can be trusted.
    Returns:
        list of flows from frame i to i + 1, i + 2, ..., and list of masks: a pixel is trusted as long as every step of
        its way was, and stayed in the frame.
    """
    total, good = flows[0], in_view(flows[0]) if masks is None else in_view(flows[0]) & masks[0]
    chains, goods = [total], [good]
    for step, flow in enumerate(flows[1:], 1):
        here = warp(flow, total, outside="border")
        if masks is not None:
            good = good & (warp(masks[step][:, None].float(), total, outside="zero")[:, 0] > 0.99)
        total = total + here
        good = good & in_view(total)
        chains.append(total)
        goods.append(good)
    return chains, goods


def filter_video(depth, forward, backward, K, poses, masks=None, back_masks=None, *, reach=REACH, sharpness=SHARPNESS,
                 radius=0):  # fmt: skip
    """Each frame's depth from those up to `reach` frames away, along chained flow.

    Args:
        depth: (T, H, W), positive. forward, backward: (T - 1, 2, H, W), flow from t to t + 1 and from t + 1 to t.
        K: (3, 3) or (T, 3, 3). poses: (T, 4, 4), camera to world, in the depth's unit.
        masks, back_masks: (T - 1, H, W) bool, where each flow can be trusted; by default where it stays in the frame.
        reach: tau; 0 leaves the depth as it is where `radius` is 0. sharpness: lambda.
        radius: of the neighbourhood N(p): 0 is the pixel alone, as in the released code, 1 is 3 x 3, as in the paper.
    Returns:
        (T, H, W).
    Raises:
        ShapeError: if depth, flow and poses do not fit together. CourseError: if reach or radius is negative.
    """
    sizes = check_shape(depth, "T H W", "depth")
    expected = (sizes["T"] - 1, 2, sizes["H"], sizes["W"])
    if forward.shape != expected or backward.shape != expected or len(poses) != sizes["T"]:
        raise ShapeError(
            f"forward {tuple(forward.shape)}, backward {tuple(backward.shape)} and {len(poses)} poses do not fit "
            f"{sizes['T']} depth maps: expected flow {expected}, one for each step between neighbours."
        )
    if reach < 0 or radius < 0:
        raise CourseError(f"reach is {reach} and radius {radius}: expected 0 or more.")
    cameras = K.expand(sizes["T"], 3, 3)
    points = backproject(depth, cameras)
    filtered = []
    for i in range(sizes["T"]):
        said, good = [depth[i]], [torch.ones_like(depth[i], dtype=torch.bool)]
        for flows, flow_masks, numbers in (
            (forward, masks, range(i, min(i + reach, sizes["T"] - 1))),
            (backward, back_masks, range(i - 1, max(i - reach, 0) - 1, -1)),
        ):
            if not numbers:
                continue
            steps = [flows[n : n + 1] for n in numbers]
            known = None if flow_masks is None else [flow_masks[n : n + 1] for n in numbers]
            chains, goods = chained_flow(steps, known)
            others = [n + 1 if flows is forward else n for n in numbers]
            for j, chain, trusted in zip(others, chains, goods, strict=True):
                z = transform(points[j : j + 1], relative(poses[j], poses[i]))[:, 2:]  # z_ji, as a map of frame j
                said.append(warp(z, chain, outside="border")[0, 0])
                good.append(trusted[0] & (said[-1] > 0))
        said, good = neighbourhood(torch.stack(said), radius), neighbourhood(torch.stack(good), radius)
        filtered.append(weighted_depth(depth[i], said, good, sharpness))
    return torch.stack(filtered)


def neighbourhood(maps, radius):
    """Every pixel's (2 radius + 1)^2 neighbours as maps of their own: (N, H, W) -> (N (2 radius + 1)^2, H, W).

    Beyond the border the nearest pixel counts once more.
    """
    if radius == 0:
        return maps
    side = 2 * radius + 1
    wide = torch.nn.functional.pad(maps[None].float(), [radius] * 4, mode="replicate")[0]
    height, width = maps.shape[1:]
    shifted = [wide[:, y : y + height, x : x + width] for y in range(side) for x in range(side)]
    return torch.cat(shifted).to(maps.dtype)
