"""What an executed notebook depends on, as one hash: a lecture runs again when, and only when, this changes.

It covers the notebook before execution (and so the authored source, the hints and the set-up cell), each module of
course_lib that its imports reach (read off the source; imports inside functions and names in lazy import tables too),
the exercises of the lecture, and each data or package file whose name stands in one of them. It leaves out the versions
of other packages: after a change of constraints.txt, `course build --force` renews what is shown, and validation says
whether it is needed. It counts too much rather than too little: a changed comment in a module counts.
"""

import ast
import hashlib
import json
import re
from functools import cache
from pathlib import Path

from course_lib.authoring.editions import to_bytes

PACKAGE = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"\.{0,2}\w+(\.\w+)*")


def fingerprint(notebook, number, root, package=PACKAGE):
    """Hash of a notebook and all that it is executed with.

    Args:
        notebook: the solutions edition, not executed.
        number: the lecture's "NN".
        root: the checkout, for the data that ships.
        package: folder of course_lib.
    Returns:
        "sha256:" and 64 hex digits; the same on every machine (line ends do not count).
    """
    files = dependencies(notebook, number, root, package)
    listed = [[name, _digest(path)] for name, path in sorted(files.items())]
    content = [hashlib.sha256(to_bytes(notebook)).hexdigest(), listed]
    return "sha256:" + hashlib.sha256(json.dumps(content).encode()).hexdigest()


def dependencies(notebook, number, root, package=PACKAGE):
    """The files that a notebook depends on: dict from a name, relative to the checkout or the package, to the path."""
    package, data = Path(package), Path(root) / "data"
    own = package / "exercises" / "lectures" / f"l{number}"
    modules, texts = set(), set()
    code = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    waiting = set(own.glob("*.py"))
    for source in code:
        found, strings = _mentions(_without_magics(source), "", package)
        waiting |= found
        texts |= strings
    while waiting:
        module = waiting.pop()
        modules.add(module)
        found, strings = _module_mentions(module, package)
        waiting |= found - modules
        texts |= strings
        for beside in module.parent.iterdir():
            if beside.name in strings and beside.is_file() and beside.suffix != ".py":
                modules.add(beside)
    named = {f"{package.name}/{path.relative_to(package).as_posix()}": path for path in modules}
    for path in sorted(data.rglob("*")):
        if path.is_file() and (path.name in texts or path.stem in texts):
            named[f"data/{path.relative_to(data).as_posix()}"] = path
    return named


def _module_mentions(path, package):
    parts = path.relative_to(package.parent).with_suffix("").parts
    folder = ".".join(parts[:-1])  # the package that a relative import of this file starts from
    return _mentions(path.read_text(encoding="utf-8"), folder, package)


@cache
def _mentions(text, folder, package):
    """(files of the package that a source imports, strings in it)."""
    names, strings = set(), set()
    tree = ast.parse(text)
    tree.body = [node for node in tree.body if not _is_entry(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute("." * node.level + (node.module or ""), folder)
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
            if _NAME.fullmatch(node.value):  # import_module("course_lib.lesson.start"), or a table of lazy names
                names.add(_absolute(node.value, folder))
    files = set().union(*(_files(name, package) for name in names))
    return frozenset(files), frozenset(strings)


def _is_entry(node):
    """Whether this is `if __name__ == "__main__":`, which no import runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'"


def _absolute(name, folder):
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    parents = folder.split(".")
    return ".".join([*parents[: len(parents) - level + 1], *filter(None, [name[level:]])])


def _files(name, package):
    """The files that importing `name` runs: each package on the way, and the module."""
    parts = name.split(".")
    if parts[0] != package.name:
        return set()
    found, folder = set(), package.parent
    for part in parts:
        for file in (folder / part / "__init__.py", folder / f"{part}.py"):
            if file.is_file():
                found.add(file)
        folder = folder / part
    return found


def _without_magics(source):
    return re.sub(r"^([ \t]*)%.*$", r"\1pass", source, flags=re.MULTILINE)


def _digest(path):
    content = path.read_bytes()
    if b"\0" not in content:  # a text: git may have changed its line ends
        content = content.replace(b"\r\n", b"\n")
    return hashlib.sha256(content).hexdigest()
