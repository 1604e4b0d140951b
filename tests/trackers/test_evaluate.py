"""Trackers over videos and data sets: one pass, VOT's resets, and results on disk from which a second run goes on."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, DataError, ShapeError
from course_lib.trackers.evaluate import FAILED, INITIALISED, SKIPPED, evaluate, track, track_with_resets
from course_lib.trackers.protocol import Tracker
from course_lib.trackers.static import StaticBox

FRAMES = torch.zeros(12, 3, 40, 60)
BOX = (10.0, 12.0, 8.0, 6.0)


class Rightwards(Tracker):
    """Moves one pixel to the right per frame; counts its calls; can be told to stop as if Ctrl-C were pressed."""

    def __init__(self, stop_at=None):
        self.stop_at, self.starts, self.calls = stop_at, 0, 0

    def start(self, frame, box):
        self.box, self.starts = box, self.starts + 1

    def follow(self, frame):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.box = self.box + torch.tensor([1.0, 0, 0, 0])
        return self.box, self.calls


def sequence(name, step=1.0, frames=12, **more):
    """A video whose box moves `step` pixels per frame."""
    boxes = torch.tensor(BOX) + step * torch.arange(frames)[:, None] * torch.tensor([1.0, 0, 0, 0])
    return SimpleNamespace(name=name, frames=torch.zeros(frames, 3, 40, 60), boxes=boxes, **more)


@pytest.mark.parametrize("frames", [FRAMES, list(FRAMES), (frame for frame in FRAMES)])
def test_one_pass(frames):
    found = track(Rightwards(), frames, BOX)
    assert found.boxes[:, 0].tolist() == [10.0 + t for t in range(12)]
    assert found.boxes[0].tolist() == list(BOX)
    assert math.isnan(found.scores[0]) and found.scores[1:].tolist() == list(range(1, 12))
    assert found.seconds.shape == (12,) and (found.seconds > 0).all() and found.fps > 0
    assert not found.interrupted


def test_an_interrupted_track_keeps_what_was_found(capsys):
    found = track(Rightwards(stop_at=5), FRAMES, BOX, show=False)
    assert found.interrupted and "after 5 frames" in capsys.readouterr().out
    assert found.boxes[:, 0].tolist() == [10.0, 11, 12, 13, 14]
    assert len(found.scores) == len(found.seconds) == 5


def test_bad_input_and_bad_trackers_are_refused():
    with pytest.raises(ShapeError, match="no frame"):
        track(StaticBox(), [], BOX)
    with pytest.raises(CourseError, match="returned NoneType"):
        track(SimpleNamespace(init=lambda *_: None, update=lambda _: None), FRAMES, BOX)
    with pytest.raises(ShapeError, match="in frame 1"):
        track(SimpleNamespace(init=lambda *_: None, update=lambda _: ((1, 2), 0)), FRAMES, BOX)
    with pytest.raises(ShapeError, match="only 3 true boxes"):
        track_with_resets(StaticBox(), FRAMES, torch.tensor([BOX] * 3))
    with pytest.raises(ShapeError, match="only 12 frames"):
        track_with_resets(StaticBox(), FRAMES, torch.tensor([BOX] * 13))


def test_resets_come_five_frames_after_a_failure():
    """The object jumps away in frame 3; the tracker loses it, waits for four frames and is started in frame 8."""
    boxes = torch.tensor([BOX] * 12)
    boxes[3:, 0] = 40
    tracker = Rightwards()
    found = track_with_resets(tracker, FRAMES, boxes)
    kinds = [entry if isinstance(entry, int) else "box" for entry in found.trajectory]
    assert kinds == [INITIALISED, "box", "box", FAILED, *[SKIPPED] * 4, INITIALISED, "box", "box", "box"]
    assert found.trajectory[2].tolist() == [12, 12, 8, 6] and found.trajectory[9].tolist() == [41, 12, 8, 6]
    assert tracker.starts == 2 and tracker.calls == 3 + 3  # none for the frames that are skipped
    assert torch.isnan(found.seconds).tolist() == [4 <= t < 8 for t in range(12)]


def test_a_failure_is_to_share_nothing_with_the_region_in_the_frame():
    boxes = torch.tensor([(50.0, 10, 20, 10)] * 3)  # reaches 10 pixels out of the frame of 60
    boxes[1:, 0] = 61
    found = track_with_resets(StaticBox(), FRAMES[:3], boxes)
    assert found.trajectory[1] == FAILED  # they share area, but outside the frame
    polygons = [(10, 12, 18, 12, 18, 18, 10, 18), (18, 18, 10, 26, 2, 18, 10, 17), (30, 30, 38, 30, 38, 36, 30, 36)]
    found = track_with_resets(StaticBox(), FRAMES[:3], torch.tensor([BOX] * 3), polygons)
    assert found.trajectory[1].tolist() == list(BOX) and found.trajectory[2] == FAILED


def test_results_are_those_that_the_got10k_toolkit_reads(tmp_path):
    found = evaluate(Rightwards(), [sequence("one"), sequence("two", frames=5)], tmp_path)
    assert list(found) == ["one", "two"]
    folder = tmp_path / "Rightwards" / "one"
    assert sorted(path.name for path in folder.iterdir()) == ["one_001.txt", "one_time.txt"]
    assert (folder / "one_001.txt").read_text().startswith("10.000,12.000,8.000,6.000\n11.000,12.000,8.000,6.000\n")
    # As the toolkit reads them: comma-separated, one row per frame, times above 0.
    boxes, times = (np.loadtxt(folder / name, delimiter=",") for name in ("one_001.txt", "one_time.txt"))
    assert np.allclose(boxes, found["one"].boxes) and boxes.shape == (12, 4)
    assert times.shape == (12,) and np.allclose(times, found["one"].seconds, atol=1e-8)


def test_what_is_on_disk_is_not_run_again(tmp_path):
    sequences = [sequence("one"), sequence("two"), sequence("three")]
    first = Rightwards(stop_at=15)  # in the second sequence
    assert list(evaluate(first, sequences, tmp_path)) == ["one"]
    assert sorted(path.name for path in (tmp_path / "Rightwards").iterdir()) == ["one"]
    second = Rightwards()
    found = evaluate(second, sequences, tmp_path)
    assert list(found) == ["one", "two", "three"] and second.starts == 2
    assert found["one"].boxes[:, 0].tolist() == [10.0 + t for t in range(12)]
    assert torch.isfinite(found["one"].seconds).all()
    third = Rightwards()
    evaluate(third, sequences, tmp_path)
    assert third.starts == 0


def test_an_interruption_is_told_and_without_a_folder_keeps_what_is_done(capsys):
    found = evaluate(Rightwards(stop_at=15), [sequence("one"), sequence("two")], show=False)
    assert list(found) == ["one"] and len(found["one"].boxes) == 12
    assert "1 of 2 sequences are done." in capsys.readouterr().out


def test_boxes_on_disk_count_pixels_as_the_data_set_does(tmp_path):
    counted_from_one = sequence("one", origin=1)
    evaluate(StaticBox(), [counted_from_one], tmp_path)
    assert (tmp_path / "StaticBox/one/one_001.txt").read_text().startswith("11.000,13.000,8.000,6.000\n")
    assert evaluate(StaticBox(), [counted_from_one], tmp_path)["one"].boxes[0].tolist() == list(BOX)


def test_repetitions_have_a_file_each_and_a_column_of_times(tmp_path):
    found = evaluate(Rightwards(), [sequence("one")], tmp_path, repetitions=2)
    assert len(found["one"]) == 2
    folder = tmp_path / "Rightwards" / "one"
    assert {path.name for path in folder.iterdir()} == {"one_001.txt", "one_002.txt", "one_time.txt"}
    assert np.loadtxt(folder / "one_time.txt", delimiter=",").shape == (12, 2)
    (folder / "one_002.txt").unlink()  # as if it had been stopped between the two files
    again = evaluate(Rightwards(), [sequence("one")], tmp_path, repetitions=2)["one"]
    assert np.loadtxt(folder / "one_time.txt", delimiter=",").shape == (12, 2)
    assert torch.allclose(again[0].seconds, found["one"][0].seconds, atol=1e-8)


def test_results_with_resets_are_those_of_vot(tmp_path):
    moving = sequence("one", step=3.0)  # it runs away from the tracker at 2 pixels per frame
    found = evaluate(Rightwards(), [moving], tmp_path, resets=True)["one"]
    path = tmp_path / "Rightwards" / "baseline" / "one" / "one_001.txt"
    lines = path.read_text().splitlines()
    assert lines[:6] == ["1", "11.0000,12.0000,8.0000,6.0000", *(f"{x}.0000,12.0000,8.0000,6.0000" for x in (12, 13)),
                         "2", "0"]  # fmt: skip
    tracker = Rightwards()
    again = evaluate(tracker, [moving], tmp_path, resets=True)["one"]
    assert tracker.starts == 0 and len(again.trajectory) == 12
    for one, two in zip(found.trajectory, again.trajectory, strict=True):
        assert one == two if isinstance(one, int) else torch.equal(one, two)
    assert torch.allclose(found.seconds, again.seconds, atol=1e-8, equal_nan=True)


@pytest.mark.parametrize(
    "content, message",
    [("1,2,3,4\n", "1 lines, the sequence 12 frames"), ("1,2,3,4\n" * 11 + "1,2,x,4\n", "line 12: expected 4 numbers")],
)
def test_damaged_results_are_named(tmp_path, content, message):
    path = tmp_path / "StaticBox" / "one" / "one_001.txt"
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(DataError, match=message) as error:
        evaluate(StaticBox(), [sequence("one")], tmp_path)
    assert str(path) in str(error.value)


def test_names_that_cannot_be_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="a/b"):
        evaluate(StaticBox(), [sequence("a/b")], tmp_path)
    with pytest.raises(DataError, match="Two sequences"):
        evaluate(StaticBox(), [sequence("one"), sequence("one")], tmp_path)
    with pytest.raises(DataError, match="cannot be written"):
        (tmp_path / "file").write_text("")
        evaluate(StaticBox(), [sequence("one")], tmp_path / "file")
