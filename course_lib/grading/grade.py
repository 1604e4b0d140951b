"""Grade one notebook: graft the learner's answers onto the course, ask in the sandbox, form the verdict out here."""

import ast
import dataclasses
import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading import probe, submission
from course_lib.grading.graft import stage
from course_lib.grading.kernel import Kernel
from course_lib.grading.names import parsed
from course_lib.grading.pristine import Lesson
from course_lib.grading.sandbox import TIMEOUT, Limits, Sandbox, choose
from course_lib.grading.verdict import Verdict

PROBE = 2  # times as long as a cell may all tests of an exercise together take
CELLS = 4  # times as long may all cells of an answer together take
_CELL_FILE = re.compile(r"\(\d+\.py, line (\d+)\)")  # what IPython says of a syntax error: its own name for the cell
TOO_LONG = "The cells of your answer took more than {seconds:g} s together."
OWN_TIMEOUT = 120  # seconds for a cell of the course


@dataclass(frozen=True)
class Graded:
    """One graded notebook.

    lecture: "02".
    verdicts: tuple of Verdict, one per exercise of the lecture.
    notes: remarks on the notebook as a whole.
    problem: why it could not be read, or None.
    seconds: that it took.
    """

    lecture: str
    verdicts: tuple
    notes: tuple = ()
    problem: str | None = None
    seconds: float = 0.0

    @property
    def points(self):
        """From exercise id to points."""
        return {verdict.exercise_id: verdict.points for verdict in self.verdicts}

    @property
    def total(self):
        return round(sum(self.points.values()), 2)

    @property
    def possible(self):
        return sum(verdict.possible for verdict in self.verdicts)


def grade(path, lecture, *, root=None, sandbox="auto", seed=None, timeout=TIMEOUT, memory=Limits.memory):
    """Grade one notebook.

    Args:
        path: the notebook.
        lecture: "02" or "02_convolutions_in_time".
        root: the checkout; found where it is None.
        sandbox: "auto", "bwrap" or "none".
        seed: of the secret inputs; None draws a new one.
        timeout: seconds for each cell of the learner.
        memory: MB that the learner's code may take.
    Returns:
        dict from exercise id to points.
    Raises:
        CourseError: if the course itself cannot be read or run. Nothing that is wrong with the notebook raises.
    """
    with Grader(root, sandbox=sandbox, seed=seed, timeout=timeout, memory=memory) as grader:
        return grader.grade(path, lecture).points


