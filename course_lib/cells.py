"""The source of a notebook's cells, read without running it: IPython's own lines aside, and statement by statement."""

import ast
import contextlib
import functools
import symtable
import warnings
from dataclasses import dataclass

LONGEST = 100_000  # characters of a cell that is still parsed
DEEPEST = 100  # levels of a syntax tree: whoever walks it needs a few calls for each, and Python has 1000
MOST_FINALLY = 3  # within each other: Python compiles what stands in one twice, so 30 of them are the end of the memory

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError)  # what Python says of odd sources
_RUNS_THE_CELL = ("time", "capture", "prun")  # cell magics below which the cell is Python, run where all cells run


def parsed(source):
    """The syntax tree of a cell without IPython's own lines, or None where it has none."""
    return _read(source)[1]


def python_of(source):
    """The text whose tree `parsed` gives: as many lines as the cell has; "" for a cell that is no Python."""
    return _read(source)[0]


@functools.lru_cache(512)
def _read(source):
    if len(source) > LONGEST:
        return "", None
    for text in (source, _without_magic(_unindented(source))):
        with contextlib.suppress(*UNREADABLE), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the learner's code, not of ours
            tree = ast.parse(text)
            if not _is_shallow(tree):
                return "", None
            compile(tree, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)  # refuses a return outside of a function
            return text, tree
    return "", None


def _is_shallow(tree):
    """Whether a syntax tree is no deeper than code that people write. Walked level by level, without recursion."""
    level = [(tree, 0)]
    for _ in range(DEEPEST):
        below = []
        for node, finals in level:
            last = {id(child) for child in getattr(node, "finalbody", ())}
            if last and finals == MOST_FINALLY:
                return False
            below += [(child, finals + (id(child) in last)) for child in ast.iter_child_nodes(node)]
        if not below:
            return True
        level = below
    return False


def _unindented(source):
    """A cell that is indented as a whole, as IPython runs it: without what stands before its first line."""
    first = next((line for line in source.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return "\n".join(line.removeprefix(indent) for line in source.split("\n")) if indent else source


def _without_magic(source):
    """A cell's Python alone: `!ls`, `%matplotlib inline` and `torch.cat?` do nothing, `%time f(x)` calls f.

    Line by line and with no regular expression that could take long. A cell of another language is no Python at all.
    """
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].lstrip().startswith("%%"):
        if lines[first].strip()[2:].partition(" ")[0] not in _RUNS_THE_CELL:
            return ""
        lines[first] = ""
    goes_on = False
    for number, line in enumerate(lines):
        magic = goes_on or _is_magic(line)
        indent = line[: len(line) - len(line.lstrip())]
        if goes_on:
            lines[number] = ""
        elif magic:
            lines[number] = indent + (_timed(line.strip()) or "pass")
        else:
            target, equals, value = line.partition("=")
            magic = bool(equals) and value.lstrip()[:1] in ("%", "!") and target.strip().isidentifier()
            if magic:
                lines[number] = f"{target}= {_timed(value.strip()) or None}"
        goes_on = magic and line.endswith("\\")
    return "\n".join(lines)


def _is_magic(line):
    bare = line.strip()
    asks = bare.endswith("?") and bare.strip("?%").replace(".", "").replace("*", "").isidentifier()
    return bare[:1] in ("%", "!", "?") or asks


def _timed(magic):
    """The Python in a line `%time f(x)`, which binds names as if nothing stood before it; else ""."""
    word, _, rest = magic.partition(" ")
    return rest.strip() if word == "%time" and not rest.strip().endswith("\\") else ""


@dataclass(frozen=True)
class Unit:
    """One statement of a cell's top level, or several that share a line.

    first, last: its lines, from 1.
    nodes: its statements.
    binds: the names that it gives a value, also from within its functions (`global`). "*" stands for unknown ones.
    replaces: those of `binds` whose former value is gone after it, whatever happens.
    now: the names that it reads while it runs.
    later: the names that it reads, or that its functions read when they are called.
    defines: whether it does nothing but import, or define functions and classes.
    """

    first: int
    last: int
    nodes: tuple
    binds: frozenset
    replaces: frozenset
    now: frozenset
    later: frozenset
    defines: bool


@functools.lru_cache(512)
def units(source):
    """The units of a cell in their order; none for a cell that is no Python."""
    tree = parsed(source)
    groups = []
    for node in tree.body if tree else ():
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        if groups and groups[-1][1] >= first:
            groups[-1][1] = max(groups[-1][1], node.end_lineno)
            groups[-1][2].append(node)
        else:
            groups.append([first, node.end_lineno, [node]])
    return tuple(_unit(*group) for group in groups)


def _unit(first, last, nodes):
    tables = [_names(node) for node in nodes]
    binds, now, later, has_global = (set().union(*parts) for parts in zip(*tables, strict=True))
    plain = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    replaces = set().union(*(_replaced(node) for node in nodes))
    return Unit(
        first, last, tuple(nodes), frozenset(binds), frozenset(replaces), frozenset(now), frozenset(later),
        all(isinstance(node, plain) for node in nodes) and not has_global,
    )  # fmt: skip


def _replaced(node):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(item.asname or item.name).partition(".")[0] for item in node.names} - {"*"}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return set()
    flat = [part for target in targets for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return {target.id for target in flat if isinstance(target, ast.Name)}


def _names(node):
    """(binds, now, later, names declared global in a function) of one statement."""
    body = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    try:
        table = symtable.symtable(ast.unparse(node), "<cell>", "exec")
    except UNREADABLE:  # an await at the top level, say
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return names, names, names, set()
    binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    now = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    later, declared, tables = set(now), set(), list(table.get_children())
    while tables:
        inner = tables.pop()
        tables += inner.get_children()
        for symbol in inner.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                later.add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                declared.add(symbol.get_name())
    if any(isinstance(n, ast.ImportFrom) and n.names[0].name == "*" for n in ast.walk(node)):
        binds.add("*")
    added = {getattr(n.target, "id", "") for n in ast.walk(node) if isinstance(n, ast.AugAssign)}
    later |= declared & added  # count += 1 reads it, too, of which a symbol table says nothing
    return binds | declared, now if body else later, later, declared
