"""Box regression: targets and their inverse, and ridge regression equal to the public one."""

from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.ops.box_regression import apply_targets, box_targets, fit_ridge
from course_lib.ops.boxes import area, iou

STORED = {
    name: torch.from_numpy(value)
    for name, value in np.load(Path(__file__).parents[1] / "fixtures" / "mdnet_pipeline.npz").items()
}


def test_targets_by_hand():
    """P has its middle at (20, 10) and is 20 x 10; G at (25, 10), 40 x 10."""
    found = box_targets(torch.tensor([10.0, 5, 20, 10]), torch.tensor([5.0, 5, 40, 10]))
    assert found.tolist() == pytest.approx([0.25, 0, np.log(2), 0])


def test_applying_undoes():
    generator = torch.Generator().manual_seed(0)
    boxes = torch.rand(7, 4, generator=generator) * 50 + 5
    truth = torch.rand(7, 4, generator=generator) * 50 + 5
    assert torch.allclose(apply_targets(boxes, box_targets(boxes, truth)), truth, atol=1e-4)


def test_ridge_equals_the_public_code():
    """It learns from boxes of overlap 0.6 to 1 that are 1 to 2 times as large as the truth."""
    boxes, truth, features = STORED["bbreg_boxes"], STORED["bbreg_gt"].float(), STORED["bbreg_X"]
    size = area(boxes) / area(truth)
    chosen = (iou(boxes, truth) >= 0.6) & (size >= 1) & (size <= 2)
    regressor = fit_ridge(features[chosen], boxes[chosen], truth)
    assert (regressor.weight.T - STORED["bbreg_coef"]).abs().max() < 1e-4 * STORED["bbreg_coef"].abs().max()
    bias = regressor.bias - regressor.mean @ regressor.weight
    assert torch.allclose(bias, STORED["bbreg_intercept"], atol=1e-5)
    assert torch.allclose(regressor(features[:10], boxes[:10]), STORED["bbreg_pred10"], atol=1e-2)


def test_features_that_hold_the_targets_give_the_truth():
    generator = torch.Generator().manual_seed(1)
    truth = torch.tensor([40.0, 30, 20, 25])
    boxes = truth + torch.randn(300, 4, generator=generator)
    features = torch.cat([box_targets(boxes, truth), torch.randn(300, 12, generator=generator)], 1)
    right = fit_ridge(features, boxes, truth, strength=1e-4)(features, boxes)
    assert (right - truth).abs().max() < 0.05
    held = fit_ridge(features, boxes, truth, strength=1e9)
    assert held.weight.abs().max() < 1e-6  # all ridge: the mean correction alone


def test_whitened_targets_give_the_same_regressor():
    """The authors' MATLAB code mixes the targets to variance 1, and unmixes what it has learnt."""
    generator = torch.Generator().manual_seed(2)
    features, truth = torch.randn(50, 6, generator=generator), torch.tensor([40.0, 30, 20, 25])
    boxes = truth + torch.randn(50, 4, generator=generator) * torch.tensor([6.0, 1, 2, 1])
    targets = box_targets(boxes, truth).double()
    mixing = torch.linalg.cholesky(torch.linalg.inv(targets.T.cov()))
    x = features.double() - features.double().mean(0)
    solved = x.T @ torch.linalg.solve(x @ x.T + 10 * torch.eye(50), (targets - targets.mean(0)) @ mixing)
    whitened = solved @ torch.linalg.inv(mixing)
    assert torch.allclose(fit_ridge(features, boxes, truth, 10.0).weight.double(), whitened, atol=1e-6)


def test_refuses():
    with pytest.raises(ShapeError, match="expected one per box"):
        fit_ridge(torch.zeros(3, 5), torch.ones(4, 4), torch.ones(4))
