"""How good is a search by distance? Measures of points whose neighbours should be of the same kind."""

import torch

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.embedding import nearest_points


def recall_at(points, labels, k=1):
    """Recall@k as metric learning counts it: the share of points with one of their class among the k nearest others.

    Args:
        points: (N, D); near means a small Euclidean distance. labels: (N,) long.
        k: 1 to N - 1.
    Returns:
        float in 0..1. A point that is alone in its class can find nobody, and counts as a failure.
    Raises:
        ShapeError: if the two do not share N, or k does not fit.
    """
    number = check_shape(points, "N D", "points")["N"]
    if tuple(labels.shape) != (number,):
        raise ShapeError(f"labels has shape {tuple(labels.shape)}, expected ({number},): one per point.")
    nearest = nearest_points(points, k)  # (N, k)
    return (labels[nearest] == labels[:, None]).any(dim=1).float().mean().item()


def match_recall_at(queries, candidates, k=1):
    """Share of queries whose partner is among the k nearest candidates: two views of N points, matched row by row.

    Args:
        queries, candidates: (N, D); row i of both shows the same thing.
        k: 1 to N.
    Returns:
        float in 0..1. A candidate exactly as near as the partner is counted as nearer, so that a descriptor that is
        the same for all points finds nothing.
    Raises:
        ShapeError: if the shapes differ, or k does not fit.
    """
    sizes = check_shape(queries, "N D", "queries")
    if check_shape(candidates, "N D", "candidates") != sizes:
        raise ShapeError(
            f"queries {tuple(queries.shape)} and candidates {tuple(candidates.shape)} must have one shape."
        )
    if not 1 <= k <= sizes["N"]:
        raise ShapeError(f"k is {k}, expected 1 to {sizes['N']}, the number of candidates.")
    distance = torch.cdist(queries, candidates, compute_mode="donot_use_mm_for_euclid_dist")
    nearer = (distance <= distance.diagonal()[:, None]).sum(dim=1)  # the partner itself is one of them
    return (nearer <= k).float().mean().item()
