"""An answer is read once; whoever judges it is given what was found."""

import linecache
import sys
from dataclasses import dataclass

from .reach import reach
from .rule import broken_rule, unknown_name
from .shortcuts import Shortcut, find_shortcut
from .source import functions_of, placeholder


@dataclass(frozen=True)
class Reading:
    """What the source of an answer told.

    shortcut: the forbidden thing that it uses, or None.
    broken: a sentence on how it breaks the rule of an exercise that forbids something (`rule`), or None.
    unknown: a sentence on a name in it that no cell gives a value, or None.
    unreadable: whether some of the source could not be read, so that shortcuts were searched in part only.
    unfinished: (line number, text) of the first `...` where code belongs, or None.
    """

    shortcut: Shortcut | None = None
    broken: str | None = None
    unknown: str | None = None
    unreadable: bool = False
    unfinished: tuple[int, str] | None = None


def read(exercise, answer, cells=None):
    """Read an answer without running it. After it has run, more is known of what the names in it stand for.

    Args:
        exercise: Exercise.
        answer: function or class.
        cells: source texts in the order in which they ran; by default those of the notebook that this runs in.
    """
    shortcut, unreadable = find_shortcut(answer, exercise.forbidden, exercise.own)
    return Reading(shortcut, *_rule(exercise, answer, cells), unreadable, placeholder(answer))


def _rule(exercise, answer, cells):
    if not exercise.forbidden:
        return None, None
    complete = cells is not None
    if cells is None:
        cells, complete = _cells_of_the_notebook(answer)
    reached = reach(exercise.name, cells)
    name = getattr(answer, "__name__", None)
    if not reached.found and name:  # check("02.1", of_another_name)
        reached = reach(name, cells)
    if not reached.found and not complete:
        return None, None  # `unreadable` says it
    return broken_rule(reached, exercise), unknown_name(reached, exercise) if complete else None


def _cells_of_the_notebook(answer):
    """(source texts of the cells that ran, whether these are all). Outside of Jupyter, the file of the answer alone."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    history = getattr(shell, "history_manager", None)
    functions = functions_of(answer)
    if history is not None and any(function.__globals__ is shell.user_ns for function in functions):
        return list(history.input_hist_raw), True
    files = dict.fromkeys(function.__code__.co_filename for function in functions)
    return ["".join(linecache.getlines(file)) for file in files], False
