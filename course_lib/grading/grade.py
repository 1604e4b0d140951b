"""Grade one notebook: graft the learner's answers onto the course, ask in the sandbox, form the verdict out here."""

import contextlib
import hashlib
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading import submission
from course_lib.grading.kernel import Kernel
from course_lib.grading.limits import TIMEOUT, Allowance
from course_lib.grading.pristine import Lesson
from course_lib.grading.sandbox import Limits, Sandbox, choose
from course_lib.grading.trial import Trial, untried


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
        timeout: seconds for each cell of the learner; all answers together may take `limits.SUBMISSION` times as long.
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
        began, allowance = time.perf_counter(), self.allowance()
        verdicts = tuple(self._verdict(lesson, each, handed_in, allowance) for each in lesson.exercises.values())
        self.end_submission(lesson)
        seconds = time.perf_counter() - began
        return Graded(lesson.number, verdicts, handed_in.notes, handed_in.problem, seconds)

    def end_submission(self, lesson):
        """Where kernels are not isolated, nobody may meet what the last learner left behind."""
        sandbox = self._sandboxes.get(lesson.number)
        if sandbox is not None and not sandbox.isolated:
            self._sandboxes.pop(lesson.number).close()

    def _verdict(self, lesson, exercise, handed_in, allowance):
        verdict = untried(lesson, exercise, handed_in)
        if verdict is not None:
            return verdict
        answer = handed_in.answers[exercise.id]
        return self.run(lesson, exercise, answer, self.baseline(lesson, exercise), allowance)

    def allowance(self):
        """The time that the answers of one notebook share."""
        return Allowance(self.timeout)

    def run(self, lesson, exercise, answer, baseline=frozenset(), allowance=None):
        """Run an answer in a kernel of its own and judge it.

        Args:
            answer: `submission.Answer`.
            baseline: see `verdict.decide`.
            allowance: of the notebook that it is from; None for an answer by itself.
        Returns:
            Verdict.
        """
        trial = self.trial(lesson, exercise, answer, allowance)
        complete(trial, lambda: Kernel(self.sandbox(lesson)))
        return trial.verdict(baseline)

    def trial(self, lesson, exercise, answer, allowance=None):
        """The Trial of an answer, of which nothing has run yet."""
        return Trial(lesson, exercise, answer, self.secret_seed(exercise), self.timeout, allowance)

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


def complete(trial, start):
    """Run a trial to its end.

    Args:
        trial: Trial.
        start: function without arguments that makes a Kernel.
    Raises:
        CourseError: the course itself failed.
    """
    with contextlib.ExitStack() as running:
        while trial.step is not None:
            if trial.step.fresh:
                running.close()
                kernel = running.enter_context(start())
            trial.tell(kernel.execute(trial.step.source, trial.step.timeout))
