"""Folders for temporary files that go away: at the end, or when the next grader starts where this one was killed.

Each holds a lock for as long as its owner lives. The system lets go of it with the process, however that ends; a number
of a process may belong to another one tomorrow, or to one of another container that shares the folder.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.locks import Lock, Taken

PREFIX = "course-"
LOCK = ".owner"
_NOT_YET = ".owner.new"  # who sweeps must never meet a lock that is not held yet


class Scratch:
    """A folder of one's own among the temporary files.

    Attributes:
        folder: where it is.
    """

    def __init__(self, prefix=PREFIX):
        """
        Args:
            prefix: of its name; begins with `PREFIX`. Short, for the names of sockets in it must be.
        Raises:
            CourseError: there is no room, or no right to write.
        """
        sweep()
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=prefix))
            self._lock = Lock(self.folder / _NOT_YET)
            os.rename(self.folder / _NOT_YET, self.folder / LOCK)
        except OSError as problem:
            place = tempfile.gettempdir()
            text = f"Temporary files cannot be written to {place} ({problem.strerror}): make room, or set TMPDIR."
            raise CourseError(text) from problem

    def __enter__(self):
        return self.folder

    def __exit__(self, *problem):
        self.remove()

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()


def sweep():
    """Remove what graders of this user have left behind that are gone."""
    place = Path(tempfile.gettempdir())
    with contextlib.suppress(OSError):
        for folder in place.glob(f"{PREFIX}*"):
            if _is_ours(folder):
                _remove_if_left(folder)


def _is_ours(folder):
    """Whether a grader of this user made a folder: the temporary files of others, and links, are left alone."""
    try:
        status, lock = folder.lstat(), (folder / LOCK).lstat()
    except OSError:
        return False
    own = status.st_uid == lock.st_uid == os.getuid()
    return own and not folder.is_symlink() and not (folder / LOCK).is_symlink()


def _remove_if_left(folder):
    with contextlib.suppress(OSError, Taken):
        lock = Lock(folder / LOCK)
        try:
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            lock.release()
