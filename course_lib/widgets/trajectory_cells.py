"""Which cells of a map does a trajectory read? A frame with the grid of cells, the map, and what every point adds."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.models.tdd import cells
from course_lib.plots import COLORS, INK, MUTED, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet, number
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, SIDE, TOP, LINE = 760, 236, 26, 22  # of the sheet, of both pictures, below the titles, of a table row
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
        panels = (
            (4, f"frame {state.frame[p]}, cells of the map", frame),
            (wide + 22, f"channel {state.channel} of the map", np.repeat(heat[..., None], 3, axis=2)),
        )
        for left, title, picture in panels:
            sheet.text(left, 4, title, bold=True)
            sheet.picture(left, TOP, wide, high, picture)
            self._draw_cells(sheet, left, wide, high, values.shape, state, p)
        self._draw_path(sheet, 4, scale, p)
        legend = "dots: the path up to point p; box: the cell that is read; white: large values"
        sheet.text(4, TOP + high + 14, legend, size=12, color=MUTED)
        self._draw_table(sheet, 2 * wide + 46, state, p)
        return sheet.pixels()

    def _draw_cells(self, sheet, left, wide, high, size, state, p):
        """Cell (i, j) is read by what rounds to it: it reaches half a cell to both sides of its place j / r."""
        across, down = wide / size[1], high / size[0]
        for j in range(1, size[1] + 1):
            x = left + (j - 0.5) * across
            sheet.line([(x, TOP), (x, TOP + high)], color=COLORS[0], width=0.5)
        for i in range(1, size[0] + 1):
            y = TOP + (i - 0.5) * down
            sheet.line([(left, y), (left + wide, y)], color=COLORS[0], width=0.5)
        x, y = (state.column[p] - 0.5) * across, (state.row[p] - 0.5) * down
        begin, end = (max(x, 0), max(y, 0)), (min(x + across, wide), min(y + down, high))
        sheet.box(left + begin[0], TOP + begin[1], end[0] - begin[0], end[1] - begin[1], edge=MARK, line=2.5)

    def _draw_path(self, sheet, left, scale, p):
        places = [(left + x * scale, TOP + y * scale) for x, y in self.points[self.path, : p + 1]]
        if p:
            sheet.line(places, color=MARK, width=1.5)
        for place in places[:-1]:
            sheet.dot(*place, radius=2.5, fill=MARK)
        sheet.dot(*places[-1], radius=4, fill="white", edge=MARK)

    def _draw_table(self, sheet, left, state, p):
        heads = (("frame", 0), ("(x, y)", 50), ("cell (row, column)", 120), ("value", 246))
        for text, x in heads:
            sheet.text(left + x, 4, text, size=12.5, bold=True, anchor="lt" if x < 246 else "rt")
        for i, (x, y) in enumerate(self.points[self.path]):
            at = TOP + (i + 0.5) * LINE
            ink = INK if i <= p else MUTED
            if i == p:
                sheet.box(left - 5, at - LINE / 2 + 1, WIDTH - left - 2, LINE - 2, edge=MARK)
            moved = i > 0 and (state.row[i], state.column[i]) != (state.row[i - 1], state.column[i - 1])
            sheet.text(left, at, state.frame[i], color=ink, anchor="lm")
            sheet.text(left + 50, at, f"{x:.0f}, {y:.0f}", color=ink, anchor="lm")
            sheet.text(left + 120, at, f"{state.row[i]}, {state.column[i]}", color=ink, anchor="lm", bold=moved)
            sheet.text(left + 246, at, number(state.values[i], "{:.2f}"), color=ink, anchor="rm")
        at = TOP + (len(state.values) + 0.5) * LINE
        sheet.text(left, at, "sum: what the descriptor keeps", color=MUTED, anchor="lm", size=12)
        sheet.text(left + 246, at, number(state.total, "{:.2f}"), anchor="rm", bold=True)
