"""A pixel that follows the flow: where it goes, and which displacement each channel of a flow stack reads there."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.ops.flow_stacking import stack_flow, stack_trajectories
from course_lib.plots import COLORS, INK, MUTED, to_array
from course_lib.widgets.kit.drawing import Sheet, number, signed_colors
from course_lib.widgets.kit.explorer import Explorer, slider

WIDTH, SIDE, TOP, LINE = 760, 184, 28, 24  # of the sheet, of a field's picture, below the titles, of a table row
STAY, GO = COLORS[0], COLORS[1]


@dataclass(frozen=True)
class WalkState:
    """What the channels of both stacks hold for one pixel.

    positions: (L, 2) the points p_1 .. p_L of Eq. 2, (x, y) in pixels.
    plain: (L, 2) the displacements (u, v) of flow stacking, all read at p_1.
    followed: (L, 2) those of trajectory stacking, field k read at p_k.
    """

    positions: np.ndarray
    plain: np.ndarray
    followed: np.ndarray


def walk_state(flow, x, y):
    """Follow the pixel in column x, row y through L flow fields.

    Args:
        flow: (L, 2, H, W) in pixels, u to the right, v down.
        x, y: the pixel, whole numbers.
    Returns:
        WalkState.
    Raises:
        ShapeError: if flow has another shape, or the pixel lies outside.
    """
    flow = _fields(flow)
    if not (0 <= x < flow.shape[3] and 0 <= y < flow.shape[2]):
        raise ShapeError(
            f"pixel (x, y) = {(x, y)} lies outside a field of {flow.shape[3]} columns, {flow.shape[2]} rows"
        )
    return _read(_stacks(flow), x, y)


def turning_dot(length=8, side=12):
    """The default flow (L, 2, 12, 12): a dot of 3 x 3 pixels goes right, one pixel per frame, and then down."""
    flow = np.zeros((length, 2, side, side))
    x, y = 2, 2
    for k in range(length):
        axis = int(k >= length // 2)  # 0: u, right; 1: v, down
        flow[k, axis, y : y + 3, x : x + 3] = 1
        x, y = x + (axis == 0), y + (axis == 1)
    return flow


class TrajectoryWalk(Explorer):
    """Choose a pixel and walk along its trajectory, field by field.

    Args:
        flow: (L, 2, H, W) in pixels, L at most 12, H and W at most 64; default: a dot that goes right, then down.
        start: (x, y) of the first pixel; default: the one that travels farthest.
    Raises:
        ShapeError: if flow has another shape or is too large to be read.
    """

    question = "Which displacement does each channel read: where the pixel began, or where it has arrived?"
    few_colors = True

    def __init__(self, flow=None, start=None):
        self.flow = _fields(turning_dot() if flow is None else flow)
        length, _, rows, columns = self.flow.shape
        if length > 12 or max(rows, columns) > 64:
            raise ShapeError(
                f"flow has shape {tuple(self.flow.shape)}, expected at most (12, 2, 64, 64): cut out a part of it"
            )
        self._stacks = _stacks(self.flow)
        self._top = float(self.flow.abs().max()) or 1.0
        x, y = self._farthest() if start is None else start
        self._x = slider("column x", int(x), 0, max(1, columns - 1), width="19em")
        self._y = slider("row y", int(y), 0, max(1, rows - 1), width="19em")
        self._k = slider("field k", min(length, length // 2 + 1), 1, max(2, length), width="19em")
        super().__init__({"x": self._x, "y": self._y, "k": self._k})

    def _farthest(self):
        """(x, y) of a pixel in the middle of those that travel farthest."""
        way = self._stacks[1].sum(0).norm(dim=0)
        rows, columns = torch.nonzero(way >= way.max() - 1e-3, as_tuple=True)
        middle = len(rows) // 2
        return columns[middle].item(), rows[middle].item()

    @property
    def field(self):
        """k, the number of the field that is shown, 1 to L."""
        return min(self._k.value, len(self.flow))

    @property
    def state(self):
        """The present `WalkState`."""
        rows, columns = self.flow.shape[2:]
        return _read(self._stacks, min(self._x.value, columns - 1), min(self._y.value, rows - 1))

    def caption(self):
        state, k = self.state, self.field
        begin, here = state.positions[0], state.positions[k - 1]
        return (
            f"Field {k}: the pixel that began at (x, y) = {_pair(begin, '{:g}')} is at {_pair(here)}. Flow stacking "
            f"reads {_pair(state.plain[k - 1])} at its old place, trajectory stacking {_pair(state.followed[k - 1])} "
            "where it is."
        )

    def draw(self):
        state, k = self.state, self.field
        rows, columns = self.flow.shape[2:]
        cell = max(1, SIDE // max(rows, columns))
        sheet = Sheet(WIDTH, TOP + max(rows * cell + 54, (len(self.flow) + 2) * LINE) + 8)
        for component, left in enumerate((4, SIDE + 24)):
            self._draw_field(sheet, left, cell, component, state, k)
        y = TOP + rows * cell + 22
        for left, color, text in ((10, STAY, "where it began"), (SIDE + 30, GO, "where it has arrived")):
            sheet.dot(left, y, radius=5, fill=color)
            sheet.text(left + 12, y, text, anchor="lm")
        _draw_table(sheet, 2 * SIDE + 50, state, k)
        return sheet.pixels()

    def _draw_field(self, sheet, left, cell, component, state, k):
        """One component of field k in colour, the way so far, and both places where it is read."""
        values = self.flow[k - 1, component].numpy()
        sheet.text(left, 2, f"{'uv'[component]} of field {k}", bold=True)
        sheet.tile(left, TOP, cell, values, signed_colors(values, self._top))
        limit = np.array(values.shape[::-1]) - 0.5  # a point that left the field is drawn on its border
        places = [(left, TOP) + (np.clip(point, -0.5, limit) + 0.5) * cell for point in state.positions]
        for here, there in zip(places[: k - 1], places[1:k], strict=True):
            sheet.line([tuple(here), tuple(there)], color=GO, width=2)
        sheet.dot(*places[0], radius=5, fill=STAY)
        sheet.dot(*places[k - 1], radius=4, fill=GO)


def _draw_table(sheet, left, state, k):
    """Both stacks for this pixel: one line per field, the present one framed."""
    columns = (left, left + 84, left + 190)
    sheet.text(columns[0], 2, "channels", bold=True)
    sheet.text(columns[1], 2, "flow stacking", bold=True, color=STAY)
    sheet.text(columns[2], 2, "trajectory stacking", bold=True, color=GO)
    for i, (plain, followed) in enumerate(zip(state.plain, state.followed, strict=True), 1):
        y = TOP + (i - 0.5) * LINE
        ink = INK if i <= k else MUTED
        if i == k:
            sheet.box(left - 6, y - LINE / 2 + 1, WIDTH - left - 2, LINE - 2, edge=INK)
        sheet.text(columns[0], y, f"{2 * i - 1} and {2 * i}", color=ink, anchor="lm")
        sheet.text(columns[1], y, _pair(plain), color=ink, anchor="lm")
        sheet.text(columns[2], y, _pair(followed), color=ink, anchor="lm", bold=not np.allclose(plain, followed))
    y = TOP + (len(state.plain) + 0.5) * LINE
    sheet.text(left, y, "(u, v) in pixels; bold: the two stacks differ", color=MUTED, anchor="lm")


def _pair(values, form="{:.2f}"):
    return f"({number(values[0], form)}, {number(values[1], form)})"


def _fields(flow):
    flow = torch.as_tensor(to_array(flow), dtype=torch.float64)
    if flow.ndim != 4 or flow.shape[1] != 2:
        raise ShapeError(f"flow has shape {tuple(flow.shape)}, expected (L, 2, H, W): one clip, flow[0] of a batch?")
    return flow


def _stacks(flow):
    """Both stacks, each (L, 2, H, W)."""
    both = (stack(flow[None], 0, len(flow)) for stack in (stack_flow, stack_trajectories))
    return [stack[0].unflatten(0, (len(flow), 2)) for stack in both]


def _read(stacks, x, y):
    plain, followed = (stack[:, :, y, x].numpy() for stack in stacks)
    steps = np.cumsum(followed, axis=0) - followed  # the way before each field
    return WalkState(np.array([x, y]) + steps, plain, followed)
