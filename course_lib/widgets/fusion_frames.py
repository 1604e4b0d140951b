"""Which frames does each unit see? Karpathy's five architectures, layer by layer, as in Figure 1 of the paper."""

from dataclasses import dataclass

import numpy as np

from course_lib.errors import ShapeError
from course_lib.models.fusion import EarlyFusion, LateFusion, MultiResolution, SingleFrame, SlowFusion
from course_lib.ops.receptive_field import Layer
from course_lib.plots import COLORS, INK, MUTED, to_pictures
from course_lib.widgets.kit.drawing import GRID, Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, limit, slider
from course_lib.widgets.receptive_field import field_state, moving_disc

MODELS = {
    "single frame": SingleFrame,
    "early fusion": EarlyFusion,
    "late fusion": LateFusion,
    "slow fusion": SlowFusion,
    "multiresolution": MultiResolution,
}
LEVELS = ("frames", "conv1", "conv2", "conv3", "conv5", "fc")
WIDTH, LABELS, THUMB, STEP = 760, 86, 32, 62
MARK, PALE = COLORS[1], "#fdeee3"


@dataclass(frozen=True)
class FusionState:
    """What one unit sees.

    counts: units along time per level of `LEVELS`. taken: numbers of the video's frames that go in.
    cone: per level, from the frames up to the unit's own, the first and the last unit that reach it.
    frames: numbers of the video's frames that reach it. pixels: rows and columns of a frame (or stream) that it sees.
    """

    counts: tuple[int, ...]
    taken: tuple[int, ...]
    cone: tuple[tuple[int, int], ...]
    frames: tuple[int, ...]
    pixels: int


def fusion_state(model, level, time, num_frames=20):
    """Which frames of a video the unit at moment `time` of a level sees.

    Args:
        model: a class of `course_lib.models.fusion`.
        level: index into `LEVELS`; 0 is a frame that goes in. time: 0 to the level's number of units - 1.
        num_frames: frames of the video; the model takes its own from the middle.
    Returns:
        FusionState.
    Raises:
        ShapeError: if there is no such level or moment.
        CourseError: if the video is shorter than the model's frames span.
    """
    if not 0 <= level < len(LEVELS):
        raise ShapeError(f"level is {level}, expected 0 to {len(LEVELS) - 1}: {', '.join(LEVELS)}")
    layers, side = published_layers(model)
    stops = (0, 1, 3, 5, 7, len(layers))  # where in the stack the levels stand
    taken = tuple(model.frame_indices(num_frames).tolist())
    size = (3, len(taken), side, side)
    top = field_state(layers, size, stops[level], time)
    counts = tuple(row.size[1] for row in field_state(layers, size, stops[-1], 0).rows)
    cone = tuple(_reach(layers[below : stops[level]], counts[below], time) for below in stops[: level + 1])
    first, last = cone[0]
    return FusionState(
        tuple(counts[stop] for stop in stops), taken, cone, taken[first : last + 1], top.rows[stops[level]].field[1]
    )


def published_layers(model):
    """The layers of a published-size model up to the first fully connected one, and the side of its input in pixels."""
    two_streams = model is MultiResolution
    times, steps = (1, 1, 1), (1, 1, 1)
    if not two_streams:
        times, steps = model.extents, model.time_strides
    layers = [
        Layer("conv1", (times[0], 11, 11), (steps[0], 3, 3), (0, 5, 5), channels=96),
        Layer("pool1", (1, 2, 2), (1, 2, 2)),
        Layer("conv2", (times[1], 5, 5), (steps[1], 1, 1), (0, 2, 2), channels=256),
        Layer("pool2", (1, 2, 2), (1, 2, 2)),
        Layer("conv3", (times[2], 3, 3), (steps[2], 1, 1), (0, 1, 1), channels=384),
        Layer("conv4", (1, 3, 3), padding=(0, 1, 1), channels=384),
        Layer("conv5", (1, 3, 3), padding=(0, 1, 1), channels=256),
    ]
    layers += [] if two_streams else [Layer("pool5", (1, 2, 2), (1, 2, 2))]
    return (*layers, Layer("fc", None, channels=4096)), 89 if two_streams else 170


def _reach(layers, count, time):
    """First and last of `count` units at the bottom of `layers` that reach the unit at `time` at their top."""
    first = last = time
    for layer in reversed(layers):
        if layer.kernel is None:
            return 0, count - 1
        first, last = first * layer.stride[0], last * layer.stride[0] + layer.kernel[0] - 1
    return first, last


