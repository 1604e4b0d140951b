"""Sets of points: nearest neighbours, how far two sets are apart (Chamfer distance, F1), and points spread evenly.

A set is (P, 3) or (B, P, 3): a row per point, (x, y, z), in no order. Nothing here depends on the order of the rows.

**There are many Chamfer distances.** All join the distance from each point to the nearest one of the other set, both
ways; they differ in whether distances are squared, added up or averaged, and weighed. `chamfer` takes these choices as
arguments, and `CONVENTIONS` names what papers and codes took: numbers of different conventions cannot be compared.
"""

import torch

from course_lib.errors import CourseError, ShapeError

BLOCK = 2**20  # distances computed at once; the memory of `nearest` does not grow beyond that

# Each as (weight from x to y, weight from y to x, squared, how points are joined), where x is the prediction.
CONVENTIONS = {
    "slides": (1, 1, True, "sum"),  # the formula most lectures print: sums of squared distances
    "mesh_rcnn": (1, 1, True, "mean"),  # Mesh R-CNN, Eq. 1, and PyTorch3D: means of squared distances, added
    "point_set_generation": (0.5, 1, True, "mean"),  # the released code weighs the two ways differently
    "pixel2mesh": (0.55 * 3000, 3000, True, "mean"),  # the released code; 3000 is its weight in the whole loss
    "occupancy_l1": (0.5, 0.5, False, "mean"),  # Occupancy Networks' Chamfer-L1: mean of accuracy and completeness
    "occupancy_l2": (0.5, 0.5, True, "mean"),
}


def nearest(points, others, lengths=None, norm=2):
    """The nearest of the other points, for each point.

    Args:
        points: (B, P, 3). others: (B, Q, 3).
        lengths: (B,) how many rows of `others` count, where sets of different size share a batch.
        norm: 2 for Euclidean distance, 1 for |dx| + |dy| + |dz|.
    Returns:
        distances (B, P), *squared* where norm is 2, differentiable in both; index (B, P) of the nearest, the first of
        equally near ones. Only `BLOCK` distances exist at a time, so memory does not grow with P Q.
    Raises:
        ShapeError: if the shapes do not fit, or a set is empty.
    """
    points, others = _sets(points, others)
    index = torch.empty(points.shape[:2], dtype=torch.long, device=points.device)
    rows = max(1, BLOCK // others.shape[1])
    beyond = None
    if lengths is not None:
        beyond = torch.arange(others.shape[1], device=others.device) >= lengths[:, None]
    with torch.no_grad():
        for b in range(len(points)):
            for start in range(0, points.shape[1], rows):
                block = points[b, start : start + rows]
                apart = torch.cdist(block, others[b], p=norm, compute_mode="donot_use_mm_for_euclid_dist")
                if beyond is not None:
                    apart[:, beyond[b]] = torch.inf
                index[b, start : start + rows] = apart.argmin(1)
    found = others.gather(1, index[..., None].expand(-1, -1, 3))
    return (points - found).abs().pow(norm).sum(-1), index


def nearest_reference(points, others):
    """`nearest` with loops: the definition."""
    distances, index = torch.empty(points.shape[:2]), torch.empty(points.shape[:2], dtype=torch.long)
    for b in range(len(points)):
        for p, point in enumerate(points[b]):
            squares = [float(((point - other) ** 2).sum()) for other in others[b]]
            distances[b, p] = min(squares)
            index[b, p] = squares.index(min(squares))
    return distances, index


def chamfer(x, y, convention="mesh_rcnn", *, x_lengths=None, y_lengths=None, weights=None, norm=2, one_way=False,
            points=None, batch="mean"):  # fmt: skip
    """Chamfer distance between sets of points.

    Args:
        x: (B, P, 3) or (P, 3), the prediction. y: (B, Q, 3) or (Q, 3), the truth.
        convention: a key of `CONVENTIONS`.
        x_lengths, y_lengths: (B,) how many rows count. weights: (B,) of each pair of sets.
        norm: 1 measures |dx| + |dy| + |dz| instead, which is never squared.
        one_way: from x to y only.
        points: "mean", "sum", or "max" (the Hausdorff distance) over the points of a set; the convention's by default.
        batch: "mean", "sum", or None for a value per pair.
    Returns:
        A scalar, or (B,) where batch is None. Differentiable: which point is nearest is kept fixed.
    Raises:
        ShapeError, CourseError: if shapes do not fit, or a name is unknown.
    """
    to_y, to_x, squared, join = _convention(convention)
    x, y = _sets(x, y)
    ways = [(nearest(x, y, y_lengths, norm)[0], x_lengths, to_y)]
    if not one_way:
        ways.append((nearest(y, x, x_lengths, norm)[0], y_lengths, to_x))
    if norm == 2 and not squared:
        # The gradient of a square root at 0 is infinite: where two points coincide, nothing pulls.
        ways = [(distance.clamp(min=1e-18).sqrt(), *rest) for distance, *rest in ways]
    values = [weight * _joined(distance, lengths, points or join) for distance, lengths, weight in ways]
    value = torch.stack(values).amax(0) if points == "max" else sum(values)
    return _over_batch(value, weights, batch)


def normal_distance(x, y, x_normals, y_normals, *, x_lengths=None, y_lengths=None, weights=None, signed=False,
                    one_way=False, points="mean", batch="mean"):  # fmt: skip
    """How far the directions of two surfaces differ: 1 - |cos| of a point's normal and its nearest one's, both ways.

    Mesh R-CNN's Eq. 2 without its constant. The nearest is found by place, and kept fixed.

    Args:
        x, y: (B, P, 3), (B, Q, 3). x_normals, y_normals: of the same shapes, of any length but 0.
        signed: 1 - cos, so that normals must point to the same side.
        x_lengths, y_lengths, weights, one_way, points, batch: as for `chamfer`.
    Returns:
        A scalar, or (B,).
    """
    x, y = _sets(x, y)
    value = 0
    ways = [(x, y, x_normals, y_normals, x_lengths, y_lengths), (y, x, y_normals, x_normals, y_lengths, x_lengths)]
    for own, other, normals, theirs, lengths, their_lengths in ways[: 1 if one_way else 2]:
        _, index = nearest(own, other, their_lengths)
        normals, theirs = normals.reshape(own.shape), theirs.reshape(other.shape)
        found = theirs.gather(1, index[..., None].expand(-1, -1, 3))
        cosine = torch.nn.functional.cosine_similarity(normals, found, dim=-1, eps=1e-6)
        value = value + _joined(1 - (cosine if signed else cosine.abs()), lengths, points)
    return _over_batch(value, weights, batch)


def f_score(x, y, threshold):
    """F1@t: the share of points that have a point of the other set nearer than t, both ways, as a harmonic mean.

    Args:
        x: (B, P, 3) or (P, 3), the prediction. y: (B, Q, 3) or (Q, 3), the truth.
        threshold: t, a distance (not squared), in the unit of the points.
    Returns:
        f1, precision (of x), recall (of y): (B,) each, or scalars for single sets; 0..1. f1 is 0 where both are.
    """
    single = x.ndim == 2
    x, y = _sets(x, y)
    precision = (nearest(x, y)[0].sqrt() < threshold).float().mean(1)
    recall = (nearest(y, x)[0].sqrt() < threshold).float().mean(1)
    f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-8)
    return tuple(value[0] if single else value for value in (f1, precision, recall))


