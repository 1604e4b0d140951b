"""The benchmark of grading: the notebooks that it makes, and what it does when something is missing."""

import json
import sys

import pytest

from course_lib.authoring.editions import find_root, find_sources, read
from course_lib.bench import grading
from course_lib.bench import runner as bench
from course_lib.bench.runner import Skip
from course_lib.grading import submission
from course_lib.grading.pristine import Lesson

ROOT = find_root(__file__)


@pytest.fixture(scope="module")
def lecture():
    return read(find_sources(ROOT, ["02"])[0])


def sources(lecture, kind, whole):
    notebook = json.loads(grading.answered(lecture, kind, whole))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_exercises_alone_are_what_grading_runs(lecture):
    lesson = Lesson.of(lecture)
    whole, alone = sources(lecture, "solved", True), sources(lecture, "solved", False)
    assert len(alone) < len(whole) and set(alone) <= set(whole)
    assert any("fit(" in source for source in whole) and not any("fit(" in source for source in alone[2:])
    for exercise in lesson.exercises:
        needed = set(lesson.needed_before(exercise)[1:])  # the first is the set-up, which the notebook has in full
        assert needed <= set(alone)


@pytest.mark.parametrize("whole", [True, False])
def test_the_kinds_of_answers_differ_and_are_found(lecture, whole):
    lesson, solved = Lesson.of(lecture), {}
    for kind in grading.KINDS:
        handed_in = submission.parse(grading.answered(lecture, kind, whole), lesson)
        assert handed_in.problem is None and set(handed_in.answers) == set(lesson.exercises)
        own = {cell.exercise: cell.solution for cell in lesson.cells if cell.exercise}
        solved[kind] = sum(answer.source.strip() == own[key].strip() for key, answer in handed_in.answers.items())
    assert solved == {"solved": 5, "half-solved": 3, "wrong": solved["wrong"], "stubs": 0} and solved["wrong"] < 5


def test_a_class_is_a_folder_per_student():
    with grading.class_of(2) as (folder, paths):
        shown = [path.relative_to(folder).as_posix() for path in paths]
        assert all(path.is_file() for path in paths)
    assert shown[0] == "submissions/student000/01_video_tensors.ipynb" and len(shown) == 4


def test_without_nbval_the_rows_are_skipped(monkeypatch):
    bench.discover()
    monkeypatch.setitem(sys.modules, "nbval", None)
    monkeypatch.setenv("COURSE_BENCH_LONG", "1")
    rows = [each for each in bench.rows.values() if each.measure.__module__ == grading.__name__]
    assert len(rows) == 5
    for each in rows:
        result = bench.run(each)
        assert result.status == "skipped" and "nbval" in result.note


def test_long_rows_wait_to_be_asked_for(monkeypatch):
    monkeypatch.delenv("COURSE_BENCH_LONG", raising=False)
    with pytest.raises(Skip, match="COURSE_BENCH_LONG"):
        grading.one_whole_notebook(1)


def test_a_command_that_fails_is_an_error_and_no_figure():
    with pytest.raises(RuntimeError, match="code 1"):
        grading.run(["-m", "course_lib.cli", "grade", "nothing_there"])
    with pytest.raises(RuntimeError, match="code 4"):
        grading._nbval(["nothing_there.ipynb"])
