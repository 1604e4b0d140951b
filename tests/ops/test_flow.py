"""Lucas-Kanade against known motion, OpenCV's points and Middlebury's ground truth."""

from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data.flow_io import read_flo
from course_lib.errors import ShapeError
from course_lib.ops import flow as ops
from course_lib.ops.warp import pixel_grid
from tests.samples import sample

OPENCV = Path(__file__).parents[1] / "fixtures" / "lucas_kanade_opencv.npz"


def texture(height=64, width=80, seed=0, u=0.0, v=0.0):
    """A random smooth pattern in 0..1 that has moved by (u, v); sums of waves, so that no interpolation is needed."""
    generator = torch.Generator().manual_seed(seed)
    frequency = 0.3 * torch.randn(2, 40, 1, 1, generator=generator)
    phase = 6.28 * torch.rand(40, 1, 1, generator=generator)
    x, y = pixel_grid(height, width)
    return 0.5 + 0.03 * torch.cos(frequency[0] * (x - u) + frequency[1] * (y - v) + phase).sum(0)[None, None]


def inner_error(flow, u, v, margin=16):
    inside = flow[0, :, margin:-margin, margin:-margin]
    return (inside - torch.tensor([u, v]).view(2, 1, 1)).norm(dim=0).mean().item()


def test_derivatives_are_exact_for_a_cubic():
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(11.0), indexing="ij")
    ix, iy = ops.spatial_gradients((0.01 * x**3 - 0.1 * y**2)[None, None])
    assert torch.allclose(ix[0, 0, :, 2:-2], 0.03 * x[:, 2:-2] ** 2, atol=1e-4)
    assert torch.allclose(iy[0, 0, 2:-2], -0.2 * y[2:-2], atol=1e-4)


def test_solve_2x2_equals_the_library():
    a = torch.rand(2, 1, 3, 4, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = a @ a.transpose(-1, -2) + torch.eye(2, dtype=torch.float64)
    b = torch.rand(2, 1, 3, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ours = ops.solve_2x2(*(matrix[..., i, j] for i, j in ((0, 0), (0, 1), (1, 1))), b[..., 0], b[..., 1], ridge=0)
    assert torch.allclose(ours, torch.linalg.solve(matrix, b)[:, 0].permute(0, 3, 1, 2))


def test_eigenvalues_equal_the_library():
    a = torch.rand(1, 1, 3, 4, 2, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = a + a.transpose(-1, -2)
    large, small = ops.eigenvalues(matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 1])
    assert torch.allclose(torch.stack([small, large], -1), torch.linalg.eigvalsh(matrix))


def test_small_motion_needs_one_level():
    image = texture()
    flow = ops.lucas_kanade(image, texture(u=0.6, v=-0.4), iterations=5)
    assert inner_error(flow, 0.6, -0.4) < 0.1


def test_iteration_lowers_the_error():
    image = texture()
    after = texture(u=1.3, v=-0.8)
    once, often = (inner_error(ops.lucas_kanade(image, after, iterations=n), 1.3, -0.8) for n in (1, 8))
    assert often < 0.2 * once


def test_the_pyramid_handles_motion_that_one_level_cannot():
    image = texture(160, 160)
    after = texture(160, 160, u=12.0, v=-6.0)
    one = ops.pyramidal_lucas_kanade(image, after, levels=1, iterations=10)
    four = ops.pyramidal_lucas_kanade(image, after, levels=4, iterations=10)
    assert inner_error(one, 12.0, -6.0, 32) > 4
    assert inner_error(four, 12.0, -6.0, 32) < 0.2


def test_flat_regions_stay_still_and_finite():
    flat = torch.full((1, 1, 32, 32), 0.5)
    assert ops.pyramidal_lucas_kanade(flat, flat).abs().max() == 0


def test_flow_doubles_when_a_level_is_left():
    flow = torch.ones(1, 2, 5, 9)
    assert torch.allclose(ops.resize_flow(flow, (9, 17)), torch.full((1, 2, 9, 17), 2.0))


def test_batches_do_not_mix():
    images = torch.cat([texture(seed=0), texture(seed=1)])
    later = torch.cat([texture(u=0.5), texture(seed=1, v=0.7)])
    both = ops.pyramidal_lucas_kanade(images, later)
    assert torch.allclose(both[1:], ops.pyramidal_lucas_kanade(images[1:], later[1:]), atol=1e-5)


def test_flow_is_differentiable():
    image = texture(24, 24)
    after = texture(24, 24, u=0.5).requires_grad_()
    ops.lucas_kanade(image, after, iterations=2).sum().backward()
    assert after.grad.abs().sum() > 0 and after.grad.isfinite().all()


def test_occlusion_marks_the_background_that_a_square_covers():
    forward, backward = torch.zeros(1, 2, 8, 8), torch.zeros(1, 2, 8, 8)
    forward[:, 0, 2:4, 2:4] = 2.0  # a square of 2 x 2 pixels moves right by 2
    backward[:, 0, 2:4, 4:6] = -2.0
    assert ops.occlusion(forward, backward).nonzero().tolist() == [[0, 2, 4], [0, 2, 5], [0, 3, 4], [0, 3, 5]]


def rubber_whale():
    from skimage.color import rgb2gray
    from skimage.io import imread

    pictures = (imread(sample(f"flow/RubberWhale{i}.png")) for i in (1, 2))
    images = (torch.from_numpy(rgb2gray(p)).float()[None, None] for p in pictures)
    return *images, *read_flo(sample("flow/RubberWhale_flow10.flo"))


def test_rubber_whale_is_better_than_farneback():
    image1, image2, truth, valid = rubber_whale()
    error = (ops.pyramidal_lucas_kanade(image1, image2)[0] - truth).norm(dim=0)[valid].mean()
    assert error < 0.30  # measured 0.195; Farneback has 0.361 on this pair


def test_agrees_with_opencv_at_its_points():
    image1, image2, _, _ = rubber_whale()
    stored = np.load(OPENCV)
    points, theirs = stored["points"], torch.from_numpy(stored["pyr3_win21_next"] - stored["points"])
    dense = ops.pyramidal_lucas_kanade(image1, image2, sigma=4.0, median=0)[0]
    ours = dense[:, points[:, 1].astype(int), points[:, 0].astype(int)].T
    assert (ours - theirs).norm(dim=1).median() < 0.03  # measured 0.015 px; the windows differ, Gaussian against box


@pytest.mark.parametrize("shapes", [((1, 3, 8, 8), (1, 3, 8, 8)), ((1, 1, 8, 8), (1, 1, 8, 9)), ((8, 8), (8, 8))])
def test_pairs_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ShapeError):
        ops.pyramidal_lucas_kanade(*(torch.zeros(shape) for shape in shapes))
