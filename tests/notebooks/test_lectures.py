"""nbval validates every notebook in both editions: runs it from top to bottom and compares the output where tagged.

The solved edition runs in full: every claim must hold. The learner edition runs in the profile smoke, which hardly
trains: every cell must run while nothing is solved. Each is in a process of its own, in an empty folder, as it would be
on Colab. What each costs stands in the last lines of the run.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import nbformat
import pytest

from course_lib.authoring.build import find_stale
from course_lib.authoring.editions import find_sources

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
LEARNER = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROFILES = {"solutions": "cpu", "learner": "smoke"}  # by edition
CELL_TIMEOUT = 600  # seconds; a lecture is meant to take 30 in all
_COLOR = re.compile(r"\x1b\[[0-9;]*m|#x1B\[[0-9;]*m")


class Validated(NamedTuple):
    """What a validation found.

    failures: list of what failed, one readable text per cell.
    cells: number of cells that ran.
    core: seconds of one core, kernel and imports included.
    passed: seconds that passed.
    """

    failures: list
    cells: int
    core: float
    passed: float


def validate(notebook, folder, edition):
    """Run nbval on a copy of a notebook.

    Args:
        notebook: path of it.
        folder: an empty folder for the copy.
        edition: "solutions", where a claim that does not hold, or a wrong solution, raises; or "learner".
    Returns:
        Validated.
    """
    shutil.copy(notebook, folder)
    environment = validation_environment(edition)
    report = Path(folder) / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "nbval.plugin", "--nbval-lax", "--nbval-current-env"]
    command += [f"--nbval-cell-timeout={CELL_TIMEOUT}", f"--junitxml={report}", f"--rootdir={folder}"]
    command += ["-p", "no:cacheprovider", "--color=no", "-q", "-c", os.devnull, notebook.name]
    began = os.times()
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    ended = os.times()
    core = ended.children_user + ended.children_system - began.children_user - began.children_system
    cost = core, ended.elapsed - began.elapsed
    if not report.is_file():
        return Validated([f"pytest did not get to the cells:\n{run.stdout}{run.stderr}"], 0, *cost)
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    failures = [_readable(case, notebook) for case in cases if _trouble(case) is not None]
    if run.returncode and not failures:
        failures = [f"pytest ended with {run.returncode}:\n{run.stdout}{run.stderr}"]
    return Validated(failures, len(cases), *cost)


def validation_environment(edition):
    """The variables of a validation: profile, strictness, and for each test worker its share of the cores."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    share = str(max(1, (os.cpu_count() or 1) // workers))
    environment = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), share)
    environment |= {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"COURSE_PROFILE": PROFILES[edition], "COURSE_STRICT": "1" if edition == "solutions" else "0"}
    environment |= {"PYTHONPATH": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # nbval alone: the others take a second to load
    environment["TQDM_DISABLE"] = "1"  # nbval gives up on a cell when thousands of a bar's messages take over 5 s
    return environment


def _trouble(case):
    """The element of a test case that says what failed, or None."""
    failure = case.find("failure")
    return case.find("error") if failure is None else failure


def _readable(case, notebook):
    """What nbval says of a cell, without colours, headed by the cell's id."""
    said = _COLOR.sub("", _trouble(case).text or "").strip()
    number = re.fullmatch(r"Cell (\d+)", case.get("name"))
    if not number:
        return f"{notebook.name} cannot be read:\n{said}"
    cells = [cell for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    return f"{notebook.name}, code cell {int(number[1]) + 1} (id {cells[int(number[1])]['id']}):\n{said}"


def validate_and_tell(notebook, tmp_path, record_property, edition):
    found = validate(notebook, tmp_path, edition)
    record_property("lecture_cost", (found.core, found.passed, notebook.stem, edition))
    if found.failures:  # the cells below a failure fail for want of its names, so the first is what to read
        text = f"{len(found.failures)} of {found.cells} cells fail; the first:\n\n{found.failures[0]}"
        pytest.fail(text, pytrace=False)
    assert found.cells > 0


@pytest.mark.parametrize("notebook", SOLUTIONS, ids=lambda path: path.stem)
def test_solutions_edition_validates(notebook, tmp_path, record_property):
    validate_and_tell(notebook, tmp_path, record_property, "solutions")


@pytest.mark.parametrize("notebook", LEARNER, ids=lambda path: path.stem)
def test_learner_edition_runs_unsolved(notebook, tmp_path, record_property):
    validate_and_tell(notebook, tmp_path, record_property, "learner")


def test_both_editions_are_what_the_sources_make():
    assert find_stale(ROOT) == []


def test_every_lecture_is_validated_in_both_editions():
    names = [source.stem for source in find_sources(ROOT)]
    assert [path.stem for path in SOLUTIONS] == names
    assert [path.stem for path in LEARNER] == names


# That a notebook can fail, and that the workers share the cores


def test_two_workers_share_the_cores_unless_the_caller_has_said_how(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "2")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert validation_environment("solutions")["OMP_NUM_THREADS"] == "2"
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert validation_environment("solutions")["OMP_NUM_THREADS"] == "1"


def write_notebook(folder, *cells):
    """A notebook of (source, what it is said to have printed, tags) that was executed long ago."""
    notebook = nbformat.v4.new_notebook()
    for number, (source, printed, tags) in enumerate(cells, 1):
        outputs = [nbformat.v4.new_output("stream", name="stdout", text=printed)] if printed else []
        cell = nbformat.v4.new_code_cell(source, outputs=outputs, execution_count=number, metadata={"tags": tags})
        notebook.cells.append(cell)
    path = folder / "99_made_up.ipynb"
    nbformat.write(notebook, path)
    return path


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


STRICT = ["nbval-check-output"]


def test_a_notebook_that_is_right_validates_and_other_output_matters_only_where_tagged(tmp_path, folder):
    path = write_notebook(tmp_path, ("print(1)", "1\n", STRICT), ("print(2)", "something else\n", []))
    found = validate(path, folder, "solutions")
    assert (found.failures, found.cells) == ([], 2)


def test_a_cell_that_raises_and_a_tagged_cell_with_other_output_fail_readably(tmp_path, folder):
    path = write_notebook(tmp_path, ("print(1)", "2\n", STRICT), ("1 / 0", "", []), ("print(3)", "3\n", STRICT))
    failures, cells, *_ = validate(path, folder, "solutions")
    assert (len(failures), cells) == (2, 3)
    assert failures[0].startswith("99_made_up.ipynb, code cell 1 (id ")
    assert failures[1].startswith("99_made_up.ipynb, code cell 2 (id ")
    assert "ZeroDivisionError" in failures[1]
    assert "\x1b" not in "".join(failures)


@pytest.mark.parametrize("edition", PROFILES)
def test_a_claim_that_does_not_hold_fails_the_solutions_edition(tmp_path, folder, monkeypatch, edition):
    monkeypatch.setenv("COURSE_STRICT", "1")  # the caller's own does not reach the learner edition
    source = 'from course_lib import claim\nclaim("Two is more than three", 2 > 3, measured="2 against 3")'
    found = validate(write_notebook(tmp_path, (source, "", [])), folder, edition)
    assert len(found.failures) == (edition == "solutions"), found.failures


def test_each_edition_runs_in_its_profile_on_this_course_lib_in_an_empty_folder(tmp_path, folder):
    source = (
        "import os, course_lib\n"
        "assert course_lib.start('00').profile == 'smoke'\n"
        f"assert os.path.samefile(os.path.dirname(course_lib.__file__), {str(ROOT / 'course_lib')!r})\n"
        "assert [n for n in os.listdir() if not n.startswith('.')] == ['99_made_up.ipynb']\n"
    )
    path = write_notebook(tmp_path, (source, "", []))
    assert validate(path, folder, "learner").failures == []
    (told,) = validate(path, folder, "solutions").failures
    assert "AssertionError" in told and "profile" in told


def test_what_a_notebook_costs_is_measured_in_its_kernel(tmp_path, folder):
    """Not in the process that waits for it."""
    source = "import time\nwhile time.process_time() < 3:\n    pass"
    found = validate(write_notebook(tmp_path, (source, "", [])), folder, "learner")
    assert found.failures == [] and found.core > 3


def test_a_file_that_is_no_notebook_is_told(tmp_path, folder):
    path = tmp_path / "99_made_up.ipynb"
    path.write_text("{", encoding="utf-8")
    assert len(validate(path, folder, "solutions").failures) == 1
