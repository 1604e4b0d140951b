"""Forbidden operations in a learner's source, by every name and by every way around naming them.

Read, never run. The sandbox refuses the same operations when they are called (`inside/answering.py`); this is the half
that the learner's own process cannot reach.
"""

import ast
import re

import torch

from course_lib.exercises.shortcuts import CONVOLUTIONS, SYNONYMS
from course_lib.grading.names import magics, parsed

# Ways to reach something without its name in the source. None has a use in an exercise that forbids a function.
HIDING_BUILTINS = {"eval", "exec", "compile", "__import__", "globals", "locals", "vars", "breakpoint", "get_ipython"}
HIDING_NAMES = {"import_module", "attrgetter", "methodcaller", "getattr_static", "get_type_hints", "ForwardRef",
                "Formatter", "get_field", "builtins", "overrides", "jit", "fx", "library", "package",
                "cpp_extension"}  # fmt: skip
HIDING_IN_TORCH = {"ops", "compile", "export", "classes", "hub", "load"}
HIDING_MODULES = {"importlib", "ctypes", "cffi", "subprocess", "builtins", "gc", "inspect", "sys", "site", "marshal",
                  "pickle", "dill", "joblib", "shelve", "codecs", "multiprocessing", "concurrent", "threading",
                  "runpy", "pkgutil", "imp", "zipimport", "code", "ast", "types", "timeit", "profile", "cProfile",
                  "pdb", "bdb", "doctest", "trace", "unittest", "pandas", "numexpr", "sympy", "numba"}  # fmt: skip
# Names with two underscores that say something about a thing, and lead to no other.
HARMLESS = {"__init__", "__call__", "__name__", "__doc__", "__class__", "__len__", "__getitem__", "__version__"}
LIBRARIES = ("torch", "numpy", "scipy", "cv2", "skimage", "torchvision")
_HARMLESS_MAGIC = re.compile(
    r"(%%time|%%capture( \w+)?|%matplotlib \w+|%(re)?load_ext autoreload|%autoreload \d"
    r"|[%!]pip install [\w .=<>~-]+)"
)
_TIMING = re.compile(r"%(time|timeit)\s+(?!-)(.*)")


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
            reader.own |= _functions(tree) | set().union(*map(_named_lambda, tree.body))
    for source, tree in trees:
        if tree is not None:
            reader.visit(tree)
            reader.read_magics(source)
    for star in reader.stars:  # last: a name that is in use says more
        reader._note(*star)
    return reader.found


def _functions(tree):
    """The names of the functions and classes in a cell; a method is none, for its name alone does not lead to it."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    methods = {id(m) for n in ast.walk(tree) if isinstance(n, ast.ClassDef) for m in n.body}
    return {n.name for n in ast.walk(tree) if isinstance(n, kinds) and id(n) not in methods}


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
        self.stars = []
        self.locals = []  # the names that belong to the functions around the present node
        self.keys = {_key(name) for name in exercise.forbidden}
        self.parts = {key for key in self.keys if re.fullmatch(r"conv\dd", key)}  # looked for within longer names, too
        if self.parts:
            self.parts |= {key.replace("conv", "convtranspose") for key in self.parts} | set(CONVOLUTIONS)
        self.keys |= {synonym for key in self.keys for synonym in SYNONYMS.get(key, ())}
        self.libraries = {"torch", "np", "F"}  # the names by which the cells know them; these from the course's own

    def read_text(self, source):
        """A cell that is no Python is searched by its words."""
        for word in re.findall(r"\w+", source):
            if _key(word) in self.keys or word in HIDING_BUILTINS | HIDING_NAMES | {"getattr"} or _is_private(word):
                self._note(word, None)

    def read_magics(self, source):
        """IPython's own lines, where there are any: what they run must be readable, too."""
        for line in magics(source):
            timed = _TIMING.fullmatch(line)
            tree = parsed(timed[2]) if timed else None
            if tree is not None:
                self.visit(tree)
            elif not _HARMLESS_MAGIC.fullmatch(line.rstrip()):
                self._note(line.split()[0], None)

    def visit_Import(self, node):
        for item in node.names:
            self._module(item.name, node)
            self._name(item.name, node)
            if item.name.partition(".")[0] in LIBRARIES:
                self.libraries.add(item.asname or item.name.partition(".")[0])

    def visit_ImportFrom(self, node):
        home = (node.module or "").partition(".")[0]
        self._module(node.module or "", node)
        for item in node.names:
            self._reached(item.name, node, home in LIBRARIES)
            if home == "torch" and item.name in HIDING_IN_TORCH:
                self._note(item.name, node)
            if item.name == "*" and home != "math":
                self.stars.append((f"{home}.*", node))
            if home in LIBRARIES:
                self.libraries.add(item.asname or item.name)

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
            self._name(node.id, node)
        if node.id in HIDING_BUILTINS | HIDING_NAMES | {"getattr"} or (_is_private(node.id) and node.id[:2] == "__"):
            self._note("getattr with a computed name" if node.id == "getattr" else node.id, node)

    def visit_Global(self, node):
        for name in HIDING_BUILTINS.intersection(node.names):
            self._note(name, node)

    def visit_Attribute(self, node):
        root = _root(node)
        of_library = root in self.libraries
        if root in ("self", "cls", "super") and not node.attr.startswith("__"):  # a learner's own; or torch in disguise
            of_library = node.attr in vars(torch) or node.attr in vars(torch.nn.functional)
            self._name(node.attr, node)
        if of_library or root not in ("self", "cls", "super") or node.attr.startswith("__"):
            self._reached(node.attr, node, of_library)
        if node.attr in HIDING_IN_TORCH and of_library or node.attr == "ops" and root != "course_lib":
            self._note(node.attr, node)
        self.visit(node.value)

    def visit_MatchClass(self, node):
        for name in node.kwd_attrs:
            self._reached(name, node, True)
        self.generic_visit(node)

    def visit_Call(self, node):
        constant = node.args[1] if len(node.args) > 1 else None
        if getattr(node.func, "id", "") == "getattr" and isinstance(constant, ast.Constant):
            self._reached(str(constant.value), node, True)
            for child in (*node.args, *node.keywords):
                self.visit(child)
        else:
            self.generic_visit(node)

    def _reached(self, name, node, of_library):
        """A name that leads from one thing to another: an attribute, or what is imported from a module."""
        self._name(name, node)
        if name in HIDING_NAMES or _is_private(name):
            self._note(name, node)
        if of_library and any(part in _key(name) for part in self.parts):
            self._note(name, node, forbidden=True)

    def _module(self, name, node):
        parts = name.split(".")
        of_torch = parts[0] == "torch" and set(parts) & (HIDING_NAMES | HIDING_IN_TORCH)
        shell = parts[0] == "IPython" and parts != ["IPython", "display"]
        if parts[0] in HIDING_MODULES or of_torch or shell or any(map(_is_private, parts)):
            self._note(name, node)

    def _name(self, name, node):
        if _key(name) in self.keys:
            self._note(name, node)

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
    return name.startswith("_") and name.strip("_") != "" and name not in HARMLESS | {"__future__"}


def _root(node):
    """The name at the beginning of a chain of attributes and calls: "super" of super().__init__; "" where none is."""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", "")


def _key(name):
    last = name.rpartition(".")[2].lower().replace("_", "")
    for prefix in ("lazy", "native"):
        last = last.removeprefix(prefix)
    return last
