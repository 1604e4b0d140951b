"""What an answer reaches: the statement that defines it, and in turn every statement that gives meaning to it.

The notebook's check reads this part of the learner's cells; the grader reads it and runs nothing else. So a comparison
with the library below the answer, say, neither helps nor harms.
"""

import ast
from dataclasses import dataclass

from course_lib.cells import python_of, units

LIBRARIES = ("torch", "numpy", "scipy", "cv2", "skimage", "torchvision", "course_lib")
_ONLY_LOOKS = ("print", "display", "len", "help", "dir", "type", "repr", "str", "check")
_CHANGES = ("append", "extend", "insert", "add", "update", "setdefault", "pop", "popleft", "remove", "clear", "put",
            "appendleft", "register", "sort", "reverse")  # fmt: skip


@dataclass(frozen=True)
class Reach:
    """The part of some cells that a name reaches.

    found: whether a cell defines the name.
    texts: per cell, its reached statements on the lines where they stand; "" where there are none.
    missing: names that the part reads and that no cell gives a value: builtins, or what cannot be read.
    """

    found: bool
    texts: tuple[str, ...]
    missing: frozenset[str]


def reach(name, cells):
    """The Reach of a name.

    A name that a function reads when it is called has the value that the last cell gave it; one that is read while a
    cell runs, what was before. Statements that change a reached thing (`table[0] = f`, `Net.forward = f`,
    `table.append(f)`) belong to it. What an earlier exercise's check gave is the course's own, and ends the search.

    Args:
        name: what the exercise asks for.
        cells: source texts in the order in which they run.
    """
    return _Search(name, cells).result()


class _Search:
    def __init__(self, name, cells):
        self.name, self.cells = name, cells
        self.all = [(number, unit) for number, cell in enumerate(cells) for unit in units(cell)]
        self.libraries = _imported_libraries(unit for _, unit in self.all)
        self.kept, self.missing, self.seen, self.waiting = set(), set(), set(), []
        self.changed = [_changed_by(unit, self.libraries) for _, unit in self.all]

    def result(self):
        found = self._want(self.name, len(self.all))
        while self.waiting:
            wanted, before = self.waiting.pop()
            if (wanted, before) not in self.seen:
                self.seen.add((wanted, before))
                itself = before < len(self.all) and wanted in self.all[before][1].binds  # for n in ...: n
                if not self._want(wanted, before) and not itself:
                    self.missing.add(wanted)
        texts = [[] for _ in self.cells]
        for place in sorted(self.kept):
            number, unit = self.all[place]
            texts[number].append(unit)
        kept = tuple(_text(cell, chosen) for cell, chosen in zip(self.cells, texts, strict=True))
        return Reach(found, kept, frozenset(self.missing))

    def _want(self, name, before):
        """Keep the statements from which a name has its value before a place; returns whether there are any."""
        bound, only_defined, start = False, True, 0
        for place in range(before - 1, -1, -1):
            unit = self.all[place][1]
            given = _checked(unit)
            if given == name != self.name:
                return True
            if given is None and name in unit.binds:
                self._keep(place)
                bound, only_defined = True, only_defined and unit.defines
                if name in unit.replaces:
                    start = place
                    break
        if not bound:
            stars = [place for place in range(before) if "*" in self.all[place][1].binds]
            for place in stars:
                self._keep(place)
            return bool(stars)
        for place in range(start + 1, len(self.all)):
            stored, handed = self.changed[place]
            if name in stored or (not only_defined and name in handed):
                self._keep(place)
        return True

    def _keep(self, place):
        if place not in self.kept:
            self.kept.add(place)
            unit = self.all[place][1]
            self.waiting += [(name, place) for name in unit.now] + [(name, len(self.all)) for name in unit.later]


def _text(cell, chosen):
    """The lines of some units, where they stand in the cell; the first line is never empty, so that none moves."""
    if not chosen:
        return ""
    lines = python_of(cell).split("\n")
    wanted = {line for unit in chosen for line in range(unit.first, unit.last + 1)}
    return "\n".join(line if number in wanted else "#" if number == 1 else "" for number, line in enumerate(lines, 1))


def _checked(unit):
    """The name that a statement `name = check("02.1", name)` gives a value; else None."""
    node = unit.nodes[0]
    call = node.value if isinstance(node, ast.Assign) else None
    if not (len(unit.nodes) == 1 and isinstance(call, ast.Call) and getattr(call.func, "id", "") == "check"):
        return None
    return getattr(node.targets[0], "id", None)


def _imported_libraries(all_units):
    """The names by which the cells know a library or a part of it; these from the course's own cells at least."""
    found = {"torch", "np", "F", "nn"}
    for unit in all_units:
        for node in unit.nodes:
            if isinstance(node, ast.Import):
                found |= {
                    (i.asname or i.name).partition(".")[0] for i in node.names if i.name.partition(".")[0] in LIBRARIES
                }
            elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in LIBRARIES:
                found |= {item.asname or item.name for item in node.names}
    return found


def _changed_by(unit, libraries):
    """(names of which a statement stores into a part, names that it hands to somebody who may change them)."""
    stored, handed = set(), set()
    for top in unit.nodes:
        if isinstance(top, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)):
            continue
        for node in ast.walk(top):
            if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
                stored.add(root(node))
            elif isinstance(node, ast.Call):
                function = getattr(node.func, "id", "")
                if function in ("setattr", "delattr") and node.args:
                    stored.add(root(node.args[0]))
                attribute = getattr(node.func, "attr", "")
                if attribute in _CHANGES or (attribute.endswith("_") and not attribute.endswith("__")):
                    handed.add(root(node.func))
        call = top.value if isinstance(top, (ast.Expr, ast.Assign)) else None
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") not in _ONLY_LOOKS:
            in_place = getattr(call.func, "attr", "").endswith("_")
            if in_place or root(call.func) not in libraries:
                given = [*call.args, *(keyword.value for keyword in call.keywords)]
                handed |= {root(value) for value in given if isinstance(value, (ast.Name, ast.Starred))}
                handed |= {root(call.func)} if isinstance(top, ast.Expr) else set()
    return stored - {""}, handed - {""}


def root(node):
    """The name at the beginning of a chain of attributes and calls: "super" of super().__init__; "" where none is."""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript, ast.Starred)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", "")
