"""An authored lecture as cells that know their lines. `notebooks/README.md` shows the format (jupytext percent)."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError

BEGIN, INSTEAD, END = "# BEGIN SOLUTION", "# STARTING POINT", "# END SOLUTION"
# Without comment_magics=False jupytext takes a comment such as "# cat images first" for a command and runs it.
_FORMAT = {"extension": ".py", "format_name": "percent", "comment_magics": False}


class NotebookError(CourseError):
    """An authored lecture breaks the format. Its text has one line per problem: file, line, what to do."""


@dataclass(frozen=True)
class Cell:
    """One authored cell.

    Attributes:
        kind: "code" or "markdown".
        source: the text between two markers, without blank lines around it.
        marker: number of the file's line with its `# %%`.
        line: number of the file's line on which `source` begins.
        tags: tuple of str.
        exercise, points: what an exercise cell says beside its tags.
    """

    kind: str
    source: str
    marker: int
    line: int
    tags: tuple = ()
    exercise: str | None = None
    points: int | None = None


@dataclass(frozen=True)
class Lecture:
    """A valid lecture.

    Attributes:
        path: the authored file, `NN_topic.py`.
        number: its "NN".
        cells: tuple of `Cell`.
        exercises: dict from id to the registered exercise, for those that the lecture uses.
    """

    path: Path
    number: str
    cells: tuple
    exercises: dict

    @property
    def name(self):
        return self.path.stem

    @property
    def title(self):
        """The first line: "02 · How does a network see motion?"."""
        return self.cells[0].source.splitlines()[0].lstrip("# ")


def parse(path):
    """Read the cells of a lecture.

    Args:
        path: `NN_topic.py` in jupytext percent format, UTF-8.
    Returns:
        (list of `Cell`, list of (line, problem)): what could be read, and what could not be understood.
    """
    import jupytext

    text = Path(path).read_text(encoding="utf-8")
    lines = text.splitlines()
    markers = [number for number, line in enumerate(lines, 1) if line.startswith("# %%")]
    first = next((number for number, line in enumerate(lines, 1) if line.strip()), 1)
    if not markers or first != markers[0]:
        return [], [(first, "a lecture begins with a cell marker: '# %% [markdown]'")]
    raw = jupytext.reads(text, fmt=_FORMAT).cells
    if len(raw) != len(markers):
        found = f"{len(markers)} lines begin with '# %%', but there are {len(raw)} cells"
        return [], [(1, f"{found}: indent it where it is part of a string")]
    problems = []
    return [_cell(*pair, problems) for pair in zip(raw, markers, strict=True)], problems


def _cell(raw, marker, problems):
    options = {key: value for key, value in raw.metadata.items() if key != "lines_to_next_cell"}
    tags, exercise, points = (options.pop(key, None) for key in ("tags", "exercise", "points"))
    if options:
        expected = 'tags=["exercise"] exercise="02.1" points=3'
        problems.append((marker, f"not understood beside '# %%': {_plain(options)}; expected such as {expected}"))
    if not isinstance(tags or [], list):
        problems.append((marker, f'tags is {tags!r}, expected a list such as ["exercise"]'))
        tags = []
    blank = len(raw.source) - len(raw.source.lstrip("\n"))
    return Cell(raw.cell_type, raw.source.strip("\n"), marker, marker + 1 + blank, tuple(tags or ()), exercise, points)


def _plain(options):
    """Options that we have no use for; what jupytext could not decode comes as a title or under a long name."""
    undecoded = ("title", "incorrectly_encoded_metadata")
    return ", ".join(str(value) if key in undecoded else key for key, value in options.items())


def shown(path):
    """A path as short as it can be told from the current folder."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else Path(relative).as_posix()


def solution_lines(source, edition):
    """Cut the solutions out of a cell, or only their markers.

    Args:
        source: text of a code cell with balanced markers.
        edition: "learner": each marked block becomes one `...  # your code here` or, where the block has a
            starting point, the commented lines below that marker; "solutions": the marker lines alone go.
    Returns:
        list of (index of the line in `source`, text).
    """
    kept, part = [], None  # part: the marker that we are below
    for index, line in enumerate(source.splitlines()):
        text = line.strip()
        if text in (BEGIN, INSTEAD, END):
            if edition == "learner" and text == BEGIN and not _has_starting_point(source, index):
                kept.append((index, line.replace(BEGIN, "...  # your code here")))
            part = None if text == END else text
        elif part is None or (part == BEGIN and edition == "solutions"):
            kept.append((index, line))
        elif part == INSTEAD and edition == "learner":
            kept.append((index, re.sub(r"# ?", "", line, count=1)))
    return kept


def _has_starting_point(source, begin):
    for line in source.splitlines()[begin + 1 :]:
        if line.strip() in (INSTEAD, END):
            return line.strip() == INSTEAD
    return False
