"""Grading is fair: right answers pass whatever the secret seed, and no answer can be written down beforehand."""

import sys
from pathlib import Path

import pytest
import torch
from tiny import real_lectures

from course_lib.exercises.compare import compare, fitted
from course_lib.exercises.paper import paper_of
from course_lib.exercises.run import run
from course_lib.grading.probe import ask

sys.path.insert(0, str(Path(__file__).parents[1] / "exercises"))
from cells import typed
from test_exercises import answers

EXERCISES = [exercise for lecture in real_lectures() for exercise in lecture.exercises.values()]
CALLED = [exercise for exercise in EXERCISES if exercise.cases is not None]
FEW, MANY = 20, 200  # seeds, dealt out to the right answers of an exercise in turn


def named(exercises):
    return pytest.mark.parametrize("exercise", exercises, ids=lambda exercise: exercise.id)


@pytest.mark.parametrize("seeds", [FEW, pytest.param(MANY, marks=pytest.mark.full("many seeds"))])
@named(CALLED)
def test_right_answers_pass_for_every_seed(exercise, seeds):
    """Ties, rounding and rare inputs: the seeds are dealt out to the answers in other forms and to the library's own.

    Cases that are the same as for an earlier seed are not run again.
    """
    table = answers(exercise)
    others = [typed(exercise.id, source) for source in (*table.RIGHT.values(), *table.OWN_FORM.values())]
    others += [exercise.same_as] if exercise.same_as else []
    seen = set()
    for seed in range(seeds):
        other = others[seed % len(others)]
        cases = [case for case in paper_of(exercise, seed).cases if _key(case) not in seen]
        seen |= {_key(case) for case in cases}
        expected, got = (run(exercise.kind, each, cases, exercise.reference) for each in (exercise.reference, other))
        for case, one, outcome in zip(cases, expected, got, strict=True):
            assert type(one.error) is type(outcome.error), (seed, case.label, outcome.error)
            output, _ = fitted(one.output, outcome.output, not exercise.dtype_counts)
            difference = compare(one.output, output, exercise.rtol, exercise.atol)
            assert difference is None and not outcome.changed, (seed, case.label, difference)


@named(CALLED)
def test_the_inputs_differ_from_seed_to_seed(exercise):
    """Else a table of answers would pass."""
    first, second = ({_key(case) for case in paper_of(exercise, seed).cases} for seed in (1, 2))
    assert first - second, f"{exercise.id}: every test is the same for every seed"


@named(EXERCISES)
def test_the_inputs_can_be_sent(exercise):
    question = ask(exercise, 3)
    assert question.nonce in question.code and ask(exercise, 3).nonce != question.nonce
    assert len(question.code) < 2_000_000


def _key(case):
    return repr((case.label, [_plain(value) for value in (*case.args, *case.kwargs.values())]))


def _plain(value):
    if isinstance(value, torch.Tensor):
        return value.shape, value.dtype, value.flatten()[:50].tolist()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value
