"""Which frames and pixels does one unit see? Late fusion, early fusion and a 3D CNN, layer by layer."""

from dataclasses import dataclass

import numpy as np

from course_lib.errors import ShapeError
from course_lib.ops.receptive_field import FUSIONS, Row, fusion_layers, receptive_field
from course_lib.plots import COLORS, INK, MUTED, to_pictures
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, limit, slider

WIDTH, PER_ROW, GAP = 760, 10, 8
MARK = COLORS[1]


@dataclass(frozen=True)
class FieldState:
    """The table of the network, the unit that is looked at, and the box of the input that it sees.

    rows: one `Row` per layer, the input first. unit: (t, y, x) in its layer.
    box: ((t0, t1), (y0, y1), (x0, x1)), first and last place in the input, both included.
    """

    rows: tuple[Row, ...]
    unit: tuple[int, int, int]
    box: tuple[tuple[int, int], ...]

    @property
    def extent(self):
        """(frames, rows, columns) that the unit sees, after what lies outside the clip is cut off."""
        return tuple(last - first + 1 for first, last in self.box)


def field_state(layers, input_size, layer, time):
    """What the unit at moment `time`, in the middle of the picture, of layer number `layer` sees.

    Walks back from the unit: a kernel of k with stride s, padding p and dilation d turns the places a to b of its
    output into the places a s - p to b s - p + d (k - 1) of its input.

    Args:
        layers: sequence of `Layer`. input_size: (C, T, H, W).
        layer: 0 is the input itself, 1 the output of the first layer, and so on. time: frame in that layer's output.
    Returns:
        FieldState.
    Raises:
        ShapeError: if there is no such layer or no such moment.
    """
    rows = receptive_field(layers, input_size)
    if not 0 <= layer < len(rows):
        raise ShapeError(
            f"layer is {layer}, expected 0 (the input) to {len(rows) - 1}: the network has {len(layers)} layers"
        )
    size = rows[layer].size[1:]
    if not 0 <= time < size[0]:
        raise ShapeError(
            f"time is {time}, expected 0 to {size[0] - 1}: layer {rows[layer].name!r} has {size[0]} frames"
        )
    unit = (time, size[1] // 2, size[2] // 2)
    box = [(place, place) for place in unit]
    for step in reversed(range(layer)):
        limits = rows[step].size[1:]
        box = [_seen(layers[step], axis, *box[axis], limits[axis]) for axis in range(3)]
    return FieldState(rows, unit, tuple(box))


def _seen(layer, axis, first, last, limit_):
    if layer.kernel is None:
        return 0, limit_ - 1
    stride, padding = layer.stride[axis], layer.padding[axis]
    reach = layer.dilation[axis] * (layer.kernel[axis] - 1)
    return max(0, first * stride - padding), min(limit_ - 1, last * stride - padding + reach)


def moving_disc(frames=20, size=64):
    """The default clip, (3, T, H, W) uint8: an orange disc that crosses a blue-grey pattern."""
    y, x = np.mgrid[:size, :size] / size
    pattern = 0.62 + 0.12 * np.sin(18 * x + 3 * y) * np.sin(15 * y)
    ground = pattern[None] * np.array([0.75, 0.88, 1.0])[:, None, None]
    clip = np.repeat(ground[:, None], frames, axis=1)
    for t in range(frames):
        centre = 0.15 + 0.7 * t / max(1, frames - 1)
        disc = (x - centre) ** 2 + (y - 0.5 - 0.15 * np.sin(5 * centre)) ** 2 < 0.15**2
        clip[:, t, disc] = np.array([0.93, 0.52, 0.18])[:, None]
    return (clip * 255).round().astype(np.uint8)


class ReceptiveFieldExplorer(Explorer):
    """Choose a network, a layer and a moment, and see which part of the clip reaches that unit.

    Args:
        clip: (C, T, H, W) uint8 or float 0..1, at most 30 frames; default: 20 frames of 64 x 64.
        networks: {name: sequence of `Layer`}; default: late fusion, early fusion, 3D CNN of the worked example.
    Raises:
        ShapeError: if the clip is not (C, T, H, W) or too long, or a network does not fit it.
    """

    question = "Which frames and pixels does one unit see?"

    def __init__(self, clip=None, networks=None):
        self._pictures = to_pictures(moving_disc() if clip is None else clip)
        frames, height, width = self._pictures.shape[:3]
        if frames > 30:
            raise ShapeError(
                f"the clip has {frames} frames, expected at most 30: show a part, for example clip[:, :20]"
            )
        self._input_size = (3, frames, height, width)
        self.networks = networks or {name: fusion_layers(name, frames) for name in FUSIONS}
        names = list(self.networks)
        self._network = choice("network", names, names[-1], width="15em")
        self._layer = slider("layer", min(3, len(self.networks[names[-1]])), 0, len(self.networks[names[-1]]))
        self._time = slider("time t of the unit", frames, 0, frames)
        super().__init__({"network": self._network, "layer": self._layer, "time": self._time})
        self._time.value = self._time.max // 2

    def adjust(self):
        layers = self.networks[self._network.value]
        limit(self._layer, len(layers))
        limit(self._time, receptive_field(layers, self._input_size)[self._layer.value].size[1] - 1)

    @property
    def state(self):
        """The present `FieldState`."""
        return field_state(self.networks[self._network.value], self._input_size, self._layer.value, self._time.value)

    def caption(self):
        state = self.state
        row, (frames, rows, columns) = state.rows[self._layer.value], state.extent
        _, total, height, width = self._input_size
        share = 100 * frames * rows * columns / (total * height * width)
        size = " × ".join(map(str, row.size))
        (first, last), *_ = state.box
        which = f"frame {first}" if first == last else f"frames {first} to {last}"
        text = (
            f"{self._network.value}, {_name(row)}, {size}: the unit at t = {state.unit[0]} in mid-picture "
            f"sees {which} ({frames} of {total}) and {rows} × {columns} of {height} × {width} pixels, "
            f"{share:.3g}\N{NO-BREAK SPACE}% of the clip."
        )
        if state.extent != row.field:
            whole = " × ".join(map(str, row.field))
            text += f" A unit further inside sees {whole}; the border of the clip cuts this one off."
        return text

    def draw(self):
        state = self.state
        (t0, t1), (y0, y1), (x0, x1) = state.box
        frames, height, width = self._pictures.shape[:3]
        thumb = (WIDTH - (PER_ROW - 1) * GAP - 4) // PER_ROW
        tall = round(thumb * height / width)
        lines = -(-frames // PER_ROW)
        sheet = Sheet(WIDTH, lines * (tall + 26) + 40 + 25 * len(state.rows))
        pale = (self._pictures.astype(np.uint16) + 3 * 255) // 4
        for t in range(frames):
            left, top = 2 + t % PER_ROW * (thumb + GAP), 20 + t // PER_ROW * (tall + 26)
            inside = t0 <= t <= t1
            shown = pale[t].astype(np.uint8)
            if inside:
                shown[y0 : y1 + 1, x0 : x1 + 1] = self._pictures[t, y0 : y1 + 1, x0 : x1 + 1]
            sheet.text(left, top - 5, f"frame {t}", size=12, color=MARK if inside else MUTED, anchor="ls", bold=inside)
            sheet.picture(left, top, thumb, tall, shown)
            if inside:
                box = (left + x0 * thumb / width, top + y0 * tall / height)
                size = ((x1 - x0 + 1) * thumb / width, (y1 - y0 + 1) * tall / height)
                _outline(sheet, *box, *size)
        _draw_table(sheet, lines * (tall + 26) + 8, state.rows, self._layer.value)
        return sheet.pixels()


def _name(row):
    return row.name.replace("->", "→")


def _outline(sheet, left, top, width, height):
    sheet.line(
        [(left, top), (left + width, top), (left + width, top + height), (left, top + height), (left, top)], MARK, 2
    )


def _draw_table(sheet, top, rows, chosen):
    """Layer, tensor size, receptive field: the table of the worked example, with the chosen row marked."""
    columns = ((12, "lt"), (510, "rt"), (WIDTH - 12, "rt"))
    heads = ("layer", "size: channels × time × rows × columns", "sees: frames × rows × columns")
    for (x, anchor), head in zip(columns, heads, strict=True):
        sheet.text(x, top + 6, head, size=12.5, color=MUTED, anchor=anchor)
    sheet.line([(2, top + 25), (WIDTH - 2, top + 25)], color=MUTED)
    for i, row in enumerate(rows):
        y = top + 27 + 25 * i
        here = i == chosen
        if here:
            sheet.box(2, y, WIDTH - 4, 24, fill="#fdeee3")
            sheet.box(2, y, 4, 24, fill=MARK)
        cells = (f"{i}  {_name(row)}", " × ".join(map(str, row.size)), " × ".join(map(str, row.field)))
        for (x, anchor), cell in zip(columns, cells, strict=True):
            sheet.text(x, y + 5, cell, size=13.5, color=INK, anchor=anchor, bold=here)
