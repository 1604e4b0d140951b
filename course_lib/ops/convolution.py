"""Convolution in two and in three dimensions, three times over: as loops, vectorised, and as one library call.

The formulas are Eq. 1 and Eq. 2 of Ji, Xu, Yang and Yu, "3D Convolutional Neural Networks for Human Action
Recognition" (ICML 2010; PAMI 2013), without the tanh that the paper puts around them. Their p and q run over the
rows and columns of a kernel of P x Q, their r over its R frames. We store time first, as PyTorch does: a 3D kernel
is (D, C, R, P, Q) for D outputs and C input channels.

What deep learning calls convolution does not flip the kernel; signal processing calls it cross-correlation.
"""

import torch
import torch.nn.functional as F

from course_lib.errors import ShapeError, check_shape


def conv_output_size(size, kernel, stride=1, padding=0, dilation=1):
    """How many places a kernel can stand along an axis.

    It is floor((size + 2 padding - span) / stride) + 1, where the kernel spans dilation (kernel - 1) + 1 inputs.

    Args:
        size: length of the axis (int), or a tuple of lengths such as (T, H, W).
        kernel, stride, padding, dilation: ints, or tuples as long as `size`.
    Returns:
        int when `size` is an int, else a tuple of ints.
    Raises:
        ShapeError: if the kernel is longer than the padded axis, or a tuple has another length than `size`.
        ValueError: if kernel, stride or dilation is below 1, or padding below 0.
    """
    if not isinstance(size, int):
        sizes = tuple(size)
        settings = [_per_axis(v, len(sizes)) for v in (kernel, stride, padding, dilation)]
        return tuple(conv_output_size(*values) for values in zip(sizes, *settings, strict=True))
    if min(kernel, stride, dilation) < 1 or padding < 0:
        raise ValueError(
            f"kernel {kernel}, stride {stride} and dilation {dilation} must be at least 1 and padding {padding} "
            "at least 0: are two of the arguments swapped?"
        )
    span = dilation * (kernel - 1) + 1  # from the first to the last input that one output sees
    free = size + 2 * padding - span
    if free < 0:
        raise ShapeError(
            f"a kernel of {kernel} (spanning {span}) does not fit into an axis of {size} with padding {padding}: "
            "use a longer clip, a smaller kernel, or padding"
        )
    return free // stride + 1


def conv2d_reference(image, weight, bias=None):
    """2D convolution as the formula says it, one number at a time (Eq. 1 without the tanh). Slow on purpose.

    Args:
        image: (C, H, W), any range.
        weight: (D, C, P, Q).
        bias: (D,) or None.
    Returns:
        (D, H - P + 1, W - Q + 1).
    Raises:
        ShapeError: if the channels of image and weight differ, or the kernel is larger than the image.
    """
    c, h, w = check_shape(image, "C H W", name="image").values()
    d, p, q = _check_kernel(weight, "D C P Q", c, bias)
    rows, columns = conv_output_size((h, w), (p, q))
    out = image.new_zeros(d, rows, columns)
    for j in range(d):
        for x in range(rows):
            for y in range(columns):
                total = image.new_zeros(()) if bias is None else bias[j]
                for m in range(c):
                    for dp in range(p):
                        for dq in range(q):
                            total = total + weight[j, m, dp, dq] * image[m, x + dp, y + dq]
                out[j, x, y] = total
    return out


def conv3d_reference(clip, weight, bias=None):
    """3D convolution as the formula says it, one output at a time (Eq. 2 without the tanh). Slow on purpose.

    The four inner sums of Eq. 2 (over channel, row, column and frame) are one product and one sum over a block.

    Args:
        clip: (C, T, H, W), any range.
        weight: (D, C, R, P, Q): R frames, P rows, Q columns.
        bias: (D,) or None.
    Returns:
        (D, T - R + 1, H - P + 1, W - Q + 1).
    Raises:
        ShapeError: if the channels of clip and weight differ, or the kernel is larger than the clip.
    """
    c, *size = check_shape(clip, "C T H W", name="clip").values()
    d, r, p, q = _check_kernel(weight, "D C R P Q", c, bias)
    frames, rows, columns = conv_output_size(tuple(size), (r, p, q))
    out = clip.new_zeros(d, frames, rows, columns)
    for j in range(d):
        for z in range(frames):
            for x in range(rows):
                for y in range(columns):
                    block = clip[:, z : z + r, x : x + p, y : y + q]  # (C, R, P, Q), what the kernel lies on
                    out[j, z, x, y] = (weight[j] * block).sum() + (0 if bias is None else bias[j])
    return out


def conv3d(clip, weight, bias=None, stride=1, padding=0):
    """3D convolution (Eq. 2 without the tanh) as one view and one contraction.

    `unfold` shows every block that the kernel lies on without copying; `einsum` multiplies and sums them all.

    Args:
        clip: (C, T, H, W), or (B, C, T, H, W) with any number of leading axes; any range.
        weight: (D, C, R, P, Q).
        bias: (D,) or None.
        stride, padding: int or (time, rows, columns). The padding is zeros.
    Returns:
        (D, T', H', W') or (B, D, T', H', W') with sizes from `conv_output_size`.
    Raises:
        ShapeError: if the channels of clip and weight differ, or the kernel is larger than the padded clip.
    """
    c, *size = check_shape(clip, "* C T H W", name="clip").values()
    _, *kernel = _check_kernel(weight, "D C R P Q", c, bias)
    stride, padding = _per_axis(stride, 3), _per_axis(padding, 3)
    conv_output_size(tuple(size), tuple(kernel), stride, padding)  # raises when the kernel does not fit
    time, rows, columns = padding
    blocks = F.pad(clip, (columns, columns, rows, rows, time, time))  # F.pad counts from the last axis
    for length, step in zip(kernel, stride, strict=True):
        blocks = blocks.unfold(-3, length, step)  # R, P or Q goes last: the next axis is third now
    out = torch.einsum("...cthwrpq,dcrpq->...dthw", blocks, weight)
    return out if bias is None else out + bias.view(-1, 1, 1, 1)


def _per_axis(value, axes):
    """An int for every axis, or a tuple that must have one int per axis."""
    values = (value,) * axes if isinstance(value, int) else tuple(value)
    if len(values) != axes:
        raise ShapeError(f"{values} has {len(values)} numbers, expected one int or one per axis ({axes}), time first")
    return values


def _check_kernel(weight, pattern, channels, bias):
    """The sizes of `weight` without its input channels, after comparing them with the input and the bias."""
    d, c, *kernel = check_shape(weight, pattern, name="weight").values()
    if c != channels:
        raise ShapeError(
            f"weight has shape {tuple(weight.shape)}: it expects {c} input channels, the input has {channels}. "
            "The order is (outputs, input channels, ...): are the first two axes swapped?"
        )
    if bias is not None and tuple(bias.shape) != (d,):
        raise ShapeError(f"bias has shape {tuple(bias.shape)}, expected ({d},): one number per output")
    return d, *kernel
