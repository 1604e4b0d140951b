"""The suite's own arrangement: what stays together in one worker, and what the quick tier leaves and says so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TESTS = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_number(number): pass
"""
EXERCISES = """
import pytest

IDS = ["01.1", "01.2 late", "02.1", "02.2", "02.3 [1]"]

@pytest.mark.parametrize("exercise", IDS, ids=IDS)
def test_right(exercise): pass

@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("exercise", IDS[1:], ids=IDS[1:])
def test_wrong(exercise, seed): pass

def test_alone(): pass
"""
MARKED = """
import pytest

@pytest.mark.full("floods")
@pytest.mark.parametrize("number", range(3))
def test_flood(number): pass

@pytest.mark.full("kill -9")
def test_killed(): pass
"""


@pytest.fixture
def suite(tmp_path):
    """Function that runs a small suite with this one's plugins; returns what pytest said."""
    files = {"browser/test_a": TESTS, "browser/test_b": TESTS, "notebooks/test_lectures": TESTS, "test_c": TESTS}
    for name, text in (files | {"exercises/test_exercises": EXERCISES, "test_marked": MARKED}).items():
        path = tmp_path / "tests" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "tests" / "conftest.py").write_text('pytest_plugins = ["groups", "tiers"]', encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = full: see above\n", encoding="utf-8")

    def run(*options):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        command = [sys.executable, "-m", "pytest", "--strict-markers", "-p", "xdist", "--color=no", *options]
        environment = clean | {"PYTHONPATH": str(HERE), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        done = subprocess.run([*command, "tests"], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_group_stays_in_one_worker_and_both_have_work(suite):
    said = suite("-n2", "-v")
    ran = re.findall(r"\[(gw\d)\].* PASSED (\S+)\.py::(\S+)", said)
    assert len(ran) == 34, said
    where = {}
    for worker, file, _ in ran:
        where.setdefault(file, set()).add(worker)
    assert len(where["tests/browser/test_a"] | where["tests/browser/test_b"]) == 1, said
    assert len(where["tests/test_c"]) == len(where["tests/test_marked"]) == 1, said
    lectures = {}
    for worker, file, test in ran:
        if file == "tests/exercises/test_exercises" and test != "test_alone":
            lectures.setdefault(re.search(r"\[(\d\d)", test)[1], set()).add(worker)
    assert list(map(len, lectures.values())) == [1, 1], said
    assert set.union(*where.values()) == {"gw0", "gw1"}, "grouping everything would pass as well"


def test_exercises_run_lecture_by_lecture_the_longest_first(suite):
    """Before what is short, whatever their numbers say."""
    ran = re.findall(r"^tests/(\w+)\S*?::\w+(?:\[(\d\d)\.)?", suite("-v"), re.MULTILINE)
    assert [lecture for folder, lecture in ran if folder == "exercises"] == ["02"] * 9 + ["01"] * 4 + [""]
    assert [folder for folder, _ in ran].index("exercises") < [folder for folder, _ in ran].index("test_c"), ran


def test_lectures_are_dealt_out_one_by_one():
    """Else one worker validates all of them."""
    from groups import group

    one, other = (f"tests/notebooks/test_lectures.py::test_a_lecture[{number}]" for number in (1, 2))
    assert group(one) != group(other)
    assert group("tests/test_c.py::test_number[1]") == group("tests/test_c.py::test_number[2]")


@pytest.mark.parametrize("workers", [[], ["-n2"]], ids=["alone", "two-workers"])
def test_the_quick_tier_says_what_it_left(suite, workers):
    said = suite("--quick", *workers)
    assert "30 passed" in said
    assert "left to `make test-all`: 4 -" in said
    assert re.search(r"^ +3  floods\n +1  kill -9$", said, re.MULTILINE), said


def test_what_was_not_asked_for_was_not_left(suite):
    said = suite("--quick", "-k", "killed or test_c")
    assert "left to `make test-all`: 1 -" in said and "floods" not in said


def test_the_full_tier_leaves_nothing(suite):
    said = suite()
    assert "34 passed" in said and "left to" not in said
