"""The last step: each pixel's depth from what several frames say about it, the agreeing ones above all.

Kopf et al. 2021, Section 3.5:

    d_final(p) = sum w z / sum w,  w = exp(-lambda L_ratio(d_i(p), z))

over what the frames i - tau to i + tau say, z being their depth at the place to which flow leads, seen from frame i.
The paper prints the sum without its division; a constant depth survives only with it, and the released code divides.
"""

import torch

from course_lib.errors import check_shape
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
    """Flow to a far frame from the flows between neighbours.

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
