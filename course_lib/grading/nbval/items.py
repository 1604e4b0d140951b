"""A notebook to be graded as pytest sees it: per exercise the course's cells, the learner's cells, and the probe."""

import re

import pytest

from course_lib.errors import CourseError
from course_lib.grading import submission
from course_lib.grading.nbval.adapter import AdaptedCell, AdaptedFile
from course_lib.grading.nbval.points import attach
from course_lib.grading.trial import untried


class GradedFile(AdaptedFile):
    """A submitted notebook. Parsed here, by us: what is wrong with it is a verdict, and never an error of pytest."""

    def __init__(self, *args, grader, **kwargs):
        super().__init__(*args, **kwargs)
        self.grader = grader

    def collect(self):
        number = re.search(r"(?:^|_)(\d\d)_", self.path.name)
        if number is None:
            raise CourseError(f"{self.path.name} is no lecture: expected a name such as 02_convolutions_in_time.ipynb.")
        self.lesson = self.grader.lesson(number[1])
        handed_in, allowance = submission.read(self.path, self.lesson), self.grader.allowance()
        for exercise in self.lesson.exercises.values():
            verdict = untried(self.lesson, exercise, handed_in)
            if verdict is not None:
                yield _Settled.from_parent(self, name=f"{exercise.id} verdict", verdict=verdict)
                continue
            trial = self.grader.trial(self.lesson, exercise, handed_in.answers[exercise.id], allowance)
            for place, (name, source) in enumerate(trial.plan):
                item = self.add(_TrialCell, f"{exercise.id} {name}", place, source)
                item.trial = trial
                yield item

    def teardown(self):
        super().teardown()
        self.grader.end_submission(self.lesson)


class _TrialCell(AdaptedCell):
    """One cell of a trial. It fails for what the course does wrong alone; the last one has the verdict."""

    def runtest(self):
        trial, last = self.trial, self.cell_num == len(self.trial.plan) - 1
        try:
            while trial.step is not None and trial.step.place <= self.cell_num:  # several where the trial began anew
                trial.tell(self._executed(trial.step))
        except CourseError as problem:
            trial.abandon()
            self.raise_cell_error(str(problem))
        if not last:
            return
        self.parent.end_kernel()
        if trial.reply is None:
            pytest.skip("A cell of the course failed above, so there is no verdict.")
        attach(self, trial.verdict(self._baseline()))

    def _executed(self, step):
        if step.fresh:
            self._baseline()  # found out before anything of the learner's runs
            self.parent.start_kernel(self.parent.grader.sandbox(self.parent.lesson))
        return self.run(step.source, step.timeout)

    def _baseline(self):
        return self.parent.grader.baseline(self.parent.lesson, self.trial.exercise)


class _Settled(pytest.Item):
    """A verdict for which nothing had to run."""

    def __init__(self, *args, verdict, **kwargs):
        super().__init__(*args, **kwargs)
        self.verdict = verdict

    def runtest(self):
        attach(self, self.verdict)

    def reportinfo(self):
        return self.path, 0, self.name
