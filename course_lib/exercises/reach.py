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
MOST_NAMES = 50  # of one thing that are followed


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
    cell runs, what was before. Statements that change a reached thing belong to it: `table[0] = f`, `Net.forward = f`,
    `table.append(f)`, also under another name (`part = table[:1]`), by a function that does so, or as a decorator.
    What an earlier exercise's check gave is the course's own, and ends the search.

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
        changes = _changes([unit for _, unit in self.all], self.libraries, name)
        # From a name to the places of the statements that ..., in their order.
        self.binding = _index((bound, place) for place, (_, unit) in enumerate(self.all) for bound in unit.binds)
        self.storing = _index((stored, place) for place, change in enumerate(changes) for stored in change.stored)
        self.taking = _index((handed, place) for place, change in enumerate(changes) for handed in change.handed)
        self.aliases = _index((of, (place, alias)) for place, c in enumerate(changes) for alias, of in c.aliases)

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
        for place in reversed(self.binding.get(name, ())):
            if place >= before:
                continue
            unit = self.all[place][1]
            given = _checked(unit)
            if given == name != self.name:
                return True
            if given is None:
                self._keep(place)
                bound, only_defined = True, only_defined and unit.defines
                if name in unit.replaces:
                    start = place
                    break
        if not bound:
            stars = [place for place in self.binding.get("*", ()) if place < before]
            for place in stars:
                self._keep(place)
            return bool(stars)
        self._keep_changes(name, start + 1, only_defined)
        return True

    def _keep_changes(self, name, start, only_defined):
        """Keep the statements from a place on that change what a name stands for, by this name or by another."""
        seen, waiting = {name}, [(name, start, ())]
        for known, since, through in waiting:  # which grows
            changing = [*self.storing.get(known, ()), *(() if only_defined else self.taking.get(known, ()))]
            for place in changing:
                if place >= since:
                    for kept in (*through, place):
                        self._keep(kept)
            for place, alias in self.aliases.get(known, ()):
                if place >= since and alias not in seen and len(seen) < MOST_NAMES:
                    seen.add(alias)
                    waiting.append((alias, place, (*through, place)))

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


@dataclass(frozen=True)
class _Changes:
    """What a statement does to things that other statements made, by the names that it has for them.

    stored: a part of them is replaced, or a decorator of theirs is at work.
    handed: they are given to somebody who may change them.
    aliases: pairs (new name, name of what it stands for, is a part of, or holds).
    """

    stored: frozenset
    handed: frozenset
    aliases: tuple = ()


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IN_PLACE = ("copyto", "fill_diagonal", "put", "place", "putmask", "shuffle")  # of NumPy, for nothing but their effect


def _index(pairs):
    found = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _changes(all_units, libraries, asked):
    """The _Changes of each unit."""
    effects = _Effects(all_units, libraries, asked)
    return [_changed_by(unit, libraries, effects) for unit in all_units]


class _Effects:
    """What calling a function or class may change, or deriving from it."""

    def __init__(self, all_units, libraries, asked):
        self.own, self.called, self._known = {}, {}, {}
        for unit in all_units:
            for node in unit.nodes:
                if isinstance(node, _DEFINITIONS):
                    declared = {name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names}
                    inside = _stored_names(node) - declared - {node.name}
                    stored, handed = _touched(node, libraries)
                    had = self.own.get(node.name, (set(), set()))
                    self.own[node.name] = (had[0] | (stored - inside) | declared, had[1] | (handed - inside))
                    self.called[node.name] = self.called.get(node.name, set()) | unit.later
        # What an answer changes when it is called (a cache, a counter) it changes by itself, and so does what it calls:
        # who calls it to compare makes no difference.
        self.of_the_answer = self._reached_from(asked, set())

    def of(self, name, defining=False):
        """(stored, handed) of a call; or of a definition that it decorates or is the base of."""
        if name not in self.own:
            return set(), set()
        if (name, defining) not in self._known:
            names = self._reached_from(name, set() if defining else self.of_the_answer)
            self._known[name, defining] = tuple(set().union(*(self.own[one][i] for one in names)) for i in (0, 1))
        return self._known[name, defining]

    def _reached_from(self, name, leaving_out):
        """The functions that a call of one calls in turn, itself among them."""
        found, waiting = set(), [name]
        while waiting:
            name = waiting.pop()
            if name in self.own and name not in found and name not in leaving_out:
                found.add(name)
                waiting += self.called[name]
        return found


