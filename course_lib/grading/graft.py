"""What runs for an answer, in which order: the course's cells, then the learner's, or one definition of them alone."""

import ast
import dataclasses
from dataclasses import dataclass

from course_lib.cells import LONGEST, parsed
from course_lib.exercises.reach import reach
from course_lib.grading.names import bound_names, used_names
from course_lib.grading.submission import Answer, Cell
from course_lib.grading.verdict import decide

ALONE = "Your definition of {name} ran on its own: only the course's set-up and imports stood beside it."
MISSING = "The exercise asks for {name} on its own, and no cell of yours defines it with `def` or `class`, unindented."
LACKING = (
    "{name} must stand on its own here, and it uses {names}, which your notebook has outside of it. Define or import "
    "inside {name} whatever it uses."
)


@dataclass(frozen=True)
class Staged:
    """One answer, ready to run.

    before: source texts of the course's own cells.
    answer: what runs of the learner's.
    whole: all that the learner wrote for it.
    lacking: what is wrong with a definition that must stand on its own, as far as its source tells; else None.
    """

    before: list
    answer: Answer
    whole: Answer
    lacking: str | None = None

    def verdict(self, question, reply, baseline, remarks=()):
        """The verdict on what came back; for the rest see `verdict.decide`.

        Args:
            remarks: on what happened while it ran.
        """
        verdict = decide(question, reply, self.answer, self.before, baseline)
        summary = self.lacking if self.lacking and not verdict.passed else verdict.summary
        notes = (*verdict.notes, *remarks)
        return dataclasses.replace(verdict, summary=summary, source=self.whole.source[:LONGEST], notes=notes)


def stage(lesson, exercise, answer):
    """What runs for a learner's answer.

    Where an exercise forbids something, that is only what the answer reaches: the rule is about what runs, and what is
    beside it, a comparison with what is forbidden, say, does no harm.

    Args:
        lesson: Lesson.
        exercise: one of it.
        answer: Answer, all that the learner wrote for it.
    """
    whole = answer
    if not exercise.alone:
        answer = _reached(exercise, answer) if exercise.forbidden else answer
        return Staged(lesson.needed_before(exercise.id, used_names(answer.source)), answer, whole)
    before = lesson.imports_before(exercise.id)
    definition = _definition(answer.cells, exercise.name)
    if definition is None:
        return Staged(before, Answer((), answer.notes), answer, MISSING.format(name=exercise.name))
    here = set().union(*map(bound_names, before), {exercise.name})
    elsewhere = set().union(*(bound_names(cell.source) for cell in answer.cells))
    names = sorted((used_names(definition.source) & elsewhere) - here)
    text = LACKING.format(name=exercise.name, names=", ".join(names)) if names else None
    notes = (*answer.notes, ALONE.format(name=exercise.name))
    return Staged(before, Answer((definition,), notes), answer, text)


def _reached(exercise, answer):
    """The part of an answer that defines what is asked for; all of it where nothing does."""
    part = reach(exercise.name, [cell.source for cell in answer.cells])
    if not part.found:
        return answer
    both = zip(answer.cells, part.texts, strict=True)
    return Answer(tuple(Cell(cell.number, text) for cell, text in both if text), answer.notes)


def _definition(cells, name):
    """A cell of the last definition of a name alone, on the lines where the learner has it; None if there is none."""
    for cell in reversed(cells):
        tree = parsed(cell.source)
        for node in reversed(tree.body if tree else ()):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                lines = cell.source.replace("\r", "\n").split("\n")[: node.end_lineno]
                return Cell(cell.number, "\n" * (first - 1) + "\n".join(lines[first - 1 :]))
    return None
