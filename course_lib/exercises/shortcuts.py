"""Find uses of functions that an exercise forbids, by reading the learner's source.

This is a reminder for the honest, not a wall: what hides a call from a reader can hide it from here.
"""

import ast
import functools
import importlib
import sys
import types
from dataclasses import dataclass

import torch

from .registry import find, lecture
from .source import functions_of, source_of

# Other names of the same operation, beyond those that differ in case, underscores or the prefix "Lazy".
CONVOLUTIONS = ("convolution", "convolve", "fftconvolve", "oaconvolve", "correlate", "convtbc", "filter2d",
                "cudnnconvolution", "mkldnnconvolution", "convolutionoverrideable")  # fmt: skip
SYNONYMS = {f"conv{d}d": (*CONVOLUTIONS, f"slowconv{d}d", f"convtranspose{d}d") for d in (1, 2, 3)}

LONGEST = 40  # characters of an expression that is quoted as a name


@dataclass(frozen=True)
class Shortcut:
    """A forbidden name in use: as the learner wrote it, or else as it is known in public; and the line of the learner's
    where it stands (None where unreadable)."""

    name: str
    line: tuple[int, str] | None


def find_shortcut(answer, forbidden, own=()):
    """The first forbidden thing that an answer uses, itself or through helper functions from the same notebook.

    Args:
        answer: function or class.
        forbidden: dotted names. One of a library also stands for what does the same under another name:
            "torch.nn.functional.conv3d" for torch.conv3d, nn.Conv3d, torch.ops.aten.conv3d; "torch.mean" for x.mean().
            One of course_lib means that thing alone: its `Max` leaves torch.max free.
        own: what the course itself has for the exercise, never allowed.
    Returns:
        (Shortcut or None, unreadable): `unreadable` is True when some source could not be read; then only the names
        in the compiled code were compared.
    """
    rules = _Rules(forbidden, own)
    seen, queue, unreadable = set(), [answer], False
    for thing in getattr(answer, "__mro__", (answer,)):
        culprit = rules.culprit(thing)
        if culprit is not None:
            return Shortcut(_name(culprit), None), False
    while queue:
        for function in functions_of(queue.pop(0)):
            if function in seen:
                continue
            seen.add(function)
            source = source_of(function)
            if source is None:
                unreadable = True
                names = _compiled_names(function.__code__)
                name = next((name for name in names if rules.forbids_name(name)), None)
                name = name or next((name for name in names if _means(name, names, function, rules)), None)
                if name:
                    return Shortcut(name, None), True
                continue
            reader = _Reader(source, rules)
            reader.visit(source.tree)
            if reader.found:
                return reader.found, unreadable
            queue += [helper for helper in reader.helpers if helper not in seen]
    return None, unreadable


class _Rules:
    """What is forbidden: by identity, and by name too where it belongs to a library such as torch or NumPy."""

    def __init__(self, forbidden, own):
        self.objects = [*own, *(found for found in map(_imported, forbidden) if found is not None)]
        self.keys = {_key(name) for name in forbidden if not is_ours(name)}
        self.ours = {name.rpartition(".")[2] for name in forbidden if is_ours(name)}
        for key in list(self.keys):
            self.keys.update(SYNONYMS.get(key, ()))

    def culprit(self, thing):
        """What is forbidden about a thing: itself, a module inside it, the function of a partial; else None."""
        if isinstance(thing, functools.partial):
            return self.culprit(thing.func)
        if isinstance(thing, torch.nn.Module):
            return next(filter(None, map(self.culprit, map(type, thing.modules()))), None)
        if any(thing is other for other in (*self.objects, find, lecture)):  # the last two lead to the answers
            return thing
        named = callable(thing) and _is_library(thing) and self.forbids_name(getattr(thing, "__name__", ""))
        return thing if named else None

    def forbids_name(self, name):
        return _key(name) in self.keys


