"""An exam paper: the tests of an exercise for one seed, with what the course's answer and the known mistakes give.

Each is run once, when it is first asked for, and kept: a check is called again and again, and so is a grader.
"""

from functools import cached_property, lru_cache

import torch

from .run import run
from .together import pairs_of
from .written import run_text

KEPT = 16  # papers; each holds its inputs and some twenty outputs of their size


class Paper:
    """The tests of a function or class.

    Attributes:
        exercise: Exercise.
        cases: list of Case.
    """

    def __init__(self, exercise, cases):
        self.exercise, self.cases = exercise, cases
        self._outcomes = {}

    def run(self, answer, terms=None):
        """What an answer gives: list of Outcome, one per case. For `terms` see `watch.terms_of`."""
        return run(self.exercise.kind, answer, self.cases, self.exercise.reference, terms)

    @cached_property
    def expected(self):
        """What the course's answer gives: list of Outcome."""
        expected = self._ours(self.exercise.reference, self.cases)
        for outcome in expected:
            if outcome.error is not None and not isinstance(outcome.error, ValueError):
                raise outcome.error  # a defect of the exercise; a ValueError is an expected refusal of bad input
        return expected

    @cached_property
    def mistakes(self):
        """What the known mistakes give: list of (Mistake, list of Outcome)."""
        return [(mistake, self._ours(mistake.answer, self.cases)) for mistake in self.exercise.mistakes]

    @cached_property
    def pairs(self):
        """Two known mistakes at once: list of (Mistake, Mistake, answer)."""
        exercise = self.exercise
        home = f"{__package__}.lectures.l{exercise.id[:2]}"
        return pairs_of(exercise, lambda text: run_text(text, exercise.name, home))

    def outcome(self, answer, number):
        """What an answer of `pairs` gives on one case: most are told apart by the first."""
        key = id(answer), number
        if key not in self._outcomes:
            self._outcomes[key] = self._ours(answer, [self.cases[number]])[0]
        return self._outcomes[key]

    def _ours(self, answer, cases):
        """What code of the course gives. The stop button ends the check then, or "stopped" would be kept for good."""
        outcomes = run(self.exercise.kind, answer, cases, self.exercise.reference)
        for outcome in outcomes:
            if isinstance(outcome.error, KeyboardInterrupt):
                raise outcome.error
        return outcomes


@lru_cache(KEPT)
def paper_of(exercise, seed) -> Paper:
    """The paper of an exercise for a seed, always the same one."""
    return Paper(exercise, exercise.cases(torch.Generator().manual_seed(seed)))