class Grader:
    """Grades notebooks, one after the other. Use it as a context manager.

    Attributes:
        seed: of the secret inputs.
        warning: what the reader of the grades must know about the sandbox, or None.
    """

    def __init__(self, root=None, *, lessons=(), sandbox="auto", seed=None, timeout=TIMEOUT, memory=Limits.memory):
        """As for `grade`; `lessons` are further ones, which no checkout has."""
        self.root = root
        self.seed = secrets.randbits(62) if seed is None else int(seed)
        self.timeout, self.limits = timeout, Limits(memory=memory)
        self.bwrap, self.warning = choose(sandbox)
        self._lessons, self._sandboxes, self._baselines = {lesson.number: lesson for lesson in lessons}, {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()

    def close(self):
        for sandbox in self._sandboxes.values():
            sandbox.close()
        self._sandboxes = {}

    def lesson(self, lecture):
        """The lesson of a lecture, read once.

        Raises:
            CourseError: there is no such lecture.
        """
        key = Path(str(lecture)).stem[:2].zfill(2)
        if key not in self._lessons:
            from course_lib.authoring.editions import find_root, find_sources, read

            source = find_sources(Path(self.root) if self.root else find_root(), [key])[0]
            self._lessons[key] = Lesson.of(read(source))
        return self._lessons[key]

    def grade(self, path, lecture, inside=None):
        """Grade one notebook.

        Args:
            path: the notebook.
            lecture: its number or name.
            inside: the folder that holds the submissions; a link that leads out of it is not followed.
        Returns:
            Graded.
        """
        lesson = self.lesson(lecture)
        return self.grade_submission(submission.read(path, lesson, inside), lesson)

    def grade_submission(self, handed_in, lesson):
        """Grade what `submission.read` gave."""
        began = time.perf_counter()
        verdicts = tuple(self._verdict(lesson, exercise, handed_in) for exercise in lesson.exercises.values())
        sandbox = self._sandboxes.get(lesson.number)
        if sandbox is not None and not sandbox.isolated:  # the next learner must not meet what this one left behind
            self._sandboxes.pop(lesson.number).close()
        seconds = time.perf_counter() - began
        return Graded(lesson.number, verdicts, handed_in.notes, handed_in.problem, seconds)

    def _verdict(self, lesson, exercise, handed_in):
        verdict = untried(lesson, exercise, handed_in)
        if verdict is not None:
            return verdict
        return self.run(lesson, exercise, handed_in.answers[exercise.id], self.baseline(lesson, exercise))

    def run(self, lesson, exercise, answer, baseline=frozenset()):
        """Run an answer in a kernel of its own and judge it.

        Args:
            answer: `submission.Answer`.
            baseline: see `verdict.decide`.
        Returns:
            Verdict.
        """
        question = probe.ask(exercise, self.secret_seed(exercise))
        staged = stage(lesson, exercise, answer)
        while True:
            with Kernel(self.sandbox(lesson)) as kernel:
                problem = _failure(kernel, staged.before)
                if problem is None:
                    reply, remarks = ask_kernel(kernel, question, staged.answer, self.timeout)
                    break
            least = lesson.needed_before(exercise.id)
            if len(staged.before) <= len(least):
                raise CourseError(f"A cell of lecture {lesson.number} failed in the sandbox: {problem}")
            staged = dataclasses.replace(staged, before=least)  # without what stands there for the answer's names alone
        return staged.verdict(question, reply, baseline, remarks)

    def secret_seed(self, exercise):
        """The seed of an exercise's secret inputs: the same for every learner of this run."""
        text = f"{self.seed}:{exercise.id}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:6], "big")

    def baseline(self, lesson, exercise):
        """The secret tests that the released starting point passes; none for a stub that holds no code yet."""
        if exercise.id not in self._baselines:
            stub = submission.Answer((submission.Cell(1, lesson.stubs[exercise.id]),))
            starts_with_code = exercise.cases is not None and "..." not in lesson.stubs[exercise.id]
            ok = self.run(lesson, exercise, stub).ok if starts_with_code else ()
            self._baselines[exercise.id] = frozenset(number for number, passed in enumerate(ok) if passed)
        return self._baselines[exercise.id]

    def sandbox(self, lesson):
        if lesson.number not in self._sandboxes:
            self.close()  # one lecture at a time: each sandbox holds a copy of torch in memory
            self._sandboxes[lesson.number] = Sandbox(lesson, self.bwrap, self.limits)
        return self._sandboxes[lesson.number]


def _failure(kernel, sources):
    """Run the course's own cells; why one of them failed, or None."""
    for source in sources:
        result = kernel.execute(source, OWN_TIMEOUT)
        if result.status != "ok":
            return result.error or result.why
    return None


def untried(lesson, exercise, handed_in):
    """The verdict where nothing has to be run: no answer, or the untouched stub; else None."""
    blank = Verdict(exercise.id, exercise.title, float(exercise.points), attempted=False)
    answer = handed_in.answers.get(exercise.id)
    if answer is None:
        summary = handed_in.problem or "The notebook has no cell for this exercise."
        return dataclasses.replace(blank, summary=summary)
    if _same_code(answer.source, lesson.stubs[exercise.id]):
        summary = "Not attempted: this is still the stub."
        return dataclasses.replace(blank, summary=summary, source=answer.source, notes=answer.notes)
    return None


def ask_kernel(kernel, question, answer, timeout):
    """Run a learner's cells and the probe.

    Returns:
        (Reply, remarks on what happened on the way).
    """
    remarks, until = [], time.monotonic() + CELLS * timeout
    for cell in answer.cells:
        left = until - time.monotonic()
        if left <= 0:
            return probe.Reply("nothing", text=TOO_LONG.format(seconds=CELLS * timeout)), remarks
        result = kernel.execute(cell.source, min(timeout, left))
        remarks += remarks_on(cell, result, timeout)
        if result.status == "dead":
            return probe.Reply("nothing", text=f"In cell {cell.number}: {result.why}"), remarks
    return reply_in(question, kernel.execute(question.code, PROBE * timeout), timeout), remarks


def remarks_on(cell, result, timeout):
    """What the feedback says of how a learner's cell ended: a list of at most one sentence."""
    if result.timed_out:
        return [f"Cell {cell.number} was interrupted after {timeout:g} s."]
    if result.status == "error":
        name, message = result.error
        message = _CELL_FILE.sub(r"(line \1)", message[:300])
        return [f"Cell {cell.number} ended with {name}: {message}"]
    return []


def reply_in(question, result, timeout):
    """The `Reply` in what the probe's cell gave. A reply whose status is not ok is none, whatever was displayed."""
    if result.status == "dead":
        return probe.Reply("nothing", text=f"While your code was tested: {result.why}")
    if result.status == "error":
        name, message = result.error
        return probe.Reply("broken", text=f"Testing your code ended with {name}: {message[:300]}")
    reply = probe.understand(question, result.displays)
    if reply.state == "nothing" and result.timed_out:
        return probe.Reply("nothing", text=f"Your code was interrupted after {PROBE * timeout:g} s.")
    return reply


def _same_code(one, other):
    """Whether two sources differ in nothing but comments and layout."""
    trees = parsed(one), parsed(other)
    if None in trees:
        return one.strip() == other.strip()
    try:
        return ast.dump(trees[0]) == ast.dump(trees[1])
    except RecursionError:  # nested deeper than anything of ours
        return False
