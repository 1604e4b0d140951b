"""Which names a cell binds and uses, read from its source without running it."""

import ast
import functools
import re
import symtable
from collections import deque

from course_lib.cells import LONGEST, UNREADABLE, parsed

_BINDING = re.compile(r"^(?:async def|def|class)\s+(\w+)|^(\w+)\s*=(?!=)", re.MULTILINE)


@functools.lru_cache(512)
def bound_names(source):
    """The names that a cell defines at its top level; guessed from its lines where it is no valid Python."""
    tree = parsed(source)
    if tree is None:
        return frozenset(a or b for a, b in _BINDING.findall(source[:LONGEST]))
    found = set()
    for node in _top_level(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(item.asname or item.name).partition(".")[0] for item in node.names}
        elif not _is_check(node):
            found |= {n.id for n in _walk_scope(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return frozenset(found)  # kept and given again: nobody may change it


@functools.lru_cache(512)
def used_names(source):
    """The names that a cell takes from elsewhere: read at its top level, or in a function that does not bind them."""
    tree = parsed(source)
    if tree is None:
        return frozenset()
    try:
        found, tables = set(), [symtable.symtable(ast.unparse(tree), "<cell>", "exec")]
    except UNREADABLE:
        return frozenset()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        top = table.get_type() == "module"
        found |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())}
    return frozenset(found)


def checks_in(source):
    """The exercise ids that a cell calls `check` for."""
    return re.findall(r"""\bcheck\(\s*["'](\d\d\.\d+)["']""", source[:LONGEST])


def defines_only(source, only_imports=False):
    """Whether a cell does nothing but import, define functions and classes, and name constants."""
    tree = parsed(source)
    if tree is None:
        return False
    imports = (ast.Import, ast.ImportFrom)
    kinds = imports if only_imports else (*imports, ast.FunctionDef, ast.ClassDef)
    if only_imports and not any(isinstance(node, imports) for node in tree.body):
        return False
    return all(
        isinstance(node, kinds)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (not only_imports and isinstance(node, ast.Assign) and _is_constant(node.value))
        for node in tree.body
    )


def definitions(source, names):
    """The source of the functions and classes with these names that a cell defines at its top level, and of no more."""
    tree = parsed(source)
    nodes = [n for n in (tree.body if tree else ()) if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    return "\n\n".join(ast.unparse(node) for node in nodes if node.name in names)


def same_code(one, other):
    """Whether two sources differ in nothing but comments and layout."""
    trees = parsed(one), parsed(other)
    if None in trees:
        return one.strip() == other.strip()
    try:
        return ast.dump(trees[0]) == ast.dump(trees[1])
    except RecursionError:  # nested deeper than anything of ours
        return False


def _is_constant(node):
    try:
        ast.literal_eval(node)
    except (*UNREADABLE, TypeError):
        return False
    return True


def _is_check(node):
    call = node.value if isinstance(node, ast.Assign) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "check"


def _top_level(tree):
    """Statements of the module, with those inside its if, for, try and with."""
    waiting = deque(tree.body)
    while waiting:
        node = waiting.popleft()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for field in ("body", "orelse", "finalbody", "handlers"):
                waiting += getattr(node, field, None) or [] if isinstance(getattr(node, field, None), list) else []


def _walk_scope(node):
    """The expressions of one statement, without what belongs to functions and statements inside it."""
    waiting = [node]
    while waiting:
        node = waiting.pop()
        yield node
        inner = (ast.stmt, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.ExceptHandler)
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, inner)]
