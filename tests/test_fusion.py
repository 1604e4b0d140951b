"""Karpathy's five models: sizes, what each frame can reach, and the two streams."""

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.fusion import (
    EarlyFusion,
    LateFusion,
    MultiResolution,
    SingleFrame,
    SlowFusion,
    context_and_fovea,
)

ALL = (SingleFrame, EarlyFusion, LateFusion, SlowFusion, MultiResolution)


@pytest.mark.parametrize(
    "model, crop, expected",
    [
        (SingleFrame, 170, 73_908_071),
        (EarlyFusion, 170, 74_221_703),
        (LateFusion, 170, 125_288_295),
        (SlowFusion, 170, 75_511_751),
        (MultiResolution, 178, 129_035_495),
    ],
)
def test_published_size_and_shape(model, crop, expected):
    with torch.device("meta"):
        network = model()
        assert sum(p.numel() for p in network.parameters()) == expected
        assert network(torch.zeros(2, 3, model.frames, crop, crop)).shape == (2, 487)


@pytest.mark.parametrize("crop, last_pool", [(170, True), (89, False)])
def test_towers_end_at_7_by_7(crop, last_pool):
    network = SingleFrame.mini(3)
    tower = network.tower
    tower.last_pool = last_pool
    with torch.device("meta"):
        full = type(tower)((1, 1, 1), (1, 1, 1), (4, 4, 4, 4, 4), 11, 3, last_pool)
        assert full(torch.zeros(1, 3, 1, crop, crop)).shape == (1, 4, 1, 7, 7)


def test_slow_fusion_leaves_4_2_1_moments():
    seen = []
    model = SlowFusion.mini(3)
    for conv in model.tower.convs[:3]:
        conv.register_forward_hook(lambda module, args, output: seen.append(output.shape[2]))
    model(torch.zeros(1, 3, 10, 32, 32))
    assert seen == [4, 2, 1]


@pytest.mark.parametrize("model", ALL)
def test_every_frame_is_read(model):
    torch.manual_seed(0)
    network = model.mini(4).eval()
    clip = torch.rand(2, 3, model.frames, 32, 32, requires_grad=True)
    network(clip).sum().backward()
    assert (clip.grad.abs().sum((0, 1, 3, 4)) > 0).all()


@pytest.mark.parametrize("model, changes", [(LateFusion, True), (EarlyFusion, True), (SlowFusion, True)])
def test_order_of_frames_matters(model, changes):
    torch.manual_seed(0)
    network, clip = model.mini(4).eval(), torch.rand(1, 3, model.frames, 32, 32)
    assert (not torch.allclose(network(clip), network(clip.flip(2)), atol=1e-6)) == changes


def test_late_fusion_by_averaging_does_not_know_the_order():
    torch.manual_seed(0)
    sizes = {"widths": (12, 32, 48, 48, 32), "hidden": 64, "crop": 32, "kernel1": 5, "stride1": 2}
    network, clip = LateFusion(4, head="average", **sizes).eval(), torch.rand(1, 3, 2, 32, 32)
    assert torch.allclose(network(clip), network(clip.flip(2)), atol=1e-6)


def test_late_fusion_shares_its_towers():
    torch.manual_seed(0)
    network, clip = LateFusion.mini(4), torch.rand(1, 3, 2, 32, 32)
    both, alone = network.tower(clip), network.tower(clip[:, :, 1:])
    assert torch.allclose(both[:, :, 1:], alone, atol=1e-5)


@pytest.mark.parametrize(
    "model, frames, expected", [(SingleFrame, 9, [4]), (LateFusion, 20, [2, 17]), (EarlyFusion, 12, list(range(1, 11)))]
)
def test_frame_indices_are_centred(model, frames, expected):
    assert model.frame_indices(frames).tolist() == expected


def test_clips_that_are_too_short_are_refused():
    with pytest.raises(CourseError, match="spans 16 frames"):
        LateFusion.frame_indices(10)
    with pytest.raises(ShapeError, match="10"):
        SlowFusion.mini(3)(torch.zeros(1, 3, 8, 32, 32))
    with pytest.raises(CourseError, match="average"):
        LateFusion(3, head="max", hidden=8, widths=(4,) * 5, crop=32)


def test_context_and_fovea():
    clip = torch.arange(64.0).view(1, 1, 1, 8, 8).expand(1, 3, 1, 8, 8)
    context, fovea = context_and_fovea(clip)
    assert context[0, 0, 0, 0, 0].item() == pytest.approx((0 + 1 + 8 + 9) / 4)
    assert torch.equal(fovea, clip[..., 2:6, 2:6])
