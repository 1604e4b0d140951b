"""A grid of factors on a depth map, stage by stage: where it pulls, and what is still wrong afterwards."""

from dataclasses import dataclass

import matplotlib
import numpy as np
import torch
from torch.nn.functional import interpolate

from course_lib.errors import CourseError, ShapeError
from course_lib.plots import MUTED
from course_lib.widgets.kit.drawing import Sheet, signed_colors
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, GAP, TOP = 330, 18, 24  # pixels: of a panel, between the panels, above them
WRONGEST = 0.4  # relative error at which the colours are saturated
BEFORE = "the network's depth"


@dataclass(frozen=True)
class GridState:
    """One frame at one stage.

    factors: (rows, columns), relative to the scene's unit. depth: (H, W), deformed, in the truth's unit.
    error: (H, W), depth / truth - 1. wrong: mean of |error| over the pixels that stand still.
    """

    factors: torch.Tensor
    depth: torch.Tensor
    error: torch.Tensor
    wrong: float


def grid_states(depth, truth, nodes, still=None):
    """What a stage makes of every frame.

    Args:
        depth, truth: (T, H, W). nodes: (T, rows, columns). still: (T, H, W) bool, where errors count; by default
            everywhere.
    Returns:
        T GridStates. One unit serves all frames: the median of truth / deformed depth over the whole video.
    Raises:
        ShapeError: if the three do not fit together.
    """
    if depth.shape != truth.shape or len(nodes) != len(depth):
        raise ShapeError(
            f"depth {tuple(depth.shape)}, truth {tuple(truth.shape)} and nodes {tuple(nodes.shape)}: expected the same "
            "(T, H, W), and a grid for each of the T frames."
        )
    still = torch.ones_like(depth, dtype=torch.bool) if still is None else still
    factors = interpolate(nodes[:, None], depth.shape[1:], mode="bilinear", align_corners=True)[:, 0]
    deformed = depth * factors
    unit = (truth / deformed)[still].median()
    error = unit * deformed / truth - 1
    return [
        GridState(unit * grid, unit * z, e, e[s].abs().mean().item())
        for grid, z, e, s in zip(nodes, deformed, error, still, strict=True)
    ]


class DeformationGrid(Explorer):
    """Choose a stage and a frame.

    Args:
        depth: (T, H, W), the network's. truth: (T, H, W). stages: nodes (T, rows, columns) of each stage.
        still: as for `grid_states`.
    Raises:
        CourseError: if there is no stage.
    """

    question = "Where does each stage pull, and which errors can no grid mend?"

    def __init__(self, depth, truth, stages, still=None):
        if not stages:
            raise CourseError("stages is empty: expected the nodes of at least one stage.")
        plain = torch.ones(len(depth), 1, 1)
        self._stages = {BEFORE: grid_states(depth, truth, plain, still)}
        self._stages |= {f"{n.shape[1]} x {n.shape[2]} nodes": grid_states(depth, truth, n, still) for n in stages}
        self._range = truth.min().item(), truth.max().item()
        super().__init__({
            "stage": choice("stage", list(self._stages), list(self._stages)[-1], width="22em"),
            "frame": slider("frame", 0, 0, len(depth) - 1),
        })  # fmt: skip

    @property
    def state(self):
        """The present `GridState`."""
        return self._stages[self.controls["stage"].value][self.controls["frame"].value]

    def caption(self):
        stage, frame, state = self.controls["stage"].value, self.controls["frame"].value, self.state
        low, high = state.factors.min().item(), state.factors.max().item()
        pulls = f"all depths of the frame times {low:.2f}" if low == high else f"factors from {low:.2f} to {high:.2f}"
        before = self._stages[BEFORE][frame].wrong
        wrong = f"depth is wrong by {100 * state.wrong:.1f} % in the mean; the network's by {100 * before:.1f} %"
        return f"Frame {frame}, {stage}: {pulls}. Where nothing moves, {wrong}."

    def draw(self):
        state = self.state
        rows, columns = state.depth.shape
        height = WIDTH * rows / columns
        sheet = Sheet(2 * WIDTH + GAP, round(TOP + height + 22))
        low, high = self._range
        shares = ((state.depth - low) / (high - low)).clamp(0, 1).numpy()
        colors = (matplotlib.colormaps["viridis"](shares)[..., :3] * 255).astype(np.uint8)
        sheet.text(0, 2, f"depth, {low:.1f} m (dark) to {high:.1f} m, and the factors", 13, MUTED)
        sheet.picture(0, TOP, WIDTH, height, colors)
        sheet.text(WIDTH + GAP, 2, "what is wrong: too near (blue), too far (red)", 13, MUTED)
        sheet.picture(WIDTH + GAP, TOP, WIDTH, height, signed_colors(state.error.numpy(), WRONGEST))
        sheet.text(WIDTH + GAP, TOP + height + 5, f"full colour: {100 * WRONGEST:.0f} % or more", 12, MUTED)
        place = f"frame {self.controls['frame'].value}, {self.controls['stage'].value}"
        sheet.text(0, TOP + height + 5, place, 12, MUTED)
        self._nodes(sheet, state.factors, height)
        return sheet.pixels()

    def _nodes(self, sheet, factors, height):
        """Each node as a dot, with its number where there is room."""
        rows, columns = factors.shape
        for (row, column), factor in np.ndenumerate(factors.numpy()):
            x = WIDTH * (column / (columns - 1) if columns > 1 else 0.5)
            y = TOP + height * (row / (rows - 1) if rows > 1 else 0.5)
            sheet.dot(x, y, 4, fill="white", edge="black")
            if rows * columns <= 30:
                inside = min(max(x, 16), WIDTH - 16), min(max(y + 12, TOP + 14), TOP + height - 12)
                sheet.box(inside[0] - 14, inside[1] - 7, 28, 14, fill="white")
                sheet.text(*inside, f"{factor:.2f}", 11, "black", anchor="mm")
