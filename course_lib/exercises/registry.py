"""Find exercises by their id. The files of a lecture are imported when it is first asked for."""

import importlib
import pkgutil
import re
from pathlib import Path

from .spec import Exercise, ExerciseError

_LECTURES = f"{__package__}.lectures"


def lecture(number) -> tuple[Exercise, ...]:
    """All exercises of one lecture ("02"), in order.

    Raises:
        ExerciseError: there is no such lecture, or its file breaks the rules (an id twice, an id of another lecture).
    """
    number = str(number).zfill(2)
    if number not in lecture_numbers():
        raise ExerciseError(f"There are no exercises for lecture {number}; there are for {_listed(lecture_numbers())}.")
    folder = f"{_LECTURES}.l{number}"
    modules = [f"{folder}.{info.name}" for info in pkgutil.iter_modules(importlib.import_module(folder).__path__)]
    found = [thing for name in modules for thing in vars(importlib.import_module(name)).values()]
    exercises = tuple(sorted({id(e): e for e in found if isinstance(e, Exercise)}.values(), key=_number))
    ids = [exercise.id for exercise in exercises]
    strange = [i for i in ids if not i.startswith(f"{number}.")] + sorted({i for i in ids if ids.count(i) > 1})
    if strange:
        problem = f"has ids that are doubled or of another lecture: {_listed(strange)}."
        raise ExerciseError(f"exercises/lectures/l{number} {problem}")
    return exercises


def lecture_numbers() -> list[str]:
    """The numbers of the lectures that have exercises: ["00", "01", ...]."""
    folders = pkgutil.iter_modules([str(Path(__file__).parent / "lectures")])
    return sorted(info.name[1:] for info in folders if info.ispkg and re.fullmatch(r"l\d\d", info.name))


def find(exercise_id) -> Exercise:
    """The exercise with this id.

    Raises:
        ExerciseError: no such exercise; lists those of the same lecture.
    """
    if not isinstance(exercise_id, str) or not re.fullmatch(r"\d\d\.\d+", exercise_id):
        raise ExerciseError(f'An exercise id is a string such as "02.1"; {exercise_id!r} came.')
    exercises = lecture(exercise_id[:2])
    for exercise in exercises:
        if exercise.id == exercise_id:
            return exercise
    known = _listed(exercise.id for exercise in exercises)
    raise ExerciseError(f"There is no exercise {exercise_id}; lecture {exercise_id[:2]} has {known}.")


def _number(exercise):
    return int(exercise.id[3:])


def _listed(names):
    return ", ".join(names) or "none"
