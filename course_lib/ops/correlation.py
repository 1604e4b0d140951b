"""Correlation of two feature maps: how alike is a patch of the first to the patches around it in the second?

A. Dosovitskiy et al., "FlowNet: Learning Optical Flow with Convolutional Networks", ICCV 2015, arXiv:1504.06852, Eq. 1:

    c(x1, x2) = sum over o in [-k, k] x [-k, k] of < f1(x1 + o), f2(x2 + o) >,        x2 = x1 + displacement.

Unlike a convolution it has no weights: it multiplies data with data. What the paper leaves open, and the released codes
settle:
- the sum is divided by K * K * C (K = 2 k + 1), so that it is a mean.
- displacements are multiples of `stride_2`, at most `max_displacement` long in x and in y. Channel (dy, dx) of the
  output counts dx fastest, as one reads a page: -d, -d first, then -d, -d + stride_2, and so on.
- both maps are surrounded by `pad` zeros; positions x1 are `stride_1` apart, from the first at which every displaced
  pixel lies inside.
- with K > 1, Caffe puts the upper left corner of the first patch at that position, NVIDIA's code its centre. So theirs
  are shifted against each other by k pixels; with K = 1, which FlowNetC uses, they are equal.
"""

import torch
from torch.nn.functional import avg_pool2d
from torch.nn.functional import pad as pad_zeros

from course_lib.errors import CourseError, ShapeError, check_shape

CONVENTIONS = ("caffe", "nvidia")


def correlation(
    first, second, *, max_displacement=20, stride_2=2, kernel_size=1, stride_1=1, pad=None, convention="caffe"
):
    """Mean product of patches, for every position and every displacement (Eq. 1). The defaults are FlowNetC's.

    One matrix product for each vertical displacement: a row of the first map times a row of the second gives all
    horizontal displacements at once, and the band that is wanted is cut out. Beyond the output it needs one row's
    products, and neither forward nor backward does the memory grow with displacements times channels.

    Args:
        first, second: (B, C, H, W).
        max_displacement: d, the longest displacement along an axis, in pixels of the maps.
        stride_2: pixels between displacements: 2 * (d // stride_2) + 1 of them along each axis.
        kernel_size: K, odd: side of the patches that are compared.
        stride_1: pixels between positions.
        pad: zeros around both maps; by default d, which gives the output the size of the maps if K is 1.
        convention: where a patch of more than one pixel lies, "caffe" or "nvidia".
    Returns:
        (B, D * D, H', W') with D displacements along each axis, dx fastest; differentiable in both maps.
    Raises:
        ShapeError: if the maps differ in shape, or are too small for any position.
        CourseError: if an option makes no sense.
    """
    start, size = _layout(first, second, max_displacement, stride_2, kernel_size, stride_1, pad, convention)
    # With K > 1 the mean over a patch comes after: positions must be dense until then.
    step = stride_1 if kernel_size == 1 else 1
    rows, columns = ((n - 1) * stride_1 + kernel_size for n in size)
    a = _window(first, start, rows, columns)[:, :, ::step, ::step]
    b = _window(second, start - max_displacement, rows + 2 * max_displacement, columns + 2 * max_displacement)
    radius = max_displacement // stride_2
    skip = max_displacement - radius * stride_2  # where the displacements do not fill the border
    b = b[:, :, skip : b.shape[2] - skip, skip : b.shape[3] - skip]
    volume = _Pointwise.apply(a, b, 2 * radius + 1, stride_2, step)
    return volume if kernel_size == 1 else avg_pool2d(volume, kernel_size, stride_1)


def correlation_reference(
    first, second, *, max_displacement=20, stride_2=2, kernel_size=1, stride_1=1, pad=None, convention="caffe"
):
    """`correlation`, written as its formula: one loop for each axis. Slow."""
    start, size = _layout(first, second, max_displacement, stride_2, kernel_size, stride_1, pad, convention)
    radius = max_displacement // stride_2
    offsets = [stride_2 * i for i in range(-radius, radius + 1)]
    output = first.new_zeros(first.shape[0], len(offsets) ** 2, *size)
    border = 2 * max_displacement + kernel_size + (pad or 0)  # zeros enough for every patch
    first, second = (pad_zeros(image, (border,) * 4) for image in (first, second))
    for channel, (dy, dx) in enumerate((dy, dx) for dy in offsets for dx in offsets):
        for row in range(size[0]):
            for column in range(size[1]):
                # The upper left corner of the first patch.
                y, x = border + start + row * stride_1, border + start + column * stride_1
                patch1 = first[:, :, y : y + kernel_size, x : x + kernel_size]
                patch2 = second[:, :, y + dy : y + dy + kernel_size, x + dx : x + dx + kernel_size]
                output[:, channel, row, column] = (patch1 * patch2).mean((1, 2, 3))
    return output


