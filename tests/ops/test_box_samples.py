"""Random boxes: where they lie, how large they are, and how much they overlap."""

from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.ops.box_samples import by_overlap, gaussian, uniform, whole
from course_lib.ops.boxes import center, iou

BOX, FRAME = torch.tensor([160.0, 83, 56, 65]), (360, 640)
STORED = np.load(Path(__file__).parents[1] / "fixtures" / "mdnet_pipeline.npz")


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_candidates_spread_as_those_of_the_public_code():
    """256 of theirs (another random generator): the same middle, spread and limits of size."""
    theirs = torch.from_numpy(STORED["gaussian_256_seed123"])
    ours = gaussian(BOX, 4000, FRAME, generator=seeded())
    assert (center(ours).mean(0) - center(BOX)).abs().max() < 1
    assert (center(ours).std(0) / center(theirs).std(0) - 1).abs().max() < 0.1
    for boxes in (ours, theirs):
        growth = boxes[:, 2:] / BOX[2:]
        assert torch.allclose(growth[:, 0], growth[:, 1], atol=1e-5)
        assert growth.min() == pytest.approx(1 / 1.05, abs=1e-5) and growth.max() == pytest.approx(1.05, abs=1e-5)
        assert (center(boxes) - center(BOX)).abs().max() <= 0.6 * 60.5 + 1e-3


def test_uniform_reaches_as_far_as_it_is_told():
    boxes = uniform(BOX, 4000, FRAME, shift=0.5, growth=1.6, generator=seeded())
    moved = (center(boxes) - center(BOX)) / 60.5
    assert 0.49 < moved.abs().max() <= 0.5 + 1e-5 and moved.abs().mean() == pytest.approx(0.25, abs=0.02)
    assert (boxes[:, 2] / 56).log().abs().max() <= np.log(1.6) + 1e-5


def test_whole_covers_the_frame():
    middles = center(whole(BOX, 4000, FRAME, generator=seeded()))
    assert middles.amin(0).max() < 5 and middles[:, 0].max() > 630 and middles[:, 1].max() > 350


def test_sizes_and_middles_keep_their_limits():
    boxes = uniform(torch.tensor([-40.0, 350, 12, 900]), 500, FRAME, shift=2, growth=2.0, generator=seeded())
    assert boxes[:, 2].min() >= 10 and boxes[:, 3].max() <= 350
    middles = center(boxes)
    assert middles.min() >= -1e-3 and (middles <= torch.tensor([640.001, 360.001])).all()


def test_by_overlap_keeps_its_promise():
    generator = seeded()
    near = by_overlap(lambda n: gaussian(BOX, n, FRAME, shift=0.1, growth=1.3, generator=generator), BOX, 500, low=0.7)
    far = by_overlap(lambda n: uniform(BOX, n, FRAME, generator=generator), BOX, 300, high=0.5)
    assert len(near) == 500 and iou(near, BOX).min() >= 0.7
    assert len(far) == 300 and iou(far, BOX).max() <= 0.5


def test_by_overlap_repeats_what_it_has_or_says_that_there_is_nothing():
    rare = by_overlap(lambda n: torch.cat([BOX[None], whole(BOX, n - 1, FRAME)]), BOX, 1000, low=0.99)
    assert len(rare) == 1000
    with pytest.raises(CourseError, match="draw nearer"):
        by_overlap(lambda n: BOX.expand(n, 4) + torch.tensor([500.0, 0, 0, 0]), BOX, 10, low=0.7)


def test_a_seed_decides_the_draw():
    assert torch.equal(gaussian(BOX, 9, FRAME, generator=seeded(3)), gaussian(BOX, 9, FRAME, generator=seeded(3)))
