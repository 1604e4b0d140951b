"""Normalisation: batch, layer, instance and group, which differ in one thing, the set of cells they average over.

Wu and He, "Group Normalization", ECCV 2018, Eqs. 1 to 7. For a cell i of a feature map, with the set S_i of m cells,

    mean_i = 1/m sum of x_k
    std_i = sqrt(1/m sum of (x_k - mean_i)^2 + eps)
    y_i = weight (x_i - mean_i) / std_i + bias

where k runs over S_i, and weight and bias (gamma and beta in the paper) belong to the cell's channel. The variance is
the biased one (divided by m), and eps stands inside the root. A clip's cells have a time as well; nothing else changes.
"""

import torch

from course_lib.errors import CourseError, ShapeError

METHODS = ("batch", "layer", "instance", "group")


def normalization(x, method, weight=None, bias=None, *, groups=32, eps=1e-5):
    """Normalise a feature map with any of the four methods.

    Args:
        x: (N, C, *space): (N, C), (N, C, H, W), (N, C, T, H, W), ...
        method: "batch", "layer", "instance" or "group".
        weight, bias: (C,), by default 1 and 0.
        groups: G, for "group" alone; it divides C.
        eps: added to the variance.
    Returns:
        the shape of x.
    Raises:
        ShapeError: if x has no channels, or weight or bias is not (C,). CourseError: for another method, or groups
            that do not divide the channels.
    """
    channels = _channels(x, method, groups, weight, bias)
    count = {"batch": channels, "layer": 1, "instance": channels, "group": groups}[method]
    grouped = x.reshape(x.shape[0], count, channels // count, -1)  # (N, G, C/G, cells of one map)
    axes = (0, 2, 3) if method == "batch" else (2, 3)
    mean = grouped.mean(axes, keepdim=True)
    centred = grouped - mean  # in two passes: E[x^2] - mean^2 loses every digit when the mean is large
    variance = centred.square().mean(axes, keepdim=True)
    normalized = (centred / (variance + eps).sqrt()).reshape(x.shape)
    return _scaled(normalized, weight, bias)


def normalization_reference(x, method, weight=None, bias=None, *, groups=32, eps=1e-5):
    """`normalization`, cell by cell: which cells are in S_i, their mean and deviation. Slow."""
    channels = _channels(x, method, groups, weight, bias)
    flat = x.reshape(x.shape[0], channels, -1)
    normalized = torch.empty_like(flat)
    for n, c in ((n, c) for n in range(x.shape[0]) for c in range(channels)):
        cells = flat[members(method, n, c, x.shape[0], channels, groups)]
        mean = cells.mean()
        normalized[n, c] = (flat[n, c] - mean) / ((cells - mean).square().mean() + eps).sqrt()
    return _scaled(normalized.reshape(x.shape), weight, bias)


def members(method, sample, channel, samples, channels, groups=32):
    """S_i: the maps that are averaged together with the map of one sample and channel; all cells of a map go with it.

    Args:
        method: "batch", "layer", "instance" or "group".
        sample, channel: i_N and i_C. samples, channels: N and C. groups: G, for "group" alone.
    Returns:
        bool (N, C), True for the maps in the set.
    """
    n, c = torch.arange(samples)[:, None], torch.arange(channels)[None]
    per_group = channels // groups if method == "group" else channels
    belongs = {
        "batch": (n >= 0) & (c == channel),
        "layer": (n == sample) & (c >= 0),
        "instance": (n == sample) & (c == channel),
        "group": (n == sample) & (c // per_group == channel // per_group),
    }
    return belongs[method]


def running_statistics(x, mean, variance, momentum=0.1):
    """What batch normalisation keeps for evaluation: moving averages of the batches' means and variances.

    The average takes the unbiased variance (divided by m - 1), while the batch itself is normalised by the biased one.

    Args:
        x: (N, C, *space), one training batch.
        mean, variance: (C,), the averages so far; a fresh layer has 0 and 1.
        momentum: the weight of the new batch.
    Returns:
        (mean, variance), each (C,): new tensors.
    Raises:
        ShapeError: if x has only one cell for each channel: that has no unbiased variance.
    """
    cells = x.transpose(0, 1).flatten(1)  # (C, m)
    if cells.shape[1] < 2:
        raise ShapeError(f"x has shape {tuple(x.shape)}, one cell for each channel: a variance needs at least two.")
    new_mean, new_variance = cells.mean(1), cells.var(1, correction=1)
    return (1 - momentum) * mean + momentum * new_mean, (1 - momentum) * variance + momentum * new_variance


def fixed_normalization(x, mean, variance, weight=None, bias=None, *, eps=1e-5):
    """Batch normalisation in evaluation mode: with stored statistics it is a scale and a shift for each channel.

    Args:
        x: (N, C, *space). mean, variance: (C,), the moving averages.
        weight, bias: (C,), by default 1 and 0. eps: added to the variance.
    Returns:
        the shape of x.
    """
    _channels(x, "batch", 1, weight, bias)
    scale = (variance + eps).rsqrt()
    return _scaled(_scaled(x, scale, -mean * scale), weight, bias)


def _scaled(x, weight, bias):
    """weight x + bias, each (C,) or None, along axis 1."""
    shape = (1, -1) + (1,) * (x.dim() - 2)
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def _channels(x, method, groups, weight, bias):
    if x.dim() < 2:
        raise ShapeError(f"x has shape {tuple(x.shape)}, expected (N, C, ...): samples first, then channels.")
    channels = x.shape[1]
    if method not in METHODS:
        raise CourseError(f"method is {method!r}, expected one of {', '.join(map(repr, METHODS))}.")
    if method == "group" and (groups < 1 or channels % groups):
        raise CourseError(f"{groups} groups do not divide {channels} channels. Choose a number that does.")
    for name, values in (("weight", weight), ("bias", bias)):
        if values is not None and values.shape != (channels,):
            raise ShapeError(f"{name} has shape {tuple(values.shape)}, expected ({channels},): one number per channel.")
    return channels