def displacements(max_displacement=20, stride_2=2):
    """The displacement (dx, dy) that belongs to each channel of `correlation`: (D * D, 2), pixels of the maps."""
    radius = max_displacement // stride_2
    offsets = stride_2 * torch.arange(-radius, radius + 1)
    dy, dx = torch.meshgrid(offsets, offsets, indexing="ij")
    return torch.stack([dx.flatten(), dy.flatten()], 1)


class _Pointwise(torch.autograd.Function):
    """mean over C of a[y, x] * b[y * step + i * stride, x * step + j * stride], for i and j in 0..D-1.

    A function of its own, because automatic differentiation would keep a copy of the second map for every i.
    """

    @staticmethod
    def forward(ctx, a, b, count, stride, step):
        sizes = a.shape
        a = a.permute(2, 0, 3, 1).contiguous()  # (H, B, W, C): neighbouring rows of b are then one matrix batch
        b = b.permute(2, 0, 3, 1).contiguous()
        ctx.save_for_backward(a, b)
        ctx.options = count, stride, step
        output = a.new_empty(sizes[0], count, count, sizes[2], sizes[3])
        for i in range(count):
            products = a.flatten(0, 1) @ _rows(b, i, sizes[2], stride, step).transpose(1, 2)  # (H B, W, W')
            output[:, i] = _band(products, sizes, count, stride, step).permute(1, 3, 0, 2)
        return output.flatten(1, 2).div_(sizes[1])

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        a, b = ctx.saved_tensors
        count, stride, step = ctx.options
        height, batch, width, channels = a.shape
        sizes = batch, channels, height, width
        gradient = gradient.unflatten(1, (count, count)).to(a.dtype) / channels
        a_rows = a.flatten(0, 1)
        to_a, to_b = torch.zeros_like(a_rows), torch.zeros_like(b)
        weights = a.new_zeros(height * batch, width, b.shape[2])  # beside the band it stays zero
        band = _band(weights, sizes, count, stride, step)
        for i in range(count):
            band.copy_(gradient[:, i].permute(2, 0, 3, 1))
            to_a.baddbmm_(weights, _rows(b, i, height, stride, step))
            share = weights.transpose(1, 2) @ a_rows
            to_b[_slice(i, height, stride, step)] += share.unflatten(0, (height, batch))
        return to_a.view_as(a).permute(1, 3, 0, 2), to_b.permute(1, 3, 0, 2), None, None, None


def _slice(i, height, stride, step):
    return slice(i * stride, i * stride + (height - 1) * step + 1, step)


def _rows(b, i, height, stride, step):
    """The rows of b (H', B, W', C) that meet the first map's rows at vertical displacement i: (H B, W', C)."""
    return b[_slice(i, height, stride, step)].flatten(0, 1)


def _band(products, sizes, count, stride, step):
    """The entries (x, x * step + j * stride) of matrices (H B, W, W'), as a view (H, B, W, D)."""
    batch, _, height, width = sizes
    row = products.shape[2]
    return products.as_strided((height, batch, width, count), (batch * width * row, width * row, row + step, stride))


def _window(image, start, rows, columns):
    """Rows and columns of (B, C, H, W) from `start` on in both axes; what lies outside the image is zero."""
    height, width = image.shape[2:]
    return pad_zeros(image, (-start, start + columns - width, -start, start + rows - height))


def _layout(first, second, d, stride_2, kernel_size, stride_1, pad, convention):
    """Upper left corner of the first patch, in unpadded coordinates, and the size (H', W') of the output."""
    sizes = check_shape(first, "B C H W", "first")
    if check_shape(second, "B C H W", "second") != sizes:
        raise ShapeError(f"first has shape {tuple(first.shape)}, second {tuple(second.shape)}: they must be equal.")
    if convention not in CONVENTIONS:
        raise CourseError(f'convention is {convention!r}, expected "caffe" or "nvidia".')
    if kernel_size < 1 or kernel_size % 2 == 0 or min(stride_1, stride_2) < 1 or min(d, pad or 0) < 0:
        raise CourseError(
            f"max_displacement {d}, strides {stride_1} and {stride_2}, kernel_size {kernel_size}, pad {pad}: expected "
            "an odd kernel, strides of 1 or more, and nothing below 0."
        )
    radius, pad = kernel_size // 2, d if pad is None else pad
    border = d + radius
    size = tuple(-(-(sizes[axis] + 2 * pad - 2 * border) // stride_1) for axis in "HW")
    if min(size) < 1:
        raise ShapeError(
            f"Maps of {sizes['H']} x {sizes['W']} with {pad} zeros around them leave no position for displacements up "
            f"to {d}: take larger maps, a larger pad or a smaller max_displacement."
        )
    return d - pad - (radius if convention == "nvidia" else 0), size
