"""The world of long videos: what happens when, and that only the set of shapes tells the class."""

import pytest
import torch

from course_lib.data.worlds.events import RADIUS, SPEED, EventWorld
from course_lib.errors import DataError, ShapeError
from course_lib.ops.warp import warp


@pytest.fixture(scope="module")
def videos():
    return EventWorld(40, 36, 50, duration=9).sample(600, seed=3)


def every_frame(videos):
    return torch.arange(videos.frames).expand(len(videos), -1)


def test_labels_are_sets_and_equally_many(videos):
    world = EventWorld()
    assert world.classes[0] == "disc + square" and world.classes[5] == "triangle + cross"
    assert torch.bincount(videos.labels).tolist() == [100] * 6
    assert [tuple(kinds) for kinds in videos.kinds.sort(1).values.tolist()] == [world.sets[k] for k in videos.labels]
    assert (
        len(EventWorld(events=1).classes) == 4
        and EventWorld(events=3, duration=5).classes[1] == "disc + square + cross"
    )


def test_events_never_overlap_and_come_in_any_order_and_at_any_time(videos):
    first, second = videos.onsets.unbind(1)
    assert (second - first >= 9).all() and first.min() == 0 and second.max() == 50 - 9
    assert 0.4 < (videos.kinds[:, 0] < videos.kinds[:, 1]).float().mean() < 0.6
    on = videos.happening(every_frame(videos))
    assert ((on == 0).sum(1) == 9).all() and ((on == 1).sum(1) == 9).all()


def test_what_is_rendered_is_what_happens(videos):
    some = videos[:20]
    moments = every_frame(some)
    frames, on = some.look(moments), some.happening(moments)
    assert frames.shape == (20, 50, 3, 40, 36) and frames.min() >= 0 and frames.max() <= 1
    empty = torch.stack([video[now < 0][0] for video, now in zip(frames, on, strict=True)])
    changed = (frames - empty[:, None]).abs().amax((2, 3, 4)) > 0.02
    assert torch.equal(changed, on >= 0)
    assert torch.equal(some.look(moments[:, 7:9]), frames[:, 7:9])  # any moments alone, the same frames


def test_flow_is_that_of_the_frames():
    """Warping frame t + 1 back along the flow gives frame t, where the sprite is."""
    videos = EventWorld(48, 48, 30, duration=12, events=1, backdrop=0.0, size=16).sample(8, seed=1)
    moments = videos.onsets + 4
    flow = videos.flow(moments, length=3)
    assert flow.shape == (8, 1, 6, 48, 48)
    field, frame, after = flow[:, 0, :2], videos.look(moments)[:, 0], videos.look(moments + 1)[:, 0]
    moving = field.norm(dim=1) > 0
    assert 100 < moving.sum((1, 2)).float().mean() < 256
    length = field.norm(dim=1)[moving]
    chord = 2 * RADIUS * torch.tensor(SPEED / RADIUS / 2).sin()
    assert torch.allclose(length, chord.expand_as(length), atol=1e-4)
    moved, still = ((x - frame).abs().mean(1)[moving].mean() for x in (warp(after, field), after))
    assert moved < 0.6 * still


def test_nothing_moves_outside_an_event_or_at_its_end(videos):
    some = videos[:30]
    last = some.onsets[:, :1] + 8  # the last frame of the first event
    assert (some.flow(last, length=1) == 0).all() and (some.flow(last - 1, length=1) != 0).any((2, 3, 4)).all()
    end = torch.full((30, 1), 49)
    assert (some.flow(end) == 0).all()  # beyond the end nothing moves


def test_differences_bring_six_frames(videos):
    some = videos[:4]
    moments = torch.tensor([[3, 47]] * 4)
    snippets = some.differences(moments)
    assert snippets.shape == (4, 2, 18, 40, 36)
    assert torch.equal(snippets[:, 0, 3:6], some.look(moments[:, :1] + 1)[:, 0])
    assert torch.equal(snippets[:, 1, 9:12], snippets[:, 1, 15:18])  # the last frame is repeated


def test_same_seed_same_videos(videos):
    again = EventWorld(40, 36, 50, duration=9).sample(600, seed=3)
    moments = torch.full((600, 1), 20)
    assert torch.equal(again.look(moments), videos.look(moments)) and torch.equal(again.labels, videos.labels)
    rows = torch.tensor([5, 1])
    assert torch.equal(videos[rows].look(moments[:2]), videos.look(moments)[rows]) and len(videos[rows]) == 2


@pytest.mark.parametrize("settings", [
    {"frames": 20, "duration": 11}, {"events": 5}, {"size": 30}, {"duration": 0}, {"events": 0}
])  # fmt: skip
def test_what_does_not_fit_is_refused(settings):
    with pytest.raises(DataError, match="fit|expected"):
        EventWorld(**settings)


def test_moments_that_do_not_fit_are_refused(videos):
    for moments in (torch.zeros(3, 2).long(), torch.full((600, 1), 50), torch.full((600, 1), -1)):
        with pytest.raises(DataError, match="0 to 49"):
            videos.look(moments)
    with pytest.raises(ShapeError):
        videos.look(torch.zeros(600).long())
