"""Karpathy's five models: sizes, what each frame can reach, and the two streams."""

import pytest
import torch
from torch.nn.functional import local_response_norm

from course_lib.errors import CourseError, ShapeError
from course_lib.metrics import accuracy
from course_lib.models.fusion import (
    MINI,
    EarlyFusion,
    LateFusion,
    MultiResolution,
    SingleFrame,
    SlowFusion,
    Tower,
    context_and_fovea,
    normalize_responses,
    preprocess,
)
from course_lib.train import fit

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
    with torch.device("meta"):
        tower = Tower((1, 1, 1), (1, 1, 1), (4, 4, 4, 4, 4), 11, 3, last_pool)
        assert tower(torch.zeros(1, 3, 1, crop, crop)).shape == (1, 4, 1, 7, 7)


@pytest.mark.parametrize("shape", [(2, 7, 3, 4, 5), (1, 3, 1, 2, 2)])
def test_response_normalisation_is_the_librarys(shape):
    x = 100 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    expected = local_response_norm(x, size=5, alpha=5e-4, beta=0.5, k=2.0)
    assert torch.allclose(normalize_responses(x), expected, rtol=1e-5)
    assert not torch.allclose(normalize_responses(x), local_response_norm(x, size=5, alpha=1e-4, beta=0.5, k=2.0))


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


@pytest.mark.parametrize("model", [LateFusion, EarlyFusion, SlowFusion])
def test_order_of_frames_matters(model):
    torch.manual_seed(0)
    network, clip = model.mini(4).eval(), torch.rand(1, 3, model.frames, 32, 32)
    assert not torch.allclose(network(clip), network(clip.flip(2)), atol=1e-3)


def test_late_fusion_by_averaging_does_not_know_the_order():
    torch.manual_seed(0)
    network, clip = LateFusion(4, head="average", crop=32, **MINI).eval(), torch.rand(1, 3, 2, 32, 32)
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


def test_preprocess_takes_the_middle_and_subtracts_117():
    clip = torch.zeros(3, 2, 200, 320, dtype=torch.uint8)
    clip[:, :, 15:185, 75:245] = 200  # exactly the middle crop of the middle square
    assert preprocess(clip).eq(83).all() and preprocess(clip).shape == (3, 2, 170, 170)
    assert preprocess(clip, crop=178).shape == (3, 2, 178, 178)


def test_random_views_are_the_same_for_all_frames():
    frame = torch.randint(0, 256, (3, 1, 40, 44), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    clip, generator = frame.expand(3, 4, 40, 44), torch.Generator().manual_seed(1)
    views = [preprocess(clip, crop=34, generator=generator) for _ in range(8)]
    assert all(torch.equal(view[:, 0], view[:, t]) for view in views for t in range(4))
    assert len({view[0, 0, 0, :5].sum().item() for view in views}) > 4
    places = (frame[:, 0, :, 2:42].float() - 117).unfold(1, 34, 1).unfold(2, 34, 1)  # (3, 7, 7, 34, 34): every crop

    def found(view):
        return bool((places == view[:, :1, None]).all(-1).all(-1).all(0).any())

    mirrored = [found(view.flip(-1)) for view in views]
    assert all(found(view) != turned for view, turned in zip(views, mirrored, strict=True))
    assert set(mirrored) == {True, False}


@pytest.mark.parametrize("model", ALL)
def test_it_learns_a_batch_by_heart(model):
    torch.manual_seed(0)
    network, clips, labels = model.mini(4), torch.randn(8, 3, model.frames, 32, 32), torch.arange(8) % 4
    fit(network, lambda step: (clips, labels), 40)
    assert accuracy(network(clips), labels) == 1


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("model", ALL)
def test_bf16_and_channels_last_on_a_gpu(model):
    torch.manual_seed(0)
    network, clip = model.mini(4).eval(), torch.randn(2, 3, model.frames, 32, 32)
    expected = network(clip)
    network, clip = (x.to("cuda", memory_format=torch.channels_last_3d) for x in (network, clip))
    with torch.autocast("cuda", torch.bfloat16):
        got = network(clip).float().cpu()
    assert (got - expected).norm() < 0.03 * expected.norm()
