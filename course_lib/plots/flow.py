"""Figures of flow: colours that are never without their wheel, and arrows that say the same without colour."""

import numpy as np
from matplotlib.figure import Figure

from course_lib.errors import ShapeError
from course_lib.plots import DPI, INK, WIDTH, to_array
from course_lib.plots.flow_color import flow_to_rgb, longest, wheel_image

LEGEND = 1.35  # inches, for the wheel and its words
HEAD = 0.26  # inches, for a title


def flow_image(flow, largest=None, valid=None, title=None, arrows=True, width=4.2):
    """One flow field in colours, with arrows and the wheel.

    Args:
        flow: (2, H, W) numbers in pixels, u (right) then v (down).
        largest: the length in pixels that gets full saturation (default: the longest vector).
        valid: (H, W) bool; what is not valid is black and has no arrow.
        arrows: draw about a hundred arrows, their length to the scale of the picture.
        width: of the field, inches; the legend comes beside it.
    Returns:
        (fig, ax).
    Raises:
        ShapeError: if flow is not (2, H, W).
    """
    return flow_strip({title or "": flow}, largest, valid, arrows, width + LEGEND)


def flow_strip(panels, largest=None, valid=None, arrows=True, width=WIDTH):
    """Flow fields, and pictures, side by side, all with the same scale and one wheel.

    Args:
        panels: {title: flow (2, H, W) in pixels, or picture (3, H, W) or (H, W), 0..1 or uint8}; all of one size, at
            least one of them a flow.
        largest: the length in pixels that gets full saturation (default: the longest vector of the first flow).
        valid: (H, W) bool; where a flow is not valid it is black and has no arrow.
        arrows: draw arrows on the flows. width: inches, legend included.
    Returns:
        (fig, ax): ax is the axes of the last panel.
    Raises:
        ShapeError: if no panel is a flow, or the sizes differ.
    """
    arrays = {title: to_array(panel) for title, panel in panels.items()}
    flows = [a for a in arrays.values() if a.ndim == 3 and a.shape[0] == 2]
    if not flows:
        shapes = [a.shape for a in arrays.values()]
        raise ShapeError(f"the panels have shapes {shapes}, expected at least one flow (2, H, W); of a batch, flow[0]")
    rows, columns = flows[0].shape[1:]
    largest = longest(flows[0], valid) if largest is None else float(largest)
    head = HEAD if any(panels) else 0.04
    gap = 0.08
    side = (width - LEGEND - gap * (len(arrays) - 1)) / len(arrays)
    height = max(side * rows / columns, 1.25) + head
    fig = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    for place, (title, array) in enumerate(arrays.items()):
        box = (place * (side + gap) / width, 1 - (head + side * rows / columns) / height)
        ax = fig.add_axes((*box, side / width, side * rows / columns / height))
        ax.set_axis_off()
        is_flow = array.ndim == 3 and array.shape[0] == 2
        ax.imshow(flow_to_rgb(array, largest, valid) if is_flow else _picture(array, (rows, columns)))
        if is_flow and arrows:
            _arrows(ax, array, largest, valid)
        ax.set_title(title, fontsize=10, color=INK, loc="left", pad=4)
    _legend(fig, largest, 1 - (LEGEND - 0.15) / width, head, width, height)
    return fig, ax


def _picture(array, size):
    if array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if array.shape[:2] != size or array.ndim == 3 and array.shape[2] != 3:
        raise ShapeError(f"a panel has shape {array.shape}, expected {size} as the flow has, grey or with 3 channels")
    if array.dtype != np.uint8:
        array = (255 * array.clip(0, 1)).round().astype(np.uint8)
    return np.stack([array] * 3, -1) if array.ndim == 2 else array


def _arrows(ax, flow, largest, valid):
    """Arrows on a grid: the longest fills a cell, vectors of less than a tenth of it are dots."""
    rows, columns = flow.shape[1:]
    step = max(2, round(max(rows, columns) / 14))
    y, x = np.mgrid[step // 2 : rows : step, step // 2 : columns : step]
    u, v = flow[:, y, x]
    known = np.isfinite(u) & np.isfinite(v)
    if valid is not None:
        known &= to_array(valid)[y, x].astype(bool)
    look = {"color": "black", "angles": "xy", "scale_units": "xy", "width": 0.004, "pivot": "mid"}
    ax.quiver(x[known], y[known], u[known], v[known], scale=largest / (0.9 * step), minlength=0.5, **look)
    ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))


def _legend(fig, largest, left, head, width, height):
    """The wheel, with the directions in words and the length at its rim."""
    size = 0.78  # inches
    bottom = height - head - size - 0.16
    ax = fig.add_axes((left, bottom / height, size / width, size / height))
    ax.imshow(wheel_image(), extent=(-1, 1, 1, -1))
    middle = np.zeros(4)
    ax.quiver(middle, middle, [0.8, 0, -0.8, 0], [0, 0.8, 0, -0.8], angles="xy", scale_units="xy", scale=1, width=0.02)
    ax.set_axis_off()
    for x, y, text, across, up in (
        (0, -1.08, "up", "center", "bottom"),
        (0, 1.08, f"rim: {largest:.3g} px", "center", "top"),
        (1.06, 0, "right", "left", "center"),
    ):
        ax.text(x, y, text, fontsize=8, color=INK, ha=across, va=up, clip_on=False)
