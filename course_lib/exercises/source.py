"""Read the source of what a learner wrote: its lines, its syntax tree, and whether it is still the stub."""

import ast
import functools
import inspect
import linecache
import textwrap
import types
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """One function: its syntax tree, and the line of its cell (or file) on which the tree's line 1 stands."""

    function: types.FunctionType
    tree: ast.AST
    first_line: int
    lines: tuple[str, ...]

    def line(self, node):
        """(number, text) of the line of the cell on which a node of the tree begins."""
        return self.first_line + node.lineno - 1, self.lines[node.lineno - 1].strip()


def source_of(function):
    """The `Source` of a Python function, or None where it cannot be read (made by exec, or no Python function)."""
    function = inspect.unwrap(function)
    try:
        lines, first = inspect.getsourcelines(function)
        text = textwrap.dedent("".join(lines))
        return Source(function, ast.parse(text), max(first, 1), tuple(text.splitlines()))
    except (OSError, TypeError, SyntaxError):
        return None


def functions_of(answer):
    """The Python functions that an answer consists of: itself, or the methods of a class or of an object's class."""
    if isinstance(answer, functools.partial):
        return functions_of(answer.func)
    if isinstance(answer, type):
        return [f for member in vars(answer).values() for f in _functions_in(member)]
    if type(answer).__module__ == "__main__":  # an object of a class that the learner wrote
        return functions_of(type(answer))
    return _functions_in(answer)


def _functions_in(member):
    if isinstance(member, property):
        return [f for f in (member.fget, member.fset) if f is not None]
    member = getattr(member, "__func__", member)  # static, class and bound methods
    member = inspect.unwrap(member) if callable(member) else member
    return [member] if isinstance(member, types.FunctionType) else []


def placeholder(answer):
    """The (line number, text) of the first `...` that still stands where code belongs; None if there is none."""
    for source in filter(None, map(source_of, functions_of(answer))):
        for node in ast.walk(source.tree):
            if isinstance(node, (ast.Expr, ast.Assign, ast.Return, ast.AnnAssign)) and _is_ellipsis(node.value):
                return source.line(node)
    return None


def is_stub(answer):
    """Whether nothing was written: a function of docstring, `...`, `pass` or `raise NotImplementedError` alone, or a
    class whose own methods are all like that."""
    functions = functions_of(answer)
    if isinstance(answer, type):
        own = [f for f in functions if f.__qualname__.startswith(answer.__qualname__ + ".")]
        return all(map(_is_empty, own))
    return bool(functions) and all(map(_is_empty, functions))


def _is_empty(function):
    source = source_of(function)
    if source is None:
        return function.__code__.co_code == _nothing.__code__.co_code and not function.__code__.co_names
    tree = source.tree.body[0]
    return isinstance(tree, ast.FunctionDef) and all(map(_says_nothing, tree.body))


def _nothing():
    pass


def _says_nothing(node):
    if isinstance(node, ast.Pass):
        return True
    if isinstance(node, ast.Raise):
        return "NotImplementedError" in ast.dump(node)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_ellipsis(node):
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def learners_line(error, answer):
    """Where in the learner's own code an exception happened.

    Returns:
        (line number in the cell, text of the line), the innermost line of the learner's; None where the traceback
        holds none (the function was called with arguments that it does not take, say). The text is "" where the
        source cannot be read.
    """
    own = {id(f.__globals__) for f in functions_of(answer)}
    found = None
    trace = error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if id(frame.f_globals) in own:
            text = linecache.getline(frame.f_code.co_filename, trace.tb_lineno, frame.f_globals).strip()
            found = trace.tb_lineno, text
        trace = trace.tb_next
    return found
