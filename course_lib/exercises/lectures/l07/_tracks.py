"""Points and maps that several exercises are tried with, away from where rounding could go either way."""

import torch


def near(whole, generator):
    """Places within 0.4 of the whole numbers given, whose nearest whole number is therefore certain."""
    return whole + 0.8 * torch.rand(whole.shape, generator=generator) - 0.4


def whole(generator, low, high, *shape):
    """Whole numbers from low to high, as floats."""
    return torch.randint(low, high + 1, shape, generator=generator).float()


def tracks(generator, number, length, size, video, outside=0):
    """Points (K, P, 2) in pixels whose cells in a map are certain; `outside` cells beyond its border, too.

    Args:
        size: (H', W') of the map. video: (H, W) of the video.
    """
    cells = torch.stack(
        [whole(generator, -outside, n - 1 + outside, number, length) for n in (size[1], size[0])], -1
    )
    ratio = torch.tensor([video[1] / size[1], video[0] / size[0]])
    return near(cells, generator) * ratio
