import pytest
import torch

from course_lib.data.worlds.targets import TargetWorld
from course_lib.errors import DataError
from course_lib.ops.boxes import around, center

ALONE = {"bystanders": 0, "noise": 0.0}


def test_equal_seeds_give_equal_videos():
    world = TargetWorld(distractors=1, posts=1, change=0.5)
    first, again, other = world.video(8, seed=3), world.video(8, seed=3), world.video(8, seed=4)
    assert torch.equal(first.frames, again.frames) and torch.equal(first.boxes, again.boxes)
    assert not torch.allclose(first.frames, other.frames)
    assert first.frames.shape == (8, 3, 96, 128) and 0 <= first.frames.min() and first.frames.max() <= 1


def test_a_frame_does_not_depend_on_which_others_are_asked_for():
    video = TargetWorld(posts=1).video(10, seed=1)
    assert torch.allclose(video.look([7, 2]), video.frames[[7, 2]], atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_the_box_is_the_smallest_around_what_changes_when_the_target_is_gone(seed):
    """With and without the target, on the same ground: the pixels that differ fill the box to within a pixel or two."""
    video = TargetWorld(**ALONE, spin=1.0).video(20, seed=seed)
    target = video._things.pop()
    without = video.look([0, 10, 19])
    video._things.append(target)
    for moment, change in zip((0, 10, 19), (video.look([0, 10, 19]) - without).abs().amax(1), strict=True):
        rows, columns = torch.nonzero(change > 0.05, as_tuple=True)
        seen = around(torch.stack([columns, rows], -1).float() + 0.5) + torch.tensor([-0.5, -0.5, 1, 1])
        assert (seen - video.boxes[moment]).abs().max() < 2.5


def test_what_is_hidden_and_what_is_visible():
    world = TargetWorld(posts=1, speed=4)
    videos = world.videos(12, frames=60)
    assert min(video.visible[0] for video in videos) > 0.9  # trackers are shown the target in frame 0
    assert min(video.visible.min() for video in videos) < 0.1  # some pass behind their post wholly
    assert TargetWorld(**ALONE).video(30).visible.min() > 0.95


def test_visible_counts_what_lies_outside_the_frame():
    video = TargetWorld(**ALONE, spin=0.0).video(2)
    thing = video._things[0]
    thing.centers = torch.tensor([[0.0, 48.0], [64.0, 48.0]])  # half of it beyond the left border, then none
    assert video.visible[0] == pytest.approx(0.5, abs=0.15) and video.visible[1] > 0.95


def test_things_move_no_faster_than_told_grow_and_turn():
    video = TargetWorld(speed=2.0, camera=0, growth=1.5, spin=0.0).video(200, seed=5)
    steps = (center(video.boxes)[1:] - center(video.boxes)[:-1]).norm(dim=-1)
    assert 0.5 < steps.max() < 2.3
    widths = video.boxes[:, 2]
    assert 1.8 < widths.max() / widths.min() < 2.3  # 1.5 up and 1.5 down
    still = TargetWorld(growth=1.0, spin=0.0, camera=0).video(50).boxes
    assert torch.allclose(still[:, 2:], still[:1, 2:].expand(50, 2), atol=1e-4)


def test_distractors_are_of_the_same_kind_and_bystanders_are_not():
    things = TargetWorld(distractors=2, bystanders=2).video(4, seed=0)._things
    *bystanders, first, second, target = things
    colors = [thing.picture[:3].sum((1, 2)) / thing.picture[3].sum() for thing in (first, second, target)]
    assert max((color - colors[-1]).abs().max() for color in colors) < 0.1
    assert torch.equal(first.picture[3], target.picture[3]) and not torch.equal(first.picture, target.picture)
    assert all(not torch.equal(thing.picture[3], target.picture[3]) for thing in bystanders)


def test_the_target_changes_while_the_box_stays():
    fixed, changing = (TargetWorld(**ALONE, change=change).video(30, seed=2) for change in (0.0, 1.0))
    assert torch.equal(fixed.boxes, changing.boxes)
    assert torch.allclose(fixed._things[0].picture, changing._things[0].picture)
    assert (changing._things[0].later - changing._things[0].picture).abs().mean() > 0.1
    assert changing._things[0].turned[-1] == 1


def test_worlds_with_other_kinds_share_none():
    one, other = TargetWorld(kinds=3), TargetWorld(kinds=3, first_kind=3)
    outlines = [world.video(2, kind=kind)._things[-1].picture[3] for world in (one, other) for kind in range(3)]
    assert all(not torch.equal(a, b) for i, a in enumerate(outlines) for b in outlines[:i])


def test_another_target_is_another_box_in_the_same_frames():
    video = TargetWorld(distractors=1, bystanders=2, posts=1).video(6, seed=3)
    frames = video.frames
    others = [video.with_target(number) for number in range(video.things)]
    assert len(others) == 4 and all(other.frames is frames for other in others)
    assert torch.equal(others[-1].boxes, video.boxes) and not torch.equal(others[0].boxes, video.boxes)
    middles = torch.stack([other.boxes[0, :2] + other.boxes[0, 2:] / 2 for other in others])
    assert torch.pdist(middles).min() > 0
    with pytest.raises(DataError, match="things 0 to 3"):
        video.with_target(4)


def test_errors_say_what_to_do():
    with pytest.raises(DataError, match="no room to move"):
        TargetWorld(48, 48, size=(20, 40))
    with pytest.raises(DataError, match="kinds must be at least 2"):
        TargetWorld(kinds=1)
    with pytest.raises(DataError, match="frames 0 to 9"):
        TargetWorld().video(10).look([10])
