"""What tests of several files share: a tiny checkout, and what each lecture cost, printed at the end."""

import pytest
from mini_course import LECTURE, make_checkout

pytest_plugins = ["groups", "tiers"]


@pytest.fixture
def checkout(tmp_path):
    """A folder that looks like a checkout of the course, with one lecture that has no exercises."""
    return make_checkout(tmp_path)


@pytest.fixture
def lecture_text():
    """An authored lecture 02 with one exercise, `twice`; the fixture `registry` knows it."""
    return LECTURE


@pytest.fixture
def registry(monkeypatch):
    """Replace the course's exercises by one for lecture 02."""
    from course_lib.authoring import editions as notebooks
    from course_lib.exercises.spec import Case, Exercise

    exercise = Exercise(
        id="02.1",
        title="Twice",
        name="twice",
        kind="function",
        reference=lambda x: 2 * x,
        cases=lambda generator: [Case("three", (3,))],
        hints=("Add it to itself.", "Use `*`.", "`2 * ...`"),
        points=2,
    )
    exercises = {"02": {"02.1": exercise}}
    monkeypatch.setattr(notebooks, "registered", lambda number: exercises.get(number, {}))
    return exercises


def pytest_terminal_summary(terminalreporter):
    """Say what each lecture costs; xdist carries the property here from its workers."""
    costs = [
        value
        for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
        for name, value in report.user_properties
        if name == "lecture_cost"
    ]
    if costs:
        terminalreporter.section("what the lectures cost: seconds of one core (seconds that passed)", sep="-")
        for cpu, passed, lecture, edition in sorted(costs, reverse=True):
            terminalreporter.write_line(f"{cpu:6.1f} s ({passed:5.1f} s)  {lecture}, {edition}")
        for edition in sorted({cost[3] for cost in costs}):
            cpu, passed = (sum(cost[column] for cost in costs if cost[3] == edition) for column in (0, 1))
            terminalreporter.write_line(f"{cpu:6.1f} s ({passed:5.1f} s)  all, {edition}")
