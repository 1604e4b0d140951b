"""Losses that place points by their distances, and the choice of the pairs and triplets that are worth computing.

Two conventions each, and both are found under one name in papers and code; here they are told apart by an argument:

    contrastive   label 0 means "same" (Hadsell, Chopra, LeCun 2006, Eq. 4), or 1 means "same" (most code today)
    triplet       squared distances (FaceNet 2015, Eq. 3), or plain ones (torch.nn.TripletMarginLoss)

A margin means something else in each: a triplet loss of 0.2 with squared distances is not one of 0.2 with plain ones.
"""

import torch
from torch.nn.functional import relu

from course_lib.errors import CourseError, ShapeError, check_shape

LABEL_OF_SAME = {"hadsell": 0, "one is same": 1}
STRATEGIES = ("all", "random", "semi-hard", "hardest")


def contrastive(first, second, label, margin=1.0, *, convention="hadsell", half=True):
    """Pull pairs of the same class together, push others apart until their distance is `margin`.

    d^2 / 2 for a pair of the same class, max(0, margin - d)^2 / 2 for another, d the plain distance; the mean over
    pairs. Hadsell et al. 2006, Eq. 4. The margin is about plain distances although squares are summed.

    Args:
        first, second: (P, D) points, one pair per row.
        label: (P,) 0 or 1, whole numbers or bool; what they mean says `convention`.
        margin: m > 0, a distance.
        convention: "hadsell" (0 is same) or "one is same".
        half: whether the factor 1/2 stands before both terms; some code for pairs of a batch leaves it out.
    Returns:
        scalar. Where a mixed pair lies in one point its gradient is 0, not NaN.
    Raises:
        ShapeError: if the shapes do not fit together, or there is no pair. CourseError: for another convention.
    """
    _same_points(first=first, second=second)
    if label.shape != first.shape[:1]:
        raise ShapeError(f"label has shape {tuple(label.shape)}, expected ({len(first)},): one per pair.")
    if convention not in LABEL_OF_SAME:
        raise CourseError(f"convention is {convention!r}, expected one of {', '.join(map(repr, LABEL_OF_SAME))}.")
    same = label == LABEL_OF_SAME[convention]
    distance = torch.linalg.vector_norm(first - second, dim=1)  # its gradient at 0 is 0
    loss = torch.where(same, distance, relu(margin - distance)).square().mean()
    return loss / 2 if half else loss


def triplet(anchor, positive, negative, margin=1.0, *, squared=True):
    """The negative shall be further from the anchor than the positive, by `margin`.

    max(0, d(a, p) - d(a, n) + margin), the mean over triplets. Only the difference of two distances counts: where the
    triplet lies, and how large its distances are, is left open.

    Args:
        anchor, positive, negative: (N, D) points, one triplet per row.
        margin: m > 0, in the unit of d.
        squared: d is the squared distance (FaceNet, Eq. 3), or with False the plain one (torch's).
    Returns:
        scalar.
    Raises:
        ShapeError: if the shapes do not fit together, or there is no triplet.
    """
    _same_points(anchor=anchor, positive=positive, negative=negative)
    return relu(_distance(anchor, positive, squared) - _distance(anchor, negative, squared) + margin).mean()


def online_contrastive(points, labels, margin=1.0, *, pairs="all"):
    """Contrastive loss over pairs of a batch, without the factor 1/2.

    Args:
        points: (N, D). labels: (N,) long.
        pairs: "all" N (N - 1) / 2 of them, or "hardest": all of the same class, and as many others, the nearest.
    Returns:
        scalar; 0 where the batch has no such pair.
    """
    chosen, same = choose_pairs(points, labels, pairs)
    if not len(chosen):
        return points.sum() * 0  # a zero that can be differentiated
    first, second = points[chosen].unbind(1)
    return contrastive(first, second, same, margin, convention="one is same", half=False)


def online_triplet(points, labels, margin=1.0, *, negatives="semi-hard", squared=True, generator=None):
    """Triplet loss over triplets that are chosen in the batch.

    Args:
        points: (N, D). labels: (N,) long. margin, squared: as for `triplet`.
        negatives, generator: as for `choose_triplets`.
    Returns:
        scalar; 0 where no triplet was chosen.
    """
    chosen = choose_triplets(points, labels, margin, negatives=negatives, squared=squared, generator=generator)
    if not len(chosen):
        return points.sum() * 0
    return triplet(*points[chosen].unbind(1), margin, squared=squared)


