"""Forbidden operations in a learner's source, by every name and by every way around naming them.

Read, never run. The sandbox refuses the same operations when they are called (`inside/answering.py`); this is the half
that the learner's own process cannot reach.
"""

import ast
import re

from course_lib.exercises.shortcuts import SYNONYMS
from course_lib.grading.names import parsed

# Ways to call something without its name in the source. None has a use in an exercise that forbids a function.
HIDING_CALLS = {"eval", "exec", "compile", "__import__", "import_module", "globals", "locals", "vars", "attrgetter",
                "methodcaller", "getattr_static", "_getframe"}  # fmt: skip
HIDING_NAMES = {"__dict__", "__builtins__", "__getattribute__", "__globals__", "__code__", "__subclasses__",
                "__torch_function__", "builtins", "_C", "_VF", "_ops", "_refs", "_decomp", "_prims"}  # fmt: skip
HIDING_MODULES = {"importlib", "ctypes", "cffi", "subprocess", "builtins", "gc", "inspect", "sys", "marshal", "pickle",
                  "codecs", "multiprocessing", "runpy", "pkgutil", "imp", "zipimport", "code"}  # fmt: skip
HIDING_IN_TORCH = {"ops", "jit", "compile", "export", "fx", "library", "overrides", "package", "classes"}


def evasion(cells, exercise):
    """Why the cells of an answer break the rule of an exercise that forbids something; None where they do not.

    Args:
        cells: the learner's source texts.
        exercise: Exercise.
    Returns:
        a sentence, or None. An exercise that forbids nothing has no such rule.
    """
    if not exercise.forbidden:
        return None
    reader = _Reader(exercise)
    trees = [(source, parsed(source)) for source in cells]
    for source, tree in trees:
        if tree is None:
            reader.read_text(source)
        else:
            reader.own |= {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
            reader.own |= set().union(*map(_named_lambda, tree.body))
    for _, tree in trees:
        if tree is not None:
            reader.visit(tree)
    return reader.found


def _named_lambda(node):
    """The names that a statement gives to a lambda: a definition like one with `def`."""
    lambdas = isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
    return {target.id for target in node.targets if isinstance(target, ast.Name)} if lambdas else set()


def _local_names(function):
    """The names that are a function's own, as Python sees it: arguments, and what its body assigns to."""
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found, foreign = {argument.arg for argument in plain if argument}, set()
    waiting = list(function.body) if isinstance(function.body, list) else [function.body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            foreign |= set(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)
    return found - foreign


_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


class _Reader(ast.NodeVisitor):
    def __init__(self, exercise):
        self.found = None
        self.own = set()
        self.locals = []  # the names that belong to the functions around the present node
        self.keys = {_key(name) for name in exercise.forbidden}
        self.keys |= {synonym for key in self.keys for synonym in SYNONYMS.get(key, ())}

    def read_text(self, source):
        """A cell that is no Python (a magic, say) is searched by its words."""
        for word in re.findall(r"\w+", source):
            if _key(word) in self.keys or word in HIDING_CALLS | {"getattr"}:
                self._note(word, None)

    def visit_Import(self, node):
        for item in node.names:
            self._module(item.name, node)
            self._name(item.name, node)

    def visit_ImportFrom(self, node):
        self._module(node.module or "", node)
        for item in node.names:
            self._name(item.name, node)
            if (node.module or "").partition(".")[0] == "torch" and item.name in HIDING_IN_TORCH | HIDING_NAMES:
                self._note(item.name, node)

    def visit_FunctionDef(self, node):
        for outside in (*getattr(node, "decorator_list", ()), node.args):  # defaults are evaluated around the function
            self.visit(outside)
        self.locals.append(_local_names(node))
        for inside in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(inside)
        self.locals.pop()

    visit_Lambda = visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Name(self, node):
        """What a name is read for counts. One that the learner assigned to, `occlusion = ...`, is no library's."""
        if not isinstance(node.ctx, ast.Load) or any(node.id in names for names in self.locals):
            return
        if node.id not in self.own:
            self._name(node.id, node)
        if node.id in HIDING_NAMES:
            self._note(node.id, node)

    def visit_Attribute(self, node):
        self.generic_visit(node)
        self._name(node.attr, node)
        of_torch = isinstance(node.value, ast.Name) and node.value.id == "torch" and node.attr in HIDING_IN_TORCH
        if node.attr in HIDING_NAMES or of_torch:
            self._note(node.attr, node)

    def visit_Call(self, node):
        self.generic_visit(node)
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        of_re = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "re"
        if called in HIDING_CALLS and called not in self.own and not of_re:
            self._note(called, node)
        if called == "getattr" and not (len(node.args) > 1 and isinstance(node.args[1], ast.Constant)):
            self._note("getattr with a computed name", node)
        elif called == "getattr":
            self._name(str(node.args[1].value), node)

    def _module(self, name, node):
        parts = name.split(".")
        if parts[0] in HIDING_MODULES or (parts[0] == "torch" and set(parts) & (HIDING_NAMES | HIDING_IN_TORCH)):
            self._note(name, node)

    def _name(self, name, node):
        if _key(name) in self.keys:
            self._note(name, node)

    def _note(self, what, node):
        where = f" (line {node.lineno} of its cell)" if node is not None else ""
        if self.found is None and _key(what) in self.keys:
            self.found = (
                f"The exercise is to do without {what}, which your code names{where}. Write yourself what it does."
            )
        elif self.found is None:
            self.found = (
                f"This exercise forbids some functions, so what your code calls must be readable, and "
                f"{what}{where} hides it. Write it plainly."
            )


def _key(name):
    last = name.rpartition(".")[2].lower().replace("_", "")
    for prefix in ("lazy", "native"):
        last = last.removeprefix(prefix)
    return last
