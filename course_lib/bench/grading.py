"""Grading, beside nbval, which runs the same notebooks and judges nothing.

Each side is a whole command from nothing: imports, sandbox, zygote and kernels are in its time. Both run one thread per
kernel. The rows come in two kinds:

- "exercises alone": the notebooks hold only the cells that grading needs (set-up, imports, what the exercises use, the
  exercises and their checks), so that both sides run the same code, and what remains is what grading adds or saves.
- "whole lecture": as learners hand it in. It also draws and trains, which nbval runs and grading leaves out. These take
  a quarter of an hour or more, so they are measured only where COURSE_BENCH_LONG is set.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from course_lib.bench.runner import Skip, need, row
from course_lib.errors import CourseError
from course_lib.timing import alternate

LECTURES = ("01", "02")
KINDS = ("solved", "half-solved", "wrong", "stubs")
STUDENTS = 3  # of the small class; with two lectures each, six submissions
WORKERS = 2


def answered(lecture, kind, whole=True):
    """A notebook as a learner hands it in.

    Args:
        lecture: from `course_lib.authoring.editions.read`.
        kind: "solved"; "half-solved", every other exercise; "wrong", solved with each plus turned into a minus;
            "stubs".
        whole: False leaves only the cells that grading needs.
    Returns:
        bytes of the notebook.
    """
    from course_lib.authoring.editions import make_edition, to_bytes
    from course_lib.grading.pristine import Lesson

    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, expected one of {', '.join(KINDS)}")
    lesson = Lesson.of(lecture)
    notebook = make_edition(lecture, "learner", "https://github.com/none/none").notebook
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    needed = {source for number in lesson.exercises for source in lesson.needed_before(number)}
    kept, place = [], 0
    for cell, pristine in zip(code, lesson.cells, strict=True):
        if pristine.exercise:
            if kind in ("solved", "wrong") or (kind == "half-solved" and place % 2 == 0):
                cell["source"] = pristine.solution
            if kind == "wrong":
                cell["source"] = cell["source"].replace("+", "-")
            place += 1
        if pristine.exercise or pristine.check or pristine.setup or pristine.solution in needed:
            kept.append(cell)
    if not whole:
        notebook["cells"] = kept
    return to_bytes(notebook)


@contextmanager
def class_of(students, lectures=LECTURES, whole=False):
    """The notebooks of a class in a temporary folder, as STUDENT/NN_topic.ipynb; yields (folder, their paths)."""
    from course_lib.authoring.editions import find_sources, read

    authored = [read(source) for source in find_sources(_root(), lectures)]
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number in range(students):
            place = Path(folder) / "submissions" / f"student{number:03}"
            place.mkdir(parents=True)
            for lecture in authored:
                paths.append(place / f"{lecture.name}.ipynb")
                paths[-1].write_bytes(answered(lecture, KINDS[number % len(KINDS)], whole))
        yield Path(folder), paths


def _root():
    from course_lib.authoring.editions import find_root

    try:
        return find_root()
    except CourseError as error:
        raise Skip(str(error)) from error


def _needs():
    """Skip where a row cannot be measured; else what to say of the sandbox."""
    need("nbval", 'pip install "course_lib[test]"')
    from course_lib.grading.sandbox import choose

    return "sandbox on" if choose("auto")[0] else "NO SANDBOX: bubblewrap is missing or does not work here"


def run(arguments, good=(0,)):
    """Run `python ARGUMENTS` to its end.

    Raises:
        RuntimeError: it ended with another code than those of `good`.
    """
    settings = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": str(_root())}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=_root(), env=os.environ | settings, capture_output=True, text=True)
    if done.returncode not in good:
        said = (done.stdout + done.stderr).strip()[-300:]
        raise RuntimeError(f"{' '.join(command[1:4])} ended with code {done.returncode}: {said}")


def _nbval(paths, *more):
    """nbval's plain run. A cell that fails, as wrong answers may make it, is no failure of the run."""
    run(["-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval-lax", *more, *paths], good=(0, 1))


def _course(folder, workers):
    with tempfile.TemporaryDirectory() as out:
        run(["-m", "course_lib.cli", "grade", folder / "submissions", "--out", Path(out) / "grades", "-n", workers])


@row("grade one lecture, exercises alone, from nothing", peer="pytest --nbval-lax, the same notebook")
def one_notebook(rounds):
    note = _needs()
    with class_of(1, ["02"]) as (folder, paths):
        seconds = alternate(lambda: _course(folder, 1), lambda: _nbval(paths), min(rounds, 3))
    return *seconds, f"course grade; {note}"


@row("grade one lecture through pytest, exercises alone", peer="pytest --nbval-lax, the same notebook")
def one_notebook_in_pytest(rounds):
    note = _needs()
    with class_of(1, ["02"]) as (_, paths):
        ours = ("--course-grade", "--course-root", _root())
        seconds = alternate(lambda: _nbval(paths, *ours), lambda: _nbval(paths), min(rounds, 3))
    return *seconds, f"pytest --nbval-lax --course-grade; {note}"


@row(f"grade a class, exercises alone, {STUDENTS * len(LECTURES)} notebooks", peer="pytest --nbval-lax, two workers")
def a_class(rounds):
    note = _needs()
    _needs_xdist()
    with class_of(STUDENTS) as (folder, paths):
        peer = ("-n", WORKERS, "--dist", "loadfile")
        seconds = alternate(lambda: _course(folder, WORKERS), lambda: _nbval(paths, *peer), min(rounds, 1))
    return *seconds, f"{WORKERS} workers each; {note}"


@row("grade one whole lecture, from nothing", peer="pytest --nbval-lax, the same notebook")
def one_whole_notebook(rounds):
    note = _long()
    with class_of(1, ["02"], whole=True) as (folder, paths):
        seconds = once(lambda: _nbval(paths)), once(lambda: _course(folder, 1))
    return *seconds, f"course grade; run once; {note}"


@row("grade a class, whole lectures, 4 notebooks", peer="pytest --nbval-lax, two workers")
def a_class_of_whole_notebooks(rounds):
    note = _long()
    _needs_xdist()
    with class_of(2, whole=True) as (folder, paths):
        peer = once(lambda: _nbval(paths, "-n", WORKERS, "--dist", "loadfile"))
        return peer, once(lambda: _course(folder, WORKERS)), f"{WORKERS} workers each; run once; {note}"


def once(function):
    """Seconds that a function takes, for what is too long to be repeated."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _long():
    if not os.environ.get("COURSE_BENCH_LONG"):
        raise Skip("takes a quarter of an hour: set COURSE_BENCH_LONG=1")
    return _needs()


def _needs_xdist():
    if importlib.util.find_spec("xdist") is None:
        raise Skip("needs pytest-xdist (pip install pytest-xdist)")
