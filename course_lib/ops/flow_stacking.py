"""Optical flow as the input of a network: 2L channels from L flow fields.

Section 3.1 of Karen Simonyan, Andrew Zisserman, "Two-Stream Convolutional Networks for Action Recognition in Videos",
NIPS 2014, arXiv:1406.2199.
"""

import torch

from course_lib.errors import CourseError, check_shape
from course_lib.ops.warp import warp


def stack_flow(flow, start, length):
    """Optical flow stacking (Eq. 1): at every pixel, its own displacement in L consecutive fields.

        I(x, y, 2k - 1) = u of d_{start + k - 1} at (x, y),   I(x, y, 2k) = v,   k = 1..L

    Args:
        flow: (B, T, 2, H, W), field t from frame t to t + 1, pixels.
        start: first field; length: L.
    Returns:
        (B, 2L, H, W), channels u1, v1, u2, v2, ...
    Raises:
        CourseError: if fewer than `length` fields follow `start`.
    """
    return _window(flow, start, length).flatten(1, 2)


def stack_trajectories(flow, start, length):
    """Trajectory stacking (Eq. 2): follow each pixel, and read the displacement where it has arrived.

        p_1 = (x, y),  p_k = p_{k-1} + d_{start+k-2}(p_{k-1});   channels 2k - 1 and 2k are d_{start+k-1}(p_k)

    Fields are read bilinearly; beyond the border the nearest pixel counts.

    Args and returns: as `stack_flow`.
    """
    fields = _window(flow, start, length)
    travelled = torch.zeros_like(fields[:, 0])
    channels = []
    for field in fields.unbind(1):
        here = warp(field, travelled, outside="border")
        channels.append(here)
        travelled = travelled + here
    return torch.cat(channels, 1)


def stack_bidirectional(forward, backward, middle, length):
    """Bi-directional stacking (Section 3.1): L / 2 fields forwards from `middle`, L / 2 backwards.

    Args:
        forward: (B, T, 2, H, W), field t from frame t to t + 1.
        backward: (B, T, 2, H, W), field t from frame t + 1 to t.
        middle: the frame from which both start; length: L, even.
    Returns:
        (B, 2L, H, W): first the forward fields of frames middle, middle + 1, ..., then the backward fields from
        frames middle, middle - 1, ...
    """
    if length % 2:
        raise CourseError(f"length is {length}, expected an even number: half of the fields go each way.")
    half = length // 2
    if middle < half:
        raise CourseError(f"middle is {middle}, but {half} backward fields need at least {half} frames before it.")
    ahead = _window(forward, middle, half)
    behind = _window(backward, middle - half, half).flip(1)
    return torch.cat([ahead, behind], 1).flatten(1, 2)


def subtract_mean_flow(stack):
    """Remove each field's mean vector: a cheap stand-in for camera motion compensation (Section 3.1).

    Args:
        stack: (B, 2L, H, W).
    Returns:
        the same shape; every channel has mean 0.
    """
    check_shape(stack, "B C H W", "stack")
    return stack - stack.mean((2, 3), keepdim=True)


def mirror_stack(stack):
    """Flow of the mirrored video: columns in reverse order, and every u with the other sign.

    Args:
        stack: (B, 2L, H, W), channels u1, v1, u2, v2, ...
    Returns:
        the same shape.
    """
    check_shape(stack, "B C H W", "stack")
    mirrored = stack.flip(3)
    mirrored[:, 0::2] *= -1  # flip has made a copy
    return mirrored


def _window(flow, start, length):
    sizes = check_shape(flow, "B T 2 H W", "flow")
    if length < 1 or start < 0 or start + length > sizes["T"]:
        raise CourseError(
            f"fields {start} to {start + length - 1} were asked for, but there are only 0 to {sizes['T'] - 1}. "
            "T frames have T - 1 flow fields."
        )
    return flow[:, start : start + length]
