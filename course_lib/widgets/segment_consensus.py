"""What do a few snippets tell about a long video? A time line, the snippets, their scores, and the consensus."""

from dataclasses import dataclass

import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.ops.snippets import consensus
from course_lib.plots import COLORS, INK, MUTED, RULE, to_array, to_pictures
from course_lib.widgets.kit.drawing import Sheet, number, signed_colors
from course_lib.widgets.kit.explorer import Explorer, choice, slider

WIDTH, LEFT, SPAN = 760, 150, 470  # pixels: the picture, where the time line begins, how long it is
LINE, THUMB, ROW = 44, 58, 27  # pixels: height at which the time line runs, side of a snippet, height of a class
MARK = "#d1242f"
MOST = 9  # snippets that fit side by side


@dataclass(frozen=True)
class ConsensusState:
    """The snippets of one video and what becomes of them.

    starts: (K,) frame numbers. scores: (K, C) of each snippet. video: (C,) the consensus G, before the softmax.
    probabilities: (C,). answer: the class with the largest score.
    """

    starts: np.ndarray
    scores: np.ndarray
    video: np.ndarray
    probabilities: np.ndarray
    answer: int


def consensus_state(scores, segments, share=0.5, how="average"):
    """Snippets at a share of each of K equal segments, and their consensus.

    Args:
        scores: (T, C), class scores of every frame, before the softmax. segments: K, 1 to T.
        share: where in its segment a snippet lies, 0 (its beginning) to just below 1. how: "average" or "max".
    Returns:
        ConsensusState.
    Raises:
        ShapeError: if the scores are not (T, C), or there are more segments than frames.
    """
    scores = torch.as_tensor(to_array(scores), dtype=torch.float32)
    if scores.ndim != 2 or not 1 <= segments <= len(scores):
        raise ShapeError(
            f"scores have shape {tuple(scores.shape)} for {segments} segments: expected (T, C), T >= K >= 1"
        )
    starts = ((torch.arange(segments) + share) * len(scores) / segments).long().clamp(max=len(scores) - 1)
    chosen = scores[starts]
    video = consensus(chosen[None], how)[0]
    found = (starts, chosen, video, video.softmax(0))
    return ConsensusState(*(part.numpy() for part in found), int(video.argmax()))


