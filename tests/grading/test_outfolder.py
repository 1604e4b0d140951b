"""The folder of the results: one grader at a time, apart from the submissions, and a sentence where it cannot be."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from course_lib.cli import course
from course_lib.errors import CourseError
from course_lib.grading import batch, gradebook, outfolder
from course_lib.grading.journal import Journal
from course_lib.grading.locks import Lock, Taken

ROOT = Path(__file__).parents[2]
OPTIONS = batch.Options(ROOT, {"01": "01_video_tensors"})
HOLDER = """
import sys, time
from course_lib.grading.outfolder import held
with held(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def submissions(tmp_path):
    folder = tmp_path / "in" / "ada"
    folder.mkdir(parents=True)
    (folder / "01_video_tensors.ipynb").write_text("{}")
    return tmp_path / "in"


def test_two_graders_do_not_share_a_folder(submissions, tmp_path):
    """The second one says who is there and fails; a lock ends with its owner, also one that is killed."""
    out = tmp_path / "out"
    command = [sys.executable, "-c", HOLDER, str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        done = CliRunner().invoke(course, ["grade", str(submissions), "--out", str(out)])
        assert isinstance(done.exception, CourseError) and f"process {other.pid}" in str(done.exception)
        with pytest.raises(CourseError, match="Another grader is at work"):
            batch.grade_class(submissions, out, OPTIONS, resume=True)
        (out / batch.JOURNAL).write_text('{"header": {"seed": 1}}\n')
        with pytest.raises(CourseError, match="Another grader is at work"):
            batch.regrade(out, OPTIONS)
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    with outfolder.held(out):
        pass


def test_a_lock_is_for_one(tmp_path):
    with Lock(tmp_path / "lock", "the first") as first:
        with pytest.raises(Taken, match="the first"):
            Lock(tmp_path / "lock", "the second")
        first.release()
        Lock(tmp_path / "lock", "the third").release()
    assert (tmp_path / "lock").read_text() == "the third"


@pytest.mark.parametrize(("place", "out"), [("in", "in/grades"), ("in", "in"), ("in/ada", "in"), ("a.zip", ".")])
def test_results_lie_apart_from_submissions(submissions, tmp_path, place, out):
    (tmp_path / "a.zip").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CourseError, match="within"):
        batch.grade_class(tmp_path / place, tmp_path / out, OPTIONS, resume=True)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_hides_no_nesting(submissions, tmp_path):
    (tmp_path / "link").symlink_to(submissions)
    with pytest.raises(CourseError, match="within"):
        outfolder.keep_apart(submissions, tmp_path / "link" / "grades")
    outfolder.keep_apart(submissions, tmp_path / "in2")


def test_another_seed_is_no_resuming(submissions, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with Journal(out / batch.JOURNAL, {"seed": 7}) as journal:
        journal.append({"student": "eve", "lecture": "01", "checksum": ""})
    before = (out / batch.JOURNAL).read_bytes()
    with pytest.raises(CourseError, match="begun with --seed 7.*--seed 8"):
        batch.grade_class(submissions, out, OPTIONS, seed=8, resume=True)
    assert (out / batch.JOURNAL).read_bytes() == before
    batch._keeps_its_seed(out, 7)
    batch._keeps_its_seed(out, None)
    done = CliRunner().invoke(course, ["grade", "--regrade", str(out), "--seed", "8"])
    assert done.exit_code == 2 and "keeps the seed" in done.output


def test_a_file_in_place_of_the_folder(submissions, tmp_path):
    (tmp_path / "grades").write_text("mine")
    for out in ("grades", "grades/of/today"):
        with pytest.raises(CourseError, match="cannot be written: .* file.*choose another --out") as told:
            batch.grade_class(submissions, tmp_path / out, OPTIONS)
        assert "\n" not in str(told.value)
    assert (tmp_path / "grades").read_text() == "mine"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permissions"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_what_the_system_says_becomes_a_sentence(submissions, tmp_path, monkeypatch, number, words):
    def fails(*_, **__):
        raise OSError(number, os.strerror(number), "grades.csv")

    monkeypatch.setattr(gradebook, "write_atomically", fails)
    row = {"student": "a", "lecture": "01", "verdicts": [], "problem": None, "seconds": 1}
    with pytest.raises(CourseError, match=words) as told:
        batch._write(tmp_path, [row], OPTIONS, 1, print)
    assert str(tmp_path) in str(told.value) and "--resume" not in str(told.value)
    monkeypatch.setattr(Path, "mkdir", fails)
    with pytest.raises(CourseError, match=words):
        batch.grade_class(submissions, tmp_path / "out", OPTIONS)


def test_a_full_disk_keeps_the_results_so_far(tmp_path):
    (tmp_path / batch.JOURNAL).write_text("{}")
    with pytest.raises(CourseError, match="results so far are kept.*--resume"), outfolder.writing(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
