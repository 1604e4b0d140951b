"""Filters of images: Gaussian blur, median, and the pyramid of ever smaller images that blurring makes possible.

Each has a slow twin, `..._reference`, which is its definition.
"""

import math

import torch
from torch.nn.functional import interpolate, pad

from course_lib.errors import check_shape

CACHED = 2**14  # numbers; some twenty such arrays fit into the cache of a core


def gaussian_blur(image, sigma):
    """Blur with a Gaussian, which ends at three times its sigma; the border is repeated outwards.

    Args:
        image: (B, C, H, W).
        sigma: pixels; 0 changes nothing.
    Returns:
        (B, C, H, W).
    Raises:
        ShapeError: if image has another rank.
    """
    check_shape(image, "B C H W", "image")
    return _separable(image, gaussian_weights(sigma)) if sigma else image


def gaussian_weights(sigma):
    """The middle and the right half of a Gaussian kernel whose sum, left half included, is 1: a list of float."""
    radius = max(1, int(3 * sigma + 0.5))
    weights = [math.exp(-(i**2) / (2 * sigma**2)) for i in range(radius + 1)]
    total = weights[0] + 2 * sum(weights[1:])
    return [w / total for w in weights]


def _separable(image, weights):
    """Convolve rows, then columns, with the symmetric kernel whose middle and right half are `weights`.

    As a sum of shifted images: for single channels that is ten times as fast on a CPU as the library's convolution.
    """
    radius = len(weights) - 1
    for axis, sides in ((3, (radius, radius, 0, 0)), (2, (0, 0, radius, radius))):
        wide, size = pad(image, sides, mode="replicate"), image.shape[axis]
        image = weights[0] * wide.narrow(axis, radius, size)
        for i in range(1, radius + 1):
            both = wide.narrow(axis, radius - i, size) + wide.narrow(axis, radius + i, size)
            image = image.add(both, alpha=weights[i])
    return image


def gaussian_blur_reference(image, sigma):
    """`gaussian_blur`, written as its formula: every pixel a weighted sum over its whole square window."""
    check_shape(image, "B C H W", "image")
    if not sigma:
        return image
    half = gaussian_weights(sigma)
    line = torch.tensor([*reversed(half[1:]), *half], dtype=image.dtype)
    return (_windows(image, len(half) - 1) * torch.outer(line, line)).sum((-2, -1))


def _windows(image, radius):
    """(B, C, H, W) -> (B, C, H, W, 2 radius + 1, 2 radius + 1): what surrounds every pixel, the border repeated."""
    size = 2 * radius + 1
    return pad(image, (radius,) * 4, mode="replicate").unfold(2, size, 1).unfold(3, size, 1)


def median_filter(image, radius=2):
    """Median over a square window, for every channel by itself; the border is repeated outwards.

    Args:
        image: (B, C, H, W), for example a flow.
        radius: the window has 2 * radius + 1 rows and columns; 0 changes nothing.
    Returns:
        (B, C, H, W).
    Raises:
        ShapeError: if image has another rank.
    """
    batch, channels, height, width = check_shape(image, "B C H W", "image").values()
    if radius == 0:
        return image
    padded = pad(image, (radius,) * 4, mode="replicate")
    places = range(2 * radius + 1)
    # A CPU works through strips whose windows stay in its cache, three times as fast; a GPU takes all at once.
    rows = height if image.is_cuda else max(1, CACHED // (batch * channels * width))
    strips = []
    for top in range(0, height, rows):
        strip = padded[:, :, top : top + rows + 2 * radius]
        tall = strip.shape[2] - 2 * radius
        strips.append(_median([strip[:, :, y : y + tall, x : x + width] for y in places for x in places]))
    return torch.cat(strips, 2)


def _median(values):
    """Median of an odd number n of equal-sized tensors, element by element.

    By forgetful selection: of any n // 2 + 2 values, neither the least nor the greatest can be the median. Forget both,
    take in one that is left, and so on. Six times as fast as sorting every window by itself.
    """
    few = len(values) // 2 + 2
    kept, left = values[:few], values[few:]
    while len(kept) > 1:
        kept = _without(torch.minimum, torch.maximum, kept)
        kept = _without(torch.maximum, torch.minimum, kept) + left[:1]
        left = left[1:]
    return kept[0]


def _without(found, other, values):
    """The values, element by element, without the one that `found` (torch.minimum or maximum) finds among them."""
    extreme, kept = values[0], []
    for value in values[1:]:
        kept.append(other(extreme, value))
        extreme = found(extreme, value)
    return kept


def median_filter_reference(image, radius=2):
    """`median_filter`, by sorting the window of every pixel."""
    check_shape(image, "B C H W", "image")
    return _windows(image, radius).flatten(-2).median(-1).values


def gaussian_pyramid(image, levels):
    """The image and levels - 1 smaller ones, each half the size (rounded up) of the one before, finest first.

    Every level is blurred before it is halved: what is finer than two pixels would come out as a pattern that is not
    there.

    Args:
        image: (B, C, H, W). levels: at least 1.
    Returns:
        list of `levels` tensors.
    """
    pyramid = [image]
    while len(pyramid) < levels:
        height, width = pyramid[-1].shape[2:]
        pyramid.append(resize(gaussian_blur(pyramid[-1], 1.0), (-(-height // 2), -(-width // 2))))
    return pyramid


def resize(image, size):
    """Bilinear, with the centres of the corner pixels kept in place, as `warp` counts coordinates."""
    return interpolate(image, size=size, mode="bilinear", align_corners=True)


def gaussian_pyramid_reference(image, levels):
    """`gaussian_pyramid`, pixel by pixel: where does it lie in the larger image, and what is there?"""
    pyramid = [image]
    while len(pyramid) < levels:
        blurred = gaussian_blur_reference(pyramid[-1], 1.0)
        height, width = blurred.shape[2:]
        rows, columns = -(-height // 2), -(-width // 2)
        small = blurred.new_empty(*image.shape[:2], rows, columns)
        for row in range(rows):
            for column in range(columns):
                y = row * (height - 1) / max(rows - 1, 1)  # corners stay corners
                x = column * (width - 1) / max(columns - 1, 1)
                top, left = int(y), int(x)
                below, right = min(top + 1, height - 1), min(left + 1, width - 1)
                upper = (1 - (x - left)) * blurred[:, :, top, left] + (x - left) * blurred[:, :, top, right]
                lower = (1 - (x - left)) * blurred[:, :, below, left] + (x - left) * blurred[:, :, below, right]
                small[:, :, row, column] = (1 - (y - top)) * upper + (y - top) * lower
        pyramid.append(small)
    return pyramid
