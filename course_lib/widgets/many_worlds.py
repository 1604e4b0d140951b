"""How far away is the cat? A picture with its size, and the world from the side, with every cat that would fit."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.errors import CourseError
from course_lib.plots import INK, MUTED, RULE
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, slider

FOCAL = 400  # pixels
FRAME = (190, 240)  # rows, columns of the picture
SIZE, DISTANCE = (20, 200), (100, 800)  # cm, the ranges of the sliders
SIDE = (440, 230)  # columns, rows of the view from the side
PER_CM = 0.5  # pixels of the view from the side
LEFT = 290  # where that view begins
ASKED, FITS = "#d1242f", "#1a7f37"


@dataclass(frozen=True)
class WorldState:
    """height: of the cat in the picture, in pixels. wanted: of the frame that it is to fill. same: whether it does.

    twin: the distance in cm at which a cat of this size fills the frame.
    """

    height: float
    wanted: float
    same: bool
    twin: float


def world_state(size, distance, wanted=100.0):
    """What the picture shows of a cat.

    Args:
        size, distance: in cm; both positive. wanted: height of the frame in pixels.
    Returns:
        WorldState; `same` allows for half a pixel.
    Raises:
        CourseError: if a number is not positive.
    """
    if min(size, distance, wanted) <= 0:
        raise CourseError(f"size {size}, distance {distance} and wanted {wanted} must be positive.")
    height = FOCAL * size / distance
    return WorldState(height, wanted, abs(height - wanted) <= 0.5, FOCAL * size / wanted)


class ManyWorlds(Explorer):
    """Give a cat a size and a distance; the picture tells only their ratio."""

    question = "How many cats fill the red frame exactly? Find three."
    few_colors = True

    def __init__(self):
        super().__init__({
            "size": slider("size of the cat (cm)", 80, *SIZE, width="27em"),
            "distance": slider("distance (cm)", 200, *DISTANCE, width="27em"),
        })  # fmt: skip

    @property
    def state(self):
        """The present `WorldState`."""
        return world_state(self.controls["size"].value, self.controls["distance"].value)

    def caption(self):
        size, distance, state = self.controls["size"].value, self.controls["distance"].value, self.state
        shown = f"A cat of {size} cm at {distance / 100:.2f} m is {state.height:.1f} pixels tall in the picture"
        if state.same:
            return f"{shown}: it fills the frame. So does every other cat with this ratio of size and distance."
        how = "too large" if state.height > state.wanted else "too small"
        return f"{shown}, {how} for the frame of {state.wanted:.0f}: a cat of this size would fill it at " \
               f"{state.twin / 100:.2f} m."  # fmt: skip

    def draw(self):
        size, distance, state = self.controls["size"].value, self.controls["distance"].value, self.state
        edge = FITS if state.same else ASKED
        sheet = Sheet(LEFT + SIDE[0] + 10, SIDE[1])
        rows, columns = FRAME
        sheet.text(2, 2, "the picture", 13, MUTED)
        sheet.picture(2, 24, columns, rows, _picture(state.height))
        sheet.box(2, 24, columns, rows, edge=RULE)
        half = state.wanted / 2
        sheet.line(_square(2 + columns / 2, 24 + rows / 2, half), color=edge, width=2)
        self._side(sheet, size, distance, edge)
        return sheet.pixels()

    def _side(self, sheet, size, distance, edge):
        """The camera on the left, the rays through the frame's upper and lower edge, the cat where it is."""
        middle, eye = 24 + FRAME[0] / 2, LEFT + 12
        sheet.text(LEFT, 2, "the world from the side, in metres", 13, MUTED)
        tall, x = size * PER_CM, eye + distance * PER_CM
        sheet.picture(x - tall / 2, middle - tall / 2, tall, tall, _cat(max(8, round(2 * tall))))
        reach = DISTANCE[1] * PER_CM
        slope = world_state(1, 1).wanted / 2 / FOCAL
        for sign in (-1, 1):
            sheet.line([(eye, middle), (eye + reach, middle + sign * slope * reach)], color=edge, width=1.5)
        sheet.box(eye - 12, middle - 7, 12, 14, fill=INK)
        for metres in range(0, 9, 2):
            at = eye + 100 * metres * PER_CM
            sheet.line([(at, SIDE[1] - 22), (at, SIDE[1] - 17)], color=MUTED)
            sheet.text(at, SIDE[1] - 3, metres, 12, MUTED, anchor="ms")


def _square(x, y, half):
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return [(x + half * across, y + half * down) for across, down in corners]


def _picture(height):
    """The frame with a cat of that many pixels in its middle, at twice the size: (2 rows, 2 columns, 3) uint8."""
    rows, columns = (2 * side for side in FRAME)
    tall = max(8, round(2 * height))
    cat, sheet = _cat(tall), np.full((rows, columns, 3), 255, np.uint8)
    top, left = (rows - tall) // 2, (columns - tall) // 2
    ends = min(rows, top + tall), min(columns, left + tall)
    sheet[max(0, top) : ends[0], max(0, left) : ends[1]] = cat[
        max(0, -top) : ends[0] - top, max(0, -left) : ends[1] - left
    ]
    return sheet


@cache
def _cat(side):
    """A sitting cat from behind, as tall as the square that it is in: (side, side, 3) uint8."""
    y, x = np.mgrid[:side, :side] / side
    body = ((x - 0.5) / 0.3) ** 2 + ((y - 0.7) / 0.3) ** 2 < 1
    head = ((x - 0.5) / 0.19) ** 2 + ((y - 0.29) / 0.17) ** 2 < 1
    ears = (y < 0.25) & (np.abs(np.abs(x - 0.5) - 0.115) < 0.35 * y)
    ring = np.hypot((x - 0.78) / 0.2, (y - 0.82) / 0.17)
    tail = (ring < 1) & (ring > 0.62) & (y > 0.7)
    cat = np.where((body | head | ears | tail)[..., None], np.array([87, 96, 106]), 255)
    return cat.astype(np.uint8)
