"""Read a submitted notebook, whatever it is, and find the learner's answers in it.

Nothing here raises for what a learner may hand in: a notebook that cannot be read is a `Submission` with a `problem`.
Submissions are read, never written.
"""

import json
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.cells import LONGEST
from course_lib.grading.names import bound_names, checks_in, same_code, used_names
from course_lib.grading.outputs import without_outputs

LARGEST = 32 * 2**20  # bytes of a notebook that is read as it is
LARGEST_WITH_OUTPUTS = 512 * 2**20  # bytes of one that is read without its outputs
MOST_CELLS = 5000
MOST_CODE = 1_000_000  # characters of all code cells
NEWEST = (4, 5)  # the nbformat that we know


@dataclass(frozen=True)
class Cell:
    """A code cell as it came: its place among all cells (from 1), its source, and the exercise id in its metadata."""

    number: int
    source: str
    exercise: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a learner wrote for one exercise: cells in their order, and remarks on how they were found."""

    cells: tuple
    notes: tuple = ()

    @property
    def source(self):
        return "\n\n".join(cell.source for cell in self.cells)


@dataclass(frozen=True)
class Submission:
    """A submitted notebook.

    answers: dict from exercise id to Answer, for those that were found.
    notes: remarks on the notebook as a whole, for the feedback.
    problem: why nothing could be read, or None.
    """

    answers: dict = field(default_factory=dict)
    notes: tuple = ()
    problem: str | None = None


def read(path, lesson, inside=None):
    """Read a submission.

    Args:
        path: the notebook.
        lesson: Lesson of its lecture.
        inside: the folder that holds the submissions; a link that leads out of it is not followed.
    """
    data, problem = contents(path, inside)
    return parse(data, lesson) if problem is None else Submission(problem=problem)


def contents(path, inside=None):
    """The bytes of a submission, unread.

    Returns:
        (bytes, None), or (None, why it was refused or cannot be read).
    """
    try:
        return _bytes(Path(path), inside), None
    except OSError as error:
        return None, f"The file cannot be read: {error.strerror or type(error).__name__}."
    except _Refused as refused:
        return None, str(refused)


def parse(data, lesson):
    """The submission in the bytes of a notebook."""
    notes = []
    try:
        cells = _cells(_json(data, notes), notes)
    except _Refused as refused:
        return Submission(notes=tuple(notes), problem=str(refused))
    return Submission(_answers(cells, lesson), tuple(notes))


class _Refused(Exception):
    """Why a file is no notebook that can be graded, in a sentence for the learner."""


def _bytes(path, inside):
    if inside is not None:
        root, real = (Path(os.path.realpath(place)) for place in (inside, path))
        if root != real and root not in real.parents:
            raise _Refused("The file is a link that leads out of the submissions; it is not followed.")
        if os.path.islink(path):  # to a neighbour's notebook, say
            raise _Refused(
                "The file is a link to another one, and links are not followed. Hand in the notebook itself."
            )
    # O_NONBLOCK: opening a named pipe must not wait for somebody to write into it.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise _Refused("This is a folder or a device, no notebook file.")
        if status.st_size <= LARGEST:
            return file.read(LARGEST + 1)[:LARGEST]
        size = f"The notebook has {status.st_size / 2**20:.0f} MB"
        if status.st_size > LARGEST_WITH_OUTPUTS:
            raise _Refused(
                f"{size}, at most {LARGEST_WITH_OUTPUTS // 2**20} are read. Clear its outputs and hand it in again."
            )
        try:
            return without_outputs(file, LARGEST)
        except ValueError as problem:
            raise _Refused(f"{size}, and {problem}. Clear its outputs and hand it in again.") from None


def _json(data, notes):
    if not data.strip():
        raise _Refused("The file is empty.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
        notes.append("The file is not valid UTF-8; the characters that could not be read were replaced.")
    try:
        content = json.loads(text)
    except RecursionError:
        raise _Refused("The file is JSON of a depth that no notebook has.") from None
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise _Refused(f"The file is not valid JSON{where}, so it is no notebook, or it was cut off.") from None
    if not isinstance(content, dict):
        raise _Refused("The file is JSON, but no notebook.")
    return content


def _cells(notebook, notes):
    version = notebook.get("nbformat"), notebook.get("nbformat_minor", 0)
    known = all(type(number) is int for number in version)
    if not known or version[0] < 3 or version > NEWEST:
        notes.append("The notebook's format version is unknown here; it was read as far as it makes sense.")
    cells = notebook.get("cells")
    if not isinstance(cells, list):  # nbformat 3 keeps cells in worksheets
        sheets = notebook.get("worksheets")
        sheets = [sheet for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
        cells = [cell for sheet in sheets if isinstance(sheet.get("cells"), list) for cell in sheet["cells"]]
        notes += ["The notebook is in the format of 2013 (nbformat 3), and was read as such."] if cells else []
    if not cells:
        raise _Refused("The notebook has no cells.")
    if len(cells) > MOST_CELLS:
        notes.append(f"Only the first {MOST_CELLS} of {len(cells)} cells were read.")
    found = [_cell(number, cell) for number, cell in enumerate(cells[:MOST_CELLS], 1)]
    strange = sum(isinstance(cell, str) for cell in found)
    if strange:
        notes.append(f"{strange} {'cell' if strange == 1 else 'cells'} could not be understood and were left out.")
    return _of_a_size([cell for cell in found if isinstance(cell, Cell)], notes)


def _of_a_size(cells, notes):
    """Without the cells that are larger than people write: reading code takes far longer than writing it."""
    kept, left = [], MOST_CODE
    for cell in cells:
        if len(cell.source) <= min(LONGEST, left):
            kept.append(cell)
            left -= len(cell.source)
        else:
            notes.append(f"Cell {cell.number} has {len(cell.source):,} characters of code, and was left out.")
    return kept


def _cell(number, cell):
    """A Cell, None for one that is no code, "strange" for one that is nothing."""
    if not isinstance(cell, dict):
        return "strange"
    if cell.get("cell_type") != "code":
        return None if isinstance(cell.get("cell_type"), str) else "strange"
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return "strange"
    source = source.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    metadata = cell.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    exercise = course.get("exercise") if isinstance(course, dict) else None
    return Cell(number, source, exercise if isinstance(exercise, str) else None)


def _answers(cells, lesson):
    answers = {}
    for exercise in lesson.exercises.values():
        found = _by_metadata(cells, exercise, lesson) or _by_check(cells, exercise, lesson)
        found = found or _by_name(cells, exercise, lesson)
        if found:
            chosen, notes = found
            more = _helpers(cells, chosen, exercise, lesson)
            if more:
                names = ", ".join(str(cell.number) for cell in more)
                notes = (*notes, f"Also taken, for what your answer uses: cell {names}.")
            answers[exercise.id] = Answer(tuple(sorted({*chosen, *more}, key=lambda cell: cell.number)), notes)
    return answers


def _by_metadata(cells, exercise, lesson):
    """The cells marked with the exercise, if one of them defines what is asked for; where they are left as they were
    handed out, or a later one stands above the check, the cells that do it in their place."""
    marked = [cell for cell in cells if cell.exercise == exercise.id]
    if not any(exercise.name in bound_names(cell.source) for cell in marked):
        return None
    others = [
        cell
        for cell in cells
        if not cell.exercise and exercise.name in bound_names(cell.source) and not _of_the_course(cell, lesson)
    ]
    check = _place_of_check(cells, exercise, marked[-1].number)
    later = [cell for cell in others if marked[-1].number < cell.number <= check]
    untouched = all(same_code(cell.source, lesson.stubs[exercise.id]) for cell in marked)
    if untouched and (later or others):
        last = (later or others)[-1]
        text = f"The cell of this exercise is as it was handed out; cell {last.number} defines {exercise.name}."
        return [last], (text,)
    if later:
        text = f"Cell {later[-1].number}, between the cell of this exercise and its check, defines {exercise.name} too."
        return [*marked, *later], (f"{text} They were run in their order, so the last counts.",)
    if len(marked) == 1:
        return marked, ()
    texts = {cell.source.strip() for cell in marked}
    if len(texts) == 1:
        return marked[-1:], (f"Your notebook has this exercise's cell {len(marked)} times, all the same.",)
    numbers = ", ".join(str(cell.number) for cell in marked)
    return marked, (f"Cells {numbers} are marked as this exercise; they were run in their order, so the last counts.",)


def _by_check(cells, exercise, lesson):
    """The cell with the check, or the nearest one above it that defines what is asked for."""
    places = [i for i, cell in enumerate(cells) if exercise.id in checks_in(cell.source)]
    for place in places:
        for cell in reversed(cells[: place + 1]):
            if exercise.name in bound_names(cell.source) and not _of_the_course(cell, lesson):
                return [cell], (
                    f"The mark of this exercise is lost; cell {cell.number}, next to its check, was taken.",
                )
    return None


def _by_name(cells, exercise, lesson):
    """The last cell that defines what is asked for; for lack of one, the marked cell whatever it holds."""
    named = [c for c in cells if exercise.name in bound_names(c.source) and not _of_the_course(c, lesson)]
    if named:
        text = f"The mark and the check of this exercise are lost; cell {named[-1].number} defines {exercise.name}."
        return named[-1:], (text,)
    marked = [cell for cell in cells if cell.exercise == exercise.id]
    return (marked, (f"No cell defines {exercise.name}.",)) if marked else None


def _place_of_check(cells, exercise, after):
    """The number of the first cell behind another that checks an exercise; the other's own where none does."""
    return next((c.number for c in cells if c.number >= after and exercise.id in checks_in(c.source)), after)


def _helpers(cells, chosen, exercise, lesson):
    """Cells that the learner added above the answer or its check and whose names it uses, directly or in turn."""
    last = max(cell.number for cell in chosen)
    last = max(last, _place_of_check(cells, exercise, last))
    names = {exercise.name for exercise in lesson.exercises.values()}
    own = [c for c in cells if c.number < last and c not in chosen and not c.exercise and not _of_the_course(c, lesson)]
    own = [cell for cell in own if not bound_names(cell.source) & names and not checks_in(cell.source)]
    used = set().union(*(used_names(cell.source) for cell in chosen))
    kept = []
    for cell in reversed(own):
        if bound_names(cell.source) & used:
            kept.append(cell)
            used |= used_names(cell.source)
    return kept


def _of_the_course(cell, lesson):
    return cell.source.strip() in lesson.sources or "from course_lib import check, claim, predict, start" in cell.source
