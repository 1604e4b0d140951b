"""Grid and sampler against the reference in both corner conventions, against loops, and in their gradients."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.spatial_transformer import (
    IDENTITY,
    affine_grid,
    at_pixels,
    at_points,
    dense,
    in_pixels,
    sample,
    sample_reference,
    similarity,
    turn_of,
)  # fmt: skip

REFERENCE = Path(__file__).parents[1] / "fixtures" / "op_stn.npz"


@pytest.fixture(scope="module")
def stored():
    return {name: torch.from_numpy(values) for name, values in np.load(REFERENCE).items()}


def near(ours, theirs):
    return (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


@pytest.mark.parametrize("corners", [True, False])
def test_equals_the_public_reference(stored, corners):
    grid = affine_grid(stored["theta"], 6, 8, corners)
    assert near(grid, stored[f"grid_ac{corners}"])
    for outside, name in (("zero", "zeros"), ("border", "border")):
        assert near(sample(stored["x"], grid, outside, corners), stored[f"out_ac{corners}_{name}"])
    small = sample(stored["x"], affine_grid(stored["theta"], 3, 5, corners), "zero", corners)
    assert near(small, stored[f"out_3x5_ac{corners}_zeros"])
    assert not near(affine_grid(stored["theta"], 6, 8, not corners), stored[f"grid_ac{corners}"])


@pytest.mark.parametrize("corners", [True, False])
@pytest.mark.parametrize("outside", ["zero", "border"])
def test_equals_the_loops(stored, outside, corners):
    grid = affine_grid(stored["theta"], 4, 3, corners)
    ours = sample(stored["x"], grid, outside, corners)
    assert torch.allclose(ours, sample_reference(stored["x"], grid, outside, corners), atol=1e-5)


def test_pytorchs_sampler_gives_the_same(stored):
    grid = affine_grid(stored["theta"], 6, 8, False)
    for outside in ("zero", "border"):
        fast = at_pixels(stored["x"], in_pixels(grid, 6, 8), outside)
        assert torch.allclose(fast, sample(stored["x"], grid, outside), atol=1e-5)


def test_gradients():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 2, 4, 5, generator=generator, dtype=torch.float64, requires_grad=True)
    theta = torch.tensor([[[0.83, 0.1, 0.07], [-0.2, 0.71, 0.03]]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda i, t: sample(i, affine_grid(t, 3, 4)), (image, theta))


def test_the_identity_changes_nothing_in_either_convention():
    image, theta = torch.rand(1, 3, 5, 7), torch.tensor(IDENTITY).view(1, 2, 3)
    for corners in (True, False):
        assert torch.allclose(sample(image, affine_grid(theta, 5, 7, corners), "zero", corners), image, atol=1e-6)


def test_points_lie_where_their_stride_says():
    """A map whose cell (i, j) holds its own place in the picture, 4 pixels to a cell."""
    features = 4.0 * torch.stack(torch.meshgrid(torch.arange(6), torch.arange(5), indexing="xy")).unsqueeze(0)
    points = torch.tensor([[[5.0, 9.5], [0.0, 16.0], [20.0, 3.0]]])
    assert torch.allclose(at_points(features, points, 4), points)


def test_dense_descriptors_pass_through_the_cells():
    features = torch.nn.functional.normalize(torch.randn(1, 5, 4, 6), dim=1)
    large = dense(features, 8, 12, 2)
    assert large.shape == (1, 5, 8, 12)
    assert torch.allclose(large[..., ::2, ::2], features, atol=1e-5)
    assert torch.allclose(large.norm(dim=1), torch.ones(1, 8, 12), atol=1e-5)
    assert dense(features, 4, 6, 1) is features


def test_a_turn_is_found_again():
    angles = torch.tensor([0.3, -1.2, 2.0])
    assert torch.allclose(turn_of(similarity(angles, 0.7)), angles, atol=1e-6)
    right = similarity(torch.tensor(math.pi / 2))  # looks from x to y: what was below comes to the right
    assert torch.allclose(right[:, :2] @ torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), atol=1e-6)


def test_refuses():
    with pytest.raises(ShapeError, match="theta has shape"):
        affine_grid(torch.zeros(2, 3), 4, 4)
    with pytest.raises(ShapeError, match="one grid per image"):
        sample(torch.zeros(2, 1, 4, 4), torch.zeros(1, 4, 4, 2))
    with pytest.raises(CourseError, match='"zero" or "border"'):
        sample(torch.zeros(1, 1, 4, 4), torch.zeros(1, 4, 4, 2), "wrap")
    with pytest.raises(ShapeError, match="same B"):
        at_points(torch.zeros(2, 1, 4, 4), torch.zeros(1, 3, 2))
