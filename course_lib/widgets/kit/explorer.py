"""What the course's widgets share: a question, at most three controls, a picture, and a sentence with the numbers.

A widget is an `Explorer` with two methods of its own, `draw()` (the state as a picture) and `caption()` (the state in
words and numbers). Only classes and arguments that ipywidgets 7.7.1 (Colab) and 8 have in common are used.
"""

import base64
import html

import ipywidgets

from course_lib import plots
from course_lib.widgets.kit.drawing import jpeg, png

VIEW = "application/vnd.jupyter.widget-view+json"


class Explorer:
    """A question over controls over a picture; it redraws when a control moves.

    Evaluate it as the last line of a cell to show it. Where no kernel runs (GitHub, paper), its picture shows instead.
    """

    question = ""
    few_colors = False  # True where the picture is numbers and plain areas, and no photograph and no wheel of colours

    def __init__(self, controls, extras=None):
        """controls: {name: widget with a value}, at most three. extras: {name: widget} shown before a control."""
        if len(controls) > 3:
            raise ValueError(f"{len(controls)} controls: expected at most three, or the learner looks at none of them")
        self.controls = dict(controls)
        self._picture, self._adjusting = ipywidgets.HTML(), False
        extras = extras or {}
        title = ipywidgets.HTML(f'<div style="font-weight:600;font-size:15px;line-height:1.4">{self.question}</div>')
        rows = [ipywidgets.HBox([extras[name], row]) if name in extras else row for name, row in controls.items()]
        wrap = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        self.view = ipywidgets.VBox([title, ipywidgets.HBox(rows, layout=wrap), self._picture])
        for control in self.controls.values():
            control.observe(self._moved, names="value")
        self._moved(None)

    def draw(self):
        """The present state as a (H, W, 3) uint8 picture at twice its displayed size."""
        raise NotImplementedError

    def caption(self):
        """The present state in one or two sentences with numbers: the caption and the alternative text."""
        raise NotImplementedError

    def snapshot(self):
        """The present state as a matplotlib figure, for `show(widget.snapshot(), alt=widget.caption())`."""
        return plots.picture(self.draw(), scale=0.5)[0]

    def adjust(self):
        """Set the ranges of controls that depend on other controls. Nothing to do for most widgets."""

    def _moved(self, change):
        if self._adjusting:  # a range moved a value along: the control that the reader moved redraws once for all
            return
        self._adjusting = True
        try:
            self.adjust()
        finally:
            self._adjusting = False
        self._picture.value = _figure_html(self.draw(), self.caption(), self.few_colors)

    def _repr_mimebundle_(self, include=None, exclude=None):
        caption = self.caption()
        data = {
            VIEW: {"version_major": 2, "version_minor": 0, "model_id": self.view.model_id},
            "image/png": base64.b64encode(plots.png(self.snapshot())).decode(),
            "text/plain": f"{self.question}\n{caption}",
        }
        return data, {"image/png": {"alt": caption}}


def slider(description, value, low, high, width=None):
    """An IntSlider whose description is never cut off; by default wide enough to leave the hand a way to slide."""
    width = width or f"{0.55 * len(description) + 18:.0f}em"  # per letter half an em, track 12, number 6
    return ipywidgets.IntSlider(value=value, min=low, max=high, description=description, **_readable(width))


def limit(control, top):
    """Let a slider run from 0 to `top`; with top = 0 there is nothing to choose and it is switched off."""
    control.max = max(1, top)  # the browser's slider refuses an empty range
    control.value = min(control.value, top)
    control.disabled = top == 0


def choice(description, options, value, width="21em"):
    """A Dropdown whose description is never cut off. options: texts, or (text, value) pairs."""
    return ipywidgets.Dropdown(options=options, value=value, description=description, **_readable(width))


def _readable(width):
    layout = ipywidgets.Layout(width=width, margin="2px 18px 2px 0")
    return {"style": {"description_width": "initial"}, "layout": layout}


# In a dark theme the white picture is a sheet of paper: nothing may touch its edge.
_PAPER = "box-sizing:content-box;padding:6px;background:#fff;border-radius:3px"


def _figure_html(pixels, caption, few_colors):
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    alt = html.escape(caption, quote=True)
    kind, pack = ("png", png) if few_colors else ("jpeg", jpeg)
    source = base64.b64encode(pack(pixels)).decode()
    # decoding="sync": the new picture appears in one step with its caption, without a white flash between two states
    return (
        f'<img src="data:image/{kind};base64,{source}" alt="{alt}" width="{width}" height="{height}" decoding="sync"'
        f' style="display:block;max-width:calc(100% - 12px);height:auto;{_PAPER}">'
        f'<p style="max-width:{width}px;line-height:1.45;margin:6px 0 0">{alt}</p>'
    )
