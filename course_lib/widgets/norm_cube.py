"""Which maps are normalised together? The cube of samples, channels and places, as a table of samples by channels."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.ops.normalization import members
from course_lib.plots import COLORS, INK, MUTED, RULE
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

SAMPLES, CHANNELS, PLACES = 4, 8, 16  # N, C, and H W of one map, in the widget
WIDTH, TILE, GAP, SIDE = 760, 56, 8, 4  # SIDE: a map is drawn as SIDE x SIDE cells
GROUPS = (1, 2, 4, 8)
CHOICES = {"batch": ("batch", 1), "layer": ("layer", 1), "instance": ("instance", 1)} | {
    f"group, G = {groups}": ("group", groups) for groups in GROUPS
}
SET, UNIT = COLORS[0], COLORS[1]


@dataclass(frozen=True)
class CubeState:
    """The set S_i of one cell.

    together: bool (N, C), the maps that are averaged with the chosen one. cells: m, their number of cells.
    sets: how many such sets there are, each with a mean and a deviation of its own.
    needs_batch: whether other samples are in the set.
    """

    together: np.ndarray
    cells: int
    sets: int
    needs_batch: bool


def cube_state(method, groups, sample, channel, samples=SAMPLES, channels=CHANNELS, places=PLACES):
    """What is averaged together with the map of `sample` and `channel`.

    Args:
        method: "batch", "layer", "instance" or "group". groups: G, for "group" alone.
        sample, channel: of the map, counted from 0. samples, channels, places: N, C and H W.
    Returns:
        CubeState.
    Raises:
        ShapeError: if there is no such map, or the groups do not divide the channels.
    """
    if not (0 <= sample < samples and 0 <= channel < channels):
        raise ShapeError(f"there is no map of sample {sample} and channel {channel} among {samples} x {channels}")
    if method == "group" and channels % groups:
        raise ShapeError(f"{groups} groups do not divide {channels} channels")
    together = members(method, sample, channel, samples, channels, groups)
    inside = int(together.sum())
    others = bool(together[torch.arange(samples) != sample].any())
    return CubeState(together.numpy(), inside * places, samples * channels // inside, others)


class NormCube(Explorer):
    """Choose a method (with its number of groups) and a channel; see which maps share a mean and a deviation."""

    question = "Whose mean and deviation does one cell get?"
    few_colors = True

    def __init__(self, method="group, G = 2", channel=5):
        self._method = choice("normalisation", list(CHOICES), method, width="20em")
        self._channel = slider("channel of the cell", channel, 0, CHANNELS - 1)
        super().__init__({"method": self._method, "channel": self._channel})

    @property
    def state(self):
        """The present `CubeState`; the cell is always in sample 1."""
        return cube_state(*CHOICES[self._method.value], 1, self._channel.value)

    def caption(self):
        state, (method, groups) = self.state, CHOICES[self._method.value]
        name = f"group normalisation with G = {groups}" if method == "group" else f"{method} normalisation"
        batch = (
            "Other samples are in the set: the result depends on the company."
            if state.needs_batch
            else "No other sample is in the set: the batch may be as small as you like."
        )
        same = {1: " (So it is layer normalisation.)", CHANNELS: " (So it is instance normalisation.)"}
        same = same.get(groups, "") if method == "group" else ""
        return (
            f"With {name}, a cell of channel {self._channel.value} shares its mean with m = {state.cells} cells; there "
            f"are {state.sets} such sets. "
            f"{batch}{same}"
        )

    def draw(self):
        state = self.state
        left, top = 150, 52
        sheet = Sheet(WIDTH, top + SAMPLES * (TILE + GAP) + 34)
        sheet.text(left, 8, "channels C", size=13, color=MUTED)
        for channel in range(CHANNELS):
            x = left + channel * (TILE + GAP)
            sheet.text(x + TILE / 2, top - 6, channel, size=12, color=MUTED, anchor="ms")
        for sample in range(SAMPLES):
            y = top + sample * (TILE + GAP)
            sheet.text(left - 14, y + TILE / 2, f"sample {sample}", size=12, color=MUTED, anchor="rm")
            for channel in range(CHANNELS):
                x = left + channel * (TILE + GAP)
                _draw_map(sheet, x, y, bool(state.together[sample, channel]))
                if (sample, channel) == (1, self._channel.value):
                    cell = TILE / SIDE
                    sheet.box(x + cell, y + 2 * cell, cell, cell, fill=UNIT, edge=INK, line=1)
        y = top + SAMPLES * (TILE + GAP) + 8
        sheet.box(left, y, 14, 14, fill=SET, edge=MUTED, line=0.5)
        sheet.text(left + 22, y, "in the set (marked with a cross)", size=12)
        sheet.box(left + 262, y, 14, 14, fill=UNIT, edge=INK)
        sheet.text(left + 284, y, "the cell itself", size=12)
        return sheet.pixels()


def _draw_map(sheet, left, top, inside):
    """One map of SIDE x SIDE cells; what is in the set is filled and crossed, so that colour does not say it alone."""
    sheet.box(left, top, TILE, TILE, fill=SET if inside else None, edge=MUTED, line=0.5)
    cell = TILE / SIDE
    for i in range(1, SIDE):
        sheet.line([(left + i * cell, top), (left + i * cell, top + TILE)], color=RULE, width=0.5)
        sheet.line([(left, top + i * cell), (left + TILE, top + i * cell)], color=RULE, width=0.5)
    if inside:
        sheet.line([(left, top), (left + TILE, top + TILE)], color="white", width=1.5)
        sheet.line([(left, top + TILE), (left + TILE, top)], color="white", width=1.5)
