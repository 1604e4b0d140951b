"""The course's library as the sandbox sees it: without exercises, without the grader, without what is asked for.

Where an exercise asks for a function that the library itself has, the copy keeps its name, signature and docstring,
and its body says that it is not there.
"""

import ast
import inspect
import shutil
import types
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
LEFT_OUT = ("__pycache__", "lecture_[0-9][0-9].py", "*.pyc", "benchmarks", "build.py", "execution.py", "cli.py")


def make_copy(folder, lesson):
    """Copy the library into `folder`, for the kernels of one lesson.

    Args:
        folder: where `course_lib` will be; it exists and is empty.
        lesson: Lesson.
    Returns:
        the functions that were emptied, as "course_lib.ops.convolution.conv3d".
    """
    target = Path(folder) / "course_lib"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns(*LEFT_OUT, "grading"), symlinks=False)
    inside = target / "grading" / "inside"
    shutil.copytree(PACKAGE / "grading" / "inside", inside, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (target / "grading" / "__init__.py").write_text('"""Not here."""\n', encoding="utf-8")
    data = PACKAGE.parent / "data"
    if data.is_dir() and not (target / "shipped").exists():  # in a checkout the small films lie beside the package
        shutil.copytree(data, target / "shipped")
    emptied = sorted(secret_functions(lesson))
    for name in emptied:
        _empty(target, name)
    return emptied


def secret_functions(lesson):
    """The library's functions that answer an exercise of a lesson or that one of them forbids, by dotted name."""
    found = set()
    for exercise in lesson.exercises.values():
        found |= {name for name in exercise.forbidden if name.startswith("course_lib.")}
        for function in _functions_behind(exercise.reference):
            found.add(f"{function.__module__}.{function.__qualname__}")
    return found


def _functions_behind(reference):
    """The functions of the library that a reference is, or that it calls when it is only a wrapper beside the tests."""
    if not isinstance(reference, types.FunctionType):
        return [reference] if isinstance(reference, type) and _is_public(reference) else []
    if _is_public(reference):
        return [reference]
    names = reference.__code__.co_names
    owners = [vars(thing) for thing in map(reference.__globals__.get, names) if inspect.ismodule(thing)]
    things = [owner.get(name) for owner in (reference.__globals__, *owners) for name in names]
    return [thing for thing in things if isinstance(thing, types.FunctionType) and _is_public(thing)]


def _is_public(thing):
    module = thing.__module__ or ""
    return module.startswith("course_lib.") and not module.startswith("course_lib.exercises")


def _empty(target, dotted):
    """Replace the body of a function, or of every method of a class, by an error."""
    parts = dotted.split(".")[1:]
    file = next(
        (f for i in range(len(parts), 0, -1) if (f := target.joinpath(*parts[:i]).with_suffix(".py")).is_file()), None
    )
    if file is None:
        return
    path = parts[len(file.relative_to(target).parts) :]
    lines = file.read_text(encoding="utf-8").splitlines()
    node = ast.parse("\n".join(lines))
    for name in path:
        node = next((n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == name), None)
        if node is None:
            return
    functions = (
        [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef)] if isinstance(node, ast.ClassDef) else [node]
    )
    for function in sorted(functions, key=lambda function: -function.lineno):
        first, last = function.body[0].lineno, function.end_lineno
        indent = " " * function.body[0].col_offset
        reason = f"{dotted} is what an exercise asks for: it is not here while answers are graded."
        lines[first - 1 : last] = [f"{indent}raise NotImplementedError({reason!r})"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
