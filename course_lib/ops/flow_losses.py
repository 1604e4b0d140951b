"""What flow networks minimise: the end point error at every scale, summed with weights.

A. Dosovitskiy et al., "FlowNet: Learning Optical Flow with Convolutional Networks", ICCV 2015, arXiv:1504.06852.

With flows f_l of levels l = 2 ... 6 (level l has 1 / 2^l of the rows), truth f* and its average t_l over each cell,

    L = sum over l of w_l * D(f_l, t_l / 20).

Two codes, two losses under one name:
- "paper", Caffe's and ClementPinard's: D is the *sum* over pixels of the vectors' distance, over the batch's size.
  w_6 ... w_2 = 0.32, 0.08, 0.02, 0.01, 0.005. A finer level has four times the pixels of the one before.
- "nvidia": D is the *mean* over pixels, of absolute differences or distances; w_2 ... w_6 = 0.32, 0.16, 0.08, 0.04,
  0.02. So here the finest level counts most.
"""

import torch
from torch.nn.functional import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d

from course_lib.errors import CourseError, ShapeError, check_shape

PAPER_WEIGHTS = (0.005, 0.01, 0.02, 0.08, 0.32)  # flow2 to flow6
NVIDIA_WEIGHTS = (0.32, 0.16, 0.08, 0.04, 0.02)  # flow2 to flow6
FLOW_SCALE = 20.0


def distances(flow, truth):
    """Length of the difference at every pixel: two (B, 2, H, W) -> (B, H, W), differentiable also where they agree."""
    # The square root's slope at 0 is infinite; the smallest normal number is far below any flow that matters.
    return (flow - truth).square().sum(1).clamp_min(torch.finfo(flow.dtype).tiny).sqrt()


def smaller_flow(truth, size, valid=None):
    """The truth for a smaller map: the average vector of each cell, still in pixels of the full picture.

    Args:
        truth: (B, 2, H, W). size: (rows, columns), no larger.
        valid: (B, H, W) bool, where truth is known; by default everywhere.
    Returns:
        flow (B, 2, rows, columns), the average over the known pixels of each cell, 0 where there are none, and whether
        there are any: bool (B, rows, columns).
    """
    check_shape(truth, "B 2 H W", "truth")
    if valid is None:
        return adaptive_avg_pool2d(truth, size), truth.new_ones(len(truth), *size, dtype=torch.bool)
    known = valid.unsqueeze(1).to(truth.dtype)
    share = adaptive_avg_pool2d(known, size)
    average = adaptive_avg_pool2d(truth * known, size) / share.clamp_min(torch.finfo(truth.dtype).tiny)
    return average, share[:, 0] > 0


def strongest_flow(truth, size, valid=None):
    """`smaller_flow` by another rule: in each cell the largest plus the smallest component, unknown ones being 0.

    It keeps lone vectors as they are, and mixes those of opposite signs. A cell that comes out as 0 counts as unknown.
    """
    check_shape(truth, "B 2 H W", "truth")
    truth = truth if valid is None else truth * valid.unsqueeze(1)
    target = adaptive_max_pool2d(truth.clamp_min(0), size) - adaptive_max_pool2d(-truth.clamp_max(0), size)
    return target, (target != 0).any(1)


def multiscale_loss(
    flows, truth, *, code="paper", weights=None, scale=FLOW_SCALE, norm=2, valid=None, sparse="average"
):
    """The weighted sum of the errors at all scales (the equation above).

    Args:
        flows: network's outputs from fine to coarse, each (B, 2, H_l, W_l), in units of `scale` pixels.
        truth: (B, 2, H, W) in pixels.
        code: "paper" or "nvidia", see above.
        weights: one for each flow, from fine to coarse; by default the code's first ones.
        scale: pixels per unit of the outputs.
        norm: 2 for distances, 1 for absolute differences (NVIDIA's default; its mean is then over u and v too).
        valid: (B, H, W) bool, where truth is known. "paper" only.
        sparse: what a cell with unknown pixels is compared with: the "average" of the known ones, as Caffe's code does,
            or the "strongest" component, as ClementPinard's.
    Returns:
        scalar.
    Raises:
        CourseError: if an option is unknown, or there are fewer weights than flows.
        ShapeError: if a shape does not fit.
    """
    sizes = check_shape(truth, "B 2 H W", "truth")
    if code not in ("paper", "nvidia") or norm not in (1, 2) or sparse not in ("average", "strongest"):
        raise CourseError(
            f'code is {code!r}, norm {norm!r}, sparse {sparse!r}: expected "paper" or "nvidia", 1 or 2, and "average" '
            'or "strongest".'
        )
    weights = (PAPER_WEIGHTS if code == "paper" else NVIDIA_WEIGHTS) if weights is None else weights
    if len(weights) < len(flows):
        raise CourseError(f"There are {len(flows)} flows and {len(weights)} weights, expected a weight for each.")
    total = truth.new_zeros(())
    for flow, weight in zip(flows, weights, strict=False):
        check_shape(flow, "B 2 H W", "a flow")
        size = flow.shape[2:]
        if code == "paper":
            smaller = smaller_flow if sparse == "average" else strongest_flow
            target, known = smaller(truth / scale, size, valid)
            error = distances(flow, target) if norm == 2 else (flow - target).abs().sum(1)
            total = total + weight * (error * known).sum() / sizes["B"]
        else:
            cell = sizes["H"] // size[0]
            if (size[0] * cell, size[1] * cell) != (sizes["H"], sizes["W"]):
                raise ShapeError(
                    f"truth of {sizes['H']} x {sizes['W']} cannot be cut into {size[0]} x {size[1]} equal squares. "
                    "Crop pictures to multiples of 64, as NVIDIA's code does."
                )
            target = avg_pool2d(truth / scale, cell)
            error = distances(flow, target) if norm == 2 else (flow - target).abs()
            total = total + weight * error.mean()
    return total
