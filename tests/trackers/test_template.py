"""The baselines: a box that never moves, and template matching."""

import pytest
import torch

from course_lib.errors import CourseError
from course_lib.trackers.static import StaticBox
from course_lib.trackers.template import TemplateMatching


def moving_patch(places, size=(9, 7), frame=(40, 60), seed=0):
    """A textured patch at (x, y) on weak noise: frames (T, 3, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    patch = torch.rand(3, *size, generator=generator)
    frames = 0.5 + 0.05 * torch.rand(len(places), 3, *frame, generator=generator)
    for t, (x, y) in enumerate(places):
        frames[t, :, y : y + size[0], x : x + size[1]] = patch
    return frames


def test_the_static_box_stays():
    tracker = StaticBox()
    tracker.init(torch.rand(3, 8, 10), (1, 2, 3, 4.5))
    assert tracker.update(torch.rand(3, 8, 10))[0].tolist() == [1, 2, 3, 4.5]


@pytest.mark.parametrize("search", [3.0, None])
def test_template_matching_follows_a_shift(search):
    places = [(20, 10), (23, 8), (26, 12), (21, 15), (16, 20)]
    frames, tracker = moving_patch(places), TemplateMatching(search)
    tracker.init(frames[0], (20.25, 10, 7, 9))  # a fraction of a pixel is kept
    for frame, (x, y) in zip(frames[1:], places[1:], strict=True):
        box, score = tracker.update(frame)
        assert box.tolist() == [x + 0.25, y, 7, 9]
        assert score == pytest.approx(1, abs=1e-4)


def test_template_matching_ignores_brightness_and_contrast():
    frames, tracker = moving_patch([(20, 10), (24, 12)]), TemplateMatching()
    tracker.init(frames[0], (20, 10, 7, 9))
    box, score = tracker.update(0.3 * frames[1] + 0.4)
    assert box.tolist() == [24, 12, 7, 9] and score == pytest.approx(1, abs=1e-3)


def test_a_jump_beyond_the_search_region_is_lost_but_not_for_the_whole_frame():
    frames = moving_patch([(5, 5), (45, 25)])
    near, everywhere = TemplateMatching(2.0), TemplateMatching(None)
    for tracker in (near, everywhere):
        tracker.init(frames[0], (5, 5, 7, 9))
    assert near.update(frames[1])[0][0] < 15
    assert everywhere.update(frames[1])[0].tolist() == [45, 25, 7, 9]


def test_without_contrast_the_box_stays():
    tracker = TemplateMatching()
    tracker.init(torch.full((3, 20, 20), 0.5), (8, 8, 4, 4))
    assert tracker.update(torch.full((3, 20, 20), 0.5))[0].tolist() == [8, 8, 4, 4]


def test_a_box_that_reaches_out_of_the_frame_keeps_its_size():
    frames, tracker = moving_patch([(0, 0), (3, 2)]), TemplateMatching()
    tracker.init(frames[0], (-2, -3, 9, 12))
    assert tracker.update(frames[1])[0].tolist() == [1, -1, 9, 12]


def test_a_search_region_within_the_box_is_refused():
    with pytest.raises(CourseError, match="above 1"):
        TemplateMatching(search=0.5)
