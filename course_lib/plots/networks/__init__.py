"""Figures of networks, drawn from what `describe` measures."""

from course_lib.plots.networks.drawing import diagram, parallel

__all__ = ["diagram", "parallel"]