class FusionExplorer(Explorer):
    """Choose an architecture, a layer and a unit, and see which frames of a video reach it.

    Args:
        clip: (C, T, H, W) uint8 or float 0..1, with 16 to 20 frames; default: 20 frames of a moving disc.
    Raises:
        ShapeError: if the clip has another shape or length.
    """

    question = "Which frames does each unit see?"

    def __init__(self, clip=None):
        self._pictures = to_pictures(moving_disc() if clip is None else clip)
        if not 16 <= len(self._pictures) <= 20:
            raise ShapeError(
                f"the clip has {len(self._pictures)} frames, expected 16 to 20: late fusion spans 16, and more than "
                "20 do not fit the page. Take a part, for example clip[:, :20]."
            )
        self._model = choice("architecture", list(MODELS), "slow fusion", width="17em")
        self._level = choice("layer", [(name, i) for i, name in enumerate(LEVELS)], 1, width="11em")
        self._time = slider("unit", 1, 0, 9, width="17em")
        super().__init__({"model": self._model, "level": self._level, "time": self._time})

    def adjust(self):
        counts = fusion_state(MODELS[self._model.value], 0, 0, len(self._pictures)).counts
        limit(self._time, counts[self._level.value] - 1)

    @property
    def state(self):
        """The present `FusionState`."""
        return fusion_state(MODELS[self._model.value], self._level.value, self._time.value, len(self._pictures))

    def caption(self):
        state, level = self.state, self._level.value
        last = state.counts[level] - 1
        unit = f"unit {self._time.value} of 0 to {last}" if last else "the only unit"
        unit = f"{self._model.value}, {LEVELS[level]}, {unit}"
        if level == 0:
            return f"{unit}: frame {state.frames[0]} of the video itself."
        if len(state.frames) == 1:
            which = f"frame {state.frames[0]} alone"
        elif self._model.value == "late fusion":
            which = f"frames {state.frames[0]} and {state.frames[-1]}"
        else:
            which = f"{len(state.frames)} frames, {state.frames[0]} to {state.frames[-1]}"
        side = published_layers(MODELS[self._model.value])[1]
        text = f"{unit}, sees {which}, and {state.pixels} × {state.pixels} of {side} × {side} pixels in each."
        if self._model.value == "multiresolution":
            text += " There are two such towers, one for the context and one for the fovea; they meet in fc."
        return text

    def draw(self):
        state, level = self.state, self._level.value
        height = 36 + STEP * len(LEVELS)
        sheet, places = Sheet(WIDTH, height), _places(state, len(self._pictures))
        rows = [height - 62 - STEP * i for i in range(len(LEVELS))]
        stops, layers = (1, 3, 5, 7), published_layers(MODELS[self._model.value])[0]
        for above in range(1, len(LEVELS)):
            steps = layers[(0, *stops)[above - 1] : (*stops, len(layers))[above - 1]]
            for unit, x in enumerate(places[above]):
                first, last = _reach(steps, state.counts[above - 1], unit)
                for below in range(first, last + 1):
                    seen = above <= level and _inside(unit, state.cone[above]) and _inside(below, state.cone[above - 1])
                    ends = [(places[above - 1][below], rows[above - 1]), (x, rows[above])]
                    sheet.line(ends, color=MARK if seen else GRID, width=2 if seen else 0.7)
        for i, name in enumerate(LEVELS):
            ink = MARK if i == level else MUTED
            sheet.text(2, rows[i], name, size=13, color=ink, anchor="lm", bold=i == level)
            if i:
                for unit, x in enumerate(places[i]):
                    _unit(sheet, x, rows[i], i <= level and _inside(unit, state.cone[i]), (i, unit) == self._chosen)
        self._draw_frames(sheet, rows[0], state)
        return sheet.pixels()

    @property
    def _chosen(self):
        return self._level.value, self._time.value

    def _draw_frames(self, sheet, y, state):
        for number, pixels in enumerate(self._pictures):
            x = _frame_place(number, len(self._pictures))
            seen, taken = number in state.frames, number in state.taken
            shown = pixels if seen else ((pixels.astype(np.uint16) + (3 if taken else 7) * 255) // (4 if taken else 8))
            edge = MARK if seen else INK if taken else GRID
            sheet.box(x - THUMB / 2, y - THUMB / 2, THUMB, THUMB, edge=edge, line=2 if seen else 0.5)
            sheet.picture(x - THUMB / 2, y - THUMB / 2, THUMB, THUMB, shown.astype(np.uint8))
            sheet.text(x, y + THUMB / 2 + 6, number, size=11, color=edge if taken else MUTED, anchor="mt", bold=seen)
        sheet.text(LABELS - 14, y + THUMB / 2 + 24, "number of the frame in the video; framed: goes in", 11, MUTED)


def _inside(unit, span):
    return span[0] <= unit <= span[1]


def _frame_place(number, num_frames):
    gap = (WIDTH - LABELS - 4) / num_frames
    return LABELS + gap * (number + 0.5)


def _places(state, num_frames):
    """Per level, where its units stand across the page: each above the middle of the frames that it sees."""
    places = [[_frame_place(number, num_frames) for number in state.taken]]
    middle = sum(places[0]) / len(places[0])
    for count in state.counts[1:]:
        if count == len(state.taken) or count == 1:
            places.append(places[0] if count == len(state.taken) else [middle])
        else:
            gap = (places[0][-1] - places[0][0]) / count
            places.append([middle + gap * (unit - (count - 1) / 2) for unit in range(count)])
    return places


def _unit(sheet, x, y, seen, chosen):
    sheet.box(x - 15, y - 10, 30, 20, fill=MARK if chosen else PALE if seen else "white", edge=MARK if seen else MUTED)
