"""What every figure shares: sizes, colours, an empty figure, and how it is displayed with its alternative text."""

import base64
import html
import io

import numpy as np
from matplotlib.figure import Figure

from course_lib.display import in_jupyter, show_html

DPI = 80
WIDTH = 9.6  # inches: 768 pixels, the width of a JupyterLab cell on a laptop
INK, MUTED, RULE = "#1f2328", "#57606a", "#d0d7de"
# Told apart by people who see few colours (Okabe and Ito), dark enough on white for thin lines.
COLORS = ("#0072b2", "#d55e00", "#007a5a", "#b0578d", "#7a5c00", "#56789a", "#1f2328")
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def to_array(values):
    """A numpy array of a tensor (any device, with or without gradient), an array, a list or a number."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().numpy()
    return np.asarray(values)


def new_figure(width=WIDTH, height=3.2):
    """An empty figure of `width` x `height` inches at 80 dots per inch, and its one axes, labelled in dark ink."""
    fig = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    ax = fig.add_subplot()
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    ax.tick_params(colors=INK, labelsize=10)
    return fig, ax


def png(fig):
    """The figure as PNG bytes: the same bytes for the same figure, with 256 colours so that notebooks stay small."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    out = io.BytesIO()
    # kmeans keeps the hues of what is small, such as a legend: median cut alone gives them to what is large. Pillow
    # repeats it until no more than so many pixels change their colour; the last 1 % would take twice the time before.
    settled = image.width * image.height // 100
    colors = image.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=settled)
    colors.save(out, "PNG", optimize=True, dpi=(DPI, DPI))
    return out.getvalue()


def show(fig, alt=None):
    """Display a figure with its alternative text, which also stands below it as the caption.

    Args:
        fig: a figure, or the pair (fig, ax) that the functions above return.
        alt: what a reader who does not see the picture must know, in one or two sentences with numbers. A figure that
            knows it already, as those of networks do, has it in `fig.alt`.
    Raises:
        ValueError: if alt is empty.
    """
    fig = fig[0] if isinstance(fig, tuple) else fig
    alt = getattr(fig, "alt", None) if alt is None else alt
    if not str(alt or "").strip():
        raise ValueError("show() needs alt=...: one sentence with what the figure shows, for readers who cannot see it")
    if not in_jupyter():
        print(alt)
        return
    from IPython.display import display

    data = png(fig)
    width, height = (int(size * fig.dpi) for size in fig.get_size_inches())
    display(
        {"image/png": base64.b64encode(data).decode(), "text/plain": alt},
        metadata={"image/png": {"width": width, "height": height, "alt": alt}},
        raw=True,
    )
    show_html(f"<p><em>{html.escape(alt)}</em></p>", alt)
