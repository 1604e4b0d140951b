"""A lecture of three small exercises that no checkout has, and notebooks handed in for it."""

import contextlib
import dataclasses
import json

import torch

from course_lib.authoring.editions import find_root, find_sources, read
from course_lib.authoring.source import NotebookError
from course_lib.exercises.spec import Case, Exercise, Mistake
from course_lib.grading.pristine import Lesson, PristineCell


def halves_of(x):
    """The reference of 90.1."""
    return x / 2, x.sum()


def smooth(x, weight):
    """The reference of 90.2."""
    return torch.nn.functional.conv1d(x[None, None], weight[None, None])[0, 0]


def _halves(generator):
    sizes = ((2, 3), (5,), (1, 4, 2))
    return [Case(f"{len(size)} axes", (torch.randn(size, generator=generator),)) for size in sizes]


def _smooth(generator):
    return [
        Case(f"{n} numbers", (torch.randn(n, generator=generator), torch.randn(k, generator=generator)))
        for n, k in ((7, 1), (9, 3), (6, 6))
    ]


HALVES = Exercise(
    "90.1", "Halves", "halves", "function", halves_of, _halves, points=4,
    mistakes=(Mistake("The sum belongs to the whole, not to the halves.", lambda x: (x / 2, (x / 2).sum())),),
)  # fmt: skip
SMOOTH = Exercise(
    "90.2", "Smooth", "smoothed", "function", smooth, _smooth, points=3, forbidden=("torch.nn.functional.conv1d",)
)
COUNT = Exercise("90.3", "Count", "count", "number", 42, points=1)

SOLUTIONS = {
    "90.1": "def halves(x):\n    return x / 2, x.sum()",
    "90.2": (
        "def smoothed(x, weight):\n    size = len(weight)\n"
        "    return torch.stack([(x[i : i + size] * weight).sum() for i in range(len(x) - size + 1)])"
    ),
    "90.3": "count = 42",
}
STUBS = {
    "90.1": "def halves(x):\n    ...  # your code here",
    "90.2": "def smoothed(x, weight):\n    return x * weight[0]",  # a starting point, right for a weight of one number
    "90.3": "count = ...  # your code here",
}
NAMES = {"90.1": "halves", "90.2": "smoothed", "90.3": "count"}
SETUP = PristineCell('course = start("90")', 'course = start("90")', None, None, True)
IMPORTS = PristineCell("import torch", "import torch", None, None, False)
TRAINING = PristineCell("raise SystemExit('this cell trains for hours')", "1", None, None, False)


def lesson():
    cells = [SETUP, IMPORTS]
    for number, name in NAMES.items():
        check = f'{name} = check("{number}", {name})'
        cells += [PristineCell(STUBS[number], SOLUTIONS[number], number, None, False)]
        cells += [PristineCell(check, check, None, number, False), TRAINING]
    return Lesson("90", "90_tiny", tuple(cells), {e.id: e for e in (HALVES, SMOOTH, COUNT)})


def frail_lesson():
    """The same lecture below two functions that nothing needs, each with a cell that it uses: one fails, one ends."""
    texts = ("made = {}['3']", "def helper():\n    return made", "gone = __import__('os')._exit(3)",
             "def ending():\n    return gone")  # fmt: skip
    frail = [PristineCell(text, text, None, None, False) for text in texts]
    return dataclasses.replace(lesson(), cells=(*frail, *lesson().cells))


def broken_lesson():
    """The same lecture, with an import that all need and nobody has."""
    missing = PristineCell("import no_such_module", "import no_such_module", None, None, False)
    return dataclasses.replace(lesson(), cells=(missing, *lesson().cells))


def real_lectures():
    """The authored lectures that can be read; one that cannot is what tests/test_lectures.py is about."""
    found = []
    for source in find_sources(find_root(__file__)):
        with contextlib.suppress(NotebookError):
            found.append(read(source))
    return found


def code(source, exercise=None, **more):
    metadata = {"course": {"exercise": exercise, "points": 1}} if exercise else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None} | more


def cells_of(answers=None):
    """The cells of a handed-in notebook: the solutions, with some answers replaced."""
    cells = [code("from course_lib import check, claim, predict, start\ncourse = start('90')"), code("import torch")]
    for number, source in (SOLUTIONS | (answers or {})).items():
        cells += [code(source, number), code(f'{NAMES[number]} = check("{number}", {NAMES[number]})')]
    return cells


def notebook(answers=None, **more):
    """A handed-in notebook as bytes."""
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells_of(answers)} | more
    return json.dumps(content).encode()
