"""Exercises that check themselves: what each asks (one file per lecture), and the machinery that judges an answer.

`evaluate(find("02.1"), conv3d)` gives the verdict as data; what a notebook calls is `course_lib.lesson.check`.
"""

from .checking import evaluate
from .registry import find, lecture, lecture_numbers
from .report import Report, Test
from .spec import Case, Exercise, ExerciseError, Mistake
from .written import edit, exercise

__all__ = [
    "Case", "Exercise", "ExerciseError", "Mistake", "Report", "Test",
    "edit", "evaluate", "exercise", "find", "lecture", "lecture_numbers",
]  # fmt: skip