@torch.no_grad()
def choose_pairs(points, labels, pairs="all"):
    """Pairs of a batch: (P, 2) long, first < second, and (P,) bool, whether they are of one class.

    Args:
        points: (N, D). labels: (N,) long. pairs: "all" or "hardest", as for `online_contrastive`.
    """
    _labelled(points, labels)
    if pairs not in ("all", "hardest"):
        raise CourseError(f'pairs is {pairs!r}, expected "all" or "hardest".')
    every = torch.triu_indices(len(labels), len(labels), offset=1, device=points.device).T  # (P, 2)
    same = labels[every[:, 0]] == labels[every[:, 1]]
    if pairs == "all":
        return every, same
    mixed = every[~same]
    nearest = _distance(*points[mixed].unbind(1), squared=True).argsort()[: int(same.sum())]
    chosen = torch.cat([every[same], mixed[nearest]])
    return chosen, labels[chosen[:, 0]] == labels[chosen[:, 1]]


@torch.no_grad()
def choose_triplets(points, labels, margin=1.0, *, negatives="semi-hard", squared=True, generator=None):
    """For each pair of one class (anchor < positive), the negatives that are worth a gradient.

    Args:
        points: (N, D). labels: (N,) long. margin, squared: of the loss, which decides what is hard.
        negatives: "all" of them, also those whose loss is 0; "hardest", the one nearest to the anchor, if its loss is
            above 0; "random", any one whose loss is above 0; "semi-hard", one that is further than the positive but
            within the margin, 0 < loss < margin (FaceNet, Section 3.2): the nearest such, or with a `generator` any.
        generator: of random choices, on the CPU.
    Returns:
        (T, 3) long: anchor, positive, negative. T may be 0.
    Raises:
        ShapeError: if the shapes do not fit. CourseError: if there is no such strategy.
    """
    _labelled(points, labels)
    if negatives not in STRATEGIES:
        raise CourseError(f"negatives is {negatives!r}, expected one of {', '.join(map(repr, STRATEGIES))}.")
    distance = pairwise_distances(points, squared)
    same = labels[:, None] == labels
    anchor, positive = (same & same.new_ones(same.shape).triu(1)).nonzero().unbind(1)
    # (pairs, N). Not the loss, margin - gap: in a heap of near points, where a training begins, all losses round to the
    # margin, and who is nearer would be lost.
    gap = distance[anchor] - distance[anchor, positive][:, None]
    allowed = ~same[anchor]
    if negatives == "all":
        pair, negative = allowed.nonzero().unbind(1)
        return torch.stack([anchor[pair], positive[pair], negative], dim=1)
    allowed &= gap < margin
    if negatives == "semi-hard":
        allowed &= gap > 0
    order = gap  # the smallest is taken
    if negatives == "random" or (negatives == "semi-hard" and generator is not None):
        order = torch.rand(gap.shape, generator=generator).to(gap)
    found = allowed.any(dim=1)
    negative = order.masked_fill(~allowed, torch.inf).argmin(dim=1)
    return torch.stack([anchor, positive, negative], dim=1)[found]


def choose_triplets_reference(points, labels, margin=1.0, *, negatives="semi-hard", squared=True):
    """`choose_triplets` without randomness, one triplet after the other: slow, and easy to read."""
    chosen, number = [], len(labels)
    distance = [[float(_distance(a[None], b[None], squared)) for b in points] for a in points]
    for a in range(number):
        for p in range(a + 1, number):
            if labels[a] != labels[p]:
                continue
            others = [n for n in range(number) if labels[n] != labels[a]]
            gap = {n: distance[a][n] - distance[a][p] for n in others}
            if negatives == "hardest":
                others = [n for n in others if gap[n] < margin]
            if negatives == "semi-hard":
                others = [n for n in others if 0 < gap[n] < margin]
            if negatives != "all":
                others = sorted(others, key=lambda n: gap[n])[:1]
            chosen += [(a, p, n) for n in others]
    return torch.tensor(chosen, dtype=torch.long).reshape(-1, 3)


def pairwise_distances(points, squared=False):
    """All distances within a batch: (N, D) -> (N, N), never negative.

    Differences are squared as they are, not by |a|^2 + |b|^2 - 2ab, which loses near points that lie far from the
    origin to rounding (and then takes the root of a negative number).
    """
    check_shape(points, "N D", "points")
    distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return distance.square() if squared else distance


def _distance(first, second, squared):
    if squared:
        return (first - second).square().sum(dim=1)
    return torch.linalg.vector_norm(first - second, dim=1)


def _same_points(**points):
    sizes = {name: check_shape(value, "N D", name) for name, value in points.items()}
    shapes = {tuple(size.values()) for size in sizes.values()}
    if len(shapes) > 1 or next(iter(shapes))[0] == 0:
        shown = ", ".join(f"{name} {tuple(size.values())}" for name, size in sizes.items())
        raise ShapeError(f"The shapes are {shown}: expected the same (N, D) with N at least 1.")


def _labelled(points, labels):
    number = check_shape(points, "N D", "points")["N"]
    if tuple(labels.shape) != (number,):
        raise ShapeError(f"labels has shape {tuple(labels.shape)}, expected ({number},): one per point.")
