"""A submission on its way to a worker, here or on another machine, and its result on the way back."""

import dataclasses
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading import submission


@dataclass(frozen=True)
class Task:
    """One submission to be graded.

    inside: the folder that it may not lead out of.
    problem: why there is no notebook at all, in a sentence for the learner; else None.
    """

    student: str
    id: str
    lecture: str
    path: str
    inside: str
    problem: str | None = None


@dataclass(frozen=True)
class Parcel:
    """What a worker gets: the bytes themselves, for it may have another disk, and nothing to look up with.

    data: of the notebook; None where it was refused or could not be read.
    problem: why, else None.
    """

    student: str
    id: str
    lecture: str
    checksum: str
    data: bytes | None
    problem: str | None


def pack(task):
    """Read a submission. Links are judged here, where they mean something. Never raises for what was handed in."""
    if task.problem is not None:
        return Parcel(task.student, task.id, task.lecture, fingerprint(task), None, task.problem)
    data, problem = submission.contents(task.path, task.inside)
    done = hashlib.sha256(data).hexdigest() if _is_whole(data, task.path) else fingerprint(task)
    return Parcel(task.student, task.id, task.lecture, done, data, problem)


def _is_whole(data, path):
    """Whether these are all bytes of a file, its outputs among them."""
    try:
        return data is not None and len(data) == os.path.getsize(path)
    except OSError:  # it has just gone
        return data is not None


def grade_parcel(grader, parcel):
    """The result of one submission as plain data, ready for the journal."""
    lesson = grader.lesson(parcel.lecture)
    if parcel.data is None:
        handed_in = submission.Submission(problem=parcel.problem)
    else:
        handed_in = submission.parse(parcel.data, lesson)
    graded = grader.grade_submission(handed_in, lesson)
    return {
        "student": parcel.student,
        "id": parcel.id,
        "lecture": parcel.lecture,
        "checksum": parcel.checksum,
        "total": graded.total,
        "possible": graded.possible,
        "notes": list(graded.notes),
        "problem": graded.problem,
        "seconds": round(graded.seconds, 3),
        "verdicts": [dataclasses.asdict(verdict) for verdict in graded.verdicts],
    }


def failure(why):
    """What stands in place of a result where the course, the grader or a machine failed."""
    return {"failed": why}


def fingerprint(task):
    """Tells whether a submission has changed: of its content, or of what stands for one that cannot be read."""
    if task.problem is not None:
        return hashlib.sha256(task.problem.encode("utf-8", "replace")).hexdigest()
    digest = hashlib.sha256()
    try:
        path = Path(task.path)
        if not path.is_file():
            return "no file"
        with open(path, "rb") as file:
            while piece := file.read(2**20):
                digest.update(piece)
    except OSError:
        return "unreadable"
    return digest.hexdigest()
