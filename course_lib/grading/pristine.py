"""A lecture as the grader knows it: the pristine cells, the solutions, and what each exercise needs."""

import ast
from dataclasses import dataclass
from functools import cached_property

from course_lib.authoring.source import solution_lines
from course_lib.grading.names import bound_names, defines_only, definitions, used_names

PREAMBLE = "from course_lib import check, claim, predict, start"


@dataclass(frozen=True)
class PristineCell:
    """One code cell of the course.

    source: as the learner edition has it.
    solution: as the solutions edition has it.
    exercise: the id if it is an exercise cell, else None.
    check: the id if it is a check cell, else None.
    """

    source: str
    solution: str
    exercise: str | None
    check: str | None
    setup: bool


@dataclass(frozen=True)
class Lesson:
    """The code of one lecture.

    number: "02".
    name: "02_convolutions_in_time".
    cells: tuple of PristineCell.
    exercises: dict from id to the registered Exercise, in the order of the lecture.
    """

    number: str
    name: str
    cells: tuple
    exercises: dict

    @classmethod
    def of(cls, lecture):
        """The lesson in an authored lecture (`course_lib.authoring.editions.read`)."""
        cells, current = [], None
        for cell in lecture.cells:
            current = cell.exercise or current
            if cell.kind == "code":
                texts = ["\n".join(t for _, t in solution_lines(cell.source, e)) for e in ("learner", "solutions")]
                exercise, check = (current if tag in cell.tags else None for tag in ("exercise", "check"))
                cells.append(PristineCell(*texts, exercise, check, "setup" in cell.tags))
        exercises = {cell.exercise: lecture.exercises[cell.exercise] for cell in cells if cell.exercise}
        return cls(lecture.number, lecture.name, tuple(cells), exercises)

    @cached_property
    def sources(self):
        """The stripped sources of all cells that a learner did not write."""
        return {cell.source.strip() for cell in self.cells if not cell.exercise}

    @cached_property
    def stubs(self):
        """From exercise id to the source that the learner starts from."""
        return {cell.exercise: cell.source for cell in self.cells if cell.exercise}

    @cached_property
    def modules(self):
        """The modules that the lecture's own cells import: worth loading once, before the first learner."""
        found = []
        for cell in self.cells:
            for node in ast.walk(ast.parse(cell.source)) if not cell.exercise else ():
                if isinstance(node, ast.Import):
                    found += [item.name for item in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.append(node.module)
        return list(dict.fromkeys(found))

    def imports_before(self, exercise_id):
        """The source texts of the course's set-up and import cells above an exercise."""
        return [_runnable(cell, text) for cell, text in self._above(exercise_id) if _is_plain(cell, text)]

    def needed_before(self, exercise_id, names=()):
        """The course's own cells that must run before an exercise: set-up, imports, and what defines a used name.

        An earlier exercise among them stands with the course's solution, so that no mistake is paid for twice. Cells
        that train or plot are needed only where the exercise itself, as handed out, uses what they make; of the
        others, a function that the answer calls is taken out.

        Args:
            exercise_id: "02.3".
            names: what the learner's own code uses beyond that; brings in definitions.
        Returns:
            list of source texts.
        """
        own = next(cell for cell in self.cells if cell.exercise == exercise_id)
        strong, weak = used_names(own.source) | used_names(own.solution), set(names)
        kept = []
        for cell, text in reversed(self._above(exercise_id)):
            bound, plain = bound_names(text), _is_plain(cell, text)
            if plain or bound & strong or (bound & weak and (cell.exercise or defines_only(text))):
                kept.append(_runnable(cell, text))
                strong |= set() if plain else used_names(text)
            elif bound & weak and (called := definitions(text, weak)):  # a worked example, without the cell's own use
                kept.append(called)
                weak |= used_names(called)
        return kept[::-1]

    def _above(self, exercise_id):
        """(cell, its solved source) of every cell above an exercise but the checks."""
        position = next(i for i, cell in enumerate(self.cells) if cell.exercise == exercise_id)
        return [(cell, cell.solution) for cell in self.cells[:position] if not cell.check]


def _is_plain(cell, text):
    return cell.setup or defines_only(text, only_imports=True)


def _runnable(cell, text):
    return f"{PREAMBLE}\n{text}" if cell.setup else text