class _Reader(ast.NodeVisitor):
    """Resolves names and attributes in one function as Python would, and notes the first forbidden one."""

    def __init__(self, source, rules):
        self.source, self.rules = source, rules
        self.found, self.helpers = None, []
        self.locals = _bound_names(source.tree)
        self.aliases = {}
        function = source.function
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        self.closure = {name: cell.cell_contents for name, cell in cells.items() if _filled(cell)}

    def visit(self, node):
        if self.found is None:
            super().visit(node)

    def visit_Import(self, node):
        for item in node.names:
            module = sys.modules.get(item.name if item.asname else item.name.partition(".")[0])
            self._bind(item.asname or item.name.partition(".")[0], module)

    def visit_ImportFrom(self, node):
        for item in node.names:
            module = sys.modules.get(node.module or "")
            thing = getattr(module, item.name, sys.modules.get(f"{node.module}.{item.name}"))
            self._bind(item.asname or item.name, thing)
            self._judge(node, thing, item.name if (node.module or "").startswith("torch") else "")

    def visit_Assign(self, node):
        self.visit(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                self._bind(target.id, self._resolve(node.value))
            else:
                self.visit(target)

    def visit_Name(self, node):
        thing = self._resolve(node)
        self._judge(node, thing)
        if isinstance(thing, (types.FunctionType, type)) and _same_notebook(thing, self.source.function):
            self.helpers.append(thing)

    def visit_Attribute(self, node):
        self.generic_visit(node)
        owner = self._resolve(node.value)
        unknown = owner is None and hasattr(torch.Tensor, node.attr)  # may well be a tensor
        self._judge(node, self._resolve(node), node.attr if unknown or _is_library(owner) else "")

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) >= 2:
            name = self._resolve(node.args[1])
            self._judge(node, self._resolve(node), name if isinstance(name, str) else "")

    def visit_Subscript(self, node):
        self.generic_visit(node)
        by_name = isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__"
        by_name |= isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "vars"
        if by_name and isinstance(node.slice, ast.Constant):
            self._judge(node, None, str(node.slice.value))

    def _bind(self, name, thing):
        self.aliases[name] = thing

    def _judge(self, node, thing, name=""):
        culprit = self.rules.culprit(thing)
        if self.found is None and (culprit is not None or (name and self.rules.forbids_name(name))):
            self.found = Shortcut(
                self._typed(node, culprit) or _name(culprit) or name or type(culprit).__name__, self.source.line(node)
            )

    def _typed(self, node, culprit):
        """What the learner wrote ("F.conv3d"), where that names what is forbidden; "" for an alias, say."""
        text = ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""
        ours = culprit is not None and text.rpartition(".")[2] in self.rules.ours
        named = ours or self.rules.forbids_name(text)
        return text if len(text) <= LONGEST and named else ""

    def _resolve(self, node):
        """The object that an expression names, or None where that is only known when it runs."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            if node.id in self.aliases:
                return self.aliases[node.id]
            if node.id in self.locals:
                return None
            return self.closure.get(node.id, self.source.function.__globals__.get(node.id))
        if isinstance(node, ast.Attribute):
            return _attribute(self._resolve(node.value), node.attr)
        if isinstance(node, ast.Call):
            return self._resolve_call(node)
        return None

    def _resolve_call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        values = [self._resolve(argument) for argument in node.args]
        if name == "getattr" and len(values) >= 2 and isinstance(values[1], str):
            return _attribute(values[0], values[1])
        if name in ("__import__", "import_module") and values and isinstance(values[0], str):
            return sys.modules.get(values[0])
        return None


def _attribute(owner, name):
    """An attribute of a module, a class or one of torch's operator namespaces; nothing that could run code."""
    if isinstance(owner, (types.ModuleType, type)) or type(owner).__module__.startswith("torch._ops"):
        return getattr(owner, name, None)
    return None


def _bound_names(tree):
    """Names that are parameters or assigned to anywhere in a function: they hide the globals of that name."""
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Store, ast.Del))}
    declared = {name for n in ast.walk(tree) if isinstance(n, ast.Global) for name in n.names}
    return (arguments | stored) - declared


def _same_notebook(thing, function):
    if isinstance(thing, types.FunctionType):
        return thing.__globals__ is function.__globals__
    return getattr(thing, "__module__", None) == function.__globals__.get("__name__")


def _is_library(thing):
    """Whether a module, class or function belongs to torch, NumPy or SciPy."""
    if isinstance(thing, types.ModuleType):
        home = thing.__name__
    else:
        home = getattr(thing, "__module__", None) or type(thing).__module__
    built_in = isinstance(thing, (types.BuiltinFunctionType, types.MethodDescriptorType)) and home == "builtins"
    from_torch = built_in and getattr(torch, getattr(thing, "__name__", ""), None) is thing
    return str(home).partition(".")[0] in ("torch", "numpy", "scipy", "torchvision") or from_torch


def _compiled_names(code):
    constants = [constant for constant in code.co_consts if isinstance(constant, str)]
    inner = [name for const in code.co_consts if isinstance(const, types.CodeType) for name in _compiled_names(const)]
    return [*code.co_names, *constants, *inner]


def _means(name, names, function, rules):
    """Whether a name in compiled code leads to something forbidden: as a global, or as a part of a module there."""
    owners = [function.__globals__.get(other, sys.modules.get(other)) for other in names]
    things = [vars(owner).get(name) for owner in owners if isinstance(owner, types.ModuleType)]
    return any(rules.culprit(thing) is not None for thing in (function.__globals__.get(name), *things))


def _imported(dotted):
    """The object with a dotted name, or None where this version of its library does not have it, or nobody uses it."""
    parts = dotted.split(".")
    if parts[0] not in sys.modules:
        return None
    for cut in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part, None)
        return thing
    return None


def is_ours(dotted):
    """Whether a dotted name belongs to the course's own library: it means that thing, and nothing of the same name."""
    return dotted.partition(".")[0] == "course_lib"


def _key(name):
    last = name.rpartition(".")[2].lower().replace("_", "")
    for prefix in ("lazy", "native"):
        last = last.removeprefix(prefix)
    return last


def _name(thing):
    """The name under which people know a function or class: torch.linalg.lstsq, not linalg_lstsq."""
    own = getattr(thing, "__name__", "")
    for home in ("torch.nn.functional", "torch.nn", "torch.linalg", "torch"):
        short = own.removeprefix(home.rpartition(".")[2] + "_")
        if own and getattr(sys.modules[home], short, None) is thing:
            return f"{home}.{short}"
    return getattr(thing, "__qualname__", None) or own


def _filled(cell):
    try:
        return cell.cell_contents is not None
    except ValueError:  # a name that is not assigned yet
        return False