class SegmentConsensus(Explorer):
    """Choose how many snippets look at a video, where in their segments they lie, and how their scores are joined.

    Args:
        video: (3, T, H, W), uint8 or float 0..1.
        scores: (T, C), class scores of every frame, before the softmax. classes: their C names, at most 8.
        label: the right class.
        events: [(first frame, frames, name)], what happens and when; drawn on the time line.
    Raises:
        ShapeError: if the video and the scores have other lengths, or there are not as many names as scores.
    """

    question = "How many looks does a long video need?"

    def __init__(self, video, scores, classes, label, events=()):
        self.pictures, self.scores = to_pictures(video), to_array(scores).astype(np.float32)
        self.classes, self.label, self.events = tuple(classes), int(label), tuple(events)
        frames = len(self.pictures)
        many = len(self.classes)
        if self.scores.shape != (frames, many) or not 2 <= many <= 8 or not 0 <= self.label < many:
            raise ShapeError(
                f"{frames} frames, scores {self.scores.shape}, {many} classes, label {self.label}: expected a row of "
                "scores for each frame, 2 to 8 classes, and a label among them"
            )
        self._top = float(np.abs(self.scores).max()) or 1.0
        self._segments = slider("snippets K", 3, 1, min(MOST, frames))
        self._share = slider("place in the segment (%)", 50, 0, 90, width="30em")
        self._share.step = 10  # a smaller step often stays in the same frame, and nothing would move
        self._how = choice("consensus", ("average", "max"), "average", width="14em")
        super().__init__({"K": self._segments, "place": self._share, "consensus": self._how})

    @property
    def state(self):
        """The present `ConsensusState`."""
        return consensus_state(self.scores, self._segments.value, self._share.value / 100, self._how.value)

    def caption(self):
        state = self.state
        seen = sorted({name for name in map(self._event_at, state.starts) if name})
        right = "right" if state.answer == self.label else f"wrong: it is {self.classes[self.label]}"
        frames = ", ".join(str(int(start)) for start in state.starts)
        return (
            f"{len(state.starts)} {'snippet sees' if len(state.starts) == 1 else 'snippets see'} "
            f"{' and '.join(seen) or 'nothing happen'} (at {frames}). {self._how.value.capitalize()} of the scores: "
            f"{self.classes[state.answer]} with probability {state.probabilities[state.answer]:.2f}, {right}."
        )

    def _event_at(self, frame):
        return next((name for first, length, name in self.events if first <= frame < first + length), None)

    def draw(self):
        state, classes = self.state, len(self.classes)
        top = LINE + 42 + THUMB + 16  # where the scores begin
        sheet = Sheet(WIDTH, top + classes * ROW + 30)
        frames, K = len(self.pictures), len(state.starts)
        self._time_line(sheet, K, frames)
        wide = SPAN / K
        side = min(THUMB, wide - 6)
        for k, start in enumerate(state.starts):
            middle, moment = LEFT + (k + 0.5) * wide, LEFT + (start + 0.5) * SPAN / frames
            sheet.line([(moment, LINE - 8), (moment, LINE + 16), (middle, LINE + 34)], color=MARK, width=1.5)
            sheet.box(middle - side / 2, LINE + 36, side, side, edge=MARK, line=1)
            sheet.picture(middle - side / 2, LINE + 36, side, side, self.pictures[start])
        for row, name in enumerate(self.classes):
            y = top + row * ROW
            mine = row == self.label
            sheet.text(LEFT - 12, y + ROW / 2, name, 12.5, INK, anchor="rm", bold=mine)
            for k in range(K):
                self._cell(sheet, LEFT + k * wide + 2, y, wide - 4, state.scores[k, row])
            self._cell(sheet, LEFT + SPAN + 12, y, 54, state.video[row], bold=row == state.answer)
            share = state.probabilities[row]
            sheet.text(WIDTH - 12, y + ROW / 2, f"{share:.2f}", 12.5, INK, anchor="rm", bold=row == state.answer)
        foot = top + classes * ROW + 16
        sheet.text(LEFT, foot, "scores of each snippet", 12, MUTED, anchor="lm")
        sheet.text(LEFT + SPAN + 39, foot, f"G, {self._how.value}", 12, MUTED, anchor="mm")
        sheet.text(WIDTH - 12, foot, "softmax", 12, MUTED, anchor="rm")
        return sheet.pixels()

    def _time_line(self, sheet, K, frames):
        """Frames from left to right, what happens when, and where segments end."""
        sheet.text(LEFT - 12, LINE, f"{frames} frames", 12.5, MUTED, anchor="rm")
        sheet.box(LEFT, LINE - 8, SPAN, 16, fill="#f6f8fa", edge=RULE, line=1)
        for event, (first, length, name) in enumerate(self.events):
            x, wide = LEFT + first * SPAN / frames, length * SPAN / frames
            sheet.box(x, LINE - 8, wide, 16, fill=COLORS[event % len(COLORS)])
            sheet.text(x + wide / 2, LINE - 20, name, 12.5, INK, anchor="mm")
        for k in range(K + 1):
            x = LEFT + k * SPAN / K
            sheet.line([(x, LINE - 12), (x, LINE + 12)], color=INK, width=1.5)

    def _cell(self, sheet, x, y, wide, value, bold=False):
        color = signed_colors(np.array([[value]]), self._top)
        sheet.picture(x, y + 2, wide, ROW - 4, color)
        dark = color.astype(int)[0, 0] @ (299, 587, 114) < 140_000
        sheet.text(
            x + wide / 2,
            y + ROW / 2,
            number(round(float(value), 1), "{:.1f}"),
            12,
            "white" if dark else INK,
            "mm",
            bold,
        )
