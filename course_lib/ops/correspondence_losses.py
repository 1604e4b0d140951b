"""Losses that teach a feature map to say which point of one picture is which point of another.

The correspondence contrastive loss and its hard negatives: Choy, Gwak, Savarese, Chandraker, "Universal Correspondence
Network", NeurIPS 2016, arXiv:1606.03558, Section 3. The hardest-contrastive loss, with which the authors' open-ucn was
trained: Choy, Park, Koltun, "Fully Convolutional Geometric Features", ICCV 2019.

A pair of points is positive where the two are the same point of the scene, or the same part of two objects.
"""

import torch
from torch.nn.functional import relu

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.spatial_transformer import at_points
from course_lib.ops.warp import pixel_grid

MARGIN = 1.0  # of the correspondence contrastive loss
NEGATIVE_MARGIN, POSITIVE_MARGIN, RADIUS = 1.4, 0.1, 4.0  # open-ucn's two margins, and its pixels around a match


def correspondence_contrastive(first, second, same, margin=MARGIN):
    """1 / 2N of the sum, over N pairs, of d^2 where they are the same point, else max(0, margin - d)^2 (Eq. 1).

    Args:
        first, second: (..., N, C), descriptors of both points of each pair; d is their distance.
        same: (..., N) bool, or 1 and 0.
        margin: beyond it a negative pair costs nothing.
    Returns:
        scalar.
    Raises:
        ShapeError: if the three do not belong together.
    """
    if first.shape != second.shape or same.shape != first.shape[:-1]:
        raise ShapeError(
            f"first has shape {tuple(first.shape)}, second {tuple(second.shape)}, same {tuple(same.shape)}: expected "
            "(..., N, C) twice and (..., N)."
        )
    distance = _root((first - second).square().sum(-1))  # (..., N)
    cost = torch.where(same.bool(), distance.square(), relu(margin - distance).square())
    return cost.mean() / 2


def nearest_points(descriptors, features, stride=1):
    """Where in a feature map each descriptor finds its nearest neighbour.

    Args:
        descriptors: (B, N, C), of length 1. features: (B, C, H, W), of length 1 along C.
        stride: picture pixels per cell.
    Returns:
        (B, N, 2) x, y in picture pixels, of the centre of the nearest cell.
    """
    places = pixel_grid(*features.shape[-2:], features.device).flatten(1).T * stride  # (H*W, 2)
    return places[nearest_cells(descriptors, features)]


def nearest_cells(descriptors, features):
    """As `nearest_points`, the numbers of the cells, row by row: (B, N) long."""
    sizes = check_shape(descriptors, "B N C", "descriptors")
    if check_shape(features, "B C H W", "features")["C"] != sizes["C"]:
        raise ShapeError(f"descriptors have {sizes['C']} channels, features {features.shape[1]}: expected the same.")
    # Between vectors of length 1 the nearest is the one with the largest product: d^2 = 2 - 2 <a, b>.
    return torch.bmm(descriptors, features.flatten(2)).argmax(2)


@torch.no_grad()
def hard_negatives(descriptors, features, truth, radius, stride=1):
    """The nearest neighbour of every point, and whether it is a mistake: more than `radius` from the truth.

    Args:
        descriptors: (B, N, C) of points in the first picture. features: (B, C, H, W) of the second.
        truth: (B, N, 2), where those points are in the second picture, in pixels.
        radius: pixels; nearer ones are no negatives. stride: picture pixels per cell.
    Returns:
        (points (B, N, 2) in pixels, wrong (B, N) bool).
    """
    found = nearest_points(descriptors, features, stride)
    return found, (found - truth).norm(dim=-1) > radius


def ucn_loss(features1, features2, points1, points2, *, radius, stride=1, margin=MARGIN, hard=True, generator=None):
    """The loss of a batch of picture pairs: every point once with its match, once with a negative.

    Args:
        features1, features2: (B, C, H, W), of length 1 along C.
        points1, points2: (B, N, 2), matching points in pixels of the pictures.
        radius: a negative lies farther from the match than this, in pixels.
        stride: picture pixels per cell. margin: of the loss.
        hard: take the nearest neighbour as the negative, where it is wrong; else a random cell, where it is far enough.
        generator: of the random cells, on the features' device.
    Returns:
        scalar.
    """
    first, match = at_points(features1, points1, stride), at_points(features2, points2, stride)  # (B, N, C)
    if hard:
        negatives, wrong = hard_negatives(first, features2, points2, radius, stride)
    else:
        height, width = features2.shape[-2:]
        cells = torch.rand(points2.shape, generator=generator, device=points2.device)
        negatives = (cells * cells.new_tensor([width, height])).floor() * stride
        wrong = (negatives - points2).norm(dim=-1) > radius
    other = at_points(features2, negatives, stride)
    same = torch.cat([torch.ones_like(wrong), torch.zeros_like(wrong)], 1)
    pairs = torch.cat([torch.ones_like(wrong), wrong], 1)  # which count
    return correspondence_contrastive(first.repeat(1, 2, 1)[pairs], torch.cat([match, other], 1)[pairs], same[pairs],
                                      margin)  # fmt: skip


