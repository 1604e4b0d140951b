"""What can one window know about motion? The aperture problem, as lines in the plane of (u, v)."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.ops.flow import eigenvalues, solve_2x2, spatial_gradients
from course_lib.plots import COLORS, INK, MUTED, RULE
from course_lib.widgets.flow_wheel import arrow
from course_lib.widgets.kit.drawing import Sheet, grey_colors
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, PANEL, SIZE, SPEED = 760, 222, 48, 0.8  # SIZE: of the picture, pixels; SPEED: pixels per frame
SPAN = 1.6  # the (u, v) plane shows -SPAN to SPAN pixels
RIDGE = 1e-4  # mean squared gradient that counts as nothing
PLACES = {"an edge": (16, 14), "a corner": (12, 22), "texture": (37, 37), "an even wall": (8, 40)}  # x, y
TRUE, ESTIMATE = COLORS[0], COLORS[1]


@dataclass(frozen=True)
class ApertureState:
    """A window: before, after (N, N); the lines ix u + iy v = -it of its pixels, (N * N,) each; what they determine.

    flow: (u, v), the shortest motion that fits best. large, small: eigenvalues of the mean of the squared gradients.
    verdict: "known", "one direction" or "unknown".
    """

    before: np.ndarray
    after: np.ndarray
    ix: np.ndarray
    iy: np.ndarray
    it: np.ndarray
    flow: tuple[float, float]
    large: float
    small: float
    verdict: str


def aperture_state(image1, image2, x, y, radius):
    """What the window of 2 * radius + 1 pixels around column x, row y says about the motion.

    Args:
        image1, image2: (H, W) grey, 0..1.
        x, y, radius: whole numbers; the window must lie in the picture.
    Returns:
        ApertureState.
    Raises:
        ShapeError: if the window does not lie in the picture.
    """
    height, width = image1.shape
    if not (radius <= x < width - radius and radius <= y < height - radius):
        raise ShapeError(f"a window of radius {radius} around ({x}, {y}) leaves the picture of {width} x {height}")
    pair = torch.stack([torch.as_tensor(i, dtype=torch.float64) for i in (image1, image2)])[:, None]
    ix, iy = (g.mean(0)[0] for g in spatial_gradients(pair))  # mean over the two pictures
    window = slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1)
    ix, iy, it = (values[window].flatten() for values in (ix, iy, pair[1, 0] - pair[0, 0]))
    sums = [(a * b).mean().view(1, 1, 1, 1) for a, b in ((ix, ix), (ix, iy), (iy, iy), (ix, it), (iy, it))]
    flow = -solve_2x2(*sums, ridge=RIDGE).flatten()
    large, small = (float(value) for value in eigenvalues(*sums[:3]))
    verdict = "known" if small > 3 * RIDGE else "one direction" if large > 3 * RIDGE else "unknown"
    views = [values[0][window].numpy() for values in pair]
    lines = [values.numpy() for values in (ix, iy, it)]
    return ApertureState(*views, *lines, tuple(flow.tolist()), large, small, verdict)


def scene(u=0.0, v=0.0):
    """The default picture, (48, 48) in 0..1, moved by (u, v): a bright block, an even wall, and a textured stone.

    It is a smooth function of the place, so that moving it needs no interpolation.
    """
    y, x = np.mgrid[:SIZE, :SIZE].astype(float)
    x, y = x - u, y - v
    turn = math.radians(25)
    a, b = (x - 24) * math.cos(turn) + (y - 18) * math.sin(turn), (y - 18) * math.cos(turn) - (x - 24) * math.sin(turn)
    block = _step(a + 9) * _step(9 - a) * _step(b + 9) * _step(9 - b)
    stone = _step(11 - np.hypot(x - 37, y - 37))
    waves = 0.5 + 0.17 * (np.sin(1.1 * x + 0.5 * y) + np.sin(0.9 * y - 0.6 * x + 1) + np.cos(0.7 * x - 1.2 * y))
    return 0.25 + 0.5 * block * (1 - stone) + stone * (waves - 0.25)


def _step(distance):
    """0 outside, 1 inside, smooth over about four pixels."""
    return 1 / (1 + np.exp(-1.8 * distance))


class ApertureExplorer(Explorer):
    """Look at a moving picture through a small window."""

    question = "Which motions agree with what one window sees?"

    def __init__(self, place="an edge", direction=0, radius=3):
        self._place = choice("window on", list(PLACES), place, width="16em")
        self._direction = slider("true direction (° clockwise)", direction, 0, 345)
        self._direction.step = 15
        self._radius = slider("window radius (px)", radius, 1, 5)
        super().__init__({"place": self._place, "direction": self._direction, "radius": self._radius})

    @property
    def motion(self):
        """The true motion (u, v) in pixels per frame."""
        angle = math.radians(self._direction.value)
        return SPEED * math.cos(angle), SPEED * math.sin(angle)

    @property
    def state(self):
        """The present `ApertureState`."""
        return aperture_state(scene(), scene(*self.motion), *PLACES[self._place.value], self._radius.value)

    def caption(self):
        state = self.state
        (u, v), (true_u, true_v) = state.flow, self.motion
        words = {
            "known": "The lines meet in one point: the motion is known.",
            "one direction": "All lines are nearly the same line: only the motion across the edge is known.",
            "unknown": "There are no lines to speak of: the window is even, and any motion fits.",
        }
        return (
            f"The window on {self._place.value} gives ({u:.2f}, {v:.2f}); the truth is ({true_u:.2f}, {true_v:.2f}) "
            f"pixels. Eigenvalues {state.large:.1e} and {state.small:.1e}. {words[state.verdict]}"
        ).replace("-", "\N{MINUS SIGN}")

    def draw(self):
        state = self.state
        sheet = Sheet(WIDTH, PANEL + 64)
        top = 28
        _draw_scene(sheet, 2, top, PLACES[self._place.value], self._radius.value, self.motion)
        tile = 96
        for row, (name, view) in enumerate((("before", state.before), ("after", state.after))):
            y = top + row * (tile + 30)
            sheet.text(258, y - 5, f"through the window, {name}", size=12, color=MUTED, anchor="ls")
            sheet.picture(300, y, tile, tile, grey_colors(view, 0, 1))
        _draw_plane(sheet, WIDTH - PANEL - 30, top, state, self.motion)
        return sheet.pixels()


def _draw_scene(sheet, left, top, place, radius, motion):
    pixel = PANEL / SIZE
    sheet.text(left, top - 5, "the picture, and the window", size=12, color=MUTED, anchor="ls")
    sheet.picture(left, top, PANEL, PANEL, grey_colors(scene(), 0, 1))
    x, y = (left + (place[0] + 0.5) * pixel, top + (place[1] + 0.5) * pixel)
    side = (2 * radius + 1) * pixel
    sheet.box(x - side / 2, y - side / 2, side, side, edge=ESTIMATE, line=2)
    arrow(sheet, x, y, x + 30 * motion[0], y + 30 * motion[1], color=TRUE, width=2.5, head=7)


def _draw_plane(sheet, left, top, state, motion):
    """The plane of all motions: a line per pixel of the window, the true motion as a ring, the estimate as a disc."""
    at = lambda u, v: (left + (u / SPAN + 1) * PANEL / 2, top + (v / SPAN + 1) * PANEL / 2)  # noqa: E731
    sheet.text(left, top - 5, "motions (u, v) that fit, a line per pixel", size=12, color=MUTED, anchor="ls")
    sheet.box(left, top, PANEL, PANEL, edge=MUTED, line=0.5)
    for tick in (-1, 0, 1):
        sheet.line([at(tick, -SPAN), at(tick, SPAN)], color=RULE, width=1)
        sheet.line([at(-SPAN, tick), at(SPAN, tick)], color=RULE, width=1)
        sheet.text(at(tick, 0)[0], top + PANEL + 4, f"{tick} px".replace("-", "\N{MINUS SIGN}"), size=11, anchor="mt")
    strength = np.hypot(state.ix, state.iy)
    for index in np.argsort(strength):
        if strength[index] < 0.02:
            continue  # a pixel without a gradient says nothing
        ends = _line_in_square(state.ix[index], state.iy[index], -state.it[index])
        shade = int(225 - 165 * min(1.0, strength[index] / 0.2))
        if ends:
            sheet.line([at(*end) for end in ends], color=(shade, shade, shade), width=0.8)
    sheet.dot(*at(*motion), 7, fill=None, edge=TRUE)
    sheet.dot(*at(*motion), 6, fill=None, edge=TRUE)
    sheet.dot(*at(*state.flow), 4, fill=ESTIMATE, edge=INK)
    sheet.text(left + PANEL + 4, top + PANEL / 2, "u", size=12, anchor="lm")
    sheet.text(left, top + PANEL + 20, "v is down; ring: truth, disc: answer", size=11, color=MUTED)


def _line_in_square(a, b, c):
    """The two points where a u + b v = c crosses the square from -SPAN to SPAN, or None."""
    points = set()
    for edge in (-SPAN, SPAN):
        if abs(b) > 1e-12 and abs((c - a * edge) / b) <= SPAN:
            points.add((edge, float((c - a * edge) / b)))
        if abs(a) > 1e-12 and abs((c - b * edge) / a) <= SPAN:
            points.add((float((c - b * edge) / a), edge))
    points = sorted(points)
    return (points[0], points[-1]) if len(points) > 1 else None
