"""A lock in the form of a file: held by one process at a time, until it lets go of it or ends, however that happens."""

import contextlib
import errno
import os

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)  # of some disks of networks


class Taken(Exception):
    """Another process holds the lock. Its text is what that one wrote into the file."""


class Lock:
    """Held from its making to `release`. Where there are no such locks (Windows, some disks), everybody gets it."""

    def __init__(self, path, text=""):
        """
        Args:
            path: the file; made if it is missing, and left where it is.
            text: what to write into it, for others to read.
        Raises:
            Taken: another process, or another Lock of this one, holds it.
            OSError: the file cannot be made.
        """
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _take(self._file)
            os.ftruncate(self._file, 0)
            os.write(self._file, text.encode())
        except BlockingIOError:
            said = os.pread(self._file, 1000, 0).decode("utf-8", "replace")
            os.close(self._file)
            raise Taken(said) from None
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.release()

    def release(self):
        """Let go of it. Harmless when that has happened."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _take(file):
    with contextlib.suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            if problem.errno not in _NO_LOCKS:
                raise
