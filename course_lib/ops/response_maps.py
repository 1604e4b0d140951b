"""What a response map should be, how far it is from that, and where its peak says the object went.

L. Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking", 2016: Equations 3 to 6.
"""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, interpolate, softplus

from course_lib.errors import CourseError, check_shape


def label_map(size, stride, radius, *, metric="euclidean"):
    """+1 near the centre of a response map, -1 elsewhere (Equation 6).

    Args:
        size: (H', W') of the map. stride: pixels of the search image per cell. radius: in pixels of the search image.
        metric: "euclidean", as the paper; "manhattan", as a well-known PyTorch version. For 16 px at stride 8 both give
            the same 13 cells.
    Returns:
        (H', W') of +1 and -1.
    """
    rows, columns = (torch.arange(n) - (n - 1) / 2 for n in size)
    if metric == "euclidean":
        distance = torch.hypot(rows[:, None], columns[None])
    elif metric == "manhattan":
        distance = rows[:, None].abs() + columns[None].abs()
    else:
        raise CourseError(f'metric is {metric!r}, expected "euclidean" or "manhattan".')
    return torch.where(stride * distance <= radius, 1.0, -1.0)


def balanced_weights(labels, negative=1.0):
    """Weights under which all positive cells together count as much as all negative ones; their sum is 1.

    Args:
        labels: (H', W') of +1 and -1, with both of them. negative: how much the negative ones count together, as a
            multiple of the positive ones.
    Returns:
        (H', W').
    """
    positive = labels > 0
    if positive.all() or not positive.any():
        raise CourseError("all labels are the same, so there is nothing to balance: is the radius 0 or the whole map?")
    weights = torch.where(positive, 1 / positive.sum(), negative / (~positive).sum())
    return weights / weights.sum()


def logistic_loss(responses, labels, weights):
    """Weighted mean over the cells of log(1 + exp(-y v)), averaged over the batch (Equations 3 and 4).

    Args:
        responses: v, (B, 1, H', W'). labels: y, (H', W') of +1 and -1. weights: (H', W') with sum 1.
    Returns:
        scalar.
    """
    check_shape(responses, "B 1 H W", "responses")
    return (weights * softplus(-labels * responses)).sum() / len(responses)


def binary_cross_entropy(responses, labels, weights):
    """The same number, as PyTorch has it: labels 1 and 0, and the response is the logit."""
    targets = (labels > 0).to(responses).expand_as(responses)
    loss = binary_cross_entropy_with_logits(responses, targets, weights.expand_as(responses), reduction="sum")
    return loss / len(responses)


def hann_window(size, device=None):
    """Cosine window (H, W), 0 at the border, with sum 1: far from the centre, a response must be higher to win."""
    rows, columns = (torch.hann_window(n, periodic=False, dtype=torch.float64, device=device) for n in size)
    window = rows[:, None] * columns[None]
    return window / window.sum()


def enlarge(responses, factor=16):
    """Bicubic interpolation, so that a peak is found more finely than the stride: (S, 1, h, w) -> (S, 1, 16h, 16w).

    The places are half-pixel centres, as in OpenCV: the middle of the map stays its middle.
    """
    return interpolate(responses, scale_factor=factor, mode="bicubic", align_corners=False)


def windowed(response, window, influence):
    """(1 - influence) R + influence H, where the response R is first shifted to minimum 0 and scaled to sum 1.

    Args:
        response: (H, W). window: (H, W) with sum 1. influence: 0 (no window) to 1 (nothing but the window).
    Returns:
        (H, W), with sum 1.
    """
    response = response - response.min()
    return (1 - influence) * response / (response.sum() + 1e-16) + influence * window


def peak_displacement(response, pixels_per_cell, centre=None):
    """How far the maximum of a map lies from its centre.

    Args:
        response: (H, W). pixels_per_cell: of the image per cell of this map.
        centre: (column, row) that counts as the centre; by default the middle, ((W - 1) / 2, (H - 1) / 2).
    Returns:
        (2,) pixels: right, down.
    """
    height, width = response.shape
    row, column = divmod(int(response.argmax()), width)
    x, y = ((width - 1) / 2, (height - 1) / 2) if centre is None else centre
    return pixels_per_cell * torch.tensor([column - x, row - y], dtype=torch.float64)
