"""One of four patterned discs moves: the truth that comes with the clips, and that nothing else tells the class."""

import pytest
import torch

from course_lib.data.worlds.bystanders import PATTERNS, Bystanders, draw_pattern
from course_lib.errors import DataError
from course_lib.ops.warp import warp


def test_the_same_seed_gives_the_same_clips():
    world = Bystanders(frames=5)
    one, two, other = world.sample(6, seed=1), world.sample(6, seed=1), world.sample(6, seed=2)
    assert one.clips.shape == (6, 3, 5, 72, 72) and one.clips.dtype == torch.float32
    assert torch.equal(one.clips, two.clips) and not torch.equal(one.clips, other.clips)
    assert one.clips.min() >= 0 and one.clips.max() <= 1


def test_classes_are_balanced_and_named():
    labels = Bystanders(frames=2).sample(64).labels
    assert labels.bincount(minlength=16).tolist() == [4] * 16
    assert Bystanders.classes[4 * 2 + 1] == "checks down"


def test_the_mover_goes_the_way_that_its_label_says():
    batch = Bystanders(camera=0.0).sample(32, seed=3)
    way = batch.centers[:, -1] - batch.centers[:, 0]
    heading = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])[batch.labels % 4]
    assert torch.allclose(way / way.norm(dim=1, keepdim=True), heading, atol=1e-4)
    assert (way.norm(dim=1) - 14).abs().max() <= 14 * 0.15 + 1e-3


def test_the_flow_is_the_truth():
    """The second frame, fetched along the flow, is the first one, but for what comes into sight."""
    batch = Bystanders(frames=3, light=(1.0, 1.0)).sample(16, seed=4)
    back = warp(batch.clips[:, :, 1], batch.flow[:, 0], outside="border")
    inside = (slice(None), slice(None), slice(4, -4), slice(4, -4))
    first = batch.clips[:, :, 0]
    moved, stayed = (back - first)[inside].abs(), (batch.clips[:, :, 1] - first)[inside].abs()
    assert moved.mean() < 0.4 * stayed.mean()


def test_every_clip_shows_all_four_patterns():
    """With flat colours taken away, the four quarters correlate with four different patterns: none is there twice."""
    world = Bystanders(frames=3, camera=0.0, size=20.0, travel=2.0)
    batch = world.sample(8, seed=5)
    for clip in batch.clips[:, :, 1].mean(1):
        quarters = [clip[i : i + 36, j : j + 36][12:24, 12:24] for i in (0, 36) for j in (0, 36)]
        across = [float(q.diff(dim=1).abs().mean()) for q in quarters]
        down = [float(q.diff(dim=0).abs().mean()) for q in quarters]
        assert sum(a > 3 * d for a, d in zip(across, down, strict=True)) == 1  # columns
        assert sum(d > 3 * a for a, d in zip(across, down, strict=True)) == 1  # rows


def test_light_is_the_only_thing_that_light_changes():
    bright, dim = (Bystanders(frames=3, light=(value, value)).sample(4, seed=6).clips for value in (1.0, 0.25))
    assert torch.allclose(dim, 0.25 * bright, atol=1e-6)


def test_close_ups():
    pictures, labels = Bystanders().pictures(40, side=48, seed=1)
    assert pictures.shape == (40, 3, 48, 48) and labels.bincount().tolist() == [10] * 4
    assert torch.equal(pictures, Bystanders().pictures(40, side=48, seed=1)[0])


def test_patterns():
    kind = torch.arange(4)
    drawn = draw_pattern(kind, torch.full((4,), 6.0), torch.zeros(4, 2), 24)
    rows, columns, checks, rings = drawn
    assert len(PATTERNS) == 4 and drawn.min() >= 0 and drawn.max() <= 1
    assert torch.equal(rows, rows[:, :1].expand(24, 24)) and torch.equal(columns, columns[:1].expand(24, 24))
    assert torch.allclose(checks, checks.T) and torch.allclose(rings, rings.flip(0)) and torch.allclose(rings, rings.T)


def test_refuses_what_does_not_fit():
    with pytest.raises(DataError, match="smaller"):
        Bystanders(height=48)
