"""Which cells of a lecture a widget needs: the lecture itself may train for a minute before its widget comes."""

import ast

from course_lib.grading.names import bound_names, defines_only, parsed, used_names


def cells_for_widgets(cells):
    """The code cells that must run for a lecture's widgets: set-up, imports, what defines or fills a name they use.

    Args:
        cells: the cells of a solved edition (its exercises define what they should, without their checks).
    Returns:
        list of cells, in their order; empty if the lecture has no widget.
    """
    code = [cell for cell in cells if cell.cell_type == "code"]
    while code and not is_widget(code[-1]):
        code.pop()
    imports = [bound_names(cell.source) for cell in code if defines_only(cell.source, only_imports=True)]
    modules = set().union(*imports)  # torch.manual_seed(0) fills nothing
    made = {cell.id: bound_names(cell.source) | filled(cell.source) - modules for cell in code}
    kept, found = [], [cell for cell in code if is_widget(cell) or "setup" in tags(cell)]
    while len(found) > len(kept):  # a cell that was found uses names that others define
        kept, needed = found, set().union(*(used_names(cell.source) for cell in found))
        found = [cell for cell in code if cell in kept or made[cell.id] & needed]
    return kept


def filled(source):
    """The names of what a cell writes into, with `name[...] = `, `name.attribute = ` or `name.method(...)`."""
    tree = parsed(source) or ast.Module([], [])
    stored = [node for node in ast.walk(tree) if isinstance(getattr(node, "ctx", None), ast.Store)]
    alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    called = [value.func for value in alone if isinstance(value, ast.Call)]
    places = [node.value for node in stored + called if isinstance(node, (ast.Subscript, ast.Attribute))]
    return {place.id for place in places if isinstance(place, ast.Name)}


def is_widget(cell):
    return "widget" in tags(cell)


def tags(cell):
    return cell.metadata.get("tags", ())
