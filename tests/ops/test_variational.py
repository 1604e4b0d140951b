"""Variational refinement lowers its energy and the error, and nothing where there is nothing to gain."""

import os
from pathlib import Path

import pytest
import torch

from course_lib.data.flow_io import read_flo
from course_lib.data.sets.flow import read_picture
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import ShapeError
from course_lib.metrics import endpoint_error
from course_lib.ops.filters import gaussian_blur
from course_lib.ops.flow import pyramidal_lucas_kanade
from course_lib.ops.variational import energy, refine

REAL = Path(os.environ.get("FLOW_PAIRS", Path(__file__).parents[3] / "shared/data/flow"))  # two real pairs


@pytest.fixture(scope="module")
def nearly():
    """Pairs, and a flow that is right up to blurred borders and half a pixel of smooth error."""
    pairs = FlyingShapes(48, 64, motion=2.0).sample(4, seed=3)
    torch.manual_seed(0)
    error = gaussian_blur(torch.randn_like(pairs.flow), 3.0)
    return pairs, gaussian_blur(pairs.flow, 3.0) + 0.4 * error / error.std()


def test_energy_and_error_fall(nearly):
    pairs, start = nearly
    better = refine(pairs.image1, pairs.image2, start)
    assert energy(pairs.image1, pairs.image2, better) < 0.8 * energy(pairs.image1, pairs.image2, start)
    errors = [endpoint_error(flow, pairs.flow, ~pairs.occluded) for flow in (start, better)]
    assert errors[1] < 0.75 * errors[0]


def test_pairs_of_a_batch_do_not_meet(nearly):
    pairs, start = nearly
    together = refine(pairs.image1, pairs.image2, start)[1:2]
    assert torch.allclose(refine(pairs.image1[1:2], pairs.image2[1:2], start[1:2]), together, atol=1e-4)


def test_a_smooth_picture_that_moved_by_a_third_of_a_pixel_is_found():
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(50.0), indexing="ij")

    def picture(u, v):
        return (0.5 + 0.2 * ((x - u) / 4).sin() + 0.2 * ((y - v) / 3).cos())[None, None]

    flow = refine(picture(0, 0), picture(0.35, -0.2), torch.zeros(1, 2, 40, 50))
    inner = flow[0, :, 5:-5, 5:-5]
    assert (inner - torch.tensor([0.35, -0.2]).view(2, 1, 1)).norm(dim=0).mean() < 0.03


def test_without_texture_the_flow_only_becomes_smooth():
    even, start = torch.full((1, 3, 20, 24), 0.5), torch.randn(1, 2, 20, 24)
    flow = refine(even, even, start)
    assert flow.std() < 0.5 * start.std()
    assert torch.allclose(refine(even, even, torch.ones(1, 2, 20, 24)), torch.ones(1, 2, 20, 24), atol=1e-5)


def test_smoothness_grows_with_alpha(nearly):
    pairs, start = nearly
    rough, smooth = (refine(pairs.image1, pairs.image2, start, alpha=alpha) for alpha in (0.01, 1.0))
    assert (smooth[..., 1:] - smooth[..., :-1]).abs().mean() < 0.7 * (rough[..., 1:] - rough[..., :-1]).abs().mean()


@pytest.mark.skipif(not REAL.is_dir(), reason="the real pair is not part of the course")
def test_rubber_whale_becomes_better_than_tv_l1():
    """TV-L1 of scikit-image has 0.268 px there, Lucas-Kanade of lecture 04 has 0.19."""
    image1, image2 = (read_picture(REAL / f"RubberWhale{i}.png")[None] for i in (1, 2))
    truth, known = read_flo(REAL / "RubberWhale_flow10.flo")
    grey = [image.mean(1, keepdim=True) for image in (image1, image2)]
    start = pyramidal_lucas_kanade(*grey, levels=4)
    better = refine(image1, image2, start)
    errors = [endpoint_error(flow, truth[None], known[None]) for flow in (start, better)]
    assert errors[1] < 0.13 < errors[0]


def test_errors(nearly):
    pairs, start = nearly
    with pytest.raises(ShapeError, match="Resize the flow"):
        refine(pairs.image1, pairs.image2, start[..., :10])
    with pytest.raises(ShapeError, match="batch axis"):
        refine(pairs.image1[0], pairs.image2[0], start[0])
