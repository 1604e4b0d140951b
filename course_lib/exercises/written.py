"""`exercise` describes one exercise around the text of its solution; `edit` makes a likely mistake from that text.

The text is what stands in the notebook's cell, below the import lines that it needs to run on its own; the build holds
the two against each other. The course's own answer and the wrong ones are made from it, so that it is written once:

    SOLUTION = '''
    from course_lib.ops.warp import pixel_grid


    def shift(image, pixels):
        return image.roll(pixels, dims=-1)
    '''

    shift = exercise("99.1", "Shift an image", points=1, solution=SOLUTION, cases=_cases, hints=(...), mistakes=(
        edit("this shifts down: the last axis is the columns", {"dims=-1": "dims=-2"}),
        Mistake("nothing is shifted", lambda image, pixels: image),
    ))
"""

import ast
import hashlib
import linecache
from dataclasses import dataclass

from .spec import Exercise, ExerciseError, Mistake


@dataclass(frozen=True)
class Edit:
    """A mistake that is a change of the solution's text; `exercise` makes a `Mistake` of it."""

    diagnosis: str
    changes: dict[str, str]

    def of(self, text):
        """The changed text.

        Raises:
            ExerciseError: a piece to be replaced is not there, so the edit would silently change nothing.
        """
        for old, new in self.changes.items():
            if old not in text:
                raise ExerciseError(f"The edit {self.diagnosis!r} looks for {old!r}, which the solution does not have.")
            text = text.replace(old, new)
        return text


def edit(diagnosis, changes):
    """A likely mistake: the solution with some pieces of its text replaced.

    Args:
        diagnosis: what a learner is told whose output equals that of the changed solution.
        changes: {old: new}; each is replaced wherever it stands, one after the other in this order.
    """
    return Edit(diagnosis, changes)


def exercise(id, title, *, solution, mistakes=(), kind=None, same_as=None, **details) -> Exercise:
    """Describe an exercise.

    Args:
        id, title: "04.4", "Warp an image".
        solution: source text of the solution: the imports it needs, then the code of the notebook's cell. The last
            function, class or variable that it defines is what the learner writes.
        mistakes: `edit`s of the solution, and `Mistake`s where an edit cannot say it.
        kind: "number", "array" or "choice" where the answer is a value; a function or class shows itself.
        same_as: the function or class of the library that the solution equals. The tests hold the two together, and
            using it is no answer.
        details: the other fields of `Exercise`: points, cases, hints, forbidden, options, rtol, atol, ...
    Raises:
        ExerciseError: the description cannot be checked, or an edit changes nothing.
    """
    home = f"{__package__}.lectures.l{id[:2]}"
    name, shown = _defined(id, solution)
    reference = run_text(solution, name, home)
    made = []
    for mistake in mistakes:
        if isinstance(mistake, Edit):
            text = mistake.of(solution)
            mistake = Mistake(mistake.diagnosis, run_text(text, name, home), text, mistake)
        made.append(mistake)
    return Exercise(id=id, title=title, name=name, kind=kind or shown, reference=reference, solution=solution,
                    same_as=same_as, mistakes=tuple(made), **details)  # fmt: skip


def run_text(text, name, home):
    """Run source text in a namespace of its own and return what `name` is then; its lines can be read afterwards.

    Args:
        text: source text with the imports that it needs.
        name: what it defines.
        home: what `__module__` of the things in it says.
    """
    filename = f"<{name} {hashlib.sha256(text.encode()).hexdigest()[:12]}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace = {"__name__": home}
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]


def same_code(one, other):
    """Whether two source texts are the same code, whatever their comments, layout, docstrings and import lines are."""
    return _bare(one) == _bare(other)


def _bare(text):
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if not isinstance(node, (ast.Import, ast.ImportFrom))]
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)


def _defined(id, text):
    """(name, kind) of the last thing that a source text defines at its top level."""
    for node in reversed(ast.parse(text).body):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            return node.name, "class" if isinstance(node, ast.ClassDef) else "function"
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            return node.targets[0].id, None
    raise ExerciseError(f"Exercise {id!r}: its solution defines nothing.")
