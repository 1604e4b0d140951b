"""Temporary folders and processes of a grader that was killed: none stays."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from course_lib.errors import CourseError
from course_lib.grading import scratch

ROOT = Path(__file__).parents[2]
OWNER = """
import time
from course_lib.grading.scratch import Scratch
print(Scratch("course-").folder, flush=True)
time.sleep(600)
"""
# A process that starts another one, which says its number and is stuck.
PARENT = """
import os, subprocess, sys, time
child = 'import os, sys, time; from course_lib.grading.inside.lifeline import end_with_parent as e; ' \\
        'e(int(sys.argv[1])); print(os.getpid(), flush=True); time.sleep(600)'
subprocess.Popen([sys.executable, "-c", child, str(os.getpid())])
time.sleep(600)
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where temporary files go, here and in the processes that are started."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def said_by(source):
    """(a process, the first line that it says)."""
    process = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def killed(process):
    with process:
        os.kill(process.pid, signal.SIGKILL)


def test_what_a_killed_grader_left_is_swept_and_nothing_else(place):
    process, folder = said_by(OWNER)
    (Path(folder) / "boxes").mkdir()
    for name in ("course-of-somebody", "other"):
        (place / name).mkdir()
    (place / "course-link").symlink_to(folder)
    with scratch.Scratch() as mine:
        assert Path(folder).is_dir(), "its owner lives"
        killed(process)
        scratch.sweep()
        assert mine.is_dir() and not Path(folder).exists()
    left = sorted(path.name for path in place.iterdir())
    assert left == ["course-link", "course-of-somebody", "other"]


def test_the_next_grader_sweeps(place):
    process, folder = said_by(OWNER)
    killed(process)
    assert Path(folder).is_dir()
    scratch.Scratch().remove()
    assert list(place.iterdir()) == []


def test_no_room_for_temporary_files(place, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(place / "gone"))
    with pytest.raises(CourseError, match="TMPDIR"):
        scratch.Scratch()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends processes with their parent")
def test_a_process_ends_with_the_one_that_started_it():
    process, number = said_by(PARENT)
    assert runs(int(number))
    killed(process)
    until = time.monotonic() + 20
    while runs(int(number)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not runs(int(number))


def runs(number):
    """Whether a process runs: one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
