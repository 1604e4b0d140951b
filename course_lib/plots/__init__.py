"""Figures that take arrays and return `(fig, ax)`; flow has its own module, `course_lib.plots.flow`."""

from course_lib.plots.figures import (
    COLORS,
    DPI,
    INK,
    MUTED,
    RULE,
    WIDTH,
    bars,
    curve,
    film_strip,
    heatmap,
    kernel_strip,
    montage,
    new_figure,
    picture,
    png,
    show,
    timeline,
    to_array,
    to_pictures,
)  # fmt: skip
from course_lib.plots.tables import Noted, Table, from_memory, table

__all__ = [
    "COLORS", "DPI", "INK", "MUTED", "RULE", "WIDTH",
    "bars", "curve", "film_strip", "heatmap", "kernel_strip", "montage", "new_figure", "picture", "png", "show",
    "timeline", "to_array", "to_pictures",
    "Noted", "Table", "from_memory", "table",
]  # fmt: skip
