"""An answer is read once; whoever judges it is given what was found."""

from dataclasses import dataclass

from .shortcuts import Shortcut, find_shortcut
from .source import placeholder


@dataclass(frozen=True)
class Reading:
    """What the source of an answer told.

    shortcut: the forbidden thing that it uses, or None.
    unreadable: whether some of the source could not be read, so that shortcuts were searched in part only.
    unfinished: (line number, text) of the first `...` where code belongs, or None.
    """

    shortcut: Shortcut | None = None
    unreadable: bool = False
    unfinished: tuple[int, str] | None = None


def read(exercise, answer):
    """Read an answer without running it. After it has run, more is known of what the names in it stand for."""
    shortcut, unreadable = find_shortcut(answer, exercise.forbidden, exercise.own)
    return Reading(shortcut, unreadable, placeholder(answer))
