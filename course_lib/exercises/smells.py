"""What can be seen in the source of a wrong answer without knowing the exercise: facts that are rarely meant so."""

import ast

from .source import functions_of, source_of

PURE = frozenset(
    "abs ceil clamp clone contiguous cumsum exp flatten flip float floor int log long max mean min permute pow relu "
    "reshape roll round sigmoid softmax sqrt square squeeze sum transpose unflatten unsqueeze view".split()
)  # methods of tensors that leave the tensor as it is


def smell(answer):
    """A sentence on a value that is dropped, a loop that its return ends, or an argument never used; else None."""
    for source in filter(None, map(source_of, functions_of(answer))):
        function = source.tree.body[0]
        if isinstance(function, ast.FunctionDef):
            found = _dropped(source, function) or _ended(source, function) or _unused(answer, function)
            if found:
                return found
    return None


def _dropped(source, function):
    for node in ast.walk(function):
        if not isinstance(node, ast.Expr) or node is function.body[-1]:  # at the end, a return is missing
            continue
        value = node.value
        if isinstance(value, (ast.BinOp, ast.Compare)):
            return f"{_at(source, node)} computes something and drops it: give it a name, with =."
        called = value.func if isinstance(value, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in PURE:
            why = f".{called.attr}(...) gives a new value; keep it with ="
            return f"{_at(source, node)} computes something and drops it: {why}."
    return None


def _ended(source, function):
    for loop in ast.walk(function):
        if isinstance(loop, (ast.For, ast.While)) and isinstance(loop.body[-1], ast.Return):
            if not any(isinstance(node, ast.Continue) for node in ast.walk(loop)):
                return f"{_at(source, loop.body[-1])} ends the loop in its first round: is it to stand after the loop?"
    return None


def _unused(answer, function):
    arguments = function.args
    if isinstance(answer, type) or function.name != getattr(answer, "__name__", None):
        return None
    if arguments.vararg or arguments.kwarg:
        return None
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    missing = [f"`{name}`" for name in names if name not in used and not name.startswith("_")]
    if not missing:
        return None
    word = "argument" if len(missing) == 1 else "arguments"
    return f"The {word} {' and '.join(missing)} never enter{'s' if len(missing) == 1 else ''} the computation."


def _at(source, node):
    number, text = source.line(node)
    return f"Line {number} of your cell ({text})"
