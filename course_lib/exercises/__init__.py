"""Exercises that check themselves: what each asks (one file per lecture), and the machinery that judges an answer.

`check("02.1", conv3d)` is what a notebook calls. `evaluate(find("02.1"), conv3d)` gives the same verdict as data.
"""

from .checking import check, evaluate
from .registry import find, lecture, lecture_numbers
from .report import Report, Test
from .spec import Case, Exercise, ExerciseError, Mistake

__all__ = [
    "Case", "Exercise", "ExerciseError", "Mistake", "Report", "Test",
    "check", "evaluate", "find", "lecture", "lecture_numbers",
]  # fmt: skip