def to_length(length, true, *others):
    """Scale sets so that the longest edge of the true set's upright box gets this length: 10 in Mesh R-CNN's measures.

    Args:
        length: a number. true: (B, P, 3) or (P, 3). others: sets to scale by the same factor.
    Returns:
        the scaled sets, `true` first.
    """
    factor = length / (true.amax(-2) - true.amin(-2)).amax(-1)[..., None, None]
    return tuple(points * factor for points in (true, *others))


def farthest_points(points, number, start=0):
    """Indices of points that are spread evenly: each next one is the farthest from those chosen so far.

    Args:
        points: (B, P, 3). number: at most P. start: which point is the first.
    Returns:
        (B, number) long.
    """
    if not 1 <= number <= points.shape[1]:
        raise CourseError(f"number is {number}, expected 1 to {points.shape[1]}, the number of points.")
    chosen = torch.full((len(points), number), start, device=points.device)
    distance = torch.full(points.shape[:2], torch.inf, device=points.device)
    rows = torch.arange(len(points), device=points.device)
    for i in range(1, number):
        last = points[rows, chosen[:, i - 1], None]
        distance = torch.minimum(distance, ((points - last) ** 2).sum(-1))
        chosen[:, i] = distance.argmax(1)
    return chosen


def _sets(points, others):
    points, others = (one[None] if one.ndim == 2 else one for one in (points, others))
    for one, name in ((points, "first"), (others, "second")):
        if one.ndim != 3 or one.shape[-1] != 3 or one.shape[1] == 0:
            raise ShapeError(
                f"the {name} set has shape {tuple(one.shape)}, expected (B, P, 3) or (P, 3) with at least one point. "
                "If coordinates come first, write .transpose(-1, -2)."
            )
    if len(points) != len(others):
        raise ShapeError(f"{len(points)} sets and {len(others)} sets: expected as many of one as of the other.")
    return points, others


def _convention(name):
    if name not in CONVENTIONS:
        raise CourseError(f"There is no Chamfer convention {name!r}. There are: {', '.join(CONVENTIONS)}.")
    return CONVENTIONS[name]


def _joined(values, lengths, how):
    """(B, P) -> (B,)"""
    if lengths is None:
        return {"mean": values.mean, "sum": values.sum, "max": values.amax}[how](1)
    counts = torch.arange(values.shape[1], device=values.device) < lengths[:, None]
    values = torch.where(counts, values, torch.zeros((), device=values.device))
    return {"mean": values.sum(1) / lengths.clamp(min=1), "sum": values.sum(1), "max": values.amax(1)}[how]


def _over_batch(value, weights, batch):
    if weights is not None:
        value = value * weights
    if batch is None:
        return value
    if batch == "sum":
        return value.sum()
    return value.mean() if weights is None else value.sum() / weights.sum()
