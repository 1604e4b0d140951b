"""What meets what? Two towers that become one: the place of fusion, what it costs, and what a unit there has seen."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from course_lib.errors import ShapeError
from course_lib.models.two_stream_fusion import TwoStreamFusion
from course_lib.plots import COLORS, INK, MUTED, RULE, to_array, to_pictures
from course_lib.plots.flow_color import flow_to_rgb
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

PLACES = ("relu1", "relu2", "relu3", "relu4", "relu5", "relu6", "relu7", "scores")
HOW = ("sum", "concatenation", "convolution")
SIDE = 224  # rows and columns of the published input
WIDTH, PICTURE, FIRST, GAP, BOX = 760, 168, 62, 86, 58  # pixels of the drawing
SPATIAL, TEMPORAL, FUSED = COLORS[0], COLORS[1], COLORS[2]


@dataclass(frozen=True)
class PlaceState:
    """A place of fusion in two CNN-M towers of published size (101 classes; 3 and 20 input channels).

    below: parameters of the two towers below the fusion. fusing: of the fusing layer. above: of the one tower above.
    layers: parameters of each layer, conv1 to fc8: (spatial, temporal, one above), 0 where there is none.
    places: rows (and columns) of the map that is fused; 1 behind fc6.
    field: pixels along each axis that a unit has seen. step: pixels from a unit to the next.
    """

    below: int
    fusing: int
    above: int
    layers: tuple[tuple[int, int, int], ...]
    places: int
    field: int
    step: int

    @property
    def total(self):
        """Parameters of the whole network."""
        return self.below + self.fusing + self.above


@cache
def place_state(place, how):
    """What fusing behind one of `PLACES` means.

    Args:
        place: index into `PLACES`; the last one averages class scores. how: one of `HOW`; without effect there.
    Returns:
        PlaceState.
    Raises:
        ShapeError: if there is no such place.
    """
    if not 0 <= place < len(PLACES):
        raise ShapeError(f"place is {place}, expected 0 to {len(PLACES) - 1}: {', '.join(PLACES)}")
    scores = PLACES[place] == "scores"
    design = {} if scores else {"at": PLACES[place]}
    with torch.device("meta"):
        network = TwoStreamFusion(
            101, "scores" if scores else how, over_time=None, keep_temporal=False, towers=("cnn_m", "cnn_m"), **design
        )
        shape = network.spatial(torch.zeros(1, 3, SIDE, SIDE)).shape
    towers = [network.spatial, network.temporal]
    above = nn.Sequential() if scores else network.above
    fusing = 0 if scores else _parameters(network.fusion)
    both = zip(*([_parameters(stage) for stage in tower] for tower in towers), strict=True)
    layers = [(*pair, 0) for pair in both] + [(0, 0, _parameters(stage)) for stage in above]
    field, step = _field(network.spatial)
    places = shape[2] if len(shape) == 4 else 1
    return PlaceState(sum(map(_parameters, towers)), fusing, _parameters(above), tuple(layers), places, field, step)


def _parameters(module):
    return sum(p.numel() for p in module.parameters())


def _field(tower):
    """(pixels that a unit sees along an axis, pixels between units) behind the last stage of a tower."""
    field = step = 1
    for module in tower.modules():
        if isinstance(module, nn.Linear):
            return SIDE, SIDE
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            kernel, stride = (x[0] if isinstance(x, tuple) else x for x in (module.kernel_size, module.stride))
            field, step = field + (kernel - 1) * step, step * stride
    return field, step


class FusionPlace(Explorer):
    """Move the place of fusion, and see the parameters and what one unit joins.

    Args:
        frame: (3, H, W) uint8 or float 0..1, square. flow: (2, H, W) in pixels, of the same moment.
    Raises:
        ShapeError: if the two differ in size.
    """

    question = "What meets what, and at what price?"

    def __init__(self, frame, flow):
        frame, flow = to_array(frame), to_array(flow)
        if frame.shape[-2:] != flow.shape[-2:] or len(flow) != 2:
            raise ShapeError(f"frame is {frame.shape}, flow is {flow.shape}: expected (3, H, W) and (2, H, W)")
        self._pictures = to_pictures(frame[:, None])[0], to_pictures(flow_to_rgb(flow).transpose(2, 0, 1)[:, None])[0]
        self._place = slider("place of fusion", 4, 0, len(PLACES) - 1, width="27em")
        self._how = choice("fusion", list(HOW), "convolution", width="17em")
        super().__init__({"place": self._place, "how": self._how})

    @property
    def state(self):
        """The present `PlaceState`."""
        return place_state(self._place.value, self._how.value)

    def caption(self):
        state, name = self.state, PLACES[self._place.value]
        cost = f"{state.total / 1e6:.2f} M parameters, {state.below / 1e6:.2f} M of them in the two towers below"
        if name == "scores":
            return f"Class scores averaged: {cost}. Each tower has seen everything; no place is left to agree about."
        what = f"{self._how.value.capitalize()} behind {name.replace('relu', 'ReLU')}: {cost}."
        if state.places == 1:
            return f"{what} One vector for the whole picture meets another; no place is left to agree about."
        return (
            f"{what} {state.places} × {state.places} places, {state.step} pixels apart; a unit joins "
            f"{min(state.field, SIDE)} × {min(state.field, SIDE)} of {SIDE} × {SIDE} pixels of frame and flow."
        )

    def draw(self):
        sheet = Sheet(WIDTH, 372)
        self._draw_towers(sheet)
        self._draw_field(sheet)
        self._draw_cost(sheet)
        return sheet.pixels()

    def _draw_towers(self, sheet):
        state, place = self.state, self._place.value
        names = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
        rows = {"frame": (34, SPATIAL), "flow": (114, TEMPORAL)}
        meeting = (FIRST + GAP * place + (BOX + GAP) / 2, 74)
        for s, (name, (y, color)) in enumerate(rows.items()):
            sheet.text(2, y, name, 13, color, anchor="lm", bold=True)
            last = FIRST + GAP * place + BOX
            sheet.line([(46, y), (last, y), meeting][: 3 if place < 7 else 2], color, 2)
            for i in range(place + 1):
                _layer(sheet, FIRST + GAP * i, y, names[i], state.layers[i][s], color)
        if place < 7:
            sheet.line([meeting, (WIDTH - 8, 74)], FUSED, 2)
            for i in range(place + 1, 8):
                _layer(sheet, FIRST + GAP * i, 74, names[i], state.layers[i][2], FUSED)
            sheet.dot(*meeting, radius=7, fill=INK)
            text = f"{state.fusing / 1e6:.2f} M" if state.fusing else "no weights"
            sheet.text(meeting[0], 150, f"{self._how.value}: {text}", 12, INK, anchor="mm")
        else:
            sheet.text(WIDTH - 6, 74, "average", 12.5, INK, anchor="rm", bold=True)

    def _draw_field(self, sheet):
        """The square that one unit has seen, at the same place of both pictures."""
        state, top = self.state, 186
        scale = PICTURE / SIDE
        side = min(state.field, SIDE) * scale
        for left, pixels, color in ((2, self._pictures[0], SPATIAL), (PICTURE + 18, self._pictures[1], TEMPORAL)):
            sheet.box(left, top, PICTURE, PICTURE, edge=color, line=1.5)
            sheet.picture(left, top, PICTURE, PICTURE, pixels)
            start = (PICTURE - side) / 2
            sheet.box(left + start, top + start, side, side, edge="white", line=4)
            sheet.box(left + start, top + start, side, side, edge=INK, line=2)
        sheet.text(2, top + PICTURE + 6, "framed: what one unit in the middle of the map has seen", 11.5, MUTED)

    def _draw_cost(self, sheet):
        state, left, top, full = self.state, 400, 206, 330
        largest = place_state(len(PLACES) - 1, "sum").total
        sheet.text(left, top, f"{state.total / 1e6:.2f} M parameters", 15, INK, anchor="ls", bold=True)
        parts = (
            ("two towers below", state.below, SPATIAL),
            ("fusion", state.fusing, INK),
            ("above", state.above, FUSED),
        )
        for i, (name, number, color) in enumerate(parts):
            y = top + 22 + 40 * i
            sheet.text(left, y + 6, f"{name}: {number / 1e6:.2f} M", 12.5, MUTED, anchor="ls")
            sheet.box(left, y + 11, full, 11, edge=RULE)
            if number:
                sheet.box(left, y + 11, max(2, full * min(1, number / largest)), 11, fill=color)
        sheet.text(left, top + 150, f"full bar: {largest / 1e6:.0f} M, two whole towers", 11.5, MUTED, anchor="ls")


def _layer(sheet, left, y, name, number, color):
    sheet.box(left, y - 17, BOX, 34, fill="white", edge=color, line=1.5)
    sheet.text(left + BOX / 2, y - 6, name, 12.5, INK, anchor="mm", bold=True)
    sheet.text(left + BOX / 2, y + 8, f"{number / 1e6:.2f} M", 11, MUTED, anchor="mm")
