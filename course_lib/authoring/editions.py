"""From one authored lecture to its two editions: `learner` (to be solved) and `solutions` (solved, to be executed).

What grading relies on, in both editions: an exercise cell has the id "exercise-02-1" and the metadata
`course: {exercise: "02.1", name: "conv3d", points: 3}`; its check cell has the id "check-02-1", the metadata
`course: {check: "02.1"}` and the line `conv3d = check("02.1", conv3d)`.
"""

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from course_lib.authoring.rules import HINTS, find_problems
from course_lib.authoring.source import Lecture, NotebookError, parse, shown, solution_lines
from course_lib.errors import CourseError

EDITIONS = ("learner", "solutions")
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
HINT_TITLES = ("Hint 1: the idea", "Hint 2: what to call", "Hint 3: nearly the code")
PREAMBLE = """\
import importlib.util
import os

if importlib.util.find_spec("course_lib") is None:  # on Colab, or wherever this notebook was opened on its own
    source = os.environ.get("COURSE_SOURCE", "course_lib @ git+{repository}")
    %pip install --quiet "{{source}}"
    importlib.invalidate_caches()
    if importlib.util.find_spec("course_lib") is None:
        raise RuntimeError(f"pip could not install {{source}} and says why above. Online? Then run this cell again.")

from course_lib import check, claim, predict, start
"""


@dataclass(frozen=True)
class Edition:
    """A notebook that has not been executed.

    Attributes:
        notebook: nbformat 4.5 notebook.
        lines: per cell, per line of its source: the line of the authored file, or None for a line that the build wrote.
    """

    notebook: dict
    lines: tuple


def find_root(start=None):
    """The checkout: the folder with `notebooks/src` and `pyproject.toml`.

    Looked for in and above `start` (by default the current folder), then where this package is.

    Raises:
        CourseError: if there is none, as after `pip install` without a checkout.
    """
    here = Path(start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks" / "src").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise CourseError(
        f"No checkout of the course in or above {here}: its notebooks/src is needed. "
        "Clone the repository and run the command inside it."
    )


def find_sources(root, numbers=()):
    """The authored files of the lectures, in order.

    Args:
        root: the checkout.
        numbers: "2", "02" or "02_topic", any number of them; none means all.
    Raises:
        CourseError: for a number that no lecture has; lists those that exist.
    """
    files = sorted((root / "notebooks" / "src").glob("[0-9][0-9]_*.py"))
    if not numbers:
        return files
    chosen = []
    for number in numbers:
        name = Path(str(number)).stem
        found = [file for file in files if name == file.stem or name.zfill(2) == file.stem[:2]]
        if not found:
            known = ", ".join(file.stem for file in files) or "none yet"
            raise CourseError(f"There is no lecture {number!r}. The lectures are: {known}.")
        chosen += found
    return sorted(set(chosen))


def registered(number):
    """The exercises of a lecture by id; empty if the course has none for it."""
    from course_lib.exercises.registry import lecture, lecture_numbers

    return {exercise.id: exercise for exercise in lecture(number)} if number in lecture_numbers() else {}


def read(path):
    """Read and validate an authored lecture.

    Returns:
        Lecture.
    Raises:
        NotebookError: every problem of the file, one per line, as "file:line: what to do".
    """
    path = Path(path)
    match = re.fullmatch(r"(\d\d)_\w+", path.stem)
    if not match:
        raise NotebookError(f"{shown(path)}: a lecture is called such as 02_convolutions_in_time.py.")
    cells, problems = parse(path)
    registry = registered(match[1])
    if cells:
        problems = problems + find_problems(cells, match[1], registry)
    if problems:
        raise NotebookError("\n".join(f"{shown(path)}:{line}: {text}" for line, text in sorted(set(problems))))
    return Lecture(path, match[1], tuple(cells), registry)


