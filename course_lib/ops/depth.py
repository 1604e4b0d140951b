"""Depth and normals: losses that know what one picture cannot tell, alignment, measures, and normals from depth.

D. Eigen, C. Puhrsch, R. Fergus, "Depth Map Prediction from a Single Image using a Multi-Scale Deep Network", NIPS 2014,
arXiv:1406.2283 (scale-invariant error, measures). D. Eigen, R. Fergus, "Predicting Depth, Surface Normals and Semantic
Labels with a Common Multi-Scale Convolutional Architecture", ICCV 2015, arXiv:1411.4734 (gradient term, normal loss).
R. Ranftl et al., "Towards Robust Monocular Depth Estimation", TPAMI 2020, arXiv:1907.01341 (scale and shift, MiDaS).

Depth is z in metres, (B, H, W), and 0 where nobody knows it: such pixels take no part in any sum, and `valid`, a mask
(B, H, W), excludes more. Networks predict log depth, which may be any number. Normals are unit vectors (B, 3, H, W) in
the camera's axes, towards the camera; (0, 0, 0) is unknown. Losses and measures are formed per picture and then
averaged over the pictures that have a valid pixel; only `normal_metrics` takes all pixels of all pictures together.
"""

import torch
from torch.nn.functional import normalize

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.camera import backproject

DELTA = 1.25  # the measures delta_k count pixels that are wrong by less than a factor 1.25^k
ANGLES = (11.25, 22.5, 30.0)  # degrees: the thresholds of the tables for normals


def l2_loss(depth, truth, valid=None):
    """Mean squared difference in metres squared: (B, H, W) twice -> scalar."""
    valid = known(truth, valid, depth)
    return _over_pictures((depth - torch.where(valid, truth, depth.detach())).square(), valid)


def scale_invariant_loss(log_depth, truth, weight=0.5, valid=None):
    """Eq. 4 of Eigen et al. 2014: (1/n) sum d^2 - (weight/n^2) (sum d)^2, d = log y - log y*.

    Args:
        log_depth: (B, H, W), what the network predicts. truth: (B, H, W) depth in metres, 0 for unknown.
        weight: lambda; 0 is the squared error of the log, 1 does not mind a factor in front of all depths of a
            picture, 0.5 is what the paper trains with.
        valid: (B, H, W) bool, or None.
    Returns:
        Scalar; 0 if no pixel is valid.
    Raises:
        ShapeError: if the shapes differ.
    """
    difference, valid = log_difference(log_depth, truth, valid)
    mean = _mean(difference, valid)
    return _average(_mean(difference.square(), valid) - weight * mean.square(), valid)


def scale_invariant_reference(log_depth, truth):
    """The same with weight 1 for one picture as the paper motivates it: over all pairs of pixels (Eq. 2).

    (1/2n^2) sum_ij ((log y_i - log y_j) - (log y*_i - log y*_j))^2: do two pixels stand in the right ratio?

    Args:
        log_depth, truth: (H, W), every pixel known. Memory grows with the square of their number.
    """
    difference = (log_depth - truth.log()).flatten()
    return (difference[:, None] - difference).square().mean() / 2


def gradient_loss(log_depth, truth, valid=None):
    """The third term of 2015: (1/n) sum (dx d)^2 + (dy d)^2, forward differences of d = log y - log y*.

    A step counts where both of its pixels are valid; n counts the valid pixels.
    """
    difference, valid = log_difference(log_depth, truth, valid)
    steps = difference.new_zeros(len(difference))
    for axis in (1, 2):
        size = difference.shape[axis] - 1
        both = valid.narrow(axis, 0, size) & valid.narrow(axis, 1, size)
        steps = steps + (difference.diff(dim=axis).square() * both).sum((1, 2))
    return _average(steps / _count(valid), valid)


def eigen_2015_loss(log_depth, truth, valid=None):
    """What the network of 2015 trains depth with: the scale-invariant loss, weight 0.5, and the gradient term."""
    return scale_invariant_loss(log_depth, truth, 0.5, valid) + gradient_loss(log_depth, truth, valid)


def best_scale(depth, truth, valid=None):
    """The factor per picture that makes the mean log difference 0, exp(alpha) of Eq. 1: (B, H, W) twice -> (B,)."""
    valid = known(truth, valid, depth) & (depth > 0)
    difference, valid = log_difference(torch.where(valid, depth, torch.ones_like(depth)).log(), truth, valid)
    return (-_mean(difference, valid)).exp()


