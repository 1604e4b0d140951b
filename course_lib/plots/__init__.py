"""Figures that take arrays, or a network, and return `(fig, ax)`; flow has its own module, `course_lib.plots.flow`."""

from course_lib.plots.canvas import COLORS, DPI, INK, MUTED, RULE, WIDTH, new_figure, png, show, to_array
from course_lib.plots.charts import bars, curve, heatmap, kernel_strip, timeline
from course_lib.plots.film import film_strip, montage, picture, to_pictures
from course_lib.plots.networks import diagram, parallel
from course_lib.plots.tables import Noted, Table, from_memory, table

__all__ = [
    "COLORS", "DPI", "INK", "MUTED", "RULE", "WIDTH",
    "bars", "curve", "film_strip", "heatmap", "kernel_strip", "montage", "new_figure", "picture", "png", "show",
    "timeline", "to_array", "to_pictures",
    "diagram", "parallel",
    "Noted", "Table", "from_memory", "table",
]  # fmt: skip
