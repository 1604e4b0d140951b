"""Depth: losses, alignment, measures, normals; each against written-out formulas or public numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, ShapeError
from course_lib.ops import depth as d
from course_lib.ops.camera import intrinsics

FIXTURES = Path(__file__).parents[1] / "fixtures"
STORED = np.load(FIXTURES / "depth.npz")
EXPECTED = json.loads((FIXTURES / "depth.json").read_text())
PREDICTION, TRUTH, MASK = (torch.from_numpy(STORED[f"eig_{name}"])[None] for name in ("pred", "gt", "mask"))


def pictures(batch=3, height=5, width=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 1 + torch.rand(2, batch, height, width, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_scale_invariant_loss_equals_the_reference(weight):
    assert d.scale_invariant_loss(PREDICTION.log(), TRUTH, weight).item() == pytest.approx(
        EXPECTED[f"eigen_L_lambda{weight}"], rel=1e-12
    )
    assert d.scale_invariant_loss(PREDICTION.log(), TRUTH, weight, MASK).item() == pytest.approx(
        EXPECTED[f"eigen_L_lambda{weight}_masked"], rel=1e-12
    )


def test_scale_invariant_loss_is_that_of_all_pairs():
    pairs = d.scale_invariant_reference(PREDICTION[0].log(), TRUTH[0])
    assert pairs.item() == pytest.approx(EXPECTED["eigen_D_pairwise(1/(2n^2))"], rel=1e-12)
    assert d.scale_invariant_loss(PREDICTION.log(), TRUTH, 1.0).item() == pytest.approx(pairs.item(), rel=1e-12)


def test_a_factor_changes_nothing_with_weight_1_and_something_with_half():
    three = (3 * PREDICTION).log()
    assert d.scale_invariant_loss(three, TRUTH, 1.0).item() == pytest.approx(
        EXPECTED["eigen_scale_invariance_lambda1_pred_x3"], rel=1e-12
    )
    assert d.scale_invariant_loss(three, TRUTH).item() == pytest.approx(EXPECTED["eigen_lambda0.5_pred_x3"], rel=1e-12)


def test_each_picture_may_have_its_own_factor():
    prediction, truth = pictures()
    factors = torch.tensor([0.5, 2.0, 7.0]).view(3, 1, 1)
    one, other = (d.scale_invariant_loss(p.log(), truth, 1.0) for p in (prediction, prediction * factors))
    assert one.item() == pytest.approx(other.item(), rel=1e-9)


def test_gradient_term_equals_the_reference():
    expected = EXPECTED["eigen2015_grad_term_forward_diff(sum (dx^2+dy^2)/n, n=all pixels)"]
    assert d.gradient_loss(PREDICTION.log(), TRUTH).item() == pytest.approx(expected, rel=1e-12)
    both = d.scale_invariant_loss(PREDICTION.log(), TRUTH).item() + expected
    assert d.eigen_2015_loss(PREDICTION.log(), TRUTH).item() == pytest.approx(both, rel=1e-12)


def test_gradient_term_leaves_out_steps_to_unknown_pixels():
    log_depth = torch.tensor([[[0.0, 1.0, 5.0, 2.0]]])
    truth = torch.tensor([[[1.0, 1.0, 0.0, 1.0]]])
    assert d.gradient_loss(log_depth, truth).item() == pytest.approx(1 / 3)  # one step of 1, three known pixels


LOSSES = {
    "l2": d.l2_loss,
    "scale invariant": d.scale_invariant_loss,
    "gradient": d.gradient_loss,
    "2015": d.eigen_2015_loss,
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_unknown_depth_neither_counts_nor_poisons_the_gradient(loss):
    prediction, truth = pictures()
    truth[0, 1, 2], truth[2, :, 3] = 0, torch.nan
    prediction = prediction.requires_grad_()
    value = loss(prediction, truth)
    (gradient,) = torch.autograd.grad(value, prediction)
    assert value.isfinite() and gradient.isfinite().all()
    assert (gradient[0, 1, 2] == 0) and (gradient[2, :, 3] == 0).all() and (gradient != 0).any()
    changed = prediction.detach().clone()
    changed[0, 1, 2] = 99
    assert loss(changed, truth).item() == pytest.approx(value.item())


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_picture_without_any_depth_does_not_count(loss):
    prediction, truth = pictures()
    alone = loss(prediction[:2], truth[:2])
    truth[2] = 0
    assert loss(prediction, truth).item() == pytest.approx(alone.item())
    assert loss(prediction, torch.zeros_like(truth)).item() == 0


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_gradients_of_losses(loss):
    prediction, truth = pictures(2, 3, 4)
    truth[0, 0, 0] = 0
    assert torch.autograd.gradcheck(lambda p: loss(p, truth), prediction.requires_grad_())


def test_least_squares_alignment_equals_the_reference():
    prediction, target = 1 / PREDICTION, 1 / TRUTH
    scale, shift = d.align_least_squares(prediction, target, torch.ones_like(MASK))
    assert [scale.item(), shift.item()] == pytest.approx(EXPECTED["ssi_lstsq_scale_shift(pred disp->gt disp)"])
    error = (scale * prediction + shift - target).square().mean().item()
    assert error == pytest.approx(EXPECTED["ssi_lstsq_mse"])


def test_median_alignment_equals_the_reference():
    prediction, target, everywhere = 1 / PREDICTION, 1 / TRUTH, torch.ones_like(MASK)
    found = [v.item() for values in (prediction, target) for v in d.median_and_spread(values, everywhere)]
    assert found == pytest.approx(EXPECTED["ssi_median_mad"])
    loss = d.scale_shift_loss(prediction, target, everywhere)
    assert loss.item() == pytest.approx(EXPECTED["ssi_mae_median_norm"])
    scale, shift = d.align_medians(prediction, target, everywhere)
    assert [v.item() for v in d.median_and_spread(scale * prediction + shift, everywhere)] == pytest.approx(found[2:])


@pytest.mark.parametrize("align", [d.align_least_squares, d.align_medians])
def test_alignment_finds_scale_and_shift_of_every_picture_behind_a_mask(align):
    prediction, _ = pictures()
    scales, shifts = torch.tensor([2.0, 0.1, 5.0]), torch.tensor([-1.0, 3.0, 0.0])
    target = scales.view(3, 1, 1) * prediction + shifts.view(3, 1, 1)
    valid = torch.ones_like(target, dtype=torch.bool)
    valid[:, 2, 3], target[:, 2, 3] = False, 1000
    scale, shift = align(prediction, target, valid)
    assert torch.allclose(scale.float(), scales) and torch.allclose(shift.float(), shifts, atol=1e-5)


def test_one_outlier_moves_least_squares_and_hardly_the_medians():
    prediction, _ = pictures(1, 9, 11)
    target, valid = 2 * prediction, torch.ones(1, 9, 11, dtype=torch.bool)
    target[0, 4, 4] = 50
    off = [abs(align(prediction, target, valid)[1].item()) for align in (d.align_least_squares, d.align_medians)]
    assert off[0] > 0.3 or abs(d.align_least_squares(prediction, target, valid)[0].item() - 2) > 0.3
    assert d.median_and_spread(target, valid)[0].item() == pytest.approx(2 * prediction.quantile(0.5).item(), rel=0.05)


def test_a_constant_prediction_aligns_to_the_mean():
    target = pictures(1)[1]
    scale, shift = d.align_least_squares(torch.full_like(target, 3.0), target, torch.ones_like(target).bool())
    assert scale.item() == 0 and shift.item() == pytest.approx(target.mean().item())


def test_best_scale_makes_the_mean_log_error_zero():
    prediction, truth = pictures()
    truth[1, :2] = 0
    scaled = d.best_scale(prediction, truth).view(3, 1, 1) * prediction
    squared = d.scale_invariant_loss(scaled.log(), truth, 0.0)
    assert squared.item() == pytest.approx(d.scale_invariant_loss(prediction.log(), truth, 1.0).item())


def test_metrics_equal_the_references():
    found, names = d.depth_metrics(PREDICTION, TRUTH), {"delta1": "d1", "delta2": "d2", "delta3": "d3"}
    expected = EXPECTED["depth_metrics_eigen"]
    for name in ("abs_rel", "sq_rel", "rmse", "rmse_log", "delta1", "delta2", "delta3"):
        assert found[name] == pytest.approx(expected[names.get(name, name)], rel=1e-9), name
    assert found["si_log"] ** 2 == pytest.approx(expected["rmse_log_scale_inv(eq1, lambda=1)"], rel=1e-9)
    one, other = (torch.from_numpy(STORED[f"err_{name}"]).view(1, 1, -1) for name in ("pred", "gt"))
    found = d.depth_metrics(one, other)
    order = ("abs_rel", "sq_rel", "rmse", "rmse_log", "delta1", "delta2", "delta3")
    public = EXPECTED["md2_depth_errors(abs_rel,sq_rel,rmse,rmse_log,a1,a2,a3)"]
    assert [found[name] for name in order] == pytest.approx(public, rel=1e-5)


def test_metrics_by_hand_with_an_unknown_pixel():
    found = d.depth_metrics(torch.tensor([[[1.0, 3.0, 9.0]]]), torch.tensor([[[2.0, 3.0, 0.0]]]))
    assert found["abs_rel"] == pytest.approx(0.25) and found["rmse"] == pytest.approx(0.5**0.5)
    assert found["delta1"] == found["delta3"] == 0.5  # a factor 2 is more than 1.25^3


def test_metrics_refuse_what_cannot_be_measured():
    truth = torch.ones(1, 2, 3)
    with pytest.raises(CourseError, match="log depth"):
        d.depth_metrics(truth - 1.5, truth)
    with pytest.raises(CourseError, match="No pixel"):
        d.depth_metrics(truth, torch.zeros(1, 2, 3))
    with pytest.raises(ShapeError, match="channel axis"):
        d.depth_metrics(truth[:, None], truth)
    with pytest.raises(ShapeError, match="B, H, W"):
        d.l2_loss(truth, truth[:, None])


K = intrinsics(20.0, 25.0, 3.0, 2.0)


def test_normals_of_a_tilted_plane_are_exact():
    """z = 2 + 0.5 x: the normal is (0.5, 0, -1) scaled to length 1."""
    x = (torch.arange(8) - 3.0) / 20
    depth = (2 / (1 - 0.5 * x)).expand(2, 6, 8)  # from z = 2 + 0.5 x z
    normals = d.normals_from_depth(depth, K)
    expected = torch.tensor([0.5, 0, -1.0]) / 1.25**0.5
    assert torch.allclose(normals, expected.view(3, 1, 1).expand(2, 3, 6, 8), atol=1e-5)


def test_normals_know_nothing_beside_unknown_depth():
    depth = torch.full((1, 5, 6), 2.0)
    depth[0, 2, 3] = 0
    lengths = d.normals_from_depth(depth, K).norm(dim=1)[0]
    unknown = {(2, 3), (1, 3), (3, 3), (2, 2), (2, 4)}
    assert {tuple(place) for place in (lengths == 0).nonzero().tolist()} == unknown


def test_normals_agree_with_a_ray_cast_room():
    world = SceneWorld(48, 64)
    _, depth, truth = world.pictures(4, seed=3)
    found = d.normal_metrics(d.normals_from_depth(depth, world.K), truth)
    assert found["median"] < 0.2 and found["within_11.25"] > 0.8  # the rest are edges


NORMALS, TRUE_NORMALS = (torch.from_numpy(STORED[f"nrm_{name}"]).permute(2, 0, 1)[None] for name in ("pred", "gt"))


def test_normal_loss_and_metrics_equal_the_reference():
    expected = EXPECTED["normals"]
    loss = d.normal_loss(NORMALS, TRUE_NORMALS).item()
    assert loss == pytest.approx(expected["loss_eigen2015 -1/n sum N.N*"]) and loss + 1 == pytest.approx(
        expected["loss_1-cos"]
    )
    found = d.normal_metrics(NORMALS, TRUE_NORMALS)
    for name, key in (("mean", "mean_angle_deg"), ("median", "median_angle_deg"), ("rmse", "rmse_deg")):
        assert found[name] == pytest.approx(expected[key], rel=1e-9)
    for limit in ("11.25", "22.5", "30"):
        assert found[f"within_{limit}"] == pytest.approx(expected[f"within_{limit}"], rel=1e-6)
    masked = d.normal_metrics(NORMALS, TRUE_NORMALS, MASK)["mean"]
    assert masked == pytest.approx(expected["masked_mean_angle"], rel=1e-9)


def test_normal_loss_does_not_mind_length_and_leaves_out_unknown_normals():
    truth = TRUE_NORMALS.clone()
    truth[..., 1, 2] = 0
    shorter = NORMALS * torch.linspace(0.1, 3, 42, dtype=torch.float64).view(1, 1, 6, 7)
    shorter[..., 1, 2] = 7
    one, other = (d.normal_loss(prediction, truth).item() for prediction in (NORMALS, shorter))
    assert one == pytest.approx(other) and one != pytest.approx(d.normal_loss(NORMALS, TRUE_NORMALS).item())
    assert torch.autograd.gradcheck(lambda p: d.normal_loss(p, truth), shorter.requires_grad_())


def test_small_angles_are_exact_in_single_precision():
    turn = torch.deg2rad(torch.tensor(0.001, dtype=torch.float64))
    one, other = torch.zeros(2, 1, 3, 1, 1)
    one[0, 2], other[0, 0], other[0, 2] = -1, turn.sin(), -turn.cos()
    assert d.angles(one, other).item() == pytest.approx(0.001, rel=1e-4)  # the arc cosine says 0 or 0.02
    with pytest.raises(CourseError, match="No pixel"):
        d.normal_metrics(one, torch.zeros(1, 3, 1, 1))
    with pytest.raises(ShapeError, match="one shape"):
        d.normal_loss(one, torch.zeros(2, 3, 1, 1))


def test_the_median_of_an_even_number_of_angles_is_between_the_middle_two():
    truth = torch.zeros(1, 3, 2, 2)
    truth[:, 2] = -1
    turn = torch.deg2rad(torch.tensor([1.0, 2, 4, 50])).view(1, 2, 2)
    prediction = torch.stack([turn.sin(), torch.zeros_like(turn), -turn.cos()], 1)
    assert d.normal_metrics(prediction, truth)["median"] == pytest.approx(3, rel=1e-4)