def align_least_squares(prediction, target, valid):
    """Scale and shift per picture with the least squared error: scale * prediction + shift = target, nearly.

    MiDaS aligns so *in inverse depth*, which is what it predicts. A target of inverse depth has no 0 for unknown, so
    the mask must be given.

    Args:
        prediction, target: (B, H, W). valid: (B, H, W) bool.
    Returns:
        scale, shift: (B,) each. A constant prediction gets scale 0.
    """
    check_same(prediction, target, valid)
    mean, mean_target = _mean(prediction, valid), _mean(target, valid)
    apart, apart_target = prediction - mean[:, None, None], target - mean_target[:, None, None]
    variance = _mean(apart.square(), valid)
    scale = _mean(apart * apart_target, valid) / variance.clamp(min=torch.finfo(variance.dtype).tiny)
    return scale, mean_target - scale * mean


def align_medians(prediction, target, valid):
    """Scale and shift that give a prediction the target's median and mean absolute deviation: MiDaS's robust form.

    Args and returns are those of `align_least_squares`.
    """
    check_same(prediction, target, valid)
    (middle, spread), (target_middle, target_spread) = (median_and_spread(v, valid) for v in (prediction, target))
    scale = target_spread / spread.clamp(min=torch.finfo(spread.dtype).tiny)
    return scale, target_middle - scale * middle


def median_and_spread(values, valid):
    """Per picture the median t and s = (1/n) sum |v - t| over valid pixels: (B, H, W) -> (B,), (B,)."""
    middle = values.masked_fill(~valid, torch.nan).flatten(1).nanquantile(0.5, dim=1)
    return middle, _mean((values - middle[:, None, None]).abs(), valid)


def scale_shift_loss(prediction, target, valid):
    """MiDaS's loss without trimming: mean absolute difference after both got median 0 and spread 1.

    Args:
        prediction, target: (B, H, W) inverse depth in units of their own. valid: (B, H, W) bool.
    """
    check_same(prediction, target, valid)
    alike = []
    for values in (prediction, target):
        middle, spread = median_and_spread(values, valid)
        alike.append((values - middle[:, None, None]) / spread.clamp(min=1e-6)[:, None, None])
    return _over_pictures((alike[0] - alike[1]).abs(), valid)


def depth_metrics(depth, truth, valid=None):
    """The measures of Eigen et al. 2014, Table 1.

    Args:
        depth, truth: (B, H, W) in metres. Pixels without a true depth, or outside `valid`, do not count; a prediction
            that is not positive there is an error.
    Returns:
        dict of floats, each averaged over pictures: "abs_rel", "sq_rel" (metres), "rmse" (metres), "rmse_log",
        "si_log" (the root of Eq. 1: RMSE of the log after the best scale), "delta1", "delta2", "delta3" (shares).
    Raises:
        CourseError: if a prediction is not positive, or nothing is valid.
        ShapeError: if the shapes differ.
    """
    valid = known(truth, valid, depth)
    if not valid.any():
        raise CourseError("No pixel has a valid true depth: is `truth` all 0, or `valid` all False?")
    if not (depth[valid] > 0).all():
        raise CourseError(
            f"The smallest predicted depth is {depth[valid].min():.3g}, expected more than 0. Does the network predict "
            "log depth? Then take .exp(); or clamp the prediction to the range of the data set."
        )
    depth, truth = (torch.where(valid, values, torch.ones_like(values)).double() for values in (depth, truth))
    error, log_error, factor = depth - truth, depth.log() - truth.log(), torch.maximum(depth / truth, truth / depth)
    mean, squares = _mean(log_error, valid), _mean(log_error.square(), valid)
    per_picture = {
        "abs_rel": _mean(error.abs() / truth, valid),
        "sq_rel": _mean(error.square() / truth, valid),
        "rmse": _mean(error.square(), valid).sqrt(),
        "rmse_log": squares.sqrt(),
        "si_log": (squares - mean.square()).clamp(min=0).sqrt(),
        **{f"delta{k}": _mean((factor < DELTA**k).double(), valid) for k in (1, 2, 3)},
    }
    return {name: _average(values, valid).item() for name, values in per_picture.items()}


def normals_from_depth(depth, K):
    """Normals of the surface that a depth map is: the cross product of its two tangents.

    Pixels become points; the tangents are differences of the points on both sides (at the border: of the pixel itself
    and its one neighbour). y down, x right: (down) x (right) points to the camera.

    Args:
        depth: (B, H, W), 0 for unknown. K: (3, 3) or (B, 3, 3).
    Returns:
        (B, 3, H, W) unit vectors; (0, 0, 0) where the pixel or a neighbour that takes part is unknown.
    """
    points, there = backproject(depth, K), depth > 0
    right, right_there = _tangent(points, there, 3)
    down, down_there = _tangent(points, there, 2)
    normals = normalize(torch.linalg.cross(down, right, dim=1), dim=1)
    return normals * (there & right_there & down_there)[:, None]


