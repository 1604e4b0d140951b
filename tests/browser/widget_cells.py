"""Which cells of a lecture a widget needs: the lecture itself may train for a minute before its widget comes."""

from course_lib.grading.names import bound_names, used_names


def cells_for_widgets(cells):
    """The code cells that must run for the widgets of a lecture: set-up, imports, and what defines a name they use.

    Args:
        cells: the cells of a solved edition (its exercises define what they should, without their checks).
    Returns:
        list of cells, in their order; empty if the lecture has no widget.
    """
    code = [cell for cell in cells if cell.cell_type == "code"]
    while code and not is_widget(code[-1]):
        code.pop()
    kept, found = [], [cell for cell in code if is_widget(cell) or "setup" in tags(cell)]
    while len(found) > len(kept):  # a cell that was found uses names that others define
        kept, needed = found, set().union(*(used_names(cell.source) for cell in found))
        found = [cell for cell in code if cell in kept or bound_names(cell.source) & needed]
    return kept


def is_widget(cell):
    return "widget" in tags(cell)


def tags(cell):
    return cell.metadata.get("tags", ())
