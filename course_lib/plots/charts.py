"""Charts for the lectures: every function takes arrays and returns `(fig, ax)`; `show(fig, alt=...)` displays it.

The figures are plain matplotlib `Figure` objects: no pyplot, so no global state and nothing to close. Arrays may be
numpy arrays, torch tensors on any device, or nested lists. Sizes are fixed (80 dots per inch), magnitudes are viridis,
signed values are RdBu_r centred on 0, grey pictures are grey; lines differ in style and marker as well as in colour.

    fig, ax = curve(steps, {"early fusion": early, "3D": late}, xlabel="step", ylabel="accuracy (%)")
    show(fig, alt="Both reach 100 %.")
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_lib.errors import ShapeError
from course_lib.plots.canvas import COLORS, DASHES, DPI, INK, MARKERS, MUTED, RULE, WIDTH, new_figure, to_array


def curve(x, lines, xlabel, ylabel, title=None, ylim=None, xscale="linear", yscale="linear", width=6.4, height=3.4):
    """One or several lines over the same axis.

    Args:
        x: (N,) numbers, the same for all lines.
        lines: {name: (N,) numbers}; one name draws no legend.
        xlabel, ylabel: with units, for example "time (s)".
    Returns:
        (fig, ax).
    Raises:
        ShapeError: if a line has another length than x.
    """
    x = to_array(x)
    fig, ax = new_figure(width, height)
    for i, (name, values) in enumerate(lines.items()):
        y = to_array(values)
        if y.shape != x.shape:
            raise ShapeError(f"line {name!r} has shape {y.shape}, expected {x.shape} as x has: one value per position")
        marker = MARKERS[i % len(MARKERS)] if x.size <= 40 else None
        ax.plot(x, y, DASHES[i % len(DASHES)], marker=marker, markersize=5, color=COLORS[i % len(COLORS)], label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    if ylim is not None:
        ax.set_ylim(*ylim)
    if xscale == "linear" and np.issubdtype(x.dtype, np.integer):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
    if len(lines) > 1:
        ax.legend(frameon=False, fontsize=10)
    _title(ax, title)
    return fig, ax


def bars(labels, values, ylabel, xlabel="", title=None, ylim=None, number="{:.3g}", width=6.4, height=3.4):
    """Bars with their numbers written on them.

    Args:
        labels: K texts.
        values: (K,) numbers, or {name: (K,) numbers} for several bars per label.
        ylabel, xlabel: with units. number: how a value is written on its bar.
    Returns:
        (fig, ax).
    Raises:
        ShapeError: if a group has another length than the labels.
    """
    groups = values if isinstance(values, dict) else {"": values}
    fig, ax = new_figure(width, height)
    places, share = np.arange(len(labels)), 0.8 / len(groups)
    for i, (name, group) in enumerate(groups.items()):
        heights = to_array(group).astype(float)
        if heights.shape != (len(labels),):
            raise ShapeError(f"values {name!r} have shape {heights.shape}, expected ({len(labels)},): one per label")
        at = places + (i - (len(groups) - 1) / 2) * share
        hatch = ("", "//", "..", "xx")[i % 4]
        color = COLORS[i % len(COLORS)]
        drawn = ax.bar(at, heights, 0.94 * share, color=color, label=name, hatch=hatch, edgecolor="white", lw=0)
        ax.bar_label(drawn, [number.format(v) for v in heights], padding=2, fontsize=10, color=INK)
    ax.set_xticks(places, [str(label) for label in labels])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(y=0.14)
    if ylim is not None:
        ax.set_ylim(*ylim)
    if len(groups) > 1:
        entries = ax.get_legend_handles_labels()
        fig.legend(*entries, loc="outside upper center", ncols=len(groups), frameon=False, fontsize=10)
    _title(ax, title)
    return fig, ax


def heatmap(array, xlabel, ylabel, signed=False, unit="", title=None, numbers=None, vmax=None, width=6.4, height=None):
    """A matrix in colour, with a scale.

    Args:
        array: (H, W) numbers.
        xlabel, ylabel: of columns and rows, with units.
        signed: RdBu_r centred on 0 instead of viridis. unit: beside the colour scale.
        numbers: write each value into its cell (default: if there are at most 150 cells). True writes "{:.2g}"; a
            format such as "{:.0f}" says how.
        vmax: the largest value of the scale (default: from the array).
    Returns:
        (fig, ax).
    Raises:
        ShapeError: if the array has not two dimensions.
    """
    values = to_array(array)
    if values.ndim != 2:
        raise ShapeError(f"array has shape {values.shape}, expected (H, W): choose one channel and one frame first")
    values = values.astype(float)
    rows, columns = values.shape
    fig, ax = new_figure(width, height or float(np.clip(0.75 * width * rows / columns, 1.8, 5.2)))
    top = vmax if vmax is not None else float(np.nanmax(np.abs(values) if signed else values))
    low = -top if signed else min(0.0, float(np.nanmin(values)))
    top = top if top > low else low + 1.0  # a constant matrix still has a scale
    if signed and top == 1.0 and low == 0.0:
        low = -1.0
    drawn = ax.imshow(values, cmap="RdBu_r" if signed else "viridis", vmin=low, vmax=top, interpolation="nearest")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    scale = fig.colorbar(drawn, ax=ax, fraction=0.046, pad=0.02)
    scale.set_label(unit, fontsize=10)
    scale.outline.set_visible(False)
    if numbers is None:
        numbers = values.size <= 150
    if numbers:
        form = numbers if isinstance(numbers, str) else "{:.2g}"
        for (row, column), value in np.ndenumerate(values):
            color = _readable_on(drawn.to_rgba(value))
            ax.text(column, row, form.format(value), ha="center", va="center", fontsize=9, color=color)
    _title(ax, title)
    return fig, ax


def kernel_strip(weight, titles=None, vmax=None, width=WIDTH, label="weight"):
    """A space-time kernel, or a field, as a little video: one row per channel, one column per frame.

    Args:
        weight: (C, T, H, W) numbers; red is positive, blue is negative, white is 0.
        titles: one text per row (default: "channel 0" when there are several).
        vmax: the largest value of the scale, to compare kernels (default: from the kernel).
        label: what the colours stand for, with its unit.
    Returns:
        (fig, ax): one axes that holds all tiles.
    Raises:
        ShapeError: if the weight is not (C, T, H, W).
    """
    values = to_array(weight)
    if values.ndim != 4:
        hint = "; choose one output channel, for example weight[0]" if values.ndim == 5 else ""
        raise ShapeError(f"weight has shape {values.shape}, expected (C, T, H, W){hint}")
    channels, frames, rows, columns = values.shape
    if titles is None:
        titles = [f"channel {c}" for c in range(channels)] if channels > 1 else [""]
    if len(titles) != channels:
        raise ShapeError(f"there are {len(titles)} titles for {channels} channels: expected one per row")
    top = vmax or float(np.abs(values).max()) or 1.0
    gap = max(1.0, 0.15 * columns)
    across, down = frames * (columns + gap) - gap, channels * (rows + gap) - gap  # in weights
    left, right, bottom = 0.25 + 0.085 * max(map(len, titles)), 1.1, 0.35  # inches around the tiles
    unit = min(1.5 / columns, (width - left - right) / across)  # inches per weight
    size = (left + across * unit + right, down * unit + bottom + 0.1)
    fig = Figure(figsize=size, dpi=DPI, facecolor="white")
    ax = fig.add_axes((left / size[0], bottom / size[1], across * unit / size[0], down * unit / size[1]))
    look = {"cmap": "RdBu_r", "vmin": -top, "vmax": top, "interpolation": "nearest"}
    for c, t in np.ndindex(channels, frames):
        x, y = t * (columns + gap), c * (rows + gap)
        drawn = ax.imshow(values[c, t], extent=(x, x + columns, y + rows, y), **look)
        ax.plot([x, x + columns, x + columns, x, x], [y, y, y + rows, y + rows, y], color=MUTED, lw=0.8)
    ax.set(
        xlim=(-0.02 * columns, across + 0.02 * columns), ylim=(down + 0.02 * columns, -0.02 * columns), aspect="auto"
    )
    ax.set_xticks([t * (columns + gap) + columns / 2 for t in range(frames)], [f"t = {t}" for t in range(frames)])
    ax.set_yticks([c * (rows + gap) + rows / 2 for c in range(channels)], titles)
    ax.tick_params(length=0, labelsize=10, colors=INK)
    for spine in ax.spines.values():
        spine.set_visible(False)
    bar = fig.add_axes((1 - (right - 0.15) / size[0], bottom / size[1], 0.15 / size[0], down * unit / size[1]))
    fig.colorbar(drawn, cax=bar, label=label).outline.set_visible(False)
    return fig, ax


def timeline(num_frames, rows, fps=None, title=None, width=WIDTH):
    """Which frames of a video are taken, as dots on a line of time.

    Args:
        num_frames: length of the video. fps: adds a scale in seconds below the frame numbers.
        rows: {name: frame numbers}, one line of dots each; numbers beyond the end are drawn beyond it.
    Returns:
        (fig, ax).
    """
    fig, ax = new_figure(width, 1.15 + 0.32 * len(rows) + (0.15 if fps else 0))
    last = num_frames - 1
    for i, indices in enumerate(rows.values()):
        taken = to_array(indices).reshape(-1)
        last = max(last, int(taken.max()) if taken.size else last)
        ax.plot([0, num_frames - 1], [i, i], color=RULE, lw=6, solid_capstyle="round", zorder=1)
        ax.plot(taken, np.full(len(taken), i), "o", color=COLORS[i % len(COLORS)], ms=7, mec="white", mew=0.8, zorder=2)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xlim=(-0.02 * last - 0.5, 1.02 * last + 0.5), ylim=(len(rows) - 0.4, -0.6), xlabel="frame")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    if fps:
        ax.set_xlabel(f"frame (1 s = {fps:g} frames)")
    _title(ax, title)
    return fig, ax


def _readable_on(rgba):
    red, green, blue = rgba[:3]
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.55 else INK


def _title(ax, title):
    if title:
        ax.set_title(title, fontsize=11, color=INK, loc="left")
