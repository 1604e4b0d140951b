"""The folder that a batch writes to: one grader at a time, apart from what is graded, and a sentence where it fails."""

import contextlib
import errno
import os
import time
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.locks import Lock, Taken

LOCK = ".lock"
_CAUSES = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "your share of the disk is used up: make room",
    errno.EROFS: "the disk is read-only: choose another --out",
    errno.EACCES: "you may not write there: mend its permissions, or choose another --out",
    errno.EPERM: "you may not write there: mend its permissions, or choose another --out",
    errno.EEXIST: "there is a file of that name: choose another --out",
    errno.ENOTDIR: "a part of that path is a file: choose another --out",
    errno.ENOENT: "a part of that path is gone: see whether a disk is missing or was moved",
    errno.ENAMETOOLONG: "that path is too long: choose a shorter --out",
}


def keep_apart(place, out):
    """Refuse results within the submissions, which would be collected as submissions, and the other way round.

    Raises:
        CourseError: one lies in the other.
    """
    inner, outer = Path(out).resolve(), Path(place).resolve()
    if inner == outer or outer in inner.parents:
        raise CourseError(
            f"--out {out} lies within the submissions ({place}), where its copies would be taken for submissions. "
            "Choose a folder beside them."
        )
    if inner in outer.parents:
        raise CourseError(f"The submissions ({place}) lie within --out {out}, which is for results. Choose another.")


@contextlib.contextmanager
def held(out):
    """Have a folder for oneself while the block runs; made if it is missing.

    Raises:
        CourseError: another grader has it, or it cannot be written.
    """
    out = Path(out)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        text = f"process {os.getpid()}, since {time.strftime('%Y-%m-%d %H:%M:%S')}"
        try:
            lock = Lock(out / LOCK, text)
        except Taken as other:
            raise CourseError(
                f"Another grader is at work in {out} ({other}). Wait for its end, or choose another --out."
            ) from None
    with lock:
        yield


@contextlib.contextmanager
def writing(out):
    """Around what writes into the folder: turns what the system says into a sentence.

    Raises:
        CourseError: it cannot be written.
    """
    try:
        yield
    except OSError as problem:
        cause = _CAUSES.get(problem.errno, f"{problem.strerror or type(problem).__name__}")
        kept = " The results so far are kept: then run again with --resume." if _has_results(out) else ""
        raise CourseError(f"{out} cannot be written: {cause}.{kept}") from problem


def _has_results(out):
    try:
        return any(Path(out).glob("results*.jsonl"))
    except OSError:
        return False
