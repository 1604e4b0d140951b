"""The results of a batch as they come: one JSON line each, flushed, so that nothing is lost or done twice."""

import json
import os
from pathlib import Path

from course_lib.errors import CourseError


class Journal:
    """Append-only results in a file.

    Attributes:
        header: dict of what the batch was started with (its seed above all).
        rows: list of dicts, the results so far.
    """

    def __init__(self, path, header=None):
        """Open a journal, or begin one: the file is there from its first result on.

        Args:
            path: the file.
            header: what to begin with, where there is no file yet; ignored where there is.
        """
        self.path = Path(path)
        self.header, self.rows, kept = header or {}, [], 0
        try:
            data = self.path.read_bytes() if self.path.exists() else b""
        except OSError as problem:
            raise CourseError(f"{self.path} cannot be read: {problem.strerror}.") from problem
        for line in data.splitlines(keepends=True):
            row = _row(line)
            if row is None:
                break  # a line that was cut off by the end of the process, and nothing stands behind it
            kept += len(line)
            if "header" in row:
                self.header = row["header"]
            else:
                self.rows.append(row)
        if data[kept:].count(b"\n") > 1:
            raise CourseError(f"{self.path} is damaged after byte {kept}: repair or remove that line, then go on.")
        self._file, self._kept = None, kept

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        if self._file is not None:
            os.close(self._file)

    def append(self, row):
        """Add a result; when this returns, it is on the disk."""
        if self._file is None:
            self._begin()
        self._write(row)
        self.rows.append(row)

    def latest(self):
        """The last result of every student and lecture, in the order in which these first came."""
        found = {}
        for row in self.rows:
            found[row["student"], row["lecture"]] = row
        return list(found.values())

    def _begin(self):
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, self._kept)
        os.lseek(self._file, self._kept, os.SEEK_SET)
        if not self._kept:
            self._write({"header": self.header})

    def _write(self, row):
        data = json.dumps(row, ensure_ascii=True).encode() + b"\n"
        while data:
            data = data[os.write(self._file, data) :]
        os.fsync(self._file)


def _row(line):
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