def make_edition(lecture, edition, repository):
    """Make one edition of a lecture, not executed.

    Args:
        lecture: Lecture.
        edition: "learner" or "solutions".
        repository: address of the repository, for the badge and the set-up cell.
    Returns:
        Edition. Equal input gives equal bytes from `to_bytes`.
    """
    if edition not in EDITIONS:
        raise CourseError(f"There is no edition {edition!r}; choose one of {', '.join(EDITIONS)}.")
    cells, lines, seen, exercise = [], [], {}, None
    for number, cell in enumerate(lecture.cells):
        exercise = cell.exercise or exercise
        identity = _identity(cell, exercise, seen)
        if edition == "learner" and "solution" in cell.tags:
            continue
        numbered = _lines(cell, edition, repository, lecture)
        if number == 0:
            numbered = [(None, _badge(repository, lecture.name)), (None, ""), *numbered]
        cells.append(_notebook_cell(cell, identity, "\n".join(text for _, text in numbered), exercise, lecture))
        lines.append(tuple(line for line, _ in numbered))
    notebook = {
        "cells": cells,
        "metadata": {
            "course": {"edition": edition, "lecture": lecture.number},
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return Edition(notebook, tuple(lines))


def to_bytes(notebook):
    """A notebook as a file's content: sorted keys, one line of source per line, the same on every machine."""
    plain = json.loads(json.dumps(notebook))
    for cell in plain["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
        for output in cell.get("outputs", ()):
            _split_lines(output)
    return (json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def repository_of(root):
    """The repository's address, from `[tool.course]` in pyproject.toml.

    Raises:
        CourseError: if it is missing, or not an address on GitHub (Colab opens no other).
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    file = Path(root) / "pyproject.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("course", {})
    repository = table.get("repository", "").removesuffix("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", repository):
        raise CourseError(
            f"{shown(file)}: [tool.course] repository is {repository!r}, expected https://github.com/OWNER/NAME: "
            "the Colab badges and the set-up cells need it."
        )
    return repository


def _identity(cell, exercise, seen):
    """A cell id that follows from the authored content alone and is the same in both editions."""
    for tag in ("exercise", "check"):
        if tag in cell.tags:
            return f"{tag}-{exercise.replace('.', '-')}"
    if "setup" in cell.tags:
        return "setup"
    key = (cell.kind, cell.source)
    seen[key] = seen.get(key, 0) + 1
    return hashlib.sha256("\0".join((*key, str(seen[key]))).encode()).hexdigest()[:12]


def _lines(cell, edition, repository, lecture):
    """(line of the authored file or None, text) of what a cell becomes."""
    if cell.kind == "code":
        kept = [(cell.line + index, text) for index, text in solution_lines(cell.source, edition)]
        if "setup" in cell.tags:
            return [*((None, line) for line in PREAMBLE.format(repository=repository).splitlines()), (None, ""), *kept]
        return kept
    source = HINTS.sub(lambda match: _hints(lecture.exercises[match[1]]), cell.source)
    if source != cell.source:
        return [(cell.line, line) for line in source.splitlines()]
    return [(cell.line + index, line) for index, line in enumerate(source.splitlines())]


def _hints(exercise):
    return "\n\n".join(
        f"<details><summary>{title}</summary>\n\n{hint.strip()}\n\n</details>"
        for title, hint in zip(HINT_TITLES, exercise.hints, strict=True)
    )


def _badge(repository, name):
    path = f"{repository.removeprefix('https://github.com/')}/blob/main/notebooks/{name}.ipynb"
    return f"[![Open in Colab]({BADGE})](https://colab.research.google.com/github/{path})"


def _notebook_cell(cell, identity, source, exercise, lecture):
    metadata = {}
    if cell.tags:
        # nbval knows both names for a cell that is meant to fail, nbclient only the second
        also = ["raises-exception"] if "nbval-raises-exception" in cell.tags else []
        metadata["tags"] = [*cell.tags, *also]
    if "exercise" in cell.tags:
        name = lecture.exercises[exercise].name
        metadata["course"] = {"exercise": exercise, "name": name, "points": cell.points}
    elif "check" in cell.tags:
        metadata["course"] = {"check": exercise}
    made = {"cell_type": cell.kind, "id": identity, "metadata": metadata, "source": source}
    return made | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {})


def _split_lines(output):
    """Store long texts by line, as Jupyter does, so that a change shows as a small difference."""
    if isinstance(output.get("text"), str):
        output["text"] = output["text"].splitlines(keepends=True)
    for mime, value in output.get("data", {}).items():
        if isinstance(value, str) and (mime.startswith("text/") or mime == "image/svg+xml"):
            output["data"][mime] = value.splitlines(keepends=True)
