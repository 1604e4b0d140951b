"""Hardwired channels: what Ji et al. compute from a clip before anything is learned.

Their 3D CNN does not look at pixels. Its first layer, fixed by hand, makes five kinds of maps: the grey value and its
horizontal and vertical gradient for every frame, and the horizontal and vertical optical flow for every pair of
neighbouring frames. Seven frames become 7 + 7 + 7 + 6 + 6 = 33 maps.

Paper: Ji, Xu, Yang, Yu, "3D Convolutional Neural Networks for Human Action Recognition", ICML 2010 and PAMI 2013.
Difference from the paper: unless you pass another, the flow is pyramidal Lucas-Kanade (lecture 04).
"""

from typing import NamedTuple

import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.flow import pyramidal_lucas_kanade

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601: how much red, green and blue count for brightness


class HardwiredChannels(NamedTuple):
    """Five channels, each (..., frames, H, W): T frames for the first three, T - 1 pairs of frames for the flow."""

    grey: torch.Tensor
    gradient_x: torch.Tensor
    gradient_y: torch.Tensor
    flow_x: torch.Tensor
    flow_y: torch.Tensor

    def maps(self):
        """All maps in this order along one axis: (..., 5 T - 2, H, W). The input of `course_lib.models.ji3d.Ji3D`."""
        return torch.cat(self, dim=-3)


def grey(clip):
    """Brightness of a colour clip.

    Args:
        clip: (..., 3, T, H, W), RGB.
    Returns:
        (..., T, H, W), in the range of `clip`.
    Raises:
        ShapeError: if there are not three colour channels before (T, H, W).
    """
    check_shape(clip, "* 3 T H W", name="clip")
    return (clip * clip.new_tensor(LUMA).view(3, 1, 1, 1)).sum(-4)


def image_gradients(frames):
    """Central differences: half of (next minus previous) along columns and along rows; the edge is repeated.

    Args:
        frames: (..., T, H, W), any range.
    Returns:
        gradient_x and gradient_y, both (..., T, H, W), per pixel; x points right and y points down.
    Raises:
        ShapeError: if there are fewer than three axes.
    """
    check_shape(frames, "* T H W", name="frames")
    wide = torch.cat((frames[..., :1], frames, frames[..., -1:]), dim=-1)
    tall = torch.cat((frames[..., :1, :], frames, frames[..., -1:, :]), dim=-2)
    return (wide[..., 2:] - wide[..., :-2]) / 2, (tall[..., 2:, :] - tall[..., :-2, :]) / 2


def hardwired(clip, flow=None):
    """The five hardwired channels of a colour clip.

    Args:
        clip: (3, T, H, W) or (B, 3, T, H, W), RGB in 0..1.
        flow: (T - 1, 2, H, W) or (B, T - 1, 2, H, W) in pixels, with u (right) before v (down); None estimates it
            with `course_lib.ops.flow.pyramidal_lucas_kanade`.
    Returns:
        HardwiredChannels; `.maps()` puts the 5 T - 2 maps on one axis.
    Raises:
        ShapeError: if the clip is not RGB, has a single frame, or the flow does not fit to it.
    """
    brightness = grey(clip)  # (..., T, H, W)
    *lead, frames, h, w = brightness.shape
    if frames < 2:
        raise ShapeError("clip has 1 frame, expected at least 2: optical flow needs a pair")
    if flow is None:
        first, second = brightness[..., :-1, :, :], brightness[..., 1:, :, :]
        flow = pyramidal_lucas_kanade(first.reshape(-1, 1, h, w), second.reshape(-1, 1, h, w))
        flow = flow.view(*lead, frames - 1, 2, h, w)
    elif tuple(flow.shape) != (*lead, frames - 1, 2, h, w):
        raise ShapeError(
            f"flow has shape {tuple(flow.shape)}, expected {(*lead, frames - 1, 2, h, w)}: "
            "one field of (u, v) for each pair of neighbouring frames"
        )
    return HardwiredChannels(brightness, *image_gradients(brightness), flow[..., 0, :, :], flow[..., 1, :, :])
