"""Pairs of frames: which are drawn, what is cut out, and that a network learns from them."""

from types import SimpleNamespace

import pytest
import torch

from course_lib.data.worlds.targets import TargetWorld
from course_lib.errors import DataError
from course_lib.models.siamfc import SiamFC
from course_lib.trackers.siamfc_training import (
    CuratedPairs,
    PairBatches,
    log_spaced,
    optimizer,
    pair_loss,
    pair_moments,
    usable,
)
from course_lib.train import fit


def sequence(frames=12, size=20.0, **more):
    """A white square on black that moves right; every frame has another grey behind the square's middle."""
    video = torch.zeros(frames, 3, 90, 120, dtype=torch.uint8)
    boxes = torch.tensor([[20.0 + 3 * t, 30, size, size] for t in range(frames)])
    for frame, (x, y, w, h) in zip(video, boxes.int().tolist(), strict=True):
        frame[:, y : y + h, x : x + w] = 255
    return SimpleNamespace(name="square", frames=list(video), boxes=boxes, **more)


@pytest.mark.parametrize("gap", [0, 3, 100])
def test_moments_are_at_most_the_gap_apart(gap):
    generator = torch.Generator().manual_seed(gap)
    moments = torch.tensor([0, 1, 2, 7, 8, 30])
    pairs = [pair_moments(moments, gap, generator) for _ in range(200)]
    assert all(abs(a - b) <= gap and {a, b} <= set(moments.tolist()) for a, b in pairs)
    assert {a for a, _ in pairs} == set(moments.tolist())
    assert max(abs(a - b) for a, b in pairs) == {0: 0, 3: 2, 100: 30}[gap]


def test_frames_without_the_object_are_left_out():
    boxes = torch.tensor([[0, 0, 4, 4], [0, 0, 0, 4], [0, 0, 4, 4], [0, 0, 4, 4]], dtype=torch.float32)
    plain = SimpleNamespace(name="a", boxes=boxes)
    assert usable(plain).tolist() == [0, 2, 3]
    seen = SimpleNamespace(name="a", boxes=boxes, visible=torch.tensor([1, 1, 0.2, 0.8]), absent=None)
    assert usable(seen).tolist() == [0, 3]
    gone = SimpleNamespace(name="a", boxes=boxes, absent=torch.tensor([False, False, True, False]))
    assert usable(gone).tolist() == [0, 3]
    with pytest.raises(DataError, match="a: no frame"):
        usable(SimpleNamespace(name="a", boxes=boxes[1:2]))


def test_pairs_show_the_object_in_the_middle_at_the_trackers_scale():
    """A square of 20 px has a context of 40 px, so it is half as wide as the exemplar and a quarter of 255."""
    batches = PairBatches([sequence()], batch=4, search=255, augment=(0, 0, 0), seed=3)
    exemplars, searches = batches(0)
    assert exemplars.shape == (4, 3, 127, 127) and searches.shape == (4, 3, 255, 255)
    for images in (exemplars, searches):
        bright = (images[:, 0] > 127).float()
        rows, columns = bright.sum((1, 2)).sqrt(), bright.argmax(1)
        assert rows.tolist() == pytest.approx([63.5] * 4, abs=1)
        side, middle = images.shape[-1], bright * torch.arange(images.shape[-1])
        assert (middle.sum((1, 2)) / bright.sum((1, 2))).tolist() == pytest.approx([(side - 1) / 2] * 4, abs=0.6)
        assert columns.shape == (4, side)


def test_augmentation_moves_stretches_and_recolors_a_little():
    still, moved = (PairBatches([sequence()], batch=8, augment=a)(5) for a in ((0, 0, 0), (0.05, 4, 0.1)))
    assert not torch.equal(still[1], moved[1])
    bright = (moved[1][:, 0] > 127).float()
    middle = (bright * torch.arange(239)).sum((1, 2)) / bright.sum((1, 2)) - 119
    assert middle.abs().max() <= 4.6 and middle.std() > 0.5
    sides = bright.sum((1, 2)).sqrt() / 63.5
    assert (sides - 1).abs().max() < 0.07 and sides.std() > 0.005
    assert moved[0].max() <= 255 and moved[0].amax((1, 2, 3)).min() >= 0.9 * 255 - 1


def test_batches_belong_to_their_step():
    batches = PairBatches([sequence(), sequence(size=16.0)], batch=3)
    first, second = batches(0), batches(1)
    assert not torch.equal(first[0], second[0])
    again = PairBatches([sequence(), sequence(size=16.0)], batch=3, workers=1)
    assert all(map(torch.equal, again(1), second)) and all(map(torch.equal, again(0), first))


def test_schedule_of_the_authors():
    factor = log_spaced(50)
    assert [factor(0), factor(49)] == pytest.approx([1, 1e-3])
    assert factor(10) / factor(9) == pytest.approx(factor(31) / factor(30))
    made = optimizer([torch.nn.Parameter(torch.zeros(1))], lr=1e-2)
    assert made.defaults["momentum"] == 0.9 and made.defaults["weight_decay"] == 5e-4


def test_a_network_learns_from_curated_pairs():
    torch.manual_seed(0)
    network = SiamFC.mini()
    pairs = CuratedPairs(TargetWorld().videos(6, 30, seed=1), network, frames=4, batch=8)
    assert [images.shape[-1] for images in pairs(0)] == [47, 79]
    assert all(map(torch.equal, pairs(7), pairs(7)))
    history = fit(network, pairs, 40, loss=lambda net, batch: pair_loss(net, batch, radius=6), lr=3e-3)
    assert sum(history.loss[-5:]) < 0.6 * sum(history.loss[:5])


def test_nothing_to_learn_from():
    for make in (lambda: CuratedPairs([], SiamFC.mini()), lambda: PairBatches([])):
        with pytest.raises(DataError, match="learn from"):
            make()
