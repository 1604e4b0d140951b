"""One answer on its way from cells to a verdict: what runs next, for how long, and what its end means.

A trial runs nothing itself. Whoever drives it runs each `step` in a kernel and tells what came of it: `grade.complete`
in one go, the items of pytest (`nbval/items.py`) one cell after the other. Both so come to the same verdict.
"""

import dataclasses
import re
from dataclasses import dataclass

from course_lib.errors import CourseError
from course_lib.grading import probe
from course_lib.grading.graft import stage
from course_lib.grading.limits import CELLS, OWN_TIMEOUT, PROBE, Allowance
from course_lib.grading.names import same_code
from course_lib.grading.verdict import Verdict

TOO_LONG = "The cells of your answer took more than {seconds:g} s together."
ALL_TOO_LONG = (
    "The answers of a notebook may take {seconds:g} s together. Yours had used them up, so this one did not run."
)
_CELL_FILE = re.compile(r"\(\d+\.py, line (\d+)\)")  # what IPython says of a syntax error: its own name for the cell


@dataclass(frozen=True)
class Step:
    """A cell to run.

    place: which of `Trial.plan` it is.
    source: its code.
    timeout: seconds until it is to be interrupted.
    fresh: whether it needs a kernel in which nothing has run; else it runs where the step before did.
    """

    place: int
    source: str
    timeout: float
    fresh: bool


class _OutOfTime(Exception):
    """Nothing is left of what the answers of a notebook may take."""


class Trial:
    """The trial of one answer: the course's cells, the learner's, then the probe.

    What is there for a name in the answer alone must not cost anything: where a cell of the course fails, or ends the
    kernel, the trial begins anew without those cells.

    Attributes:
        plan: tuple of (name, source), the cells in the order in which they run where none of the course's fails.
        step: the Step to run next; None at the end.
        reply: `probe.Reply` to what was asked; None before the end, and where the course itself failed.
        remarks: on what happened on the way, for the feedback.
    """

    def __init__(self, lesson, exercise, answer, seed, timeout, allowance=None):
        """
        Args:
            lesson: Lesson.
            exercise: one of it.
            answer: `submission.Answer`.
            seed: of the secret inputs.
            timeout: seconds for each cell of the learner.
            allowance: `limits.Allowance` that it shares with the other answers of its notebook; None for its own.
        """
        self.lesson, self.exercise, self.timeout = lesson, exercise, timeout
        self.allowance = allowance or Allowance(timeout)
        self.question = probe.ask(exercise, seed)
        self.staged = stage(lesson, exercise, answer)
        course = [(f"course {number}", source) for number, source in enumerate(self.staged.before)]
        own = [(f"cell {cell.number}", cell.source) for cell in self.staged.answer.cells]
        self.plan = (*course, *own, ("probe", self.question.code))
        self.reply, self.remarks, self._fresh = None, [], True
        self._protocol = self._run()
        self.tell(None)  # nothing has run yet: to the first step

    def tell(self, result):
        """What came of `step` (`kernel.CellResult`); the next one takes its place.

        Raises:
            CourseError: the exercise cannot be tried, for a cell failed that it needs in itself.
        """
        self.step = None
        try:
            self.step = self._protocol.send(result)
        except StopIteration as end:
            self.reply = end.value

    def abandon(self):
        """No step is left, and there is no reply: what the answer needs cannot be had."""
        self.step = None

    def verdict(self, baseline=frozenset()):
        """The Verdict, once no step is left; for `baseline` see `verdict.decide`."""
        return self.staged.verdict(self.question, self.reply, baseline, self.remarks)

    def _run(self):
        """Yields each Step, is sent its CellResult, returns the Reply."""
        try:
            return (yield from self._answered())
        except _OutOfTime:
            return probe.Reply("nothing", text=ALL_TOO_LONG.format(seconds=self.allowance.seconds))

    def _answered(self):
        if self.allowance.left <= 0:
            raise _OutOfTime  # before a kernel is started for it
        yield from self._course_cells()
        left = CELLS * self.timeout
        for place, cell in enumerate(self.staged.answer.cells, len(self.staged.before)):
            if left <= 0:
                return probe.Reply("nothing", text=TOO_LONG.format(seconds=CELLS * self.timeout))
            result, limit = yield from self._of_the_learner(place, min(self.timeout, left))
            left -= result.seconds
            self.remarks += _remarks_on(cell, result, limit)
            if result.status == "dead":
                return probe.Reply("nothing", text=f"In cell {cell.number}: {result.why}")
        result, limit = yield from self._of_the_learner(len(self.plan) - 1, PROBE * self.timeout)
        return _reply_in(self.question, result, limit)

    def _of_the_learner(self, place, limit):
        """Yields a Step whose time counts; returns (its CellResult, how many seconds it might have taken)."""
        limit = min(limit, self.allowance.left)
        if limit <= 0:
            raise _OutOfTime
        result = yield self._step(place, limit)
        self.allowance.spend(result.seconds)
        return result, limit

    def _course_cells(self):
        places = list(range(len(self.staged.before)))
        while True:
            failed = yield from self._first_failure(places)
            if failed is None:
                return
            least = self.lesson.needed_before(self.exercise.id)
            needed = [place for place in places if self.staged.before[place] in least]
            if needed == places:
                why = failed.error or failed.why
                raise CourseError(f"A cell of lecture {self.lesson.number} failed in the sandbox: {why}")
            places, self._fresh = needed, True

    def _first_failure(self, places):
        for place in places:
            result = yield self._step(place, OWN_TIMEOUT)
            if result.status != "ok":
                return result
        return None

    def _step(self, place, timeout):
        fresh, self._fresh = self._fresh, False
        return Step(place, self.plan[place][1], timeout, fresh)


def untried(lesson, exercise, handed_in):
    """The verdict where nothing has to be run: no answer, or the untouched stub; else None."""
    blank = Verdict(exercise.id, exercise.title, float(exercise.points), attempted=False)
    answer = handed_in.answers.get(exercise.id)
    if answer is None:
        summary = handed_in.problem or "The notebook has no cell for this exercise."
        return dataclasses.replace(blank, summary=summary)
    if same_code(answer.source, lesson.stubs[exercise.id]):
        summary = "Not attempted: this is still the stub."
        return dataclasses.replace(blank, summary=summary, source=answer.source, notes=answer.notes)
    return None


def _remarks_on(cell, result, limit):
    """What the feedback says of how a learner's cell ended: a list of at most one sentence."""
    if result.timed_out:
        return [f"Cell {cell.number} was interrupted after {limit:.3g} s."]
    if result.status == "error":
        name, message = result.error
        message = _CELL_FILE.sub(r"(line \1)", message[:300])
        return [f"Cell {cell.number} ended with {name}: {message}"]
    return []


def _reply_in(question, result, limit):
    """The `Reply` in what the probe's cell gave. A reply whose status is not ok is none, whatever was displayed."""
    if result.status == "dead":
        return probe.Reply("nothing", text=f"While your code was tested: {result.why}")
    if result.status == "error":
        name, message = result.error
        return probe.Reply("broken", text=f"Testing your code ended with {name}: {message[:300]}")
    reply = probe.understand(question, result.displays)
    if reply.state == "nothing" and result.timed_out:
        return probe.Reply("nothing", text=f"Your code was interrupted after {limit:.3g} s.")
    return reply
