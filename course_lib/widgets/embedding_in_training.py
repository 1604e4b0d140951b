"""Where do the points go while a network learns? A map of the embedding, step by step, with the margin drawn in."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.metrics.retrieval import recall_at
from course_lib.ops.embedding import nearest_points
from course_lib.ops.metric_losses import pairwise_distances
from course_lib.plots import COLORS, INK, MUTED, RULE, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, MAP = 760, 460  # pixels: the picture, and the square map
SHOWN, THUMB = 5, 56  # neighbours listed, side of their pictures
MARK = "#d1242f"


@dataclass(frozen=True)
class TrainingState:
    """The embedding after some step.

    recall: share of points whose nearest other is of their class. spread: mean distance between two points.
    nearest: (k,) the points nearest to the chosen one, nearest first. distance: (k,) how far they are.
    reach: half the side of the map around the chosen point: all points and the circle of the margin fit.
    """

    recall: float
    spread: float
    nearest: np.ndarray
    distance: np.ndarray
    reach: float


def training_state(points, labels, chosen, margin, k=SHOWN):
    """What the map shows for one chosen point.

    Args:
        points: (N, 2). labels: (N,) whole numbers. chosen: 0 to N - 1.
        margin: a plain distance, the radius of the circle around the chosen point. k: neighbours, at most N - 1.
    Returns:
        TrainingState.
    Raises:
        ShapeError: if the shapes do not fit, or there is no such point.
    """
    points = torch.as_tensor(to_array(points), dtype=torch.float32)
    labels = torch.as_tensor(to_array(labels)).long()
    if not 0 <= chosen < len(points):
        raise ShapeError(f"chosen is {chosen}, expected 0 to {len(points) - 1}")
    distances = pairwise_distances(points)
    number = len(points)
    spread = float(distances.sum() / (number * (number - 1)))
    nearest = nearest_points(points, min(k, number - 1))[chosen]
    reach = 1.08 * max(float((points - points[chosen]).abs().max()), 1.2 * margin)
    return TrainingState(
        recall_at(points, labels, 1), spread, nearest.numpy(), distances[chosen, nearest].numpy(), reach
    )


class EmbeddingInTraining(Explorer):
    """Move through the steps of a training; one chosen point stays in the middle, with the margin around it.

    Args:
        histories: {name: points (S, N, 2)}, the embedding of N pictures at S steps, one entry per training.
        steps: (S,) the numbers of the steps, the same for all trainings.
        pictures: (N, H, W) grey, uint8 or float 0..1; at most 300. labels: (N,) whole numbers 0..9, drawn as digits.
        margin: a plain distance.
    Raises:
        ShapeError: if the numbers of steps, pictures and labels do not fit together.
    """

    question = "Where do the points go while the network learns?"
    few_colors = True

    def __init__(self, histories, steps, pictures, labels, margin):
        self.labels, self.steps, self.margin = to_array(labels).astype(int), list(map(int, steps)), float(margin)
        self.histories = {name: to_array(points).astype(np.float32) for name, points in histories.items()}
        expected = (len(self.steps), len(self.labels), 2)
        for name, points in self.histories.items():
            if points.shape != expected:
                raise ShapeError(
                    f"history {name!r} has shape {points.shape}, expected {expected}: (steps, pictures, 2)"
                )
        if len(pictures) != len(self.labels) or not 2 <= len(pictures) <= 300:
            raise ShapeError(f"{len(pictures)} pictures, {len(self.labels)} labels: expected equally many, 2 to 300")
        if self.labels.min() < 0 or self.labels.max() > 9:
            raise ShapeError(f"labels run from {self.labels.min()} to {self.labels.max()}, expected 0 to 9")
        self._pictures = to_pictures(pictures)
        self._states = {}
        self._training = choice("training", list(self.histories), next(iter(self.histories)), width="22em")
        self._look = slider("look", len(self.steps) - 1, 0, len(self.steps) - 1)
        self._chosen = slider("picture", 0, 0, len(self.labels) - 1)
        super().__init__({"training": self._training, "look": self._look, "picture": self._chosen})

    @property
    def state(self):
        """The present `TrainingState`."""
        key = self._training.value, self._look.value, self._chosen.value
        if key not in self._states:
            self._states[key] = training_state(self._points, self.labels, self._chosen.value, self.margin)
        return self._states[key]

    @property
    def _points(self):
        return self.histories[self._training.value][self._look.value]

    def caption(self):
        state, chosen = self.state, self._chosen.value
        same = int((self.labels[state.nearest] == self.labels[chosen]).sum())
        return (
            f"{self._training.value}, step {self.steps[self._look.value]}: {100 * state.recall:.0f} % of the pictures "
            f"have one of their own kind as nearest neighbour; the mean distance is {state.spread:.3g}, the margin "
            f"{self.margin:g}. Picture {chosen} is a {self.labels[chosen]}; {same} of its {len(state.nearest)} nearest "
            f"{'is' if same == 1 else 'are'} one too."
        )

    def draw(self):
        state, chosen = self.state, self._chosen.value
        sheet = Sheet(WIDTH, MAP + 4)
        sheet.box(2, 2, MAP, MAP, edge=RULE)
        scale, middle = MAP / 2 / state.reach, 2 + MAP / 2
        sheet.dot(middle, middle, self.margin * scale, fill=None, edge=MARK)
        places = middle + (self._points - self._points[chosen]) * scale * (1, -1)
        for (x, y), label in zip(places, self.labels, strict=True):
            if 4 < x < MAP and 4 < y < MAP:
                sheet.text(x, y, label, size=12, color=COLORS[label % len(COLORS)], anchor="mm", bold=True)
        sheet.text(middle, middle, self.labels[chosen], size=19, color=MARK, anchor="mm", bold=True)
        # At the first look all trainings are alike, and only their names tell them apart.
        sheet.text(10, 10, f"{self._training.value}, step {self.steps[self._look.value]}", 13, INK)
        sheet.text(10, MAP - 8, "red circle: the margin around the chosen picture", 12, MUTED, anchor="ls")
        self._neighbours(sheet, state, chosen)
        return sheet.pixels()

    def _neighbours(self, sheet, state, chosen):
        left = MAP + 30
        rows = [
            (chosen, "chosen"),
            *((n, f"distance {d:.3g}") for n, d in zip(state.nearest, state.distance, strict=True)),
        ]
        for row, (number, text) in enumerate(rows):
            top = 4 + row * (THUMB + 20)
            sheet.picture(left, top, THUMB, THUMB, self._pictures[number])
            right = self.labels[number] == self.labels[chosen]
            sheet.text(left + THUMB + 12, top + 22, f"a {self.labels[number]}, {text}", 13, MARK if not row else INK,
                       anchor="ls", bold=not row)  # fmt: skip
            if row:
                sheet.text(
                    left + THUMB + 12, top + 42, "same kind" if right else "another kind", 12, MUTED, anchor="ls"
                )
