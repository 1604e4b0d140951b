"""Frames of a clip side by side, with boxes where something is to be found.

Boxes are (x, y, w, h) in pixels, between pixel edges, as `course_lib.ops.boxes` defines them.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from course_lib.errors import ShapeError
from course_lib.plots.canvas import COLORS, DASHES, DPI, INK, WIDTH, to_array

STRIP_FRAMES = 8  # a film strip shows at most so many frames unless it is told which
LEGEND = 0.32  # inches below the frames, for the names of the boxes


def to_pictures(clip):
    """Turn a clip into pictures that can be shown.

    Args:
        clip: (C, T, H, W) with C = 1 or 3, or (T, H, W) in grey; uint8 0..255 or float 0..1.
    Returns:
        (T, H, W, 3) uint8 array. Floats outside 0..1 are clipped.
    Raises:
        ShapeError: if the clip has another rank or another number of channels.
    """
    frames = to_array(clip)
    if frames.ndim == 3:
        frames = frames[None]
    if frames.ndim != 4 or frames.shape[0] not in (1, 3):
        hint = ""
        if frames.ndim == 4 and frames.shape[1] in (1, 3):
            hint = "; frames seem to come first: did you forget .permute(1, 0, 2, 3)?"
        elif frames.ndim == 4 and frames.shape[-1] in (1, 3):
            hint = "; channels seem to come last: did you forget .permute(3, 0, 1, 2)?"
        elif frames.ndim == 5:
            hint = "; this looks like a batch: choose one clip, for example clip[0]"
        expected = "expected (C, T, H, W) with C = 1 or 3, or (T, H, W)"
        raise ShapeError(f"clip has shape {tuple(frames.shape)}, {expected}{hint}")
    if frames.dtype != np.uint8:
        frames = (np.clip(frames.astype(np.float32), 0, 1) * 255).round().astype(np.uint8)
    frames = frames.transpose(1, 2, 3, 0)  # (T, H, W, C)
    return np.ascontiguousarray(np.broadcast_to(frames, (*frames.shape[:3], 3)))


def picture(pixels, scale=1.0):
    """A ready-made picture as a figure of its own size, without axes.

    Args:
        pixels: (H, W, 3) uint8. scale: 0.5 shows it in half its size, smoothly.
    Returns:
        (fig, ax).
    """
    height, width = pixels.shape[:2]
    fig = Figure(figsize=(width * scale / DPI, height * scale / DPI), dpi=DPI, facecolor="white")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.imshow(pixels, interpolation="antialiased" if scale < 1 else "nearest", aspect="auto")
    ax.set_axis_off()
    return fig, ax


def montage(pictures, columns, gap=0.06, background=255):
    """Set T pictures side by side in rows of `columns`.

    Args:
        pictures: (T, H, W, 3) uint8.
        columns: pictures per row; gap: white space between them, as a part of W.
    Returns:
        (R, S, 3) uint8 array, and the (T, 2) array of the (x, y) of each picture's upper left corner.
    """
    count, height, width, _ = pictures.shape
    space = max(1, round(gap * width))
    head = max(2, round(0.16 * width))  # room for a title above each row
    rows = -(-count // columns)
    sheet = np.full((rows * (height + head), columns * (width + space) - space, 3), background, np.uint8)
    places = np.arange(count)
    corners = np.stack([(places % columns) * (width + space), (places // columns) * (height + head) + head], axis=1)
    for picture, (x, y) in zip(pictures, corners, strict=True):
        sheet[y : y + height, x : x + width] = picture
    return sheet, corners


def film_strip(clip, indices=None, titles=None, columns=STRIP_FRAMES, width=WIDTH, boxes=None):
    """Frames of a clip side by side, each with its frame number, and boxes on them.

    Args:
        clip: (C, T, H, W) or (T, H, W); uint8 0..255 or float 0..1.
        indices: which frames, in this order (default: up to 8, evenly spread over the clip).
        titles: one text per shown frame (default: "frame 3").
        columns: frames per row. width: inches.
        boxes: (T, 4), one box (x, y, w, h) per frame of the clip in pixels, as the head of this file defines it;
            (T, N, 4) for N per frame; or {name: boxes}, which differ in colour and dashes and get a legend.
            A box with NaN, or without width or height, is not drawn: the thing is out of sight.
    Returns:
        (fig, ax): one axes that holds all frames, in pixels of the clip.
    Raises:
        ShapeError: if the clip is not (C, T, H, W) or (T, H, W), if an index lies outside it, if titles and frames
            differ in number, or if there is not a box for each frame of the clip.
    """
    pictures = to_pictures(clip)
    total = len(pictures)
    if indices is None:
        indices = np.unique(np.linspace(0, total - 1, min(total, STRIP_FRAMES)).round().astype(int))
    indices = to_array(indices).astype(int).reshape(-1)
    if len(indices) == 0 or indices.min() < 0 or indices.max() >= total:
        raise ShapeError(
            f"indices are {indices.tolist()}, expected frame numbers between 0 and {total - 1}, at least one"
        )
    titles = [f"frame {i}" for i in indices] if titles is None else [str(title) for title in titles]
    if len(titles) != len(indices):
        raise ShapeError(f"there are {len(titles)} titles for {len(indices)} frames: expected one title per frame")
    named = boxes if isinstance(boxes, dict) else {} if boxes is None else {"": boxes}
    named = {name: _checked_boxes(values, total, name) for name, values in named.items()}
    columns = min(columns, len(indices))
    sheet, corners = montage(pictures[indices], columns)
    scale = min(width * DPI / sheet.shape[1], 2.4 * DPI / pictures.shape[1])  # a frame is at most 2.4 inches high
    across, down = sheet.shape[1] * scale / DPI, sheet.shape[0] * scale / DPI
    legend = LEGEND if any(named) else 0.0
    fig = Figure(figsize=(max(across, 3.0) if legend else across, down + legend), dpi=DPI, facecolor="white")
    wide, high = fig.get_size_inches()
    ax = fig.add_axes((0, legend / high, across / wide, down / high))
    ax.imshow(sheet, extent=(0, sheet.shape[1], sheet.shape[0], 0), interpolation="nearest" if scale >= 2 else "auto")
    ax.set_axis_off()
    head = corners[0, 1] * scale * 72 / DPI  # points
    for title, (x, y) in zip(titles, corners, strict=True):
        ax.text(x, y - 0.2 * corners[0, 1], title, fontsize=min(10, 0.68 * head), color=INK, va="bottom", clip_on=False)
    for i, values in enumerate(named.values()):
        for frame, corner in zip(indices, corners, strict=True):
            _draw_boxes(ax, values[frame], corner, pictures.shape[1:3], i)
    if legend:
        looks = [_look(i) for i in range(len(named))]
        lines = [Line2D([], [], lw=2, **look) for look in looks]
        fig.legend(lines, list(named), loc="lower left", ncols=len(lines), frameon=False, fontsize=10, handlelength=3.2)
    return fig, ax


def _checked_boxes(boxes, frames, name):
    """(T, N, 4) floats."""
    array = to_array(boxes).astype(float)
    of = f"boxes {name!r}" if name else "boxes"
    if array.ndim not in (2, 3) or array.shape[0] != frames or array.shape[-1] != 4:
        raise ShapeError(
            f"{of} have shape {array.shape}, expected ({frames}, 4): one (x, y, w, h) for each frame of the clip, also "
            f"for those that are not shown; or ({frames}, N, 4) for N in each frame"
        )
    return array.reshape(frames, -1, 4)


def _look(i):
    return {"color": COLORS[(i + 1) % len(COLORS)], "linestyle": DASHES[i % len(DASHES)]}  # orange first: it is seen


def _draw_boxes(ax, boxes, corner, size, i):
    """Boxes (N, 4) of one frame, whose upper left corner is `corner` on the sheet; cut off at the frame's edge."""
    frame = Rectangle(corner, size[1], size[0], transform=ax.transData)
    for x, y, w, h in boxes:
        if not np.isfinite([x, y, w, h]).all() or w <= 0 or h <= 0:
            continue
        place = {"xy": (corner[0] + x, corner[1] + y), "width": w, "height": h, "fill": False}
        halo = ax.add_patch(Rectangle(**place, edgecolor="white", linewidth=3.4, alpha=0.75))  # for dark pictures
        box = ax.add_patch(Rectangle(**place, linewidth=1.8, **_look(i)))
        for patch in (halo, box):
            patch.set_clip_path(frame)
