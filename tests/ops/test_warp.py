"""Backward warping against loops and against the reference conventions."""

from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.warp import in_view, pixel_grid, warp, warp_reference

REFERENCE = Path(__file__).parents[1] / "fixtures" / "op_backward_warp.npz"


@pytest.mark.parametrize(
    "outside, key",
    [("zero", "out_gridsample_zeros_ac"), ("border", "out_gridsample_border_ac"), ("cut", "out_caffe_zero")],
)
def test_equals_the_public_reference(outside, key):
    stored = np.load(REFERENCE)
    image, flow, expected = (torch.from_numpy(stored[name]) for name in ("image", "flow", key))
    assert (warp(image, flow, outside) - expected).norm() <= 1e-5 * expected.norm()


def test_equals_the_loops():
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(2, 3, 5, 7, generator=generator)
    flow = 4 * torch.rand(2, 2, 5, 7, generator=generator) - 2
    assert torch.allclose(warp(image, flow), warp_reference(image, flow), atol=1e-5)


def test_whole_pixels_move_exactly():
    image = torch.arange(12.0).view(1, 1, 3, 4)
    flow = torch.zeros(1, 2, 3, 4)
    flow[:, 0] = 1  # look one pixel to the right
    assert torch.allclose(warp(image, flow)[0, 0, :, :3], image[0, 0, :, 1:], atol=1e-5)
    assert warp(image, flow)[0, 0, :, 3].abs().max() < 1e-5
    assert torch.allclose(warp(image, flow, "border")[0, 0, :, 3], image[0, 0, :, 3], atol=1e-5)


def test_gradients_are_right():
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(1, 1, 4, 5, dtype=torch.float64, generator=generator, requires_grad=True)
    flow = 0.2 + 0.5 * torch.rand(1, 2, 4, 5, dtype=torch.float64, generator=generator)
    assert torch.autograd.gradcheck(warp, (image, flow.requires_grad_()))


def test_in_view_marks_what_comes_from_inside():
    flow = torch.zeros(1, 2, 3, 4)
    flow[0, 0, :, 3] = 0.5
    flow[0, 1, 0, 0] = -1
    seen = in_view(flow)
    assert not seen[0, :, 3].any() and not seen[0, 0, 0] and seen.sum() == 8


def test_pixel_grid_puts_x_first():
    grid = pixel_grid(2, 3)
    assert grid[0].tolist() == [[0, 1, 2], [0, 1, 2]] and grid[1].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_errors_name_the_cause():
    with pytest.raises(ShapeError, match=r"permute\(0, 3, 1, 2\)"):
        warp(torch.zeros(2, 3, 8, 9), torch.zeros(2, 8, 9, 2))
    with pytest.raises(ShapeError, match="multiplied by the scale"):
        warp(torch.zeros(2, 3, 8, 9), torch.zeros(2, 2, 4, 9))
    with pytest.raises(CourseError, match="border"):
        warp(torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2), outside="wrap")
