"""What differs from a plain function: a class is built, filled and called; and a definition that must stand alone."""

import json

import pytest
import torch
from tiny import IMPORTS, code
from torch import nn

from course_lib.exercises.spec import Case, Exercise, ExerciseError, Mistake
from course_lib.grading import submission
from course_lib.grading.grade import Grader
from course_lib.grading.graft import stage
from course_lib.grading.pristine import Lesson, PristineCell


class _Head(nn.Module):
    """The reference of 91.1."""

    def __init__(self, channels, classes):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.linear = nn.Linear(channels, classes)

    def pooled(self, image):
        return self.norm(image).mean((2, 3))

    def forward(self, image):
        return self.linear(self.pooled(image))


class _Summed(_Head):
    def pooled(self, image):
        return self.norm(image).sum((2, 3))


def _heads(generator):
    def case(label, shape, classes, **more):
        return Case(label, (shape[1], classes), {"inputs": torch.randn(shape, generator=generator)} | more)

    return [case("2 images", (2, 3, 4, 5), 6), case("3 images, training", (3, 2, 5, 4), 4, training=True)]


def _scaled(generator):
    return [Case(f"{n} numbers", (torch.randn(n, generator=generator),)) for n in (3, 8)]


def scaled(x):
    """The reference of 91.2."""
    return 2 * x - x.mean()


HEAD = Exercise(
    "91.1", "A head", "Head", "class", _Head, _heads, points=4,
    mistakes=(Mistake("the mean over the places is asked for, not the sum", _Summed),),
)  # fmt: skip
SCALED = Exercise("91.2", "Scaled", "scaled", "function", scaled, _scaled, points=2, alone=True)

CLASS = """class Head(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.linear = nn.Linear(channels, classes)

    def forward(self, image):
        return self.linear(self.norm(image).mean((2, 3)))"""
CLASS_STUB = "class Head(nn.Module):\n    def forward(self, image):\n        ...  # your code here"
SELF_CONTAINED = "def scaled(x):\n    return 2 * x - x.mean()"
STUBS = {"91.1": CLASS_STUB, "91.2": "def scaled(x):\n    ...  # your code here"}


def lesson():
    neural = PristineCell("from torch import nn", "from torch import nn", None, None, False)
    constant = PristineCell("factor = 2", "factor = 2", None, None, False)
    cells = [IMPORTS, neural, constant]
    for exercise, solution in ((HEAD, CLASS), (SCALED, SELF_CONTAINED)):
        check = f'{exercise.name} = check("{exercise.id}", {exercise.name})'
        cells += [PristineCell(STUBS[exercise.id], solution, exercise.id, None, False)]
        cells += [PristineCell(check, check, None, exercise.id, False)]
    return Lesson("91", "91_kinds", tuple(cells), {HEAD.id: HEAD, SCALED.id: SCALED})


@pytest.fixture(scope="module")
def verdict():
    """Function from the cells of a notebook, each (exercise or None, source), to the verdict of the last exercise."""
    with Grader(lessons=[lesson()], seed=3, timeout=5) as grader:

        def graded(*cells):
            content = {"nbformat": 4, "nbformat_minor": 5, "cells": [code(source, number) for number, source in cells]}
            made = grader.lesson("91")
            result = grader.grade_submission(submission.parse(json.dumps(content).encode(), made), made)
            return {verdict.exercise_id: verdict for verdict in result.verdicts}[cells[-1][0]]

        yield graded


# Classes -----------------------------------------------------------------------------------------------------------


def test_a_right_class_earns_all_points(verdict):
    graded = verdict(("91.1", CLASS))
    assert graded.passed and graded.points == 4 and graded.ok == (True, True), graded


