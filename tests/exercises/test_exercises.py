"""Every exercise: its solution, stub and known mistakes, and the answers beside them that `answers/` holds.

`answers/l04/warp.py` has, as a learner would type them:
    RIGHT      {what is special: source}: right, and the cells below go on with it
    OWN_FORM   {what is special: source}: right, in a form that the cells below are not made for
    WRONG      [(source, words of the diagnosis, or None where it has none)], beside the exercise's own mistakes;
               {old: new} instead of the source is a change of the solution
"""

import dataclasses
import functools
import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from cells import authored, own_cell, typed
from groups import group

from course_lib.authoring.source import INSTEAD
from course_lib.exercises import edit, evaluate, find, lecture, lecture_numbers
from course_lib.exercises.checking import judge
from course_lib.exercises.compare import compare
from course_lib.exercises.paper import paper_of
from course_lib.exercises.reading import Reading
from course_lib.exercises.written import same_code

HERE = Path(__file__).parent
SEEDS = (0, 1, 2)
EXERCISES = [exercise for number in lecture_numbers() for exercise in lecture(number)]
CALLED = [exercise for exercise in EXERCISES if exercise.cases is not None]
LEAST_RIGHT, LEAST_MISTAKES, LONGEST = 3, 4, 200


def answers(exercise):
    """RIGHT, OWN_FORM and WRONG of an exercise."""
    module = importlib.import_module(f"answers.l{exercise.id[:2]}.{file_name(exercise)}")
    return SimpleNamespace(RIGHT=module.RIGHT, OWN_FORM=getattr(module, "OWN_FORM", {}), WRONG=module.WRONG)


def source_of(exercise, wrong):
    return edit("", wrong).of(exercise.solution) if isinstance(wrong, dict) else wrong


def file_name(exercise):
    """LateFusionNet -> late_fusion_net: the exercise's file and that of its answers are called so."""
    return "".join("_" + c.lower() if c.isupper() else c for c in exercise.name).strip("_")


def each(exercises):
    return pytest.mark.parametrize("exercise", exercises, ids=[exercise.id for exercise in exercises])


def rows(kind):
    """One parameter set per answer of a kind."""
    found = []
    for exercise in EXERCISES:
        table = getattr(answers(exercise), kind)
        table = table.items() if isinstance(table, dict) else enumerate(table)
        found += [pytest.param(exercise, value, id=f"{exercise.id} {key}") for key, value in table]
    return pytest.mark.parametrize(("exercise", "row"), found)


@each(EXERCISES)
def test_the_solution_is_that_of_the_notebook_and_right(exercise):
    assert same_code(authored(exercise.id), exercise.solution)
    for seed in SEEDS:
        report = evaluate(exercise, typed(exercise.id, authored(exercise.id)), seed)
        assert report.passed, report.as_text()


@each([exercise for exercise in CALLED if exercise.same_as])
def test_the_solution_is_the_same_as_the_library(exercise):
    for seed in SEEDS:
        paper = paper_of(exercise, seed)
        for case, one, other in zip(paper.cases, paper.expected, paper.run(exercise.same_as), strict=True):
            assert type(one.error) is type(other.error), (case.label, other.error)
            assert compare(one.output, other.output, exercise.rtol, exercise.atol) is None, case.label


@each(EXERCISES)
def test_the_untouched_cell_earns_nothing(exercise):
    """It is "not attempted", unless it starts from code with a mistake."""
    source = authored(exercise.id, "learner")
    report = evaluate(exercise, typed(exercise.id, source))
    assert not report.passed, report.as_text()
    assert not report.attempted or INSTEAD in own_cell(exercise.id).source, report.as_text()


@functools.cache
def unforbidden(exercise):
    """A mistake may be written with what a learner may not use."""
    return dataclasses.replace(exercise, forbidden=(), same_as=None)


