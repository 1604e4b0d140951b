"""One grader for the tiny lecture, shared by the tests that need a sandbox."""

import os

import pytest
from tiny import lesson, notebook

from course_lib.grading import submission
from course_lib.grading.grade import Grader
from course_lib.grading.sandbox import choose


@pytest.fixture(scope="session")
def grader():
    os.environ["COURSE_TEST_SECRET"] = "a secret of the continuous integration"
    with Grader(lessons=[lesson()], seed=1, timeout=2.5, memory=1500) as grader:
        yield grader
    del os.environ["COURSE_TEST_SECRET"]


@pytest.fixture
def verdicts(grader):
    """Function from replaced answers to the verdicts of a notebook, by exercise."""

    def graded(answers=None):
        tiny = grader.lesson("90")
        result = grader.grade_submission(submission.parse(notebook(answers), tiny), tiny)
        return {verdict.exercise_id: verdict for verdict in result.verdicts}

    return graded


@pytest.fixture
def boxed():
    """Skip where there is no sandbox to test."""
    works, why = choose("auto")
    if not works:
        pytest.skip(why)
