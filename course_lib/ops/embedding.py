"""Descriptors as points: who is near whom, and a walk that visits all of them."""

import torch
from torch.nn.functional import normalize

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.metric_losses import pairwise_distances


def nearest_neighbours(descriptors, k):
    """For each descriptor the k others with the largest cosine similarity.

    Args:
        descriptors: (N, D), of any length; they are scaled to length 1 here.
        k: 1 to N - 1.
    Returns:
        (N, k) long, nearest first. No descriptor is its own neighbour.
    Raises:
        ShapeError: if descriptors is not (N, D), or k does not fit.
    """
    number = check_shape(descriptors, "N D", "descriptors")["N"]
    if not 1 <= k < number:
        raise ShapeError(f"k is {k}, expected 1 to {number - 1}: {number} descriptors have {number - 1} others each.")
    unit = normalize(descriptors, dim=1)
    similarity = (unit @ unit.T).fill_diagonal_(-torch.inf)  # (N, N)
    return similarity.topk(k, dim=1).indices


def nearest_points(points, k):
    """For each point the k others at the smallest Euclidean distance.

    Args:
        points: (N, D). k: 1 to N - 1.
    Returns:
        (N, k) long, nearest first. No point is its own neighbour, also where others lie in the same place.
    Raises:
        ShapeError: if points is not (N, D), or k does not fit.
    """
    number = check_shape(points, "N D", "points")["N"]
    if not 1 <= k < number:
        raise ShapeError(f"k is {k}, expected 1 to {number - 1}: {number} points have {number - 1} others each.")
    return pairwise_distances(points).fill_diagonal_(torch.inf).topk(k, largest=False).indices


def tour(points):
    """A walk over all points that goes to the nearest one not yet visited, beginning at the leftmost.

    Args:
        points: (N, 2), any unit.
    Returns:
        (N,) long: the points in the order of the walk.
    """
    number = check_shape(points, "N 2", "points")["N"]
    left = torch.ones(number, dtype=torch.bool)
    order = [int(points[:, 0].argmin())]
    for _ in range(number - 1):
        left[order[-1]] = False
        away = (points - points[order[-1]]).norm(dim=1).masked_fill(~left, torch.inf)
        order.append(int(away.argmin()))
    return torch.tensor(order)
