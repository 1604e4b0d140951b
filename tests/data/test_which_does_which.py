"""Which shape does which: labels, what each stream shows, and that neither alone tells the class."""

import pytest
import torch

from course_lib.data.worlds.sprites import SHAPES
from course_lib.data.worlds.which_does_which import WAYS, WhichDoesWhich
from course_lib.errors import DataError


def test_the_same_seed_gives_the_same_scenes():
    world = WhichDoesWhich(2, moments=3, duration=1)
    one, again, other = world.sample(5, seed=4), world.sample(5, seed=4), world.sample(5, seed=5)
    assert torch.equal(one.frames, again.frames) and torch.equal(one.flow, again.flow)
    assert not torch.equal(one.frames, other.frames)
    assert one.frames.shape == (5, 3, 3, 32, 32) and one.flow.shape == (5, 2, 3, 32, 32)
    assert 0 <= one.frames.min() and one.frames.max() <= 1


@pytest.mark.parametrize("sprites, classes", [(2, 2), (3, 6)])
def test_labels_say_which_shape_does_which(sprites, classes):
    world = WhichDoesWhich(sprites)
    scenes = world.sample(60, seed=1)
    assert len(world.classes) == classes and scenes.labels.bincount().tolist() == [60 // classes] * classes
    for label, shapes, ways in zip(scenes.labels, scenes.shapes, scenes.ways, strict=True):
        said = ", ".join(f"{SHAPES[s]} {list(WAYS)[w]}" for s, w in zip(shapes, ways, strict=True))
        assert said == world.classes[label]


def test_every_scene_has_all_shapes_and_all_ways():
    scenes = WhichDoesWhich(3).sample(30, seed=2)
    assert (scenes.shapes.sort(1).values == scenes.shapes[0].sort().values).all()
    assert (scenes.ways.sort(1).values == torch.arange(3)).all()


def test_the_flow_goes_the_way_of_the_sprite_and_has_no_outline():
    world = WhichDoesWhich(2, noise=0.0)
    scenes = world.sample(20, seed=3)
    for n in range(20):
        for s in range(2):
            x, y = scenes.centers[n, s, 0].long().tolist()
            heading = torch.tensor(list(WAYS.values())[scenes.ways[n, s]])
            assert torch.dot(scenes.flow[n, :, 0, y, x], heading) > 1.0
    lone = world.alone(40, seed=6)  # of all shapes and sizes: the spot depends on the place alone
    axis = torch.arange(32) + 0.5
    x, y = lone.centers[:, 0, 0, :1], lone.centers[:, 0, 0, 1:]
    squared = ((axis - y) ** 2)[:, :, None] + ((axis - x) ** 2)[:, None]  # (B, H, W)
    spot = world.speed * (-squared / (2 * (0.6 * world.size) ** 2)).exp()
    heading = torch.tensor(list(WAYS.values()))[lone.ways[:, 0]]
    assert torch.allclose(lone.flow[:, :, 0], heading[:, :, None, None] * spot[:, None], atol=1e-5)


def test_sprites_stand_move_and_stand():
    world = WhichDoesWhich(2, moments=5, duration=2, speed=2.0, noise=0.0)
    scenes = world.sample(40, seed=7)
    assert (scenes.moving.sum(1) == 2).all()
    assert ((scenes.flow.abs().amax((1, 3, 4)) > 1) == scenes.moving).all()
    gone = (scenes.centers[:, :, -1] - scenes.centers[:, :, 0]).abs().sum(-1)
    assert (gone <= 4.0 + 1e-4).all() and (gone >= 2.9).all()
    assert len(scenes.moving.unique(dim=0)) == 4


def test_sprites_do_not_touch():
    for world in (WhichDoesWhich(3), WhichDoesWhich(2, moments=5)):
        scenes = world.sample(100, seed=8)
        for a in range(world.sprites):
            for b in range(a):
                apart = (scenes.centers[:, a] - scenes.centers[:, b]).abs().amax(-1)
                assert (apart.min(1).values > 0.7 * world.size).float().mean() > 0.95


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"sprites": 5}, "2, 3 or 4"),
        ({"sprites": 4, "height": 16, "width": 16}, "do not fit"),
        ({"moments": 3, "duration": 3}, "so that it ends"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        WhichDoesWhich(**arguments)


def test_batches_are_a_function_of_the_step():
    (frames, flow), labels = WhichDoesWhich(2).batches(6, seed=1)(3)
    (again, _), _ = WhichDoesWhich(2).batches(6, seed=1)(3)
    assert frames.shape == (6, 3, 32, 32) and flow.shape == (6, 2, 32, 32) and labels.shape == (6,)
    assert torch.equal(frames, again)
