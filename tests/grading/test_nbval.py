"""Grading through pytest and nbval: the same points as without, and what of nbval's insides we stand on."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny import notebook

ROOT = Path(__file__).parents[2]

# A lecture that no checkout has, taught to the grader of the run by a conftest.py of the test.
TEACH = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import course_lib.grading.grade as grade
from tiny import lesson
made = grade.Grader.__init__
grade.Grader.__init__ = lambda self, root=None, **options: made(self, root, lessons=[lesson()], **options)
"""
ANSWERS = {
    "good": {},
    "hostile": {
        "90.1": "# NBVAL_SKIP\ndef halves(x):\n    while True:\n        pass",
        "90.2": "# NBVAL_RAISES_EXCEPTION\nimport os\nos._exit(0)",
    },
    "muted": {
        "90.1": "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.showtraceback = lambda *a, **k: None\nraise ValueError",
        "90.2": "%notmagic\nraise TypeError",
        "90.3": "count = 41",
    },
}


# The same lecture, with a helper above that is there for whoever uses it, below a cell that fails.
TEACH_HELPER = TEACH.replace("[lesson()]", "[dataclasses.replace(lesson(), cells=(*more, *lesson().cells))]") + """
import dataclasses
from course_lib.grading.pristine import PristineCell
texts = "made = {}['3']", "def helper():\\n    return made"
more = [PristineCell(text, text, None, None, False) for text in texts]
"""


def run(folder, *options, teach=TEACH):
    (folder / "conftest.py").write_text(teach)
    command = [sys.executable, "-m", "pytest", "-p", "course_lib.grading.nbval.plugin", "-p", "no:cacheprovider"]
    command += ["--nbval-lax", "--course-grade", "--course-timeout", "2", "--rootdir", str(folder), *options]
    environment = os.environ | {"GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebooks")
    for name, answers in ANSWERS.items():
        (folder / f"{name}_90_tiny.ipynb").write_bytes(notebook(answers))
    (folder / "broken_90_tiny.ipynb").write_text('{"cells": [')
    code, said = run(folder, "-v", "--fail-under", "8")
    return code, said, (folder / "summary.md").read_text()


def points(said):
    """The lines of the summary: (exercise, points), notebooks in the order of their names."""
    lines = [line.split() for line in said.partition(" points ====")[2].splitlines()]
    return [(line[0], float(line[1])) for line in lines if line and line[0].startswith("90.")]


def test_every_notebook_is_graded_and_none_fails_the_run(graded):
    code, said, _ = graded
    rows = points(said)
    broken, good, hostile, muted = (dict(rows[i : i + 3]) for i in (0, 3, 6, 9))
    assert set(broken.values()) == {0}, said
    assert good == {"90.1": 4, "90.2": 3, "90.3": 1}, said
    assert hostile == {"90.1": 0, "90.2": 0, "90.3": 1}, said
    assert muted == {"90.1": 0, "90.2": 0, "90.3": 0}, said
    assert "failed" not in said.splitlines()[-1] and "xfail" not in said and "skipped" not in said.splitlines()[-1]
    assert code == 0  # 9 points, 8 were wanted


def test_the_summary_of_a_job_on_github(graded):
    _, _, summary = graded
    assert summary.startswith("| exercise | points |") and "**9 of 32 points**" in summary


@pytest.mark.full("grading through pytest, run by run")
def test_exit_codes(tmp_path):
    (tmp_path / "90_tiny.ipynb").write_bytes(notebook({name: "..." for name in ("90.1", "90.2", "90.3")}))
    assert run(tmp_path)[0] == 0
    assert run(tmp_path, "--fail-under", "0.5")[0] == 1
    code, said = run(tmp_path, "-n", "2", "--dist", "worksteal")
    assert code != 0 and "--dist loadfile" in said


def test_a_name_that_brings_in_a_failing_cell_costs_nothing(tmp_path):
    answer = "def halves(x):\n    if False:\n        helper()\n    return x / 2, x.sum()"
    (tmp_path / "90_tiny.ipynb").write_bytes(notebook({"90.1": answer}))
    code, said = run(tmp_path, "-v", teach=TEACH_HELPER)
    assert code == 0 and "90.1 course 1" in said, said
    assert dict(points(said)) == {"90.1": 4, "90.2": 3, "90.3": 1}, said


def test_the_insides_of_nbval_are_where_we_use_them():
    """When a new nbval moves one of these, look at course_lib/grading/nbval/adapter.py, and only there."""
    import nbval.plugin as plugin
    from nbval.kernel import RunningKernel

    assert issubclass(plugin.NbCellError, Exception)
    signature = inspect.signature(plugin.IPyNbCell.__init__)
    assert list(signature.parameters) == ["self", "name", "parent", "cell_num", "cell", "options"]
    source = inspect.getsource(plugin.IPyNbCell.runtest)
    for used in ("self.parent.kernel", ".is_alive()", ".execute_cell_input(", ".await_reply(", ".interrupt()",
                 ".stop()",
                 "self.parent.timed_out", "nbval_cell_timeout", "self.test_outputs", "self.parent.get_kernel_message(",
                 "self.options['skip']", "self.options['check']"):  # fmt: skip
        assert used in source, f"nbval's IPyNbCell.runtest no longer uses {used}"
    assert "self.kernel.get_message(" in inspect.getsource(plugin.IPyNbFile.get_kernel_message)
    assert "self.get_message(stream='shell'" in inspect.getsource(RunningKernel.await_reply)
    assert "self.get_message(" in inspect.getsource(RunningKernel.await_idle)
    assert "timed_out" in inspect.getsource(plugin.IPyNbCell.setup)
    others = [
        path for path in (ROOT / "course_lib").rglob("*.py")
        if "import nbval" in path.read_text() or "from nbval" in path.read_text()
    ]  # fmt: skip
    assert [path.name for path in others] == ["adapter.py"]