@pytest.mark.parametrize("seed", SEEDS)
@each(CALLED)
def test_each_known_mistake_is_rejected_and_named(exercise, seed):
    paper = paper_of(unforbidden(exercise), seed)
    for mistake, outcomes in paper.mistakes:
        report = judge(paper, mistake.answer, outcomes, Reading())
        assert report.attempted and not report.passed, f"{mistake.diagnosis}\n{report.as_text()}"
        assert report.diagnosis == mistake.diagnosis, f"{mistake.diagnosis}\n{report.as_text()}"


@each([exercise for exercise in EXERCISES if exercise.cases is None])
def test_each_known_mistake_of_a_value_is_rejected_and_named(exercise):
    for mistake in exercise.mistakes:
        if not callable(mistake.answer):  # a predicate stands for many answers; WRONG has one of them
            report = evaluate(exercise, mistake.answer)
            assert report.attempted and not report.passed and report.diagnosis == mistake.diagnosis, report.as_text()


@rows("RIGHT")
def test_a_right_answer_is_right(exercise, row):
    report = evaluate(exercise, typed(exercise.id, row))
    assert report.passed and report.fits and report.points == exercise.points, report.as_text()


@rows("OWN_FORM")
def test_a_right_answer_in_a_form_of_its_own_is_right(exercise, row):
    report = evaluate(exercise, typed(exercise.id, row))
    assert report.passed and not report.fits and report.points == exercise.points, report.as_text()


@rows("WRONG")
def test_a_wrong_answer_is_rejected(exercise, row):
    source, words = row
    for seed in SEEDS if exercise.cases is not None else (0,):
        report = evaluate(exercise, typed(exercise.id, source_of(exercise, source)), seed)
        assert report.attempted and not report.passed, report.as_text()
        assert (words or "").lower() in (report.diagnosis or "").lower(), report.as_text()


@each(EXERCISES)
def test_there_are_enough_answers(exercise):
    table = answers(exercise)
    assert len(table.RIGHT) + len(table.OWN_FORM) >= LEAST_RIGHT
    assert len(table.WRONG) + len(exercise.mistakes) >= LEAST_MISTAKES and table.WRONG
    assert len(exercise.hints) == 3
    for source, _ in table.WRONG:
        for mistake in exercise.mistakes:
            known = mistake.text and same_code(source_of(exercise, source), mistake.text)
            assert not known, f"the exercise knows it:\n{source}"


@each(CALLED)
def test_no_two_mistakes_are_the_same_code(exercise):
    texts = [mistake.text for mistake in exercise.mistakes if mistake.text]
    assert not [one for i, one in enumerate(texts) for other in texts[:i] if same_code(one, other)]


@each(EXERCISES)
def test_an_exercise_is_found_by_its_name(exercise):
    assert find(exercise.id) is exercise
    home = importlib.import_module(f"course_lib.exercises.lectures.l{exercise.id[:2]}.{file_name(exercise)}")
    assert exercise in vars(home).values()


def test_workers_are_dealt_whole_lectures(request):
    """Two lectures in one group, or one in two, would leave a worker waiting, or make a paper twice."""
    lectures = {}
    for item in request.session.items:
        if item.path == request.path and "exercise" in getattr(item, "callspec", SimpleNamespace(params={})).params:
            lectures.setdefault(group(item.nodeid), set()).add(item.callspec.params["exercise"].id[:2])
    dealt = [numbers.pop() for numbers in lectures.values() if len(numbers) == 1]
    assert len(dealt) == len(lectures) and len(set(dealt)) == len(dealt), lectures


def test_no_file_is_long():
    """An exercise that needs more lines asks for too much, or repeats itself."""
    folders = (Path(importlib.import_module("course_lib.exercises.lectures").__file__).parent, HERE / "answers")
    lines = {path: path.read_text(encoding="utf-8").count("\n") for folder in folders for path in folder.rglob("*.py")}
    assert not {path.name: count for path, count in lines.items() if count > LONGEST}
