"""A recurrent network unrolled: a column per step, information upwards within a step and to the right between steps."""

from course_lib.errors import ShapeError
from course_lib.plots.canvas import COLORS, INK, MUTED, WIDTH, new_figure

BOX, ROW = 0.66, 1.0  # width of a box and distance of rows, where columns are 1 apart


def unrolled(rows, recurrent, names=None, width=WIDTH):
    """Draw the steps of a recurrent network.

    Args:
        rows: lists of texts, the lowest row first, one text per step; "" where a row has nothing at that step.
        recurrent: numbers of the rows whose state goes on to the next step; they are drawn as boxes.
        names: one text per row, on the left.
    Returns:
        (fig, ax).
    Raises:
        ShapeError: if the rows differ in length, or names and rows in number.
    """
    steps = len(rows[0])
    if any(len(row) != steps for row in rows) or (names is not None and len(names) != len(rows)):
        raise ShapeError(f"rows have {[len(row) for row in rows]} steps, names {names}: expected equally many")
    fig, ax = new_figure(width, 0.35 + 0.62 * len(rows))
    for level, row in enumerate(rows):
        for step, text in enumerate(row):
            if not text:
                continue
            look = {"ha": "center", "va": "center", "fontsize": 10, "color": INK}
            if level in recurrent:
                look["bbox"] = {
                    "boxstyle": "round,pad=0.35",
                    "fc": "white",
                    "ec": COLORS[level % len(COLORS)],
                    "lw": 1.6,
                }
                if step + 1 < steps and row[step + 1]:
                    _arrow(ax, (step + BOX / 2, level * ROW), (step + 1 - BOX / 2, level * ROW), heavy=True)
            ax.text(step, level * ROW, text, **look)
            if level + 1 < len(rows) and rows[level + 1][step]:
                _arrow(ax, (step, level * ROW + 0.24), (step, (level + 1) * ROW - 0.28))
        if names is not None:
            ax.text(-0.75, level * ROW, names[level], ha="right", va="center", fontsize=10, color=MUTED)
    left = -0.8 - (0.11 * max(map(len, names)) * steps / 9 if names else 0)
    ax.set(xlim=(left, steps - 0.4), ylim=(-0.5, (len(rows) - 1) * ROW + 0.5))
    ax.set_axis_off()
    return fig, ax


def _arrow(ax, start, end, heavy=False):
    look = {
        "arrowstyle": "-|>",
        "color": INK if heavy else MUTED,
        "lw": 1.8 if heavy else 1.0,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    ax.annotate("", xy=end, xytext=start, arrowprops=look)
