"""Which clips lie together? A map of thumbnails, and the chosen clip with its neighbours frame by frame."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.ops.embedding import nearest_neighbours, tour
from course_lib.plots import COLORS, INK, MUTED, RULE, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, MAP, EDGE = 760, 432, 20  # pixels: the picture, the square map, the room around the outermost points
THUMB, SHOWN, FRAMES = 20, 5, 8  # side of a thumbnail on the map, neighbours listed, frames listed
MARK = "#d1242f"


@dataclass(frozen=True)
class EmbeddingState:
    """The walk over the map, the chosen clip, and its neighbours.

    order: (N,) the clips in the order of the walk. clip: the chosen one.
    nearest: (k,) its nearest clips among the descriptors, nearest first. similarity: (k,) their cosines.
    """

    order: np.ndarray
    clip: int
    nearest: np.ndarray
    similarity: np.ndarray


def embedding_state(points, descriptors, step, k=SHOWN):
    """The clip at place `step` of the walk over a map, and what is nearest to it.

    The walk goes over the map (two numbers per clip); the neighbours are those of the descriptors, which is what the
    map tries to keep.

    Args:
        points: (N, 2). descriptors: (N, D), of any length. step: 0 to N - 1. k: neighbours, at most N - 1.
    Returns:
        EmbeddingState.
    Raises:
        ShapeError: if the two differ in N, or there is no such step.
    """
    points = torch.as_tensor(to_array(points), dtype=torch.float32)
    descriptors = torch.as_tensor(to_array(descriptors), dtype=torch.float32)
    if len(points) != len(descriptors):
        raise ShapeError(f"there are {len(points)} points for {len(descriptors)} descriptors: expected one per clip")
    if not 0 <= step < len(points):
        raise ShapeError(f"step is {step}, expected 0 to {len(points) - 1}")
    order = tour(points)
    clip = int(order[step])
    nearest = nearest_neighbours(descriptors, min(k, len(points) - 1))[clip]
    unit = torch.nn.functional.normalize(descriptors, dim=1)
    return EmbeddingState(order.numpy(), clip, nearest.numpy(), (unit[nearest] @ unit[clip]).numpy())


class ClipEmbedding(Explorer):
    """Walk over maps of clips; the chosen clip and its nearest ones are shown frame by frame.

    Args:
        clips: (N, C, T, H, W) uint8 or float 0..1; 2 to 400 clips.
        maps: {name: (points (N, 2), descriptors (N, D))}, one entry per kind of descriptor.
        labels: (N,) whole numbers. classes: their names, at most seven.
    Raises:
        ShapeError: if the numbers of clips, points, descriptors and labels differ, or there are too many.
    """

    question = "Which clips lie together?"

    def __init__(self, clips, maps, labels, classes):
        self.labels, self.classes, self.maps = to_array(labels).astype(int), tuple(classes), dict(maps)
        number = len(clips)
        if not 2 <= number <= 400 or len(self.labels) != number:
            raise ShapeError(
                f"{number} clips with {len(self.labels)} labels: expected 2 to 400 clips, a label for each"
            )
        if len(self.classes) > len(COLORS) or self.labels.max() >= len(self.classes):
            raise ShapeError(
                f"{len(self.classes)} classes, labels up to {self.labels.max()}: at most {len(COLORS)} fit"
            )
        self._pictures = np.stack([_eight(to_pictures(clip)) for clip in clips])  # (N, 8, h, w, 3)
        self._states = {
            name: [embedding_state(*both, step) for step in range(number)] for name, both in _checked(maps, number)
        }
        self._sheets = {name: self._map(name) for name in self.maps}
        names = list(self.maps)
        self._features = choice("descriptors", names, names[0])
        self._step = slider("step of the walk", 0, 0, number - 1, width="28em")
        self._drawn = names[0], self._states[names[0]][0].clip
        super().__init__({"descriptors": self._features, "step": self._step})

    def adjust(self):
        """Another map keeps the clip: the slider moves to the clip's place in that map's walk."""
        name, clip = self._features.value, self._drawn[1]
        if name != self._drawn[0]:
            self._step.value = next(i for i, state in enumerate(self._states[name]) if state.clip == clip)
        self._drawn = name, self.state.clip

    @property
    def state(self):
        """The present `EmbeddingState`."""
        return self._states[self._features.value][self._step.value]

    def caption(self):
        state = self.state
        mine = self.classes[self.labels[state.clip]]
        same = int((self.labels[state.nearest] == self.labels[state.clip]).sum())
        nearest, first, last = len(state.nearest), state.similarity[0], state.similarity[-1]
        return (
            f"{self._features.value}: clip {state.clip}, {mine!r}. Of its {nearest} nearest clips {same} "
            f"{'is' if same == 1 else 'are'} of the same class (cosine {first:.3f} to {last:.3f})."
        )

    def draw(self):
        state, sheet = self.state, self._sheets[self._features.value].copy()
        places = self._places(self._features.value)
        x, y = places[state.clip]
        for other in state.nearest:
            sheet.line([(x, y), tuple(places[other])], color=MARK, width=1.5)
        half = THUMB / 2 + 4
        for other in (*state.nearest, state.clip):
            self._thumbnail(sheet, *places[other], other, half if other == state.clip else THUMB / 2)
        sheet.box(x - half, y - half, 2 * half, 2 * half, edge=MARK, line=3)
        rows = [(state.clip, f"clip {state.clip}"), *((n, f"cosine {s:.3f}") for n, s in _pairs(state))]
        for row, (number, text) in enumerate(rows):
            self._strip(sheet, 69 * row + (8 if row else 0), number, text, chosen=row == 0)
        return sheet.pixels()

    def _strip(self, sheet, top, number, text, chosen):
        left, side = MAP + 26, 36
        color = COLORS[self.labels[number]]
        sheet.box(left, top + 5, 9, 9, fill=color)
        name = self.classes[self.labels[number]]
        sheet.text(left + 14, top + 14, f"{name}, {text}", 12.5, MARK if chosen else INK, anchor="ls", bold=chosen)
        for t, picture in enumerate(self._pictures[number]):
            sheet.picture(left + t * (side + 1), top + 19, side, side, picture)

    def _map(self, name):
        """The map without a choice: drawn once, then copied."""
        sheet = Sheet(WIDTH, MAP + 34)
        sheet.box(1, 1, MAP, MAP, edge=RULE)
        for number, place in enumerate(self._places(name)):
            self._thumbnail(sheet, *place, number, THUMB / 2)
        x = 2
        for label, text in enumerate(self.classes):
            sheet.box(x, MAP + 12, 11, 11, fill=COLORS[label])
            sheet.text(x + 15, MAP + 22, text, size=12.5, color=MUTED, anchor="ls")
            x += 15 + 8 * len(text) + 14
        return sheet

    def _thumbnail(self, sheet, x, y, number, half):
        sheet.box(x - half, y - half, 2 * half, 2 * half, edge=COLORS[self.labels[number]], line=2)
        middle = self._pictures[number][FRAMES // 2 - 1]
        sheet.picture(x - half, y - half, 2 * half, 2 * half, middle)

    def _places(self, name):
        """(N, 2) where the points lie in the picture: the map's own range, stretched to the square."""
        points = to_array(self.maps[name][0]).astype(float)
        low, high = points.min(0), points.max(0)
        return (EDGE + (points - low) / np.maximum(high - low, 1e-9) * (MAP - 2 * EDGE)).round()


def _pairs(state):
    return zip(state.nearest, state.similarity, strict=True)


def _checked(maps, number):
    for name, (points, descriptors) in maps.items():
        if len(points) != number:
            raise ShapeError(f"map {name!r} has {len(points)} points for {number} clips: expected one for each")
        yield name, (points, descriptors)


def _eight(pictures):
    """Eight frames, evenly spread over the clip."""
    return pictures[np.linspace(0, len(pictures) - 1, FRAMES).round().astype(int)]
