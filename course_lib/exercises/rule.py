"""What an answer may use: the one rule of the notebook's check and of the grader, read from the source.

Only what the answer reaches is judged (`reach`). The other half is `watch`, which refuses the same operations while the
answer runs; here stands what could take that watch off, and what it cannot see (NumPy's functions, say).
"""

import ast
import builtins
import re
import sys
import types

from course_lib.cells import parsed

from .reach import LIBRARIES, root
from .shortcuts import CONVOLUTIONS, SYNONYMS, is_ours

FOREIGN = tuple(name for name in LIBRARIES if name != "course_lib")
# Where an answer's imports may come from: modules that compute, and start nothing beside it.
MODULES = (
    *LIBRARIES, "einops", "matplotlib", "tqdm", "math", "cmath", "itertools", "functools", "operator", "collections",
    "typing", "dataclasses", "enum", "abc", "numbers", "fractions", "decimal", "statistics", "random", "time", "copy",
    "warnings", "contextlib", "heapq", "bisect", "array", "string", "re", "textwrap", "pprint", "__future__",
)  # fmt: skip
# Ways to reach something without its name in the source. None has a use in an exercise that forbids a function.
HIDING_BUILTINS = {"eval", "exec", "compile", "__import__", "globals", "locals", "vars", "breakpoint", "get_ipython",
                   "open", "input"}  # fmt: skip
HIDING_NAMES = {"import_module", "attrgetter", "methodcaller", "getattr_static", "get_type_hints", "ForwardRef",
                "Formatter", "get_field", "builtins", "overrides", "sys", "os", "importlib", "ctypes", "gc", "inspect",
                "subprocess", "threading", "multiprocessing", "asyncio", "pickle", "ctypeslib"}  # fmt: skip
HIDING_IN_LIBRARIES = {"ops", "compile", "export", "classes", "hub", "load", "jit", "fx", "library", "package",
                       "cpp_extension", "distributed", "futures", "contrib", "concurrent", "f2py"}  # fmt: skip
# Names with an underscore in front that say something about a thing, and lead to no other.
HARMLESS = {"__init__", "__call__", "__name__", "__doc__", "__class__", "__len__", "__getitem__", "__version__",
            "__future__", "_replace", "_asdict", "_fields", "_make"}  # fmt: skip
HARMLESS_OF_SYS = {"maxsize", "float_info"}
SETTINGS = ("torch.backends",)  # what is there to be set
GIVEN = {"torch", "np", "F", "nn", "display", "In", "Out", "_"}  # what stands in a notebook without being read here


def broken_rule(reached, exercise):
    """Why an answer breaks the rule of an exercise that forbids something; None where it does not.

    Args:
        reached: `Reach` of the exercise's name.
        exercise: Exercise.
    Returns:
        a sentence, or None. An exercise that forbids nothing has no such rule.
    """
    if not exercise.forbidden:
        return None
    if not reached.found:
        return f"This exercise forbids some functions, so {exercise.name} must be readable: define it with def."
    reader = _Reader(exercise)
    trees = [tree for tree in map(parsed, reached.texts) if tree is not None]
    for tree in trees:
        reader.learn(tree)
    for tree in trees:
        reader.visit(tree)
    for star in reader.stars:  # last: a name that is in use says more
        reader._note(*star)
    return reader.found


def unknown_name(reached, exercise):
    """How an answer breaks the rule that uses a name whose meaning stands in no cell; None where it does not.

    Worth saying where such an answer runs all the same: else the name is a slip, and Python says so.
    """
    unknown = sorted(name for name in reached.missing - GIVEN if not hasattr(builtins, name))
    if not (exercise.forbidden and reached.found and unknown):
        return None
    return (
        "This exercise forbids some functions, so what your code calls must be readable, and no cell gives "
        f"{unknown[0]} a value that can be read. Write it plainly."
    )


def _definitions(tree):
    """The names that the top level of a cell gives a value without importing it: what they are is read, too."""
    found = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif not isinstance(node, (ast.Import, ast.ImportFrom)):
            names = (n for n in _outside_functions(node) if isinstance(n, ast.Name))
            found |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return found


