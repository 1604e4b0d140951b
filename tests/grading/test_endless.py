"""Nothing that a learner hands in keeps a batch from its end, and nothing of a batch outlives it."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostile import JUNK, STUBBORN

from course_lib.authoring.editions import find_root, find_sources, make_edition, read, to_bytes
from course_lib.grading import batch, pool
from course_lib.grading.parcel import Task

ROOT = find_root(__file__)
ENDLESS = {
    "breaks its connection": JUNK + "def to_clip(frames):\n    while True:\n        pass",
    "breaks it and cannot be stopped": JUNK + STUBBORN,
    "breaks it when it is called": "def to_clip(frames):\n    " + (JUNK + STUBBORN).strip().replace("\n", "\n    "),
}


def asleep(*_):
    """In place of what a worker does."""
    time.sleep(600)


def test_a_worker_that_is_stuck_is_ended_and_replaced(monkeypatch):
    monkeypatch.setattr(pool, "_work", asleep)
    monkeypatch.setattr(pool, "longest", lambda timeout: 0.2)
    monkeypatch.setattr(pool, "ENDING", 0.2)
    tasks = [Task(student, "", "00", f"{student}.ipynb", ".") for student in ("ada", "bob")]
    with pool.LocalPool(batch.Options(ROOT, {"00": "00_start_here"}), 1, 1) as workers:
        first = workers.workers[0].process
        rows = {task.student: row for task, row in workers.results(tasks)}
        assert not first.is_alive()
    assert rows == dict.fromkeys(("ada", "bob"), {"failed": "it took far too long"})
    assert not workers.workers[0].process.is_alive()


def class_of(folder, answers):
    """Solutions of lecture 00 in which the answer to its first exercise is replaced: dict from student to a source."""
    made = make_edition(read(find_sources(ROOT, ["00"])[0]), "solutions", "https://github.com/a/b").notebook
    cell = next(cell for cell in made["cells"] if cell["metadata"].get("course", {}).get("exercise") == "00.1")
    right = cell["source"]
    for student, source in answers.items():
        cell["source"] = source or right
        (folder / student).mkdir(parents=True)
        (folder / student / "00_start_here.ipynb").write_bytes(to_bytes(made))
    return folder


def start(tmp_path, folder, *more):
    command = [sys.executable, "-m", "course_lib.cli", "grade", str(folder), "--out", str(tmp_path / "out"), *more]
    (tmp_path / "t").mkdir(exist_ok=True)
    environment = os.environ | {"TMPDIR": str(tmp_path / "t")}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def descendants(number):
    """The processes below one: set of (number, when it was started)."""
    parents, started = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.name)], started[int(path.name)] = int(fields[1]), fields[19]
    found, waiting = set(), [number]
    while waiting:
        above = waiting.pop()
        below = [child for child, parent in parents.items() if parent == above]
        found |= {(child, started[child]) for child in below}
        waiting += below
    return found


def living(processes):
    """Those of them that still run."""
    found = set()
    for number, started in processes:
        try:
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and fields[19] == started:
            found.add(number)
    return found


@pytest.mark.full("hostile submissions that hang, flood or fill the memory")
def test_a_batch_with_endless_submissions_ends(boxed, tmp_path):
    answers = {"ada": None, **{f"eve {number}": source for number, source in enumerate(ENDLESS.values())}, "zoe": None}
    run = start(tmp_path, class_of(tmp_path / "in", answers), "--timeout", "1", "-n", "2")
    below = set()
    while run.poll() is None:
        below |= descendants(run.pid)
        time.sleep(0.2)
    said = run.communicate()[0]
    assert run.returncode == 0, said
    with open(tmp_path / "out" / "grades.csv", encoding="utf-8-sig") as file:
        rows = {row["Student"]: row for row in csv.DictReader(file)}
    assert [rows[name]["Total"] for name in answers] == ["4", "2", "2", "2", "4"], said
    for number in range(len(ENDLESS)):
        page = (tmp_path / "out" / "feedback" / f"eve {number}" / "00_start_here.html").read_text()
        assert "broke the connection" in page or "could not be interrupted" in page or "was interrupted after" in page
    assert len(below) > 4 and living(below) == set() and list((tmp_path / "t").iterdir()) == []


@pytest.mark.full("grading that is killed and resumed")
def test_nothing_outlives_a_grader_that_is_killed(boxed, tmp_path):
    """In the middle of a submission that hangs; and the next grader removes its folders."""
    folder = class_of(tmp_path / "in", {"eve": STUBBORN.replace("signal.", "__import__('signal').")})
    run = start(tmp_path, folder, "--timeout", "60")
    until = time.monotonic() + 120
    # two of Python's, bubblewrap twice, the zygote, and a box of three
    while len(descendants(run.pid)) < 8 and time.monotonic() < until:
        time.sleep(0.2)
    below = descendants(run.pid)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    until = time.monotonic() + 20
    while living(below) and time.monotonic() < until:
        time.sleep(0.1)
    assert len(below) >= 8 and living(below) == set()
    assert len(list((tmp_path / "t").glob("course-*"))) == 2
    again = start(tmp_path, folder, "--timeout", "1", "--resume")
    said = again.communicate(timeout=200)[0]
    assert again.returncode == 0 and "2 of 4" in said, said
    assert list((tmp_path / "t").iterdir()) == []
