"""Box regression: from the features of a box that is nearly right to the box that is right.

A box P and the truth G differ by four numbers that do not depend on the size of either (Girshick et al., "Rich feature
hierarchies", CVPR 2014, Appendix C; MDNet takes them over, Section 4.2):

    t_x = (G_x - P_x) / P_w    t_y = (G_y - P_y) / P_h    t_w = log(G_w / P_w)    t_h = log(G_h / P_h)

where x and y are the *middles*. Ridge regression learns to read them from the features of P.
"""

from dataclasses import dataclass

import torch

from course_lib.errors import ShapeError
from course_lib.ops.boxes import center, from_center


def box_targets(boxes, truth):
    """(t_x, t_y, t_w, t_h) that lead from boxes to the truth: (..., 4), (..., 4) -> (..., 4)"""
    move = (center(truth) - center(boxes)) / boxes[..., 2:]
    grow = (truth[..., 2:] / boxes[..., 2:]).log()
    return torch.cat(torch.broadcast_tensors(move, grow), -1)


def apply_targets(boxes, targets):
    """The boxes to which targets lead: (..., 4), (..., 4) -> (..., 4); undoes `box_targets`."""
    middles = center(boxes) + targets[..., :2] * boxes[..., 2:]
    return from_center(middles, boxes[..., 2:] * targets[..., 2:].exp())


@dataclass(frozen=True)
class BoxRegressor:
    """A linear map from features to targets. weight: (D, 4). mean: (D,) of the features. bias: (4,)."""

    weight: torch.Tensor
    mean: torch.Tensor
    bias: torch.Tensor

    def __call__(self, features, boxes):
        """Boxes, put right by what their features say: (N, D), (N, 4) -> (N, 4)"""
        return apply_targets(boxes, (features - self.mean) @ self.weight + self.bias)


def fit_ridge(features, boxes, truth, strength=1000.0):
    """Learn a `BoxRegressor` from boxes around one truth.

    Minimises |X W + b - T|^2 + strength |W|^2. With far more features (4608) than samples (1000), the small N x N
    system is solved: W = X' (X X' + strength I)^-1 T. (The authors' MATLAB code whitens the four targets before, and
    undoes it afterwards. As W is linear in T, that changes nothing.)

    Args:
        features: (N, D). boxes: (N, 4). truth: (4,) or (N, 4).
        strength: of the ridge, lambda.
    Returns:
        BoxRegressor.
    Raises:
        ShapeError: if features and boxes are not as many, or none.
    """
    if len(features) != len(boxes) or not len(boxes):
        raise ShapeError(f"there are {len(features)} features for {len(boxes)} boxes: expected one per box, and some")
    targets = box_targets(boxes, truth).double()
    x, bias = features.double(), targets.mean(0)
    mean = x.mean(0)
    x, targets = x - mean, targets - bias
    gram = x @ x.T + strength * torch.eye(len(x), dtype=x.dtype, device=x.device)
    weight = x.T @ torch.linalg.solve(gram, targets)
    return BoxRegressor(*(part.to(features.dtype) for part in (weight, mean, bias)))
