"""Where does the network see the object? Move a search region over a frame and read its response map."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.models.siamfc import preprocess
from course_lib.ops.boxes import center, crop, from_center, iou, scale, with_context
from course_lib.ops.response_maps import peak_displacement
from course_lib.plots import MUTED, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet, signed_colors
from course_lib.widgets.kit.explorer import Explorer, slider

WIDTH, TOP, SIDE, GAP = 760, 24, 224, 18  # of the sheet, below the titles, of search image and map, between pictures
REGION, FOUND = "#0969da", "#d1242f"


@dataclass(frozen=True)
class ResponseState:
    """What one search region gives.

    region: (4,) box in the frame. search: (3, S, S) what the network sees, 0..1. response: (H', W') logits.
    peak: (row, column) of its maximum. found: (4,) the box of the exemplar's size about the place that the peak means.
    """

    region: np.ndarray
    search: np.ndarray
    response: np.ndarray
    peak: tuple[int, int]
    found: np.ndarray


@torch.no_grad()
def response_state(network, exemplar, frame, box, middle):
    """Search for an exemplar in a region of a frame.

    Args:
        network: a `SiamFC` in evaluation mode. exemplar: its features of the exemplar, (1, C, h, w).
        frame: (3, H, W), 0..1. box: (4,) the object in the frame of the exemplar, for its size.
        middle: (x, y) of the region, pixels.
    Returns:
        ResponseState.
    Raises:
        ShapeError: if the middle lies outside the frame.
    """
    height, width = frame.shape[1:]
    x, y = middle
    if not (0 <= x <= width and 0 <= y <= height):
        raise ShapeError(f"the middle ({x}, {y}) lies outside the frame of {height} x {width} pixels")
    at = torch.tensor([float(x), float(y)])
    region = scale(with_context(from_center(at, box[2:])), network.search / network.exemplar)
    search = crop(frame, region, network.search)
    response = network.match(exemplar, network.features(preprocess(search)[None]))[0, 0]
    step = peak_displacement(response, network.stride * region[2] / network.search)
    peak = divmod(int(response.argmax()), response.shape[1])
    found = from_center(at + step.float(), box[2:])
    return ResponseState(region.numpy(), search.clamp(0, 1).numpy(), response.numpy(), peak, found.numpy())


class ResponseMap(Explorer):
    """Move the search region; the map says how alike every place in it is to the exemplar.

    Args:
        network: a trained `SiamFC` on the CPU; it is put into evaluation mode.
        video: with `frames` (T, 3, H, W), 0..1, and `boxes` (T, 4); the exemplar is its first frame's.
    Raises:
        ShapeError: if frames and boxes differ in number.
    """

    question = "Where in the search region does the network see the object, and what does it say where there is none?"

    def __init__(self, network, video):
        self.network, self.frames, self.boxes = network.eval(), video.frames, video.boxes
        if len(self.frames) != len(self.boxes):
            raise ShapeError(f"there are {len(self.frames)} frames for {len(self.boxes)} boxes: expected one per frame")
        exemplar = crop(self.frames[0], with_context(self.boxes[0]), network.exemplar)
        with torch.no_grad():
            self.exemplar = network.features(preprocess(exemplar)[None])
        self._pictures = to_pictures(self.frames.transpose(0, 1))
        height, width = self.frames.shape[2:]
        start = center(self.boxes[0]).round().int().tolist()
        self._frame = slider("frame", 0, 0, len(self.frames) - 1)
        self._x = slider("region: right", min(max(start[0], 0), width), 0, width, width="20em")
        self._y = slider("region: down", min(max(start[1], 0), height), 0, height, width="20em")
        super().__init__({"frame": self._frame, "right": self._x, "down": self._y})

    @property
    def state(self):
        """The present `ResponseState`."""
        middle = self._x.value, self._y.value
        return response_state(self.network, self.exemplar, self.frames[self._frame.value], self.boxes[0], middle)

    def caption(self):
        state, number = self.state, self._frame.value
        truth = self.boxes[number]
        overlap = iou(torch.from_numpy(state.found), truth).item()
        x, y = (state.found[:2] + state.found[2:] / 2).tolist()
        row, column = state.peak
        yes = "more likely there than not" if state.response.max() > 0 else "more likely not there"
        return (
            f"Frame {number}: the highest response, {_signed(state.response.max())}, is in row {row}, column {column} "
            f"of the map, and says that the object is {yes}; its middle would be at (x, y) = ({x:.0f}, {y:.0f}). The "
            f"box there overlaps the true one by {overlap:.2f}."
        )

    def draw(self):
        state, number = self.state, self._frame.value
        rows, columns = self._pictures.shape[1:3]
        zoom = min((WIDTH - 2 * SIDE - 2 * GAP - 8) / columns, SIDE / rows)
        sheet = Sheet(WIDTH, TOP + SIDE + 26)
        sheet.text(4, 4, f"frame {number}", bold=True)
        sheet.picture(4, TOP, columns * zoom, rows * zoom, self._pictures[number])
        for box, color in ((state.region, REGION), (state.found, FOUND)):
            _frame_box(sheet, box, zoom, (columns, rows), color)
        left = columns * zoom + 4 + GAP
        sheet.text(left, 4, f"search image, {self.network.search} x {self.network.search}", bold=True)
        pixels = (255 * state.search.transpose(1, 2, 0)).round().astype(np.uint8)
        sheet.picture(left, TOP, SIDE, SIDE, pixels)
        left += SIDE + GAP
        height, width = state.response.shape
        cell = SIDE / max(height, width)
        sheet.text(left, 4, f"response, {height} x {width} cells", bold=True)
        top = max(1.0, float(np.abs(state.response).max()))
        form = "{:.1f}" if height <= 11 else None
        values = state.response.round(1) + 0.0  # no minus before a zero
        sheet.tile(left, TOP, cell, values, signed_colors(values, top), form, text_size=9.5)
        sheet.box(left + state.peak[1] * cell, TOP + state.peak[0] * cell, cell, cell, edge=FOUND, line=2)
        legend = "blue box: search region; red box: where the peak puts the object. Map: red above 0, blue below"
        sheet.text(4, TOP + SIDE + 18, legend, size=12, color=MUTED, anchor="ls")
        return sheet.pixels()


def _frame_box(sheet, box, zoom, size, color):
    """The part of a box that lies inside the picture, as lines."""
    left, top, right, bottom = (*box[:2], *(box[:2] + box[2:]))
    left, right = (4 + zoom * float(np.clip(x, 0, size[0])) for x in (left, right))
    top, bottom = (TOP + zoom * float(np.clip(y, 0, size[1])) for y in (top, bottom))
    sheet.line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], color=color, width=2)


def _signed(value):
    return f"{to_array(value):+.1f}".replace("-", "\N{MINUS SIGN}")
