"""A notebook to be graded as pytest sees it: per exercise the course's cells, the learner's cells, and the probe."""

import dataclasses
import json
import re
import time

import pytest

from course_lib.errors import CourseError
from course_lib.grading import probe, submission
from course_lib.grading.grade import CELLS, OWN_TIMEOUT, PROBE, TOO_LONG, remarks_on, reply_in, untried
from course_lib.grading.graft import stage
from course_lib.grading.nbval.adapter import AdaptedCell, AdaptedFile
from course_lib.grading.nbval.plugin import PROPERTY


class GradedFile(AdaptedFile):
    """A submitted notebook. Parsed here, by us: what is wrong with it is a verdict, and never an error of pytest."""

    def __init__(self, *args, grader, **kwargs):
        super().__init__(*args, **kwargs)
        self.grader = grader

    def collect(self):
        number = re.search(r"(?:^|_)(\d\d)_", self.path.name)
        if number is None:
            raise CourseError(f"{self.path.name} is no lecture: expected a name such as 02_convolutions_in_time.ipynb.")
        lesson = self.grader.lesson(number[1])
        handed_in = submission.read(self.path, lesson)
        for exercise in lesson.exercises.values():
            verdict = untried(lesson, exercise, handed_in)
            if verdict is not None:
                yield _Settled.from_parent(self, name=f"{exercise.id} verdict", verdict=verdict)
            else:
                yield from self._items(lesson, exercise, handed_in.answers[exercise.id])

    def _items(self, lesson, exercise, answer):
        trial = _Trial(self, lesson, exercise, answer)
        needed = lesson.needed_before(exercise.id)
        for place, source in enumerate(trial.staged.before):
            kind = _CourseCell if source in needed else _OfferedCell
            yield self._item(kind, f"{exercise.id} course {place}", place, source, trial)
        for cell in trial.staged.answer.cells:
            yield self._item(_LearnerCell, f"{exercise.id} cell {cell.number}", cell.number, cell.source, trial, cell)
        yield self._item(_ProbeCell, f"{exercise.id} probe", 0, trial.question.code, trial)

    def _item(self, kind, name, number, source, trial, cell=None):
        item = self.add(kind, name, number, source)
        item.trial, item.handed_in = trial, cell
        return item


class _Trial:
    """One exercise on its way: what was asked, and what happened so far."""

    def __init__(self, file, lesson, exercise, answer):
        self.file, self.lesson, self.exercise = file, lesson, exercise
        self.question = probe.ask(exercise, file.grader.secret_seed(exercise))
        self.staged = stage(lesson, exercise, answer)
        self.remarks, self.failed, self.started, self.until = [], None, False, None

    def ready(self):
        """Start the exercise's own kernel with its first cell."""
        if not self.started:
            grader = self.file.grader
            self.baseline = grader.baseline(self.lesson, self.exercise)
            self.file.start_kernel(grader.sandbox(self.lesson))
            self.started = True


class _TrialCell(AdaptedCell):
    def runtest(self):
        self.trial.ready()
        self.judge()


class _CourseCell(_TrialCell):
    """A cell of the course: if it fails, so does the run, for it is our fault."""

    def judge(self):
        result = self.run(OWN_TIMEOUT)
        if result.status != "ok":
            self.raise_cell_error(f"A cell of the course failed: {result.error or result.why}")


class _OfferedCell(_TrialCell):
    """A cell of the course that is there for a name in the answer alone: where it fails, the answer does without."""

    def judge(self):
        result = self.run(OWN_TIMEOUT)
        if result.status == "dead":
            self.raise_cell_error(f"A cell of the course ended the kernel: {result.why}")


class _LearnerCell(_TrialCell):
    """A cell of the learner: whatever it does, it passes, and the probe tells."""

    def judge(self):
        timeout = self.parent.grader.timeout
        self.trial.until = self.trial.until or time.monotonic() + CELLS * timeout
        left = self.trial.until - time.monotonic()
        if self.trial.failed is None and left <= 0:
            self.trial.failed = TOO_LONG.format(seconds=CELLS * timeout)
        if self.trial.failed is None:
            result = self.run(min(timeout, left))
            self.trial.remarks += remarks_on(self.handed_in, result, timeout)
            if result.status == "dead":
                self.trial.failed = f"In cell {self.handed_in.number}: {result.why}"


class _ProbeCell(_TrialCell):
    """Asks, decides, and hands the verdict to the summary."""

    def judge(self):
        trial, timeout = self.trial, self.parent.grader.timeout
        if trial.failed is None:
            reply = reply_in(trial.question, self.run(PROBE * timeout), timeout)
        else:
            reply = probe.Reply("nothing", text=trial.failed)
        self.parent.end_kernel()
        _hand_over(self, trial.staged.verdict(trial.question, reply, trial.baseline, trial.remarks))


class _Settled(pytest.Item):
    """A verdict for which nothing had to run."""

    def __init__(self, *args, verdict, **kwargs):
        super().__init__(*args, **kwargs)
        self.verdict = verdict

    def runtest(self):
        _hand_over(self, self.verdict)

    def reportinfo(self):
        return self.path, 0, self.name


def _hand_over(item, verdict):
    """Attach a verdict to the report of an item; in this form it also crosses from a worker of xdist."""
    item.user_properties.append((PROPERTY, json.dumps(dataclasses.asdict(verdict))))
