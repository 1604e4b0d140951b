"""Which candidate is the target, and is it to be believed? Candidates coloured by their score, and a threshold."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.ops.boxes import iou
from course_lib.plots import INK, MUTED, RULE, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet, number
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, FRAME, TOP = 760, 500, 4  # pixels: the picture, the frame's width, its upper edge
CHART = 200  # pixels: width of the scores beside the frame
ABOVE, BELOW, CHOSEN, TRUTH = "#bc4c00", "#0550ae", "#ffd33d", "#1a7f37"
BEST = 5  # candidates whose mean is the answer
SHOWN = {"all candidates": None, "the five best": BEST}
STEPS = 10  # of the threshold's slider per unit of score


@dataclass(frozen=True)
class CandidateState:
    """What the scores and a threshold say.

    order: (N,) candidates, best first. box: (4,) mean of the five best. score: their mean. accepted: score above the
    threshold. above: how many candidates are above it. overlap: IoU of the box with the truth.
    """

    order: np.ndarray
    box: np.ndarray
    score: float
    accepted: bool
    above: int
    overlap: float


def candidate_state(candidates, scores, truth, threshold=0.0):
    """The answer of one frame.

    Args:
        candidates: (N, 4) boxes, N at least 1. scores: (N,) of the target. truth: (4,). threshold: of the scores.
    Returns:
        CandidateState.
    Raises:
        ShapeError: if there is not a score for each candidate.
    """
    candidates = torch.as_tensor(to_array(candidates), dtype=torch.float32)
    scores, truth = (torch.as_tensor(to_array(x), dtype=torch.float32) for x in (scores, truth))
    if candidates.ndim != 2 or scores.shape != candidates.shape[:1] or not len(scores):
        raise ShapeError(
            f"candidates are {tuple(candidates.shape)}, scores {tuple(scores.shape)}: expected (N, 4) and (N,)"
        )
    order = scores.argsort(descending=True)
    best = order[:BEST]
    box, score = candidates[best].mean(0), scores[best].mean().item()
    above = int((scores > threshold).sum())
    return CandidateState(order.numpy(), box.numpy(), score, score > threshold, above, iou(box, truth).item())


class CandidateScores(Explorer):
    """Step through a tracked video and move the threshold above which a box is believed.

    Args:
        frames: (T, 3, H, W), uint8 or float 0..1.
        looks: T `course_lib.trackers.mdnet.Look`, or anything with `candidates` (N, 4) and `scores` (N,).
        boxes: (T, 4), the truth.
    Raises:
        ShapeError: if they are not equally many, or none.
    """

    question = "Which candidate is the target, and would you believe it?"

    def __init__(self, frames, looks, boxes):
        if not len(frames) == len(looks) == len(boxes) or not len(frames):
            raise ShapeError(
                f"there are {len(frames)} frames, {len(looks)} looks, {len(boxes)} boxes: expected one each per frame"
            )
        self.pictures = to_pictures(frames.transpose(0, 1))
        self.looks, self.boxes = tuple(looks), boxes
        values = np.concatenate([to_array(look.scores) for look in self.looks])
        self._low, self._high = float(np.floor(values.min())), float(np.ceil(values.max() + 1e-6))
        bounds = round(STEPS * self._low), round(STEPS * self._high)
        start = min(max(0, bounds[0]), bounds[1])
        controls = {
            "frame": slider("frame", 0, 0, len(looks) - 1, width="20em"),
            "threshold": slider("threshold (tenths)", start, *bounds, width="25em"),
            "show": choice("show", list(SHOWN), next(iter(SHOWN)), width="15em"),
        }
        super().__init__(controls)

    @property
    def threshold(self):
        """The present threshold of the score."""
        return self.controls["threshold"].value / STEPS

    @property
    def state(self):
        """The present `CandidateState`."""
        number = self.controls["frame"].value
        look = self.looks[number]
        return candidate_state(look.candidates, look.scores, self.boxes[number], self.threshold)

    def caption(self):
        state, number = self.state, self.controls["frame"].value
        total = len(state.order)
        verdict = "believed" if state.accepted else "not believed"
        which = "all are drawn" if SHOWN[self.controls["show"].value] is None else "the five best are drawn"
        return (
            f"Frame {number + 1}: {state.above} of {total} candidates score above {self.threshold:.1f}, {which}. "
            f"The mean of the five best scores {state.score:.1f} and is {verdict}; its IoU with the truth is "
            f"{state.overlap:.2f}."
        )

    def draw(self):
        state, at = self.state, self.controls["frame"].value
        picture, look = self.pictures[at], self.looks[at]
        zoom = FRAME / picture.shape[1]
        high = round(zoom * picture.shape[0])
        sheet = Sheet(WIDTH, high + TOP + 40)
        sheet.picture(0, TOP, FRAME, high, picture)
        boxes, scores = to_array(look.candidates), to_array(look.scores)
        drawn = state.order[: SHOWN[self.controls["show"].value]][::-1]  # the best one on top
        for i in drawn:
            self._outline(sheet, boxes[i], zoom, high, ABOVE if scores[i] > self.threshold else BELOW, 1)
        self._outline(sheet, to_array(self.boxes[at]), zoom, high, TRUTH, 2)
        self._outline(sheet, state.box, zoom, high, CHOSEN if state.accepted else "white", 3)
        self._chart(sheet, scores[state.order], high)
        x = 2
        legend = {ABOVE: "above", BELOW: "below the threshold", TRUTH: "truth", CHOSEN: "believed answer"}
        for color, text in legend.items():
            sheet.box(x, TOP + high + 14, 11, 11, fill=color)
            sheet.text(x + 16, TOP + high + 24, text, 12.5, MUTED, anchor="ls")
            x += 16 + 8 * len(text) + 14
        return sheet.pixels()

    def _outline(self, sheet, box, zoom, high, color, width):
        """The part of a box that lies within the frame."""
        x, y, w, h = (float(value) * zoom for value in box)
        left, right = (min(max(value, 0), FRAME) for value in (x, x + w))
        top, bottom = (TOP + min(max(value, 0), high) for value in (y, y + h))
        sheet.line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], color=color, width=width)

    def _chart(self, sheet, scores, high):
        """Scores, best first, and the threshold."""
        left, top, bottom = WIDTH - CHART, TOP + 30, TOP + high - 24
        span = max(self._high - self._low, 1e-6)
        sheet.text(left, TOP + 4, "scores, best first", 13, INK)

        def place(score):
            return bottom - (score - self._low) / span * (bottom - top)

        sheet.line([(left + 34, top), (left + 34, bottom), (WIDTH - 6, bottom)], color=RULE)
        for score in (self._low, self._high):
            sheet.text(left + 30, place(score), number(score, "{:.0f}"), 12, MUTED, anchor="rm")
        step = (CHART - 44) / len(scores)
        for i, score in enumerate(scores):
            color = ABOVE if score > self.threshold else BELOW
            sheet.dot(left + 38 + step * (i + 0.5), place(float(score)), 2.5, fill=color)
        level = place(self.threshold)
        sheet.line([(left + 34, level), (WIDTH - 6, level)], color=INK, width=1.5)
        sheet.text(WIDTH - 6, level - 4, f"threshold {number(self.threshold, '{:.1f}')}", 12, INK, anchor="rs")
