"""Which cells of a lecture a widget needs: the lecture itself may train for a minute before its widget comes."""

from course_lib.grading.names import bound_names, used_names


def cells_for_widgets(cells):
    """The code cells that must run for the widgets of a lecture: set-up, imports, and what defines a name they use.

    Args:
        cells: the cells of a solved edition (its exercises define what they should, without their checks).
    Returns:
        list of cells, in their order; empty if the lecture has no widget.
    """
    needed, kept = set(), []
    for cell in reversed([cell for cell in cells if cell.cell_type == "code"]):
        if is_widget(cell) or bound_names(cell.source) & needed or (kept and "setup" in tags(cell)):
            kept.append(cell)
            needed |= used_names(cell.source)
    return kept[::-1]


def is_widget(cell):
    return "widget" in tags(cell)


def tags(cell):
    return cell.metadata.get("tags", ())
