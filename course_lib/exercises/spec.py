"""What an exercise is: its tests, the course's own answer, and the mistakes that people make."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from ..errors import CourseError
from . import values

KINDS = ("function", "class", "number", "array", "choice")


class ExerciseError(CourseError, LookupError):
    """An exercise is not there, or is described in a way that cannot be checked."""


@dataclass(frozen=True)
class Case:
    """One test of a function or a class.

    label: what is special about it, in words ("two channels, 3 x 2 x 2 kernel"); shown to the learner.
    args: what the function is called with; for a class, what it is constructed with.
    kwargs: the same, by name. For a class, `inputs` (one tensor or a tuple) is what the module is then called with,
        and `training` (False) is the mode that it runs in.
    """

    label: str
    args: tuple = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that people give, and what to tell them.

    diagnosis: shown when the learner's output equals this answer's output on the tests that failed.
    answer: a wrong function, class or value. For numbers, arrays and choices also a predicate of the learner's value.
    text: its source, where it is an edit of the solution.
    edit: the edit itself, for making two of them at once.
    """

    diagnosis: str
    answer: Any
    text: str | None = None
    edit: Any = None


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise: see `Case` and `Mistake`. `course_lib.exercises.exercise` makes it from its solution's text.

    id: lecture and number, "02.1".
    name: the function, class or variable that the learner writes.
    kind: one of `KINDS`.
    reference: the course's own function, class or value. For a choice, one of `options` or its letter; a set of them
        where several are right; a tuple where their order matters.
    cases: makes the tests from a seeded generator (functions and classes only).
    hints: three, in markdown: the concept, the API, nearly the code.
    rtol, atol: |got - expected| <= atol + rtol * |expected|, for floats; all else must be equal.
    forbidden: dotted names that the learner's code may not use ("torch.nn.functional.conv3d" also stands for
        torch.conv3d, torch.nn.Conv3d and torch.ops.aten.conv3d; a name of course_lib stands for that thing alone).
    system: the size of the only matrices that the solvers of a library (lstsq, pinv, inv, svd, ...) may be given, such
        as (2, 2), in an exercise that forbids something; None where they may have any.
    dtype_counts: the dtype is part of what is asked. Otherwise another one that is as good (float64 for float32, int32
        for int64) is right, too.
    differentiable: the cells below take gradients of the answer. One that cuts them off is right, and not carried on
        with (functions only).
    solution: source text of the course's own answer.
    same_as: the function or class of the library that the reference equals; as an answer it is forbidden.
    alone: when graded, the learner's definition runs without the rest of the notebook: beside it stand the course's
        set-up and imports (functions and classes only).
    """

    id: str
    title: str
    name: str
    kind: str
    reference: Any
    cases: Callable[[torch.Generator], list[Case]] | None = None
    mistakes: tuple[Mistake, ...] = ()
    hints: tuple[str, str, str] | tuple[()] = ()
    points: int = 1
    rtol: float = 1e-4
    atol: float = 1e-5
    forbidden: tuple[str, ...] = ()
    system: tuple[int, int] | None = None
    options: tuple[str, ...] = ()
    dtype_counts: bool = False
    differentiable: bool = False
    alone: bool = False
    solution: str = ""
    same_as: Any = None

    def __post_init__(self):
        problem = _problem(self)
        if problem:
            raise ExerciseError(f"Exercise {self.id!r}: {problem}")

    @property
    def own(self):
        """What the course itself has for this exercise: none of it is a learner's answer."""
        return tuple(thing for thing in (self.reference, self.same_as) if thing is not None)


def _problem(exercise):
    """What is wrong with the description of an exercise, or None."""
    if not re.fullmatch(r"\d\d\.\d+", exercise.id):
        return 'the id must be lecture and number, such as "02.1".'
    if exercise.kind not in KINDS:
        return f"kind {exercise.kind!r} is none of {', '.join(KINDS)}."
    if exercise.kind in ("function", "class"):
        if not callable(exercise.reference) or exercise.cases is None:
            return f"a {exercise.kind} needs a callable reference and cases."
    elif exercise.cases is not None:
        return f"a {exercise.kind} is compared as it is and takes no cases."
    elif exercise.alone:
        return f"a {exercise.kind} has no definition that could run alone."
    if exercise.kind == "choice":
        try:
            values.expected(exercise)
        except values.WrongKind:
            return f"the reference {exercise.reference!r} is not among the options {exercise.options}."
    if len(exercise.hints) not in (0, 3):
        return f"three hints are shown one after the other (concept, API, nearly code), {len(exercise.hints)} came."
    return None