def test_a_class_with_names_of_its_own_is_filled_all_the_same(verdict):
    assert verdict(("91.1", CLASS.replace("self.norm", "self.first").replace("self.linear", "self.last"))).points == 4


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (CLASS.replace(".mean((2, 3))", ".sum((2, 3))"), "the mean over the places is asked for"),
        (CLASS.replace("nn.Linear(channels, classes)", "nn.Linear(channels, classes, bias=False)"), "is one missing?"),
        (CLASS.replace("self.linear = nn.Linear(channels, classes)", "self.linear = lambda x: x"), "is one missing?"),
        (CLASS.replace("(nn.Module)", "").replace("super().__init__()", "pass"), "derive it from nn.Module"),
        (CLASS.replace("    def forward", "    def backward"), "forward"),
        (CLASS + "\nHead = Head(3, 4)", "is to be a class"),
        ("def Head(channels, classes):\n    return None", "is to be a class"),
    ],
    ids=["sum", "no-bias", "no-layer", "no-module", "no-forward", "an-object", "a-function"],
)
def test_a_wrong_class_is_told_what_is_wrong(verdict, source, words):
    graded = verdict(("91.1", source))
    assert graded.points == 0 and graded.attempted and not graded.passed
    assert words in f"{graded.summary} {graded.diagnosis} {graded.shown}", graded


@pytest.mark.parametrize("source", [CLASS_STUB, CLASS_STUB.replace("  # your code here", ""), CLASS_STUB + "\n"])
def test_the_stub_of_a_class_is_not_attempted(verdict, source):
    graded = verdict(("91.1", source))
    assert not graded.attempted and graded.points == 0 and "Not attempted" in graded.summary, graded


# Alone -------------------------------------------------------------------------------------------------------------


def test_a_function_that_stands_alone_passes_whatever_is_around_it(verdict):
    around = f"print('hello')\nraise_me = 1\n\n{SELF_CONTAINED}\nscaled(torch.ones(2))\nraise ValueError('on the way')"
    graded = verdict(("91.2", around))
    assert graded.passed and graded.points == 2 and graded.source == around, graded
    assert any("ran on its own" in note for note in graded.notes) and "on the way" not in " ".join(graded.notes)


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ((("91.2", "two = 2\ndef scaled(x):\n    return two * x - x.mean()"),), "two"),
        (((None, "def mean(x):\n    return x.mean()"), ("91.2", "def scaled(x):\n    return 2 * x - mean(x)")), "mean"),
        ((("91.2", "import math\ndef scaled(x):\n    return math.sqrt(4) * x - x.mean()"),), "math"),
    ],
    ids=["a-constant", "a-function-of-another-cell", "an-import"],
)
def test_a_function_that_leans_on_the_notebook_fails_and_is_told_so(verdict, cells, name):
    graded = verdict(*cells)
    assert graded.points == 0 and not graded.passed
    assert graded.summary.startswith("scaled must stand on its own here, and it uses " + name), graded


def test_what_the_course_defines_is_not_there_either(verdict):
    graded = verdict(("91.2", "def scaled(x):\n    return factor * x - x.mean()"))
    assert graded.points == 0 and "factor" in f"{graded.summary} {graded.shown}", graded


def test_a_lambda_is_no_definition(verdict):
    graded = verdict(("91.2", "scaled = lambda x: 2 * x - x.mean()"))
    assert graded.points == 0 and "defines it with `def`" in graded.summary, graded


def test_the_last_definition_is_taken_with_its_decorators_and_its_lines():
    source = "x = 1\ndef scaled(x):\n    return 1\n\n@torch.no_grad()\ndef scaled(x):\n    return 2  # two\ny = 2"
    staged = stage(lesson(), SCALED, submission.Answer((submission.Cell(4, source),)))
    assert staged.answer.source == "\n" * 4 + "@torch.no_grad()\ndef scaled(x):\n    return 2  # two"
    assert staged.before == ["import torch", "from torch import nn"] and staged.lacking is None


def test_a_number_has_no_definition():
    with pytest.raises(ExerciseError, match="no definition"):
        Exercise("91.3", "Count", "count", "number", 3, alone=True)