def hardest_contrastive(features1, features2, pairs, *, radius=RADIUS, candidates=None, crossed=False):
    """open-ucn's loss for one pair of pictures: both the negatives of picture 1 in 2, and of 2 in 1.

    Args:
        features1, features2: (C, H, W), of length 1 along C.
        pairs: (N, 4) long: x1, y1, x2, y2 of matching pixels.
        radius: a candidate nearer to the match than this, in pixels, is no negative.
        candidates: two (M,) long tensors, cells (row by row) of each map among which to search; None is all of them.
            open-ucn draws them anew at every step.
        crossed: as in open-ucn's code, where the two directions have exchanged their masks: a point keeps its negative
            in picture 2 if its match's negative in picture 1 lies far enough, and the other way round.
    Returns:
        (positive, negative), two scalars: the mean of max(0, d^2 - 0.1) over the pairs, and of max(0, 1.4 - d^2)^2 over
        each point's hardest negative, both directions averaged. The squared distance stands inside the margin.
    """
    first, second, positive = _matches(features1, features2, pairs)
    distances, masks = [], []
    for found, places, cells in _both_ways(first, second, features1, features2, pairs, candidates):
        with torch.no_grad():
            hardest = (found @ cells[0]).argmax(1)  # (N,) vectors of length 1: the nearest
        distances.append((found - cells[0].T[hardest]).square().sum(1))
        masks.append((cells[1][hardest] - places).norm(dim=1) > radius)
    if crossed:
        masks.reverse()
    costs = [_mean(relu(NEGATIVE_MARGIN - d[wrong]).square()) for d, wrong in zip(distances, masks, strict=True)]
    return positive, sum(costs) / 2


def sampled_contrastive(features1, features2, pairs, *, radius=RADIUS, candidates=None):
    """open-ucn's plain loss, as `hardest_contrastive`: *all* candidates within the margin count, with d, not d^2."""
    first, second, positive = _matches(features1, features2, pairs)
    costs = []
    for found, places, cells in _both_ways(first, second, features1, features2, pairs, candidates):
        distance = _root((found[:, :, None] - cells[0][None]).square().sum(1))  # (N, M)
        wrong = torch.cdist(places, cells[1]) > radius
        costs.append(_mean(relu(NEGATIVE_MARGIN - distance[wrong & (distance < NEGATIVE_MARGIN)]).square()))
    return positive, sum(costs) / 2


def _matches(features1, features2, pairs):
    """Descriptors (N, C) of both ends of each pair, and what their distances cost."""
    if pairs.is_floating_point():
        raise CourseError("pairs are floating point, expected whole pixels (long): this loss does not interpolate.")
    x1, y1, x2, y2 = pairs.T
    first, second = features1[:, y1, x1].T, features2[:, y2, x2].T
    return first, second, relu((first - second).square().sum(1) - POSITIVE_MARGIN).mean()


def _both_ways(first, second, features1, features2, pairs, candidates):
    """For 1 in 2, then 2 in 1: descriptors (N, C), true places (N, 2), and the cells: values (C, M), places (M, 2)."""
    for number, (found, features) in enumerate(((first, features2), (second, features1))):
        places = pixel_grid(*features.shape[-2:], features.device).flatten(1).T  # (H*W, 2)
        cells = features.flatten(1)
        if candidates is not None:
            chosen = candidates[1 - number]
            cells, places = cells[:, chosen], places[chosen]
        truth = pairs[:, 2:] if number == 0 else pairs[:, :2]
        yield found, truth.to(places.dtype), (cells, places)


def _root(squared):
    """Square root whose gradient at 0 is 0 and not NaN: a pair of equal descriptors is common."""
    zero = squared == 0
    return torch.where(zero, 0.0, torch.where(zero, 1.0, squared).sqrt())


def _mean(values):
    """The mean, and 0 of nothing: early or late in training no candidate may be a negative."""
    return values.sum() / max(values.numel(), 1)
