"""What a tracker is given is checked before its own code sees it."""

import math

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.trackers.protocol import Tracker
from course_lib.trackers.static import StaticBox


class Noting(Tracker):
    """Keeps what it was shown."""

    answer = (torch.tensor([1.0, 2, 3, 4]), torch.tensor(0.5))

    def start(self, frame, box):
        self.seen = [(frame, box)]

    def follow(self, frame):
        self.seen.append(frame)
        return self.answer


def test_frames_become_float_and_boxes_tensors():
    tracker = Noting()
    tracker.init(torch.full((3, 8, 10), 255, dtype=torch.uint8), (1, 2, 3, 4))
    frame, box = tracker.seen[0]
    assert frame.dtype == torch.float32 and frame.max() == 1
    assert box.dtype == torch.float32 and box.tolist() == [1, 2, 3, 4]
    box, score = tracker.update(torch.rand(3, 8, 10))
    assert box.tolist() == [1, 2, 3, 4] and score == 0.5 and isinstance(score, float)


def test_a_tracker_is_called_by_its_class_unless_it_says_otherwise():
    class Other(Noting):
        name = "mine"

    assert (Noting().name, Other().name) == ("Noting", "mine")


@pytest.mark.parametrize(
    "frame, box, error, message",
    [
        (torch.rand(8, 10, 3), (1, 2, 3, 4), ShapeError, "permute"),
        (torch.ones(3, 8, 10, dtype=torch.long), (1, 2, 3, 4), ShapeError, "uint8"),
        (255 * torch.ones(3, 8, 10), (1, 2, 3, 4), CourseError, "Divide it by 255"),
        (torch.rand(3, 8, 10), (1, 2, 3), ShapeError, r"expected \(4,\)"),
        (torch.rand(3, 8, 10), "box", ShapeError, "four numbers"),
        (torch.rand(3, 8, 10), (1, 2, 0, 4), CourseError, "above 0"),
        (torch.rand(3, 8, 10), (1, math.nan, 3, 4), CourseError, "finite"),
        (torch.rand(3, 8, 10), (10, 2, 3, 4), CourseError, "outside the frame of 10 x 8"),
        (torch.rand(3, 8, 10), (-3, 2, 3, 4), CourseError, "outside the frame"),
    ],
)
def test_what_cannot_be_tracked_is_refused(frame, box, error, message):
    with pytest.raises(error, match=message):
        StaticBox().init(frame, box)


def test_update_needs_init_and_frames_of_one_size():
    tracker = StaticBox()
    with pytest.raises(CourseError, match="call init"):
        tracker.update(torch.rand(3, 8, 10))
    tracker.init(torch.rand(3, 8, 10), (1, 2, 3, 4))
    with pytest.raises(ShapeError, match="8 x 10"):
        tracker.update(torch.rand(3, 10, 8))


def test_a_tracker_that_answers_nonsense_is_named():
    tracker = Noting()
    tracker.init(torch.rand(3, 8, 10), (1, 2, 3, 4))
    tracker.answer = (torch.tensor([1.0, 2, 3, math.nan]), 0.5)
    with pytest.raises(CourseError, match="the box that Noting found"):
        tracker.update(torch.rand(3, 8, 10))
