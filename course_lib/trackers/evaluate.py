"""Run a tracker over a video, or over many with the results on disk.

    found = track(tracker, frames, box)                       # one pass: the tracker is on its own after frame 0
    found = track_with_resets(tracker, frames, boxes)         # VOT's protocol: helped up again after every loss
    found = evaluate(tracker, sequences, "results/GOT-10k")   # all of a data set; run it again to go on

Results lie as the GOT-10k toolkit reads them, TRACKER/SEQUENCE/SEQUENCE_001.txt with a box per line and
SEQUENCE_time.txt with seconds per frame, and as its VOT experiments do, TRACKER/baseline/SEQUENCE/SEQUENCE_001.txt with
a box or one of the codes 0, 1, 2 per line. A file is there whole or not at all.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from course_lib.atomic import write_atomically
from course_lib.errors import CourseError, DataError, ShapeError
from course_lib.ops.polygons import region_overlap
from course_lib.places import place, system_errors
from course_lib.progress import progress
from course_lib.trackers.protocol import checked_box

SKIPPED, INITIALISED, FAILED = 0, 1, 2  # VOT's codes in place of a box
RESTART = 5  # frames from a failure to the next start: VOT lets what hid the object pass


@dataclass(frozen=True, eq=False)  # == of tensors has no one answer
class Track:
    """What a tracker found in one video.

    Attributes:
        boxes: (T, 4) float32; the first is the one that was given.
        scores: (T,) float32, the tracker's own; nan in frame 0, and where the track was read from a file of boxes.
        seconds: (T,) float64 that the tracker took, without the reading of the frame; frame 0 is its start.
        interrupted: whether it was stopped before the last frame.
    """

    boxes: torch.Tensor
    scores: torch.Tensor
    seconds: torch.Tensor
    interrupted: bool = False

    @property
    def fps(self):
        """Frames per second, the start in frame 0 left out; nan for a single frame."""
        return (len(self.seconds) - 1) / self.seconds[1:].sum().item() if len(self.seconds) > 1 else float("nan")


@dataclass(frozen=True, eq=False)  # == of tensors has no one answer
class ResetTrack:
    """What a tracker found under VOT's protocol.

    Attributes:
        trajectory: T entries: (4,) float32 box, or 1 where it was started, 2 where it failed, 0 where it waited.
        seconds: (T,) float64, nan where it waited.
        interrupted: whether it was stopped before the last frame.
    """

    trajectory: list
    seconds: torch.Tensor
    interrupted: bool = False


def track(tracker, frames, box, show=True):
    """Follow an object through a video.

    Interrupt it (the notebook's stop button, Ctrl-C) and what was found so far is returned.

    Args:
        tracker: has `init(frame, box)` and `update(frame) -> (box, score)`, as `Tracker`.
        frames: (T, 3, H, W), or anything that yields frames (3, H, W), of which one is held in memory at a time.
        box: (4,), where the object is in the first frame.
        show: a progress bar.
    Returns:
        Track of the frames that were given.
    Raises:
        ShapeError, CourseError: if there is no frame, or frame, box or the tracker's answer is not what it should be.
    """
    boxes, scores, seconds = [checked_box(box)], [float("nan")], []
    interrupted = False
    try:
        for number, frame in enumerate(_shown(frames, show, tracker)):
            started = time.perf_counter()
            if number == 0:
                tracker.init(frame, boxes[0])
            else:
                found, score = _answer(tracker, frame, number)  # on the CPU: a GPU's work is waited for, and counted
                boxes.append(found)
                scores.append(score)
            seconds.append(time.perf_counter() - started)
    except KeyboardInterrupt:
        interrupted = True
        print(f"{_name(tracker)} was stopped after {len(seconds)} frames: the track ends there.")
    if not seconds and not interrupted:
        raise ShapeError("There is no frame to track in: frames is empty, or an iterator that was used up before.")
    done = len(seconds)
    return Track(
        torch.stack(boxes[:done]) if done else torch.empty(0, 4),
        torch.tensor(scores[:done]),
        torch.tensor(seconds, dtype=torch.float64),
        interrupted,
    )


def track_with_resets(tracker, frames, boxes, regions=None, restart=RESTART, show=True):
    """Follow an object as VOT asked from 2013 to 2019: after a failure the tracker is started anew.

    It fails where its box and the truth share nothing, by VOT's overlap of whole pixels inside the frame. Five frames
    later it is shown the true box of that frame.

    Args:
        tracker, frames, show: as for `track`.
        boxes: (T, 4), true boxes, from which it is started.
        regions: T true regions that decide on failure, 4 numbers or the 8 of a polygon each; by default `boxes`.
        restart: frames from a failure to the next start, at least 1.
    Returns:
        ResetTrack.
    Raises:
        ShapeError, CourseError: as `track`; and if there are fewer frames than boxes, or more.
    """
    regions = boxes if regions is None else regions
    if len(regions) != len(boxes):
        raise ShapeError(f"There are {len(regions)} regions and {len(boxes)} boxes: expected one of each per frame.")
    if restart < 1:
        raise CourseError(f"restart is {restart}: the next start is at least 1 frame after a failure.")
    trajectory, seconds, next_start, interrupted = [], [], 0, False
    try:
        for number, frame in enumerate(_shown(frames, show, tracker)):
            if number == len(boxes):
                raise ShapeError(f"There are only {len(boxes)} true boxes, and more frames than that.")
            started = time.perf_counter()
            if number < next_start:
                entry, started = SKIPPED, float("nan")
            elif number == next_start:
                tracker.init(frame, checked_box(boxes[number], f"the true box of frame {number}"))
                entry = INITIALISED
            else:
                entry, _ = _answer(tracker, frame, number)
            elapsed = time.perf_counter() - started
            if isinstance(entry, torch.Tensor):
                size = frame.shape[-1], frame.shape[-2]
                if region_overlap(entry, regions[number], size) <= 0:
                    entry, next_start = FAILED, number + restart
            seconds.append(elapsed)
            trajectory.append(entry)
    except KeyboardInterrupt:
        interrupted = True
        print(f"{_name(tracker)} was stopped after {len(seconds)} frames: the trajectory ends there.")
    if not interrupted and len(trajectory) < len(boxes):
        raise ShapeError(f"There are {len(boxes)} true boxes, but only {len(trajectory)} frames.")
    return ResetTrack(trajectory[: len(seconds)], torch.tensor(seconds, dtype=torch.float64), interrupted)


def evaluate(tracker, sequences, results=None, resets=False, repetitions=1, show=True):
    """Run a tracker over many sequences. What is on disk already is read, not run again.

    Interrupt it, and the sequences that are done are returned and, with `results`, lie on disk: the same call goes on.
    The files know nothing of the tracker's settings: after a change, give it another `name` or delete its folder.

    Args:
        tracker: as for `track`; its `name` names the folder.
        sequences: objects with `frames` and `boxes`, and best a `name`, such as `data.sets.tracking` reads; `regions`
            are taken for resets. Boxes are written as the data set counts pixels, if a sequence has an `origin`.
        results: folder for the files, such as results/GOT-10k; None keeps nothing on disk.
        resets: whether by VOT's protocol, `track_with_resets`.
        repetitions: how often each sequence is run: once for a tracker without chance; GOT-10k takes 3, VOT 15.
        show: progress bars.
    Returns:
        dict from the sequence's name to Track or ResetTrack; to a list of them if `repetitions` is above 1.
    Raises:
        DataError: if a file of results is damaged or belongs to a sequence of another length, or cannot be written.
    """
    if repetitions < 1:
        raise CourseError(f"repetitions is {repetitions}: expected at least 1.")
    named = _named(sequences)
    folder = None if results is None else place(results, DataError) / _filed(_name(tracker), "tracker")
    if folder is not None and resets:
        folder = folder / "baseline"
    kind = _Resets if resets else _OnePass
    found, interrupted = {}, False
    for name, sequence in progress(named.items(), desc=_name(tracker)) if show else named.items():
        runs = []
        for repetition in range(1, repetitions + 1):
            files = None if folder is None else kind(folder / name, name, sequence)
            run = files.read(repetition) if files else None
            if run is None:
                run = kind.run(tracker, sequence, show)
                interrupted = run.interrupted
                if interrupted:
                    break
                if files:
                    files.write(repetition, run)
            runs.append(run)
        if len(runs) == repetitions:
            found[name] = runs if repetitions > 1 else runs[0]
        if interrupted:
            print(f"{len(found)} of {len(named)} sequences are done{'' if folder is None else f', in {folder}'}.")
            break
    return found


class _OnePass:
    """The files of one sequence, one pass: boxes with three digits."""

    def __init__(self, folder, name, sequence):
        self.folder, self.name = folder, name
        self.frames = len(sequence.frames)
        self.shift = torch.tensor([1.0, 1, 0, 0]) * getattr(sequence, "origin", 0)

    @staticmethod
    def run(tracker, sequence, show):
        return track(tracker, sequence.frames, sequence.boxes[0], show)

    def lines(self, run):
        return [_numbers(box, 3) for box in (run.boxes + self.shift).tolist()]

    def parse(self, lines, path):
        boxes = torch.tensor([_parsed(line, path, number, (4,)) for number, line in enumerate(lines, 1)])
        return boxes - self.shift

    def loaded(self, boxes, seconds):
        return Track(boxes, torch.full((len(boxes),), float("nan")), seconds)

    @system_errors("results of tracking cannot be read", DataError)
    def read(self, repetition):
        """The run that is on disk, or None."""
        path = self.folder / f"{self.name}_{repetition:03d}.txt"
        if not path.exists():
            return None
        lines = path.read_text().split("\n")[:-1]
        if len(lines) != self.frames:
            raise DataError(
                f"{path} has {len(lines)} lines, the sequence {self.frames} frames: it comes from other data, or was "
                "cut. Delete it, or choose another folder for the results."
            )
        seconds = self._times()
        column = seconds[:, repetition - 1] if seconds is not None and seconds.shape[1] >= repetition else None
        missing = torch.full((self.frames,), float("nan"), dtype=torch.float64)
        return self.loaded(self.parse(lines, path), missing if column is None else torch.from_numpy(column.copy()))

    @system_errors("results of tracking cannot be written", DataError)
    def write(self, repetition, run):
        """Times first, so that where the boxes are the times are too."""
        self.folder.mkdir(parents=True, exist_ok=True)
        seconds = run.seconds.numpy()[:, None]
        if repetition > 1 and (before := self._times()) is not None:
            seconds = np.concatenate([before[:, : repetition - 1], seconds], axis=1)
        write_atomically(self._time_file(), "".join(_numbers(row, 8) + "\n" for row in seconds.tolist()))
        path = self.folder / f"{self.name}_{repetition:03d}.txt"
        write_atomically(path, "".join(line + "\n" for line in self.lines(run)))

    def _time_file(self):
        return self.folder / f"{self.name}_time.txt"

    def _times(self):
        """(T, repetitions) seconds, or None where there are none that fit."""
        path = self._time_file()
        if not path.exists():
            return None
        rows = path.read_text().split("\n")[:-1]
        width = len(rows[0].split(",")) if rows else 0
        times = [_parsed(row, path, number, (width,)) for number, row in enumerate(rows, 1)]
        return np.array(times) if len(times) == self.frames else None


class _Resets(_OnePass):
    """The files of one sequence under VOT's protocol: boxes with four digits, or a code."""

    @staticmethod
    def run(tracker, sequence, show):
        regions = getattr(sequence, "regions", None)
        return track_with_resets(tracker, sequence.frames, sequence.boxes, regions, show=show)

    def lines(self, run):
        return [
            str(entry) if isinstance(entry, int) else _numbers((entry + self.shift).tolist(), 4)
            for entry in run.trajectory
        ]

    def parse(self, lines, path):
        entries = [_parsed(line, path, number, (1, 4)) for number, line in enumerate(lines, 1)]
        return [int(entry[0]) if len(entry) == 1 else torch.tensor(entry) - self.shift for entry in entries]

    def loaded(self, trajectory, seconds):
        return ResetTrack(trajectory, seconds)


def _numbers(values, digits):
    return ",".join(f"{value:.{digits}f}" for value in values)


def _parsed(line, path, number, counts):
    try:
        values = [float(word) for word in line.split(",")]
    except ValueError:
        values = []
    if len(values) not in counts:
        raise DataError(
            f"{path}, line {number}: expected {' or '.join(map(str, counts))} numbers separated by commas, found "
            f"{line!r}. Delete the file, and the sequence is run again."
        )
    return values


def _answer(tracker, frame, number):
    """The tracker's box and score, checked also where it does not derive from `Tracker`."""
    answer = tracker.update(frame)
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise CourseError(f"{_name(tracker)}.update returned {type(answer).__name__}, expected a pair (box, score).")
    box, score = answer
    return checked_box(box, f"the box of {_name(tracker)} in frame {number}"), float(score)


def _shown(frames, show, tracker):
    if not show:
        return frames
    return progress(frames, desc=_name(tracker), total=len(frames) if hasattr(frames, "__len__") else None)


def _name(tracker):
    return getattr(tracker, "name", None) or type(tracker).__name__


def _named(sequences):
    """{name: sequence}; a sequence without a name gets its number."""
    named = {}
    for number, sequence in enumerate(sequences):
        name = _filed(getattr(sequence, "name", None) or f"{number:06d}", "sequence")
        if name in named:
            raise DataError(f"Two sequences are called {name!r}: results could not be told apart.")
        named[name] = sequence
    return named


def _filed(name, kind):
    if Path(name).name != name or name.startswith("."):
        raise DataError(f"The {kind}'s name {name!r} cannot name a file: leave out / and a leading dot.")
    return name
