"""When does an inflated filter answer as it did on pictures? A 2D filter, made deep, on a bar that stands or moves."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import conv2d, conv3d, pad

from course_lib.errors import CourseError
from course_lib.models.i3d import same_padding
from course_lib.plots import INK, MUTED
from course_lib.widgets.kit.drawing import Sheet, grey_colors, number, signed_colors
from course_lib.widgets.kit.explorer import Explorer, choice, slider

FRAMES, ROWS, COLUMNS = 9, 12, 16
DEEPEST, FASTEST = 7, 3
FILTERS = {
    "a bright line, upright": ((-1, 2, -1), (-1, 2, -1), (-1, 2, -1)),
    "an edge, dark to bright": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "a blur": ((1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9), (1 / 9, 1 / 9, 1 / 9)),
}
CELL = 4  # displayed pixels per pixel of the clip
LEFT, STEP, TOP, LINE = 116, 71, 26, 88  # of the first picture; from picture to picture; from row to row
MARK = "#d1242f"


@dataclass(frozen=True)
class InflationState:
    """A clip and both answers to it.

    clip: (T, H, W) numbers in 0..1. flat: (T, H, W), the 2D filter on each frame.
    deep: (T, H, W), the inflated filter, padded with zeros (SAME). spared: (T,) whether it saw frames alone there.
    """

    clip: np.ndarray
    flat: np.ndarray
    deep: np.ndarray
    spared: np.ndarray

    @property
    def equal(self):
        """(T,) whether the inflated filter answers as the 2D filter does, everywhere in the frame."""
        return np.abs(self.flat - self.deep).reshape(len(self.clip), -1).max(1) < 1e-5


def moving_bar(speed):
    """(T, H, W): an upright bar, one pixel wide, that moves right by `speed` pixels per frame; it stays in the frame.

    It comes in again on the left. In the middle frame it is in the middle, whatever its speed.
    """
    clip = np.zeros((FRAMES, ROWS, COLUMNS))
    for t in range(FRAMES):
        clip[t, 2:-2, (COLUMNS // 2 + speed * (t - FRAMES // 2)) % COLUMNS] = 1.0
    return clip


def inflation_state(kernel, depth, speed):
    """A filter for pictures, inflated to `depth` frames, on a bar that moves.

    Args:
        kernel: 3 x 3 numbers. depth: frames, 1 to 7. speed: of the bar, whole pixels per frame; 0 is a boring video.
    Returns:
        InflationState.
    Raises:
        CourseError: if depth or speed is out of range.
    """
    if not 1 <= depth <= DEEPEST or not 0 <= speed <= FASTEST:
        raise CourseError(f"depth is {depth} and speed {speed}: expected 1 to {DEEPEST}, and 0 to {FASTEST}.")
    clip = torch.tensor(moving_bar(speed), dtype=torch.float32)
    weight = torch.tensor(kernel, dtype=torch.float32)[None, None]
    flat = conv2d(clip[:, None], weight, padding=1)[:, 0]
    before, after = same_padding(FRAMES, depth, 1)
    inflated = (weight[:, :, None] / depth).expand(-1, -1, depth, -1, -1)
    deep = conv3d(pad(clip[None, None], (1, 1, 1, 1, before, after)), inflated)[0, 0]
    spared = np.array([before <= t < FRAMES - after for t in range(FRAMES)])
    return InflationState(clip.numpy(), flat.numpy(), deep.numpy(), spared)


class InflatedFilter(Explorer):
    """Choose a filter, its depth, and the speed of a bar: frames, answers of the 2D filter, answers of the inflated."""

    question = "When does an inflated filter answer as it did on pictures?"
    few_colors = True

    def __init__(self):
        names = list(FILTERS)
        self._filter = choice("filter for", names, names[0], width="22em")
        self._depth = slider("depth T", 3, 1, DEEPEST, width="17em")
        self._speed = slider("speed of the bar", 0, 0, FASTEST, width="22em")
        super().__init__({"filter": self._filter, "depth": self._depth, "speed": self._speed})

    @property
    def state(self):
        """The present `InflationState`."""
        return inflation_state(FILTERS[self._filter.value], self._depth.value, self._speed.value)

    def caption(self):
        state, depth, speed = self.state, self._depth.value, self._speed.value
        bar = "The bar stands still" if speed == 0 else f"The bar moves {speed} px per frame"
        middle = FRAMES // 2
        flat, deep = _strongest(state.flat[middle]), _strongest(state.deep[middle])
        equal = [str(t) for t in np.flatnonzero(state.equal)]
        where = f"in frames {equal[0]} to {equal[-1]}" if len(equal) > 1 else "in no frame" if not equal else "in one"
        padded = int((~state.spared).sum())
        return (
            f"{bar}. At frame {middle} the filter's strongest answer is {number(flat, '{:.2f}')}, and "
            f"{number(deep, '{:.2f}')} when it is inflated to {depth} frame{'s' * (depth > 1)}. The two are equal "
            f"everywhere {where}; {padded} of {FRAMES} answers have seen padding (red)."
        )

    def draw(self):
        state = self.state
        rows = (
            ("frames", state.clip, grey_colors(state.clip, 0, 1)),
            ("2D filter", state.flat, None),
            (f"inflated, T = {self._depth.value}", state.deep, None),
            ("difference", state.deep - state.flat, None),
        )
        top = np.abs(state.flat).max()
        sheet = Sheet(LEFT + FRAMES * STEP, TOP + len(rows) * LINE - 6)
        for t in range(FRAMES):
            sheet.text(LEFT + t * STEP + COLUMNS * CELL / 2, 6, f"t = {t}", 12, MUTED, anchor="mt")
        for row, (name, values, colors) in enumerate(rows):
            y = TOP + row * LINE
            sheet.text(0, y + ROWS * CELL / 2, name, 12.5, anchor="lm", bold=row == 2)
            colors = signed_colors(values, top) if colors is None else colors
            for t in range(FRAMES):
                x, spoilt = LEFT + t * STEP, row >= 2 and not state.spared[t]
                edge = MARK if spoilt else MUTED
                sheet.box(x, y, COLUMNS * CELL, ROWS * CELL, edge=edge, line=2 if spoilt else 0.5)
                sheet.picture(x, y, COLUMNS * CELL, ROWS * CELL, colors[t])
                if row:
                    text = number(_strongest(values[t]), "{:.2f}")
                    sheet.text(x + COLUMNS * CELL / 2, y + ROWS * CELL + 7, text, 12, edge if spoilt else INK, "mt")
        return sheet.pixels()


def _strongest(values):
    """The number of largest size, with its sign, to two digits; 0 has none."""
    flat = values.ravel()
    return round(float(flat[np.abs(flat).argmax()]), 2) + 0.0
