"""Which file of a package imports which, read from the source: also inside functions, relative, and by name in a table.

Nothing is run. A string that is exactly the name of a module in the package counts as an import: so
`import_module("package.part")` and lazy tables of names are seen. What follows "-m" is a program of its own.
"""

import ast
import graphlib
from pathlib import Path


def import_graph(folder):
    """{module: modules of the package that it imports} for every file in the package's `folder`."""
    folder = Path(folder)
    files = {module_name(path, folder): path for path in sorted(folder.rglob("*.py"))}
    return {name: _imports(name, path, set(files)) for name, path in files.items()}


def module_name(path, folder):
    """The dotted name of a file: folder/a/b.py is package.a.b, folder/a/__init__.py is package.a."""
    return ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")


def _imports(name, path, modules):
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found, programs = set(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.List | ast.Tuple):
            starts = [getattr(item, "value", None) == "-m" for item in node.elts]
            programs |= {id(item) for item, start in zip(node.elts[1:], starts, strict=False) if start}
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                outer = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*outer, *filter(None, [node.module])])
            submodules = {f"{base}.{alias.name}" for alias in node.names} & modules
            found |= submodules
            if len(submodules) < len(node.names):  # at least one name is defined in the module itself
                found.add(base)
        elif isinstance(node, ast.Constant) and "." in str(node.value) and id(node) not in programs:
            found.add(node.value)
    return (found & modules) - {name}


def circles(graph):
    """Groups of modules that import each other in a circle; each circle once, as a list that begins where it ends."""
    graph, found = {name: set(imported) for name, imported in graph.items()}, []
    while True:
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            circle = error.args[1][::-1]
            found.append(circle)
            graph[circle[0]].discard(circle[1])  # cut it there, and look for others
        else:
            return found


def part_of(module):
    """The file or folder of the package in which a module is; "" for the package itself."""
    return [*module.split("."), ""][1]


def wrong_arrows(graph, order):
    """Imports that go up, or sideways between parts that stand beside each other.

    Args:
        graph: of `import_graph`. The package itself may import and be imported freely.
        order: tuple of tuples of parts, the lowest first.
    Returns:
        list of str, "importer -> imported", sorted.
    """
    ranks = {part: rank for rank, parts in enumerate(order) for part in parts}
    return sorted(
        f"{importer} -> {other}"
        for importer, imported in graph.items()
        for other in imported
        if part_of(importer) and part_of(other) and part_of(importer) != part_of(other)
        and ranks[part_of(importer)] <= ranks[part_of(other)]
    )  # fmt: skip
