"""Losses and mining against the public code's numbers; PCK and the comparison methods beside them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import CourseError, ShapeError
from course_lib.metrics.correspondence import pck
from course_lib.ops.correspondence_losses import (
    correspondence_contrastive,
    hard_negatives,
    hardest_contrastive,
    nearest_cells,
    nearest_points,
    sampled_contrastive,
    ucn_loss,
)  # fmt: skip
from course_lib.ops.keypoints import matched_disparity, patch_descriptors, textured_points
from course_lib.ops.spatial_transformer import at_points

REFERENCE = Path(__file__).parents[1] / "fixtures" / "ucn_losses_pck.npz"


@pytest.fixture(scope="module")
def stored():
    return {name: torch.from_numpy(np.asarray(values)) for name, values in np.load(REFERENCE).items()}


def both_ends(stored):
    pairs = stored["ccl_pairs_xyxy_s"]
    first = at_points(stored["F0"], pairs[None, :, :2].float())[0]
    return first, at_points(stored["F1"], pairs[None, :, 2:4].float())[0], pairs[:, 4]


@pytest.mark.parametrize(("margin", "name"), [(1.0, "ccl_m1"), (0.5, "ccl_m05"), (2.0, "ccl_m2")])
def test_correspondence_contrastive_loss(stored, margin, name):
    first, second, same = both_ends(stored)
    assert torch.allclose((first - second).norm(dim=1), stored["ccl_dist"], atol=1e-5)
    assert float(correspondence_contrastive(first, second, same, margin)) == pytest.approx(
        float(stored[name]), rel=1e-5
    )


def test_open_ucns_losses_with_its_exchanged_masks(stored):
    maps, pairs = (stored["F0"][0], stored["F1"][0]), stored["pairs_xy"]
    plain = torch.stack(sampled_contrastive(*maps, pairs)).double()
    assert torch.allclose(plain, stored["contrastive_pos_neg"], rtol=1e-4)
    code = torch.stack(hardest_contrastive(*maps, pairs, crossed=True)).double()
    assert torch.allclose(code, stored["hardest_pos_neg"], rtol=1e-4)
    described = torch.stack(hardest_contrastive(*maps, pairs)).double()
    assert abs(described[1] - stored["hardest_pos_neg"][1]) > 1e-3  # each direction with its own mask


def test_candidates_are_the_cells_that_are_searched(stored):
    maps, pairs = (stored["F0"][0], stored["F1"][0]), stored["pairs_xy"]
    every = torch.arange(12 * 14)
    assert torch.allclose(hardest_contrastive(*maps, pairs, candidates=(every, every))[1],
                          hardest_contrastive(*maps, pairs)[1])  # fmt: skip
    few = hardest_contrastive(*maps, pairs, candidates=(every[:20], every[:20]))[1]
    assert few < hardest_contrastive(*maps, pairs)[1]  # among fewer, the hardest is less hard


def test_nearest_cells(stored):
    points = stored["pairs_xy"][:3, :2].float()[None]
    found = nearest_cells(at_points(stored["F0"], points), stored["F1"])[0]
    assert found.tolist() == stored["hardneg_nn_idx"].tolist()


def test_hard_negatives_by_hand():
    features = normalize(torch.tensor([[[[1.0, 0, 0], [0, 0, 0.6]], [[0.0, 1, 0], [1, 1, 0.8]]]]) + 1e-6, dim=1)
    found, wrong = hard_negatives(torch.tensor([[[0.6, 0.8], [1.0, 0]]]), features,
                                  torch.tensor([[[4.0, 2], [4, 2]]]), radius=2, stride=2)  # fmt: skip
    assert found.tolist() == [[[4, 2], [0, 0]]] and wrong.tolist() == [[False, True]]


def test_equal_descriptors_have_a_finite_gradient():
    first = torch.ones(3, 4, requires_grad=True)
    correspondence_contrastive(first, torch.ones(3, 4), torch.tensor([1, 0, 0])).backward()
    assert first.grad.isfinite().all()


@pytest.mark.parametrize("hard", [True, False])
def test_loss_of_a_batch_falls_when_maps_agree(hard):
    generator = torch.Generator().manual_seed(0)
    features = normalize(torch.randn(2, 8, 10, 12, generator=generator), dim=1)
    other = normalize(torch.randn(2, 8, 10, 12, generator=generator), dim=1)
    points = torch.tensor([[[2.0, 3], [18, 10], [8, 6]]]).repeat(2, 1, 1)
    equal = ucn_loss(features, features, points, points, radius=2, stride=2, hard=hard, generator=generator)
    assert equal < ucn_loss(features, other, points, points, radius=2, stride=2, hard=hard, generator=generator)


def test_losses_refuse():
    with pytest.raises(ShapeError, match=r"expected \(..., N, C\) twice"):
        correspondence_contrastive(torch.zeros(3, 4), torch.zeros(2, 4), torch.zeros(3))
    with pytest.raises(CourseError, match="whole pixels"):
        hardest_contrastive(torch.zeros(2, 3, 3), torch.zeros(2, 3, 3), torch.zeros(1, 4))
    with pytest.raises(ShapeError, match="the same"):
        nearest_points(torch.zeros(1, 2, 3), torch.zeros(1, 4, 5, 5))


def test_pck(stored):
    predicted, truth = stored["pck_pred"], stored["pck_gt"]
    for pixels, expected in zip(stored["pck_px"].tolist(), stored["pck"].tolist(), strict=True):
        assert pck(predicted, truth, pixels) == pytest.approx(expected)
    box = torch.tensor([80.0, 60.0])
    assert pck(predicted, truth, 0.1 * box.amax()) == pytest.approx(float(stored["pck_alpha01_box_80x60"]))
    exactly = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
    assert pck(*exactly, 5) == 1 and pck(*exactly, 4.99) == 0  # at most, not less than
    with pytest.raises(ShapeError, match="at least one point"):
        pck(torch.zeros(0, 2), torch.zeros(0, 2), 1)


def test_textured_points_are_visible_and_go_with_the_flow():
    pairs = FlyingShapes(32, 40, motion=3).sample(2, seed=0)
    grey = pairs.image1.mean(1, keepdim=True)
    points, moved = textured_points(grey, pairs.flow, ~pairs.occluded, 50, torch.Generator().manual_seed(0))
    x, y = points.long().unbind(-1)
    for b in range(2):
        assert not pairs.occluded[b, y[b], x[b]].any()
        assert torch.allclose(moved[b] - points[b], pairs.flow[b, :, y[b], x[b]].T, atol=1e-5)


def test_patches_ignore_brightness_and_contrast():
    picture = torch.rand(1, 2, 9, 11)
    patches = patch_descriptors(picture, 5)
    assert patches.shape == (1, 50, 9, 11)
    assert torch.allclose(patches, patch_descriptors(0.3 * picture + 0.4, 5), atol=1e-4)
    assert torch.allclose(patches.norm(dim=1), torch.ones(1, 9, 11), atol=1e-5)


def test_disparity_of_a_shifted_picture():
    left = normalize(torch.randn(6, 5, 20), dim=0)
    right = torch.roll(left, -3, 2)  # column x of the left picture lies at x - 3 of the right one
    assert (matched_disparity(left, right, 8)[:, 3:] == 3).all()
    with pytest.raises(ShapeError, match="below the width"):
        matched_disparity(left, right, 20)
