"""A learner's function as an object that can be read and never runs: for the search for shortcuts and for diagnoses.

The checks of the exercises read an answer's source, names and signature. Here these come from the compiled source,
without executing a line of it: module-level names stand for what they obviously are (an import of torch, another
function of the learner's), and for nothing otherwise.
"""

import ast
import contextlib
import functools
import linecache
import re
import secrets
import sys
import types

from course_lib.cells import UNREADABLE, parsed

# What a name may stand for: libraries that a learner could not have written.
TRUSTED = ("torch", "numpy", "math", "itertools", "functools", "operator", "course_lib", "scipy", "torchvision")


@contextlib.contextmanager
def inert(cells, name, before=()):
    """The thing called `name` that a learner's cells define, not to be called.

    Args:
        cells: source texts, in their order.
        name: function or class.
        before: source texts of the course's own cells above, for their imports.
    Yields:
        a function or class whose source can be read, or None where there is none.
    """
    namespace, files = {"__name__": "__main__"}, []
    try:
        for source in before:
            _add(source, namespace, files, own=False)
        for source in cells:
            _add(source, namespace, files, own=True)
        found = namespace.get(name)
        yield found if isinstance(found, (types.FunctionType, type)) else None
    finally:
        for file in files:
            linecache.cache.pop(file, None)


def _add(source, namespace, files, own):
    tree = parsed(source)
    if tree is None:
        return
    file = f"<answer {secrets.token_hex(6)}>"
    linecache.cache[file] = (len(source), None, re.split(r"(?<=\n)", source), file)
    files.append(file)
    for node in tree.body:
        with contextlib.suppress(*UNREADABLE, TypeError):  # a class that cannot be made, say
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                _import(node, namespace)
            elif isinstance(node, ast.FunctionDef) and own:
                namespace[node.name] = _function(node, namespace, file)
            elif isinstance(node, ast.ClassDef) and own:
                namespace[node.name] = _class(node, namespace, file)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)) and own and node.value is not None:
                for target in getattr(node, "targets", None) or [node.target]:
                    if isinstance(target, ast.Name):
                        namespace[target.id] = _assigned(node.value, namespace, file)


def _import(node, namespace):
    for item in node.names:
        home = item.name if isinstance(node, ast.Import) else node.module or ""
        if home.partition(".")[0] not in TRUSTED or getattr(node, "level", 0):
            continue
        module = sys.modules.get(home)  # what is loaded already: some modules do things when they are imported
        if isinstance(node, ast.Import):
            top = item.name.partition(".")[0]
            namespace[item.asname or top] = module if item.asname else sys.modules.get(top)
        else:
            found = vars(module).get(item.name) if module else None
            namespace[item.asname or item.name] = sys.modules.get(f"{home}.{item.name}", found)


def _function(node, namespace, file):
    """The function of a `def`, made from its code object: the body of the module that would define it never runs."""
    bare = ast.FunctionDef(**{field: getattr(node, field, None) for field in node._fields})
    bare.decorator_list, bare.returns = [], None
    code = compile(ast.Module([ast.copy_location(bare, node)], []), file, "exec", dont_inherit=True)
    return _from_code(node, code, namespace, node.name)


def _from_code(node, code, namespace, name):
    """The function whose definition a code object holds, with the defaults that the tree of the definition tells."""
    code = next(const for const in reversed(code.co_consts) if isinstance(const, types.CodeType))
    if code.co_freevars:
        return None
    function = types.FunctionType(code, namespace, name)
    function.__defaults__ = tuple(map(_constant, node.args.defaults)) or None
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    function.__kwdefaults__ = {argument.arg: _constant(value) for argument, value in named if value is not None} or None
    return function


def _assigned(node, namespace, file):
    """What can be read of an assigned value: a lambda, the function of a partial, the class of an object or a method,
    the function that made it, or a name."""
    if isinstance(node, ast.Lambda):
        return _from_code(node, compile(ast.Expression(node), file, "eval", dont_inherit=True), namespace, "<lambda>")
    if isinstance(node, ast.Attribute):
        owner = _assigned(node.value, namespace, file)
        return owner if _is_own(owner) and isinstance(owner, type) else _resolved(node, namespace)
    if not isinstance(node, ast.Call):
        return _resolved(node, namespace)
    called = _resolved(node.func, namespace)
    if called is functools.partial and node.args:
        return _assigned(node.args[0], namespace, file)
    return called if _is_own(called) else None


def _is_own(thing):
    """Whether the learner wrote a function or class: its module is the notebook."""
    return isinstance(thing, (types.FunctionType, type)) and thing.__module__ == "__main__"


def _class(node, namespace, file):
    """A class with the methods of a `class`, on the bases among them that are known."""
    import torch

    bases = tuple(b for b in (_resolved(base, namespace) for base in node.bases) if b is torch.nn.Module)
    body = {"__module__": "__main__", "__qualname__": node.name}
    for member in node.body:
        if isinstance(member, ast.FunctionDef):
            function = _function(member, namespace, file)
            if function is not None:
                function.__qualname__ = f"{node.name}.{member.name}"
                body[member.name] = function
    return type(node.name, bases, body)


def _constant(node):
    try:
        return ast.literal_eval(node)
    except (*UNREADABLE, TypeError):
        return None


def _resolved(node, namespace):
    """What a name or a chain of attributes stands for, where that is a library's; else None."""
    if isinstance(node, ast.Name):
        return namespace.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _resolved(node.value, namespace)
        return vars(owner).get(node.attr) if isinstance(owner, types.ModuleType) else None
    return None