def _stored_names(node):
    """The names that are assigned to, and the arguments, anywhere in a definition."""
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return stored | {n.arg for n in ast.walk(node) if isinstance(n, ast.arg)}


def _changed_by(unit, libraries, effects):
    stored, handed, aliases, others = set(), set(), [], []
    for top in unit.nodes:
        if isinstance(top, _DEFINITIONS):
            outside = [*top.decorator_list, *getattr(top, "bases", ())]
            others += [effects.of(root(node), defining=True) for node in outside]
            stored |= {root(node) for node in top.decorator_list} - libraries
            if isinstance(top, ast.ClassDef):
                stored |= _touched(top, libraries)[0] - _stored_names(top)
        elif not isinstance(top, (ast.Import, ast.ImportFrom)):
            touched = _touched(top, libraries)
            stored, handed = stored | touched[0], handed | touched[1]
            aliases += _aliases(top, libraries)
            if not _only_looks(top):
                names = {node.id for node in ast.walk(top) if isinstance(node, ast.Name)}
                others += map(effects.of, names)
    for more in others:
        stored, handed = stored | more[0], handed | more[1]
    return _Changes(frozenset(stored - {""}), frozenset(handed - {""}), tuple(aliases))


def _touched(top, libraries):
    """(names of which a statement stores into a part, names that it hands to somebody who may change them)."""
    stored, handed = set(), set()
    for node in ast.walk(top):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
            stored.add(root(node))
        elif isinstance(node, ast.AugAssign):
            handed.add(root(node.target))
        elif isinstance(node, ast.Call):
            function = getattr(node.func, "id", "")
            if function in ("setattr", "delattr") and node.args:
                stored.add(root(node.args[0]))
            attribute = getattr(node.func, "attr", "")
            if attribute in _CHANGES or (attribute.endswith("_") and not attribute.endswith("__")):
                handed.add(root(node.func))
                stored |= {root(node.func)} if attribute == "register" else set()
            handed |= {root(keyword.value) for keyword in node.keywords if keyword.arg == "out"}
        if isinstance(node, ast.Expr) or node is top:
            handed |= _handed(node, libraries)
    return stored, handed


def _handed(node, libraries):
    call = node.value if isinstance(node, (ast.Expr, ast.Assign)) else None
    if not isinstance(call, ast.Call) or getattr(call.func, "id", "") in _ONLY_LOOKS:
        return set()
    attribute = getattr(call.func, "attr", "")
    in_place = attribute.endswith("_") or attribute in _IN_PLACE
    if root(call.func) in libraries and not in_place:
        return set()
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    names = {root(value) for value in given if isinstance(value, (ast.Name, ast.Starred, ast.Attribute, ast.Subscript))}
    return names | ({root(call.func)} if isinstance(node, ast.Expr) else set())


def _only_looks(top):
    call = top.value if isinstance(top, ast.Expr) else None
    looks = isinstance(call, ast.Call) and getattr(call.func, "id", "") in _ONLY_LOOKS
    return looks or isinstance(top, ast.Assert)


def _aliases(top, libraries):
    """Pairs (name, name of what it may share): part = table[:1], for p in net.parameters(), opt = SGD(net.weight)."""
    found = []
    for node in ast.walk(top):
        if isinstance(node, (ast.Assign, ast.For, ast.withitem, ast.NamedExpr)):
            value = getattr(node, "value", None) or getattr(node, "iter", None) or getattr(node, "context_expr", None)
            target = getattr(node, "target", None) or getattr(node, "optional_vars", None)
            targets = node.targets if isinstance(node, ast.Assign) else [target] if target else []
            sources = {root(value)}
            if isinstance(value, ast.Call):
                sources = {root(value.func)} if isinstance(value.func, ast.Attribute) else set()
                name = getattr(value.func, "attr", getattr(value.func, "id", ""))
                holds = name[:1].isupper() or root(value.func) not in libraries  # an object keeps what it is made of
                sources |= {root(argument) for argument in value.args} if holds else set()
            elif isinstance(value, (ast.Tuple, ast.List)):
                sources |= {root(item) for item in value.elts}
            names = set().union(*map(_stored_names, targets))
            found += [(name, source) for name in names for source in sources - libraries - {"", name}]
    return found


def root(node):
    """The name at the beginning of a chain of attributes and calls: "super" of super().__init__; "" where none is."""
    while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript, ast.Starred)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return getattr(node, "id", "")
