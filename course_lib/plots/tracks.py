"""Trajectories drawn over a frame."""

from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from course_lib.errors import ShapeError
from course_lib.plots.canvas import COLORS, DPI, INK, to_array
from course_lib.plots.film import to_pictures

SIDE, HEAD, GAP = 3.2, 0.3, 0.12  # inches: width of a panel, room for its title, around panels


def tracks(frame, panels):
    """Paths over a frame, one panel for every set of paths; each path ends in a dot.

    Args:
        frame: (3, H, W) or (1, H, W), uint8 or float 0..1.
        panels: {title: (K, P, 2) points (x, y) in pixels; pixel centres lie at whole numbers}.
    Returns:
        (fig, ax): ax is the axes of the last panel.
    Raises:
        ShapeError: if points have another shape.
    """
    picture = to_pictures(to_array(frame)[:, None])[0]
    rows, columns = picture.shape[:2]
    high = SIDE * rows / columns
    width, height = len(panels) * (SIDE + GAP) + GAP, high + HEAD
    fig = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    for number, (title, points) in enumerate(panels.items()):
        points = to_array(points)
        if points.ndim != 3 or points.shape[-1] != 2:
            raise ShapeError(f"{title!r} has shape {points.shape}, expected (K, P, 2): the points of K trajectories")
        ax = fig.add_axes(((GAP + number * (SIDE + GAP)) / width, 0, SIDE / width, high / height))
        ax.imshow(picture, interpolation="nearest")
        for color, line in (("black", 2.6), (COLORS[1], 1.3)):  # a dark rim, to be seen on any photograph
            ax.add_collection(LineCollection(points, colors=color, linewidths=line, capstyle="round"))
        ax.scatter(*points[:, -1].T, s=14, color=COLORS[1], edgecolors="black", linewidths=0.6, zorder=3)
        ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
        ax.set_axis_off()
        ax.set_title(title, fontsize=11, color=INK, loc="left", pad=4)
    return fig, ax
