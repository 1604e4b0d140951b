"""What an answer may use is decided alike by the notebook's check and by the grader, and the notebook says it first."""

import atexit
import contextlib
import io
import json
import sys

import pytest
from rule_cases import DISHONEST, HONEST
from tiny import SMOOTH, code, lesson

import course_lib.ops.flow as flow
from course_lib.exercises import evaluate
from course_lib.exercises.run import run
from course_lib.exercises.watch import terms_of
from course_lib.grading import submission
from course_lib.grading.graft import stage
from course_lib.grading.probe import Reply, ask
from course_lib.grading.trial import untried
from course_lib.grading.verdict import decide

LESSON = lesson()
ROWS = [pytest.param(name, cells, True, id=name) for name, cells in HONEST.items()]
ROWS += [pytest.param(name, cells, False, id=name) for name, cells in DISHONEST.items()]


@pytest.fixture
def in_shell():
    """Function that runs source texts in a fresh IPython and gives its names."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    main, library = sys.modules["__main__"], dict(vars(flow))

    def ran(sources):
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        shell.enable_matplotlib = lambda *ignored: ("inline", "inline")  # which asks for a kernel
        atexit.unregister(shell.atexit_operations)  # a second of cleaning for each of a hundred shells
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for source in sources:
                shell.run_cell(source, store_history=True)
        return shell.user_ns

    yield ran
    InteractiveShell.clear_instance()
    sys.modules["__main__"] = main
    vars(flow).update(library)


def in_the_notebook(ran, cells):
    """The report that a learner sees."""
    sources = ["import torch", *(cell if isinstance(cell, str) else cell[0] for cell in cells)]
    return evaluate(SMOOTH, ran(sources).get("smoothed"))


def in_the_grader(ran, cells):
    """The verdict of the grader: all of it but the kernel, whose work a shell of this process does."""
    handed_in = handed(cells)
    verdict = untried(LESSON, SMOOTH, handed_in)
    if verdict is not None:
        return verdict
    staged = stage(LESSON, SMOOTH, handed_in.answers["90.2"])
    question = ask(SMOOTH, 7)
    made = ran(["import torch", *(cell.source for cell in staged.answer.cells)]).get("smoothed")
    if made is None:
        return staged.verdict(question, Reply("missing"), frozenset())
    outcomes = tuple(run("function", made, cases, None, terms_of(SMOOTH)) for cases in question.sets)
    return decide(question, Reply("ran", outcomes), staged.answer, staged.before)


def handed(cells):
    made = [code("import torch")]
    made += [code(cell) if isinstance(cell, str) else code(cell[0], "90.2") for cell in cells]
    made += [code('smoothed = check("90.2", smoothed)')]
    return submission.parse(json.dumps({"nbformat": 4, "nbformat_minor": 5, "cells": made}).encode(), LESSON)


def test_there_are_enough_rows():
    assert len(HONEST) >= 25 and len(DISHONEST) >= 15


@pytest.mark.parametrize(("name", "cells", "honest"), ROWS)
def test_the_notebook_and_the_grader_agree(in_shell, name, cells, honest):
    pytest.importorskip("dask") if name == "dask" else None
    report = in_the_notebook(in_shell, cells)
    assert report.passed == honest, report.as_text()
    verdict = in_the_grader(in_shell, cells)
    assert (verdict.points == verdict.possible) == honest, verdict
    if not honest:
        assert verdict.points == 0 and report.diagnosis and verdict.summary


@pytest.mark.full("what an answer may use, in the sandbox")
@pytest.mark.parametrize(("name", "cells", "honest"), ROWS)
def test_and_so_does_the_sandbox(grader, name, cells, honest):
    tiny = grader.lesson("90")
    graded = {verdict.exercise_id: verdict for verdict in grader.grade_submission(handed(cells), tiny).verdicts}
    assert graded["90.2"].points == (3 if honest else 0), graded["90.2"]
