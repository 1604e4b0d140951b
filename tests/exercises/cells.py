"""What a learner types into a cell, and what the lecture around it has already defined."""

import ast
import functools
import hashlib
import linecache
from pathlib import Path

from course_lib.authoring.source import parse, solution_lines
from course_lib.exercises import find
from course_lib.grading.names import definitions, used_names

SOURCES = Path(__file__).parents[2] / "notebooks" / "src"


def cell(source, name, namespace=None):
    """Run source text as Jupyter runs a cell (its lines can be read afterwards) and return what `name` is then."""
    filename = f"<cell {hashlib.sha256(source.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]


def typed(exercise_id, source):
    """What a source defines, typed into the exercise's cell: after the lecture's imports and the functions of the
    cells above that it calls, the solutions of earlier exercises among them."""
    exercise = find(exercise_id)
    namespace = {"__name__": "__main__"}
    for line in _imports(exercise_id[:2]):
        exec(line, namespace)
    used, above = used_names(source) - {exercise.name}, []
    for earlier in reversed(_above(exercise_id)):  # a function from above may call one from further above
        taken = definitions(earlier, used)
        above.append(taken)
        used = used | used_names(taken)
    for text in reversed(above):
        exec(text, namespace)
    return cell(source, exercise.name, namespace)


def authored(exercise_id, edition="solutions"):
    """The source of an exercise's cell in one edition of its lecture."""
    return _edition(own_cell(exercise_id), edition)


def own_cell(exercise_id):
    """The exercise's cell as its lecture has it, with the markers of solution and starting point."""
    return next(c for c in _cells(exercise_id[:2]) if c.exercise == exercise_id)


def _above(exercise_id):
    cells = _cells(exercise_id[:2])
    position = cells.index(own_cell(exercise_id))
    return [_edition(c, "solutions") for c in cells[:position]]


@functools.cache
def _imports(number):
    statements = [node for c in _cells(number) for node in ast.parse(c.source).body]
    return [ast.unparse(node) for node in statements if isinstance(node, (ast.Import, ast.ImportFrom))]


@functools.cache
def _cells(number):
    (path,) = SOURCES.glob(f"{number}_*.py")
    cells, problems = parse(path)
    assert not problems, problems
    return [c for c in cells if c.kind == "code"]


def _edition(one, edition):
    return "\n".join(text for _, text in solution_lines(one.source, edition))
