"""Which cells of a map does a trajectory read? A frame with the grid of cells, the map, and what every point adds."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.models.tdd import cells
from course_lib.plots import COLORS, INK, MUTED, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet, number
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, SIDE, TOP, LINE = 760, 218, 26, 22  # of the sheet, of both pictures, below the titles, of a table row
VALUE = 258  # from the table's left edge to the right edge of its last column
MARK = "#d1242f"


@dataclass(frozen=True)
class CellState:
    """What one trajectory reads in one map.

    frame, row, column: (P,) whole numbers, the cell of every point.
    channel: the channel that adds up to most. values: (P,) what it holds in these cells. total: their sum.
    """

    frame: np.ndarray
    row: np.ndarray
    column: np.ndarray
    channel: int
    values: np.ndarray
    total: float


def cell_state(maps, points, start, video):
    """Read a map along one trajectory.

    Args:
        maps: (T, C, H', W'). points: (P, 2), (x, y) in pixels of the video. start: frame of the first point.
        video: (H, W).
    Returns:
        CellState.
    Raises:
        ShapeError: if the maps have other axes, or the trajectory reaches beyond their frames.
    """
    maps, points = (torch.as_tensor(to_array(values)).float() for values in (maps, points))
    if maps.ndim != 4 or points.ndim != 2:
        raise ShapeError(
            f"maps have shape {tuple(maps.shape)}, points {tuple(points.shape)}: expected (T, C, H, W) and (P, 2)"
        )
    frame = int(start) + torch.arange(len(points))
    if not 0 <= int(start) <= len(maps) - len(points):
        raise ShapeError(f"{len(points)} points from frame {int(start)} on: the maps have {len(maps)} frames")
    column, row = cells(points, video, maps.shape[2:])
    read = maps[frame, :, row, column]  # (P, C)
    channel = int(read.sum(0).argmax())
    values = read[:, channel]
    return CellState(frame.numpy(), row.numpy(), column.numpy(), channel, values.numpy(), float(values.sum()))


class TrajectoryCells(Explorer):
    """Choose a trajectory and a layer, and walk along the path.

    Args:
        clip: (3, T, H, W), uint8 or float 0..1.
        points: (K, P, 2), (x, y) in pixels, P at most 15. start: (K,) frame of the first point of each.
        maps: {name of a layer: (T, C, H', W')}, not negative; a name is shown as it is.
    Raises:
        ShapeError: if there is no trajectory, or the sizes do not fit.
    """

    question = "Which cells does a trajectory read, and when does it go on to the next one?"

    def __init__(self, clip, points, start, maps):
        self._pictures, self.maps = to_pictures(clip), dict(maps)
        self.points, self.start = to_array(points), to_array(start).astype(int)
        if self.points.ndim != 3 or not len(self.points) or self.points.shape[1] > 15 or not self.maps:
            raise ShapeError(
                f"points have shape {self.points.shape}, expected (K, P, 2) with at least one trajectory of at most 15 "
                f"points, and maps of at least one layer ({len(self.maps)} came)"
            )
        video = self._pictures.shape[1:3]
        self._states = {
            name: [cell_state(values, *path, video) for path in zip(self.points, self.start, strict=True)]
            for name, values in self.maps.items()
        }
        names, length = list(self.maps), self.points.shape[1]
        self._path = slider("trajectory", 0, 0, max(1, len(self.points) - 1), width="19em")
        self._layer = choice("layer", names, names[0], width="15em")
        self._point = slider("point p", 1, 1, max(2, length), width="17em")
        super().__init__({"trajectory": self._path, "layer": self._layer, "point": self._point})

    @property
    def path(self):
        """The number of the chosen trajectory."""
        return min(self._path.value, len(self.points) - 1)

    @property
    def state(self):
        """The present `CellState`."""
        return self._states[self._layer.value][self.path]

    @property
    def point(self):
        """The chosen point, from 0."""
        return min(self._point.value, self.points.shape[1]) - 1

    def caption(self):
        state, p = self.state, self.point
        x, y = self.points[self.path, p]
        different = len(set(zip(state.row.tolist(), state.column.tolist(), strict=True)))
        return (
            f"{self._layer.value}, trajectory {self.path}: point {p + 1} lies at (x, y) = ({x:.1f}, {y:.1f}) in frame "
            f"{state.frame[p]} and reads the cell in row {state.row[p]}, column {state.column[p]}. The path reads "
            f"{different} different {'cell' if different == 1 else 'cells'}; its strongest channel, {state.channel}, "
            f"adds up to {state.total:.2f}."
        )

    def draw(self):
        state, p = self.state, self.point
        frame = self._pictures[state.frame[p]]
        rows, columns = frame.shape[:2]
        scale = SIDE / max(rows, columns)
        wide, high = columns * scale, rows * scale
        sheet = Sheet(WIDTH, TOP + max(round(high) + 30, (self.points.shape[1] + 2) * LINE) + 6)
        values = to_array(self.maps[self._layer.value])[state.frame[p], state.channel]
        top = float(to_array(self.maps[self._layer.value])[:, state.channel].max()) or 1.0
        heat = (255 * np.clip(values / top, 0, 1)).astype(np.uint8)
        sheet.text(4, 4, f"frame {state.frame[p]}, in cells", bold=True)
        sheet.picture(4, TOP, wide, high, frame)
        self._draw_cells(sheet, 4, wide, high, values.shape, state, p)
        self._draw_path(sheet, 4, scale, p)
        left, across, down = wide + 22, wide / values.shape[1], high / values.shape[0]
        sheet.text(left, 4, f"map, channel {state.channel}", bold=True)
        sheet.picture(left, TOP, wide, high, np.repeat(heat[..., None], 3, axis=2))
        at = left + state.column[p] * across, TOP + state.row[p] * down
        sheet.box(*at, across, down, edge=MARK, line=2.5)
        legend = "dots: the path up to point p; box: the cell that is read; white: large"
        sheet.text(4, TOP + high + 14, legend, size=12, color=MUTED)
        self._draw_table(sheet, 2 * wide + 48, state, p)
        return sheet.pixels()

    def _draw_cells(self, sheet, left, wide, high, size, state, p):
        """What rounds to a cell reads it: half a cell to both sides, and at the border all that lies beyond."""
        half = SIDE / max(self._pictures.shape[1:3]) / 2  # a pixel's centre lies half a pixel from its edge
        borders = [
            [0, *((n + 0.5) * length / cells_ + half for n in range(cells_ - 1)), length]
            for cells_, length in ((size[1], wide), (size[0], high))
        ]
        for x in borders[0][1:-1]:
            sheet.line([(left + x, TOP), (left + x, TOP + high)], color=COLORS[0], width=1)
        for y in borders[1][1:-1]:
            sheet.line([(left, TOP + y), (left + wide, TOP + y)], color=COLORS[0], width=1)
        (x, right), (y, bottom) = (b[n : n + 2] for b, n in zip(borders, (state.column[p], state.row[p]), strict=True))
        sheet.box(left + x, TOP + y, right - x, bottom - y, edge=MARK, line=2.5)

    def _draw_path(self, sheet, left, scale, p):
        places = [(left + (x + 0.5) * scale, TOP + (y + 0.5) * scale) for x, y in self.points[self.path, : p + 1]]
        if p:
            sheet.line(places, color=MARK, width=1.5)
        for place in places[:-1]:
            sheet.dot(*place, radius=2.5, fill=MARK)
        sheet.dot(*places[-1], radius=4, fill="white", edge=MARK)

    def _draw_table(self, sheet, left, state, p):
        for text, x in (("frame", 0), ("(x, y)", 60), ("row, column", 122)):
            sheet.text(left + x, 4, text, size=12.5, bold=True)
        sheet.text(left + VALUE, 4, "value", size=12.5, bold=True, anchor="rt")
        for i, (x, y) in enumerate(self.points[self.path]):
            at = TOP + (i + 0.5) * LINE
            ink = INK if i <= p else MUTED
            if i == p:
                sheet.box(left - 5, at - LINE / 2 + 1, VALUE + 10, LINE - 2, edge=MARK)
            moved = i > 0 and (state.row[i], state.column[i]) != (state.row[i - 1], state.column[i - 1])
            sheet.text(left, at, state.frame[i], color=ink, anchor="lm")
            sheet.text(left + 60, at, f"{x:.0f}, {y:.0f}", color=ink, anchor="lm")
            sheet.text(left + 122, at, f"{state.row[i]}, {state.column[i]}", color=ink, anchor="lm", bold=moved)
            sheet.text(left + VALUE, at, number(state.values[i], "{:.2f}"), color=ink, anchor="rm")
        at = TOP + (len(state.values) + 0.5) * LINE
        sheet.text(left, at, "sum: what the descriptor keeps", color=MUTED, anchor="lm", size=12)
        sheet.text(left + VALUE, at, number(state.total, "{:.2f}"), anchor="rm", bold=True)
