"""The course's library as the sandbox sees it: without exercises, without the grader, without what is asked for.

Where an exercise asks for a function that the library itself has, the copy keeps its name, signature and docstring,
and its body says that it is not there.
"""

import ast
import importlib
import inspect
import shutil
import types
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.names import used_names

PACKAGE = Path(__file__).resolve().parents[1]
LEFT_OUT = ("__pycache__", "lectures", "authoring", "grading", "bench")  # folders that no learner may see


def make_copy(folder, lesson):
    """Copy the library into `folder`, for the kernels of one lesson.

    Args:
        folder: where `course_lib` will be; it exists and is empty.
        lesson: Lesson.
    Returns:
        the functions that were emptied, as "course_lib.ops.convolution.conv3d".
    """
    target = Path(folder) / "course_lib"
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=False)
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
    """The library's functions that answer an exercise of a lesson or that one of them forbids, by dotted name.

    What an exercise of the lesson is solved with stays: lucas_kanade is forbidden where its system is to be solved, and
    given where it is to be iterated; there the search for forbidden names has to do (`exercises.rule`). What the lesson
    imports and nothing forbids stays as well.
    """
    answers, behind = set(), set()
    for exercise in lesson.exercises.values():
        answers |= {name for name in exercise.forbidden if name.startswith("course_lib.") and not _is_table(name)}
        for thing in exercise.own:
            for function in _functions_behind(thing):
                (answers if function is thing else behind).add(_dotted(function))
    imported = _imported(lesson)
    used = {name for cell in lesson.cells if cell.exercise for name in used_names(cell.source + "\n" + cell.solution)}
    given = set(map(_dotted, _with_all_they_call([thing for name, thing in imported if name in used])))
    return (answers | behind - {_dotted(thing) for _, thing in imported}) - given


def _is_table(dotted):
    """A table, as of the classes to choose from, has no body: what it holds is emptied where it is defined."""
    module, _, name = dotted.rpartition(".")
    try:
        return not callable(getattr(importlib.import_module(module), name))
    except (ImportError, AttributeError):  # a method, or nothing at all: `_empty` looks for it
        return False


def _imported(lesson):
    """(name, function) of the library's functions that the lesson's own cells import."""
    found = []
    for cell in lesson.cells:
        for node in ast.walk(ast.parse(cell.source)) if not cell.exercise else ():
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_lib."):
                home = vars(importlib.import_module(node.module))
                found += [(item.asname or item.name, home.get(item.name)) for item in node.names]
    return [(name, thing) for name, thing in found if isinstance(thing, types.FunctionType)]


def _with_all_they_call(functions):
    """Functions of the library, and those that they call, directly or in turn."""
    waiting, found = list(functions), set()
    while waiting:
        function = waiting.pop()
        if isinstance(function, types.FunctionType) and _is_public(function) and function not in found:
            found.add(function)
            waiting += _called(function)
    return found


def _called(function):
    """What the names in a function stand for, those after a module's name among them."""
    codes, names = [function.__code__], set()
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    owners = [function.__globals__]
    owners += [vars(thing) for thing in map(function.__globals__.get, names) if inspect.ismodule(thing)]
    return [owner.get(name) for owner in owners for name in names]


def _dotted(function):
    return f"{function.__module__}.{function.__qualname__}"


def _functions_behind(answer):
    """The functions of the library that an answer is, or that it calls when it is only a wrapper beside the tests."""
    if not isinstance(answer, types.FunctionType):
        return [answer] if isinstance(answer, type) and _is_public(answer) else []
    if _is_public(answer):
        return [answer]
    return [thing for thing in _called(answer) if isinstance(thing, types.FunctionType) and _is_public(thing)]


def _is_public(thing):
    module = thing.__module__ or ""
    return module.startswith("course_lib.") and not module.startswith("course_lib.exercises")


def _defines(node, name):
    return isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name


def _empty(target, dotted):
    """Replace the body of a function, or of every method of a class, by an error.

    Raises:
        CourseError: nothing of that name is defined there, so that it would stay for everybody to call.
    """
    parts = dotted.split(".")[1:]
    file = next(
        (f for i in range(len(parts), 0, -1) if (f := target.joinpath(*parts[:i]).with_suffix(".py")).is_file()), None
    )
    path = parts[len(file.relative_to(target).parts) :] if file else ()
    lines = file.read_text(encoding="utf-8").splitlines() if file else []
    node = ast.parse("\n".join(lines))
    for name in path:
        node = next((n for n in ast.iter_child_nodes(node) if _defines(n, name)), None)
        if node is None:
            break
    if not path or node is None:
        raise CourseError(
            f"{dotted} is to be hidden from learners, and the library defines nothing by that name. Was it moved? "
            "Correct it where an exercise forbids it."
        )
    functions = (
        [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef)] if isinstance(node, ast.ClassDef) else [node]
    )
    for function in sorted(functions, key=lambda function: -function.lineno):
        first, last = function.body[0].lineno, function.end_lineno
        indent = " " * function.body[0].col_offset
        reason = f"{dotted} is what an exercise asks for: it is not here while answers are graded."
        lines[first - 1 : last] = [f"{indent}raise NotImplementedError({reason!r})"]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
