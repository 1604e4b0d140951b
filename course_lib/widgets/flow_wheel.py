"""Which colour is which motion? One vector, its place on the flow wheel, its colour and its numbers."""

import math
from dataclasses import dataclass

import numpy as np

from course_lib.plots import INK, MUTED, RULE
from course_lib.plots.flow_color import flow_to_rgb, wheel_image
from course_lib.widgets.kit.drawing import Sheet, number
from course_lib.widgets.kit.explorer import Explorer, slider

WIDTH, HEIGHT, DISC = 760, 250, 200
COMPASS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")


@dataclass(frozen=True)
class WheelState:
    """A motion in pixels per frame: its `length`, `angle` (degrees, clockwise from right), direction and colour."""

    length: float
    angle: float
    direction: str
    color: tuple[int, int, int]


def wheel_state(u, v, rim):
    """Colour and words for the motion (u, v), when the rim of the wheel stands for `rim` pixels.

    Args:
        u, v: pixels to the right and downwards.
        rim: length that gets full saturation, pixels, above 0.
    Returns:
        WheelState.
    """
    length = math.hypot(u, v)
    angle = math.degrees(math.atan2(v, u)) % 360
    direction = COMPASS[round(angle / 45) % 8] if length else "nowhere"
    color = flow_to_rgb(np.array([[[float(u)]], [[float(v)]]]), largest=float(rim))[0, 0]
    return WheelState(length, angle, direction, tuple(int(c) for c in color))


class FlowWheel(Explorer):
    """Choose a vector and see its colour.

    Args:
        u, v, rim: where the controls stand at first, in pixels.
    """

    question = "Which colour is which motion?"

    def __init__(self, u=4, v=2, rim=6):
        self._u, self._v = slider("u, to the right (px)", u, -8, 8), slider("v, downwards (px)", v, -8, 8)
        self._rim = slider("the rim stands for (px)", rim, 1, 12)
        self._wheel = wheel_image(2 * DISC + 1)
        super().__init__({"u": self._u, "v": self._v, "rim": self._rim})

    @property
    def state(self):
        """The present `WheelState`."""
        return wheel_state(self._u.value, self._v.value, self._rim.value)

    def caption(self):
        state, rim = self.state, self._rim.value
        share = state.length / rim
        how = "white: no motion" if not share else f"{min(share, 1):.0%} of full saturation"
        if share > 1:
            how = f"{share:.3g} times the rim, which is drawn darker than any colour of the wheel"
        turn = f", {state.angle:.0f}° clockwise from right" if share else ""
        return (
            f"(u, v) = ({number(self._u.value)}, {number(self._v.value)}) pixels: {state.length:.2f} pixels, "
            f"{state.direction}{turn}. Colour {state.color} (red, green, blue), {how}."
        )

    def draw(self):
        state, rim, u, v = self.state, self._rim.value, self._u.value, self._v.value
        sheet = Sheet(WIDTH, HEIGHT)
        left, top = 60, 24
        x, y = left + DISC / 2, top + DISC / 2
        sheet.picture(left, top, DISC, DISC, self._wheel)
        for word, at, anchor in (
            ("up", (x, top - 5), "ms"),
            ("down", (x, top + DISC + 5), "mt"),
            ("left", (left - 6, y), "rm"),
            ("right", (left + DISC + 6, y), "lm"),
        ):
            sheet.text(*at, word, size=12, color=MUTED, anchor=anchor)
        arrow(sheet, x, y, x + u / rim * DISC / 2, y + v / rim * DISC / 2, width=2)
        cell, start = 11, 340  # a piece of two frames, pixel by pixel
        middle = (start + 8.5 * cell, top + 8.5 * cell + 6)
        low, high, end = top + 6, top + 6 + 17 * cell, start + 17 * cell
        for step in range(0, 18 * cell, cell):
            sheet.line([(start + step, low), (start + step, high)], color=RULE, width=0.5)
            sheet.line([(start, low + step), (end, low + step)], color=RULE, width=0.5)
        sheet.box(middle[0] - cell / 2, middle[1] - cell / 2, cell, cell, fill=MUTED)
        goes = (middle[0] + u * cell, middle[1] + v * cell)
        sheet.box(goes[0] - cell / 2, goes[1] - cell / 2, cell, cell, edge=INK, line=1.5)
        arrow(sheet, *middle, *goes, width=1.5)
        sheet.text(start, top - 2, "a pixel, and where it is one frame later", size=12, color=MUTED, anchor="ls")
        sheet.box(580, top + 6, 120, 120, fill=state.color, edge=MUTED)
        for row, text in enumerate((f"length {state.length:.2f} px", f"direction: {state.direction}")):
            sheet.text(580, top + 142 + 20 * row, text, size=13)
        return sheet.pixels()


def arrow(sheet, x, y, to_x, to_y, color=INK, width=1.0, head=4.0):
    """An arrow on a sheet, from one place to another; a dot when it has no length to speak of."""
    length = math.hypot(to_x - x, to_y - y)
    if length < 1:
        sheet.dot(x, y, max(0.8, width), fill=color)
        return
    head = min(head, 0.6 * length)
    across, down = (to_x - x) / length * head, (to_y - y) / length * head
    sheet.line([(x, y), (to_x, to_y)], color=color, width=width)
    tip = [(to_x - across - side * 0.6 * down, to_y - down + side * 0.6 * across) for side in (1, -1)]
    sheet.line([tip[0], (to_x, to_y), tip[1]], color=color, width=width)
