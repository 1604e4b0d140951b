"""Two small sets of points in the plane and their nearest neighbours: a Chamfer distance, step by step."""

from course_lib.ops.points import nearest
from course_lib.plots.canvas import COLORS, DPI, INK, WIDTH, to_array

STYLES = {"color": COLORS[1], "marker": "o"}, {"color": COLORS[2], "marker": "X"}  # told apart by shape, too


def neighbour_steps(x, y, names=("prediction", "truth")):
    """Three pictures: the sets; from each point of x to its nearest of y; from each point of y to its nearest of x.

    Args:
        x: (P, 2) or (P, 3), of which the first two coordinates are drawn, y down. y: (Q, 2) or (Q, 3).
        names: of the two sets.
    Returns:
        (fig, axes): three of them.
    """
    import torch
    from matplotlib.figure import Figure

    deep = [torch.nn.functional.pad(one.float(), (0, 3 - one.shape[-1])) for one in (x, y)]
    places = [to_array(one)[:, :2] for one in deep]
    titles = "two sets", f"1. from {names[0]} to {names[1]}", f"2. from {names[1]} to {names[0]}"
    fig = Figure(figsize=(WIDTH, 0.36 * WIDTH), dpi=DPI, layout="constrained", facecolor="white")
    axes = fig.subplots(1, 3, sharex=True, sharey=True)
    for step, (ax, title) in enumerate(zip(axes, titles, strict=True)):
        for (across, down), name, style in zip((one.T for one in places), names, STYLES, strict=True):
            ax.scatter(across, down, s=42, label=name, zorder=2, **style)
        if step:
            own, other = (0, 1) if step == 1 else (1, 0)
            _, index = nearest(deep[own], deep[other])
            for start, end in zip(places[own], places[other][index[0].numpy()], strict=True):
                ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "color": INK, "shrinkA": 3, "shrinkB": 3})
        ax.set_title(title, fontsize=10)
        ax.set_aspect("equal")
        ax.set_xlabel("x")
        ax.set_ylabel("y (down)")
    axes[0].invert_yaxis()  # shared by all three
    axes[0].legend(fontsize=8, loc="best")
    return fig, axes
