"""The world in which only shape and motion together tell the class."""

import pytest
import torch
from torch.nn.functional import one_hot

from course_lib.data.worlds.shape_and_way import HEADINGS, ShapeAndWay
from course_lib.errors import DataError
from course_lib.ops.clip_flow import clip_flow


@pytest.fixture(scope="module")
def batch():
    return ShapeAndWay(40, 48, 11, size=10, travel=5, camera=0.8).sample(800, seed=3)


def test_labels_are_pairs(batch):
    world = ShapeAndWay()
    assert len(world.classes) == 16 and world.classes[4 * 2 + 3] == "triangle up"
    assert torch.bincount(batch.labels // 4).tolist() == [200] * 4
    assert torch.bincount(batch.labels % 4).min() > 150


def test_the_way_is_where_the_sprite_goes_and_it_returns(batch):
    still = batch.centers - batch.camera[:, None] * torch.arange(11).view(1, -1, 1)
    away = still - still[:, :1]
    farthest = away.norm(dim=2).argmax(1)
    out = away[torch.arange(800), farthest]
    heading = torch.tensor(HEADINGS)[batch.labels % 4]
    assert torch.allclose(out / out.norm(dim=1, keepdim=True), heading, atol=1e-4)
    assert torch.allclose(still[:, -1], still[:, 0], atol=1e-4)
    assert (farthest == batch.onset + 4).all()


def test_one_way_leads_through_the_place_that_any_way_leads_through():
    batch = ShapeAndWay(32, 32, 9, comes_back=False, duration=4, size=6, travel=4).sample(400, seed=5, onset=(2, 2))
    moved = batch.centers[:, -1] - batch.centers[:, 0]
    length = moved.norm(dim=1)
    assert torch.allclose(moved / length[:, None], torch.tensor(HEADINGS)[batch.labels % 4], atol=1e-4)
    assert 2 * 4 * 0.8 <= length.min() and length.max() <= 2 * 4 * 1.2
    place = (batch.centers[:, 0] + batch.centers[:, -1]) / 2
    assert torch.allclose(batch.centers[:, 4], place, atol=1e-4)  # half of the event after its onset
    before, after = batch.centers[:, :3], batch.centers[:, 6:]
    assert (before == before[:, :1]).all() and (after == after[:, :1]).all()
    means = torch.stack([place[batch.labels % 4 == way].mean(0) for way in range(4)])
    assert (means - 16).abs().max() < 1  # places spread over 16 - 8 to 16 + 8 pixels: the mean of 100 is off by 0.5


def test_shapes_differ_in_their_masks(batch):
    area = torch.stack([batch.mask[batch.labels // 4 == s].float().sum((1, 2, 3)).mean() for s in range(4)])
    assert area[1] > 1.15 * area[0] > 1.15 * area[3]  # square, disc, cross: full, pi / 4, 5 / 9 of the box


def test_places_of_one_frame_do_not_tell_the_way():
    """Linear classifiers: the place in a frame at a random moment leaves them at chance, two places do not."""
    batch = ShapeAndWay(48, 48, 11, size=14, travel=5).sample(4000, seed=8)
    ways = batch.labels % 4
    moment = torch.randint(11, (4000,), generator=torch.Generator().manual_seed(0))
    place = batch.centers[torch.arange(4000), moment]
    turn = batch.centers[torch.arange(4000), batch.onset + 4] - batch.centers[:, 0]
    hits = []
    for features in (place, turn):
        x = torch.cat([features, torch.ones(4000, 1)], 1).double()
        weight = torch.linalg.lstsq(x[:2000], one_hot(ways[:2000]).double()).solution
        hits.append(((x[2000:] @ weight).argmax(1) == ways[2000:]).double().mean().item())
    assert hits[0] < 0.29 and hits[1] > 0.95


def test_same_seed_same_clips_and_exact_flow(batch):
    world = ShapeAndWay(40, 48, 11, size=10, travel=5)
    first, second = world.sample(5, seed=2), world.sample(5, seed=2)
    assert torch.equal(first.clips, second.clips) and torch.equal(first.labels, second.labels)
    assert first.flow.shape == (5, 10, 2, 40, 48)
    moving = first.mask[:, :-1] & (first.flow.norm(dim=2) > 0.5)
    error = (clip_flow(first.clips) - first.flow).norm(dim=2)[moving].mean()
    assert error < 0.5 * first.flow.norm(dim=2)[moving].mean()


def test_an_event_that_does_not_fit_is_refused():
    with pytest.raises(DataError, match="does not fit"):
        ShapeAndWay(48, 48, 5, duration=8)
