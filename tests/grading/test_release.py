"""A release holds what it should and nothing else, and is only made of exercises that work."""

import json
import re
import subprocess

import pytest
import yaml
from tiny import HALVES, lesson, real_lectures

from course_lib.authoring.editions import find_root
from course_lib.errors import CourseError
from course_lib.grading import release as releasing
from course_lib.grading.grade import Grader
from course_lib.grading.pristine import Lesson, PristineCell

ROOT = find_root(__file__)


def solution_lines():
    """The lines that only the solved notebooks have."""
    lessons = [Lesson.of(lecture) for lecture in real_lectures()]
    cells = [cell for each in lessons for cell in each.cells]
    shown = {line.strip() for cell in cells for line in cell.source.splitlines()}
    return {line.strip() for cell in cells for line in cell.solution.splitlines() if len(line.strip()) > 12} - shown


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("release") / "out", []
    with pytest.MonkeyPatch.context() as patch:  # the verification of the real lectures takes its time: tested below
        patch.setattr(releasing, "verify", lambda grader, number: [])
        numbers = [lecture.number for lecture in real_lectures()]
        releasing.release(folder, ROOT, numbers, hide_solutions=True, say=said.append)
    return folder


def test_a_release_without_solutions_has_none(released):
    texts = {path: path.read_text(encoding="utf-8") for path in released.rglob("*") if path.is_file()}
    lines = solution_lines()
    assert len(lines) > 10 and len(texts) >= 4
    for path, text in texts.items():
        code = text
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
            assert not any(cell.get("outputs") for cell in cells)
        assert not {line for line in lines if line in {own.strip() for own in code.splitlines()}}, path


def test_a_release_can_be_graded_by_github(released, tmp_path):
    workflow = yaml.safe_load((released / ".github" / "workflows" / "grade.yml").read_text())
    steps = workflow["jobs"]["grade"]["steps"]
    command = next(step["run"] for step in steps if "pytest" in step.get("run", ""))
    assert "--noconftest" in command and "-c .course/pyproject.toml" in command  # the learner's own would be run
    for name in re.findall(r"\S+\.ipynb", command):
        assert (released / name).is_file()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pytest").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "bin" / "pytest").chmod(0o755)
    (tmp_path / "01_video_tensors.ipynb").touch()  # a learner who has deleted the others
    path = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}
    ran = subprocess.run(["bash", "-e", "-c", command], cwd=tmp_path, env=path, capture_output=True, text=True)
    assert ran.stdout.split()[-2:] == [".course", "01_video_tensors.ipynb"], ran.stderr
    assert workflow["permissions"] == {"contents": "read"}
    readme = (released / "README.md").read_text()
    assert "| 02.1 |" in readme and "| | **all** |" in readme


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(CourseError, match="empty"):
        releasing.release(tmp_path, ROOT)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_stubs_fail_and_solutions_pass(grader):
    assert releasing.verify(grader, "90") == []


def test_a_wrong_solution_and_a_solved_stub_are_found():
    wrong = PristineCell(
        "def halves(x):\n    return x / 2, x.sum()", "def halves(x):\n    return x", "92.1", None, False
    )
    import dataclasses

    exercise = dataclasses.replace(HALVES, id="92.1")
    broken = Lesson("92", "92_broken", (*lesson().cells[:2], wrong), {"92.1": exercise})
    with Grader(lessons=[broken], seed=1) as grader:
        problems = " ".join(releasing.verify(grader, "92"))
    assert "its own solution does not pass" in problems and "stub passes" in problems


@pytest.mark.parametrize("number", [lecture.number for lecture in real_lectures()])
def test_a_real_lecture_is_ready_to_be_released(number):
    with Grader(ROOT, seed=2) as grader:
        assert releasing.verify(grader, number) == []