def _outside_functions(node):
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, _SCOPES)]


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
        self.stars = []
        self.locals = []  # the names that belong to the functions around the present node
        self.keys = {_key(name) for name in exercise.forbidden if not is_ours(name)}
        self.ours = {name.rpartition(".")[2] for name in exercise.forbidden if is_ours(name)}  # as they are spelled
        self.parts = {key for key in self.keys if re.fullmatch(r"conv\dd", key)}  # looked for within longer names, too
        if self.parts:
            self.parts |= {key.replace("conv", "convtranspose") for key in self.parts} | set(CONVOLUTIONS)
        self.keys |= {synonym for key in self.keys for synonym in SYNONYMS.get(key, ())}
        self.libraries = {"torch", "np", "F", "nn"}  # the names by which the cells know them
        self.imported = {"torch", "np", "F", "nn"}  # those, and what else the cells import
        self.homes = {}  # from such a name to the module

    def learn(self, tree):
        """Note what the names in a cell stand for, before the first of them is judged."""
        self.own |= _definitions(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for item in node.names:
                    self._learn_import(item.asname or item.name.partition(".")[0], item.name, bool(item.asname))
            elif isinstance(node, ast.ImportFrom):
                for item in node.names:
                    self._learn_import(item.asname or item.name, f"{node.module}.{item.name}", True)
        for node in ast.walk(tree):  # t = torch
            if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Name, ast.Attribute)):
                if root(node.value) in self.libraries:
                    self.libraries |= {target.id for target in node.targets if isinstance(target, ast.Name)}

    def _learn_import(self, name, dotted, whole):
        self.imported.add(name)
        self.homes[name] = sys.modules.get(dotted if whole else name)
        if dotted.partition(".")[0] in FOREIGN:
            self.libraries.add(name)

    def visit_Import(self, node):
        for item in node.names:
            self._module(item.name, node)
            self._name(item.name, node)

    def visit_ImportFrom(self, node):
        home = (node.module or "").partition(".")[0]
        self._module(node.module or "", node, {item.name for item in node.names})
        for item in node.names:
            self._reached(item.name, node, home in FOREIGN)
            if item.name == "*" and home != "math":
                self.stars.append((f"{home}.*", node))

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
        if isinstance(node.ctx, ast.Store) or any(node.id in names for names in self.locals):
            return
        if node.id not in self.own or isinstance(node.ctx, ast.Del):
            self._name(node.id, node, node.id in self.libraries)
        if node.id in HIDING_BUILTINS | {"getattr"} or (node.id not in self.own and _is_private(node.id)):
            self._note("getattr with a computed name" if node.id == "getattr" else node.id, node)

    def visit_Global(self, node):
        for name in HIDING_BUILTINS.intersection(node.names):
            self._note(name, node)

    def visit_Attribute(self, node):
        first = root(node)
        of_library = first in self.libraries
        if isinstance(node.ctx, (ast.Store, ast.Del)):
            self._stored(node)
        own = first in ("self", "cls", "super") and not (node.attr.startswith("__") and node.attr.endswith("__"))
        if own:  # a learner's; or torch disguised
            of_library = node.attr in _names_of_torch()
            self._name(node.attr, node, of_library=True)
        if first == "sys" and node.attr in HARMLESS_OF_SYS:
            return
        if of_library or not own:
            self._reached(node.attr, node, of_library)
        module = self._module_at(node)
        if module is not None:
            first, *others = module.__name__.split(".")
            if first not in MODULES or (first != "course_lib" and HIDING_IN_LIBRARIES.intersection(others)):
                self._note(node.attr, node)
        self.visit(node.value)

    def _stored(self, node):
        """A library stays as it is: whoever replaces a part of it hears what its other functions are called with."""
        first = root(node)
        if first in self.imported and not any(first in names for names in self.locals):
            dotted = ast.unparse(node)
            if not dotted.startswith(SETTINGS):
                self._changes(dotted, node)

    def _changes(self, what, node):
        if self.found is None:
            self.found = (
                f"Your code changes the library: it replaces {what} (line {node.lineno} of its cell). Leave imported "
                "modules as they are, and write your own function beside them."
            )

    def _module_at(self, node):
        """The module that a chain of attributes leads to; None where it leads to something else."""
        if isinstance(node, ast.Name):
            found = self.homes.get(node.id)
        elif isinstance(node, ast.Attribute):
            owner = self._module_at(node.value)
            found = vars(owner).get(node.attr) if owner is not None else None
        else:
            return None
        return found if isinstance(found, types.ModuleType) else None

    def visit_MatchClass(self, node):
        for name in node.kwd_attrs:
            self._name(name, node)
            self._reached(name, node, True)
        self.generic_visit(node)

    def visit_Call(self, node):
        constant = node.args[1] if len(node.args) > 1 else None
        function = getattr(node.func, "id", "")
        if function == "getattr" and isinstance(constant, ast.Constant):
            self._name(str(constant.value), node)
            self._reached(str(constant.value), node, True)
            for child in (*node.args, *node.keywords):
                self.visit(child)
            return
        if function in ("setattr", "delattr") and node.args and root(node.args[0]) in self.imported:
            self._changes(ast.unparse(node.args[0]), node)
        self.generic_visit(node)

    def _reached(self, name, node, of_library):
        """A name that leads from one thing to another: an attribute, or what is imported from a module."""
        self._name(name, node, of_library)
        if name in HIDING_NAMES or _is_private(name) or (of_library and name in HIDING_IN_LIBRARIES):
            self._note(name, node)
        if of_library and any(part in _key(name) for part in self.parts):
            self._note(name, node, forbidden=True)

    def _module(self, name, node, taken=()):
        first, *others = name.split(".")
        if first in ("unittest", "mock"):
            self._changes(f"what `{name}` is told to", node)
        allowed = first in MODULES or name == "IPython.display" or (first == "sys" and set(taken) <= HARMLESS_OF_SYS)
        hides = HIDING_NAMES | (HIDING_IN_LIBRARIES if first != "course_lib" else {"exercises", "grading"})
        if not allowed or hides.intersection(others) or any(map(_is_private, [first, *others])):
            self._note(name, node)

    def _name(self, name, node, of_library=False):
        """What belongs to the course means that one thing: what a library calls alike is free."""
        if _key(name) in self.keys or (name in self.ours and not of_library):
            self._note(name, node, forbidden=True)

    def _note(self, what, node, forbidden=False):
        where = f" (line {node.lineno} of its cell)" if node is not None else ""
        if self.found is None and (forbidden or _key(what) in self.keys):
            self.found = (
                f"The exercise is to do without {what}, which your code names{where}. Write yourself what it does."
            )
        elif self.found is None:
            self.found = (
                f"This exercise forbids some functions, so what your code calls must be readable, and "
                f"{what}{where} hides it. Write it plainly."
            )


def _is_private(name):
    return name.startswith("_") and name.strip("_") != "" and name not in HARMLESS


def _names_of_torch():
    import torch

    return vars(torch).keys() | vars(torch.nn.functional).keys()


def _key(name):
    last = name.rpartition(".")[2].lower().replace("_", "")
    for prefix in ("lazy", "native"):
        last = last.removeprefix(prefix)
    return last