def normal_loss(prediction, truth, valid=None):
    """Eq. 2 of Eigen and Fergus 2015: -(1/n) sum N . N*, from -1 (all right) to 1, per picture.

    Args:
        prediction: (B, 3, H, W), of any length: it is scaled to 1 here, and gradients run through the scaling.
        truth: (B, 3, H, W) unit vectors, (0, 0, 0) for unknown. valid: (B, H, W) bool, or None.
    """
    cosine, valid = _cosine(prediction, truth, valid)
    return -_over_pictures(cosine, valid)


def angles(prediction, truth):
    """Angle between two maps of vectors in degrees: (B, 3, H, W) twice -> (B, H, W); 0 where one is unknown.

    From sine and cosine together: the arc cosine alone loses half of its digits near 0 degrees.
    """
    sine = torch.linalg.cross(prediction, truth, dim=1).norm(dim=1)
    return torch.rad2deg(torch.atan2(sine, (prediction * truth).sum(1)))


def normal_metrics(prediction, truth, valid=None):
    """The measures of the tables for normals, over all valid pixels of all pictures.

    Returns:
        dict of floats: "mean", "median", "rmse" in degrees, and "within_11.25", "within_22.5", "within_30" as shares.
    Raises:
        CourseError: if nothing is valid.
    """
    _, valid = _cosine(prediction, truth, valid)
    wrong = angles(prediction, truth)[valid]
    if not len(wrong):
        raise CourseError("No pixel has a valid true normal: is `truth` all 0, or `valid` all False?")
    ranked = wrong.sort().values  # torch's quantile refuses more than 16 million numbers, 55 frames of a Kinect
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
    found = {"mean": wrong.mean(), "median": middle, "rmse": wrong.square().mean().sqrt()}
    found |= {f"within_{limit:g}": (wrong < limit).float().mean() for limit in ANGLES}
    return {name: value.item() for name, value in found.items()}


def known(truth, valid=None, like=None):
    """Which pixels count: true depth is there, is finite, and `valid` does not exclude it: (B, H, W) bool."""
    check_shape(truth, "B H W", "truth")
    for name, other in (("depth", like), ("valid", valid)):
        if other is not None and other.shape != truth.shape:
            raise ShapeError(
                f"{name} has shape {tuple(other.shape)}, truth {tuple(truth.shape)}: expected the same (B, H, W). "
                "Does the network's output still have a channel axis? Take output[:, 0]."
            )
    there = (truth > 0) & truth.isfinite()
    return there if valid is None else there & valid


def log_difference(log_depth, truth, valid=None):
    """d = log y - log y* with 0 at pixels that do not count, and the mask of those that do; (B, H, W) each.

    Unknown depths are replaced *before* the logarithm. Afterwards is too late: 0 times the gradient of log 0 is NaN.
    """
    valid = known(truth, valid, log_depth)
    log_truth = torch.where(valid, truth, torch.ones_like(truth)).log()
    return torch.where(valid, log_depth - log_truth, torch.zeros_like(log_depth)), valid


def check_same(prediction, target, valid):
    """Raise a ShapeError unless the three are (B, H, W) of one size."""
    check_shape(prediction, "B H W", "prediction")
    if not prediction.shape == target.shape == valid.shape:
        raise ShapeError(
            f"prediction {tuple(prediction.shape)}, target {tuple(target.shape)} and valid {tuple(valid.shape)}: "
            "expected the same (B, H, W)."
        )


def _cosine(prediction, truth, valid):
    check_shape(prediction, "B 3 H W", "prediction")
    if prediction.shape != truth.shape:
        raise ShapeError(f"prediction {tuple(prediction.shape)} and truth {tuple(truth.shape)}: expected one shape.")
    there = truth.square().sum(1) > 0
    return (normalize(prediction, dim=1) * truth).sum(1), there if valid is None else there & valid


def _tangent(points, there, axis):
    """Difference of the points on both sides along an axis of (B, 3, H, W), and whether both are known (B, H, W)."""
    last = points.shape[axis] - 1
    index = torch.arange(last + 1, device=points.device)
    after, before = (index + 1).clamp(max=last), (index - 1).clamp(min=0)
    both = there.index_select(axis - 1, after) & there.index_select(axis - 1, before)
    return points.index_select(axis, after) - points.index_select(axis, before), both


def _count(valid):
    return valid.sum((1, 2)).clamp(min=1)


def _mean(values, valid):
    """Mean over the valid pixels of each picture, (B,); 0 for a picture that has none."""
    return torch.where(valid, values, torch.zeros_like(values)).sum((1, 2)) / _count(valid)


def _average(per_picture, valid):
    """Mean over the pictures that have a valid pixel."""
    return per_picture.sum() / valid.any(2).any(1).sum().clamp(min=1)


def _over_pictures(values, valid):
    return _average(_mean(values, valid), valid)
