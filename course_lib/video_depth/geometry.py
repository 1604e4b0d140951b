"""What the depth of one frame says about another, and by how much the two disagree.

A pixel x of frame i becomes a point, the point is seen from camera j at p_ij(x) with depth z_ij(x). Flow says that the
pixel went to f_ij(x), where frame j has a depth of its own. If depth, cameras and flow are right and nothing moves, the
two agree. Every loss here is a map (B, H, W); `masked_mean` makes it a number.
"""

from dataclasses import dataclass

import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.camera import reproject
from course_lib.ops.warp import in_view, pixel_grid, warp


@dataclass
class Meeting:
    """Where the pixels of frame i are in frame j, by geometry and by flow.

    Attributes:
        pixels: (B, 2, H, W) p_ij, by depth and cameras. depth: (B, H, W) z_ij, as seen from camera j.
        flow_pixels: (B, 2, H, W) f_ij, by flow. flow_depth: (B, H, W) z_j there, bilinear.
    """

    pixels: torch.Tensor
    depth: torch.Tensor
    flow_pixels: torch.Tensor
    flow_depth: torch.Tensor


def meet(depth, other_depth, flow, K, other_K, pose, other_pose):
    """Carry the pixels of frames i into frames j.

    Args:
        depth, other_depth: (B, H, W) z of frames i and j. flow: (B, 2, H, W) from i to j, pixels.
        K, other_K: (3, 3) or (B, 3, 3). pose, other_pose: (4, 4) or (B, 4, 4), camera to world.
    Returns:
        Meeting; gradients flow to both depths and to the cameras.
    Raises:
        ShapeError: if the maps do not share B, H and W.
    """
    sizes = check_shape(depth, "B H W", "depth")
    if depth.shape != other_depth.shape or flow.shape != (sizes["B"], 2, sizes["H"], sizes["W"]):
        raise ShapeError(
            f"depth {tuple(depth.shape)}, other depth {tuple(other_depth.shape)} and flow {tuple(flow.shape)} must "
            "share B, H and W."
        )
    pixels, seen = reproject(depth, K, pose, other_K, other_pose)
    target = pixel_grid(sizes["H"], sizes["W"], flow.device, flow.dtype) + flow
    return Meeting(pixels, seen, target, warp(other_depth[:, None], flow, outside="border")[:, 0])


def spatial_loss(meeting):
    """|p_ij - f_ij| in pixels: (B, H, W). CVD's L_spatial."""
    return _length(meeting.pixels - meeting.flow_pixels)


def disparity_loss(meeting, focal):
    """u |1/z_ij - 1/z_j(f_ij)| in pixels per unit of the camera's path: (B, H, W). CVD's L_disparity.

    Args:
        focal: u, in pixels, a number or (B,): the mean of fx and fy of frame i.
    """
    focal = torch.as_tensor(focal, dtype=meeting.depth.dtype, device=meeting.depth.device).reshape(-1, 1, 1)
    return focal * (1 / _positive(meeting.depth) - 1 / _positive(meeting.flow_depth)).abs()


def ratio_loss(a, b):
    """max(a, b) / min(a, b) - 1 of two depths: Kopf et al.'s L_ratio. It stays as it is when the scene is scaled."""
    a, b = _positive(a), _positive(b)
    return torch.maximum(a, b) / torch.minimum(a, b) - 1


def trusted(flow, backward, pixels=1.0):
    """Where flow can be trusted: it stays in the frame, and the flow back returns to within `pixels`.

    Args:
        flow, backward: (B, 2, H, W), from i to j and from j to i.
    Returns:
        (B, H, W) bool, M_ij.
    """
    return in_view(flow) & ((flow + warp(backward, flow, outside="border")).square().sum(1) < pixels**2)


def masked_mean(values, mask):
    """Mean of (B, H, W) over the mask, all frames together; 0 where the mask is empty."""
    mask = mask.to(values.dtype)
    return (values * mask).sum() / mask.sum().clamp(min=1)


def pair_loss(meeting, mask, focal, disparity=0.1):
    """CVD's loss of pairs of frames: each pair's mean over its trusted pixels of L_spatial + lambda L_disparity.

    Pairs count alike, however many pixels they share; one without any counts as 0.

    Args:
        mask: (B, H, W) bool. focal: as for `disparity_loss`. disparity: lambda; the released code takes 0.1 for the
            Mannequin Challenge network, 1e-4 for MiDaS and 1 for monodepth2.
    """
    loss = (spatial_loss(meeting) + disparity * disparity_loss(meeting, focal)) * mask
    return (loss.sum((1, 2)) / mask.sum((1, 2)).clamp(min=1)).mean()


def _length(vectors):
    """Length along axis 1, with a finite gradient at 0."""
    return (vectors.square().sum(1) + 1e-12).sqrt()


def _positive(depth):
    """Depth, kept above 0, so that what lies behind a camera gives a large loss and no infinite one."""
    return depth.clamp(min=1e-3)
