"""Which word comes next? A sentence word by word with its alternatives, and the gates of the LSTM that writes it."""

from dataclasses import dataclass

import matplotlib
import numpy as np
import torch

from course_lib.errors import ShapeError
from course_lib.models.decoding import Together
from course_lib.plots import COLORS, INK, MUTED, RULE, to_pictures
from course_lib.widgets.kit.drawing import Sheet
from course_lib.widgets.kit.explorer import Explorer, choice, limit, slider

WIDTH, HEIGHT = 760, 454  # pixels
SHOWN, LONGEST = 5, 10  # alternatives listed; words at most
MARK = "#d1242f"
GATES = ("input", "forget", "output")
END = 0


@dataclass(frozen=True)
class WritingState:
    """A sentence as it was written.

    words: ids of the words said, the end included if it was reached.
    probabilities: (L, V) of every word of the vocabulary at every place.
    gates: {"input", "forget", "output": (T + L, units)} of the upper LSTM, 0..1, while it watches and then writes.
    frames: T, for how many of these steps it watched.
    """

    words: tuple[int, ...]
    probabilities: np.ndarray
    gates: dict[str, np.ndarray]
    frames: int


@torch.no_grad()
def writing_state(writers, features, longest=LONGEST, begin=END, end=END):
    """Let S2VT write greedily, and note how sure it was and what its gates did.

    Args:
        writers: one S2VT, or a pair that writes together. features: (T, D) for one, a pair of them for two.
        longest: words at most. begin, end: ids of the first word given, and of the end.
    Returns:
        WritingState; of a pair, the gates are those of the first.
    Raises:
        ShapeError: if there are not as many features as writers.
    """
    several = isinstance(writers, tuple | list)
    one, seen = (writers[0], features[0]) if several else (writers, features)
    if several and len(writers) != len(features):
        raise ShapeError(f"there are {len(writers)} writers for {len(features)} features: expected one for each")
    decoder = Together(*writers) if several else writers
    state = decoder.start([f.unsqueeze(0) for f in features] if several else features.unsqueeze(0))
    given, probabilities = [begin], []
    for _ in range(longest):
        scores, state = decoder.step(torch.tensor(given[-1:], device=seen.device), state)
        probabilities.append(scores[0].softmax(0).cpu().numpy())
        given.append(int(scores[0].argmax()))
        if given[-1] == end:
            break
    gates = one.gates(seen.unsqueeze(0), torch.tensor([given[:-1]], device=seen.device))
    gates = {name: gates[name][0].cpu().numpy() for name in GATES}
    return WritingState(tuple(given[1:]), np.stack(probabilities), gates, len(seen))


class SentenceWriter(Explorer):
    """Choose a video, a word of its sentence, and which streams write; see the alternatives and the gates.

    Args:
        clips: (N, C, T, H, W) uint8 or float 0..1; at most 50 clips.
        views: {name: features (N, T, D)} of one or two streams. writers: {name: S2VT}, the same names.
        vocabulary: the words. truths: N texts.
    Raises:
        ShapeError: if numbers or names do not agree.
    """

    question = "Which word comes next, and how sure is the network?"

    def __init__(self, clips, views, writers, vocabulary, truths):
        number, names = len(clips), list(views)
        if not 1 <= number <= 50 or len(truths) != number or any(len(seen) != number for seen in views.values()):
            raise ShapeError(f"{number} clips, {len(truths)} truths: expected at most 50, and features for each")
        if names != list(writers) or len(names) not in (1, 2):
            raise ShapeError(f"views are {names}, writers {list(writers)}: expected the same one or two names")
        self.vocabulary, self.truths = tuple(vocabulary), tuple(truths)
        self._pictures = [to_pictures(clip) for clip in clips]
        self._states = {
            name: [writing_state(writers[name], views[name][n]) for n in range(number)] for name in names
        }  # fmt: skip
        if len(names) == 2:
            pair = [writers[name] for name in names]
            both = [writing_state(pair, [views[name][n] for name in names]) for n in range(number)]
            self._states[" and ".join(names)] = both
        streams = list(self._states)
        self._video = slider("video", 0, 0, max(1, number - 1))
        self._word = slider("word", 1, 0, LONGEST)
        self._streams = choice("streams", streams, streams[-1])
        limit(self._video, number - 1)
        super().__init__({"video": self._video, "word": self._word, "streams": self._streams})

    def adjust(self):
        """A sentence may have fewer words than the one before."""
        limit(self._word, len(self.state.words) - 1)

    @property
    def state(self):
        """The present `WritingState`."""
        return self._states[self._streams.value][self._video.value]

    def best(self):
        """The likeliest words at the chosen place: [(word, probability)], at most `SHOWN`."""
        chances = self.state.probabilities[self._word.value]
        order = np.argsort(-chances, kind="stable")[:SHOWN]
        return [(self.vocabulary[n], float(chances[n])) for n in order]

    def caption(self):
        (first, chance), (second, next_best) = self.best()[:2]
        step = self.state.frames + self._word.value
        means = ", ".join(f"{name} gate {self.state.gates[name][step].mean():.2f}" for name in GATES)
        said = " ".join(self.vocabulary[word] for word in self.state.words if word != END)
        return (
            f"Video {self._video.value}, {self._streams.value}: it writes {said!r}; "
            f"true is {self.truths[self._video.value]!r}. "
            f"Word {self._word.value}: {first!r} with {100 * chance:.0f} %, next best {second!r} with "
            f"{100 * next_best:.0f} %. On average over its units: {means}."
        )

    def draw(self):
        sheet = Sheet(WIDTH, HEIGHT)
        self._strip(sheet, 4)
        self._sentence(sheet, 100)
        self._alternatives(sheet, 158)
        self._gates(sheet, 312)
        return sheet.pixels()

    def _strip(self, sheet, top):
        pictures = self._pictures[self._video.value]
        pictures = pictures[np.linspace(0, len(pictures) - 1, min(len(pictures), 10)).round().astype(int)]
        side = 66
        for n, picture in enumerate(pictures):
            sheet.picture(4 + n * (side + 8), top, side, side, picture)

    def _sentence(self, sheet, top):
        state, x = self.state, 4
        sheet.text(x, top - 12, "what it writes", 11.5, MUTED, anchor="ls")
        for place, word in enumerate(state.words):
            text, chosen = self.vocabulary[word], place == self._word.value
            wide = max(36, 8.4 * len(text) + 16)
            sheet.box(x, top, wide, 26, edge=MARK if chosen else RULE, line=2 if chosen else 1)
            sheet.text(x + wide / 2, top + 13, text, 13.5, MARK if chosen else INK, anchor="mm", bold=chosen)
            sheet.text(
                x + wide / 2, top + 42, f"{100 * state.probabilities[place][word]:.0f} %", 11, MUTED, anchor="ms"
            )
            x += wide + 8

    def _alternatives(self, sheet, top):
        sheet.text(4, top + 8, f"word {self._word.value}, the likeliest", 11.5, MUTED, anchor="ls")
        for row, (word, chance) in enumerate(self.best()):
            y = top + 16 + 24 * row
            sheet.text(96, y + 9, word, 13, INK, anchor="rm", bold=row == 0)
            sheet.box(104, y, max(1, 480 * chance), 18, fill=COLORS[0] if row == 0 else COLORS[5])
            sheet.text(112 + 480 * chance, y + 9, f"{100 * chance:.1f} %", 12, MUTED, anchor="lm")

    def _gates(self, sheet, top):
        """One map per gate: steps from left to right, units from top to bottom, dark is shut and yellow is open."""
        state, wide, high = self.state, 240, 104
        order = np.argsort(state.gates["forget"].mean(0))  # the same unit in the same row of all three
        steps = len(state.gates["forget"])
        for number, name in enumerate(GATES):
            left = 4 + number * (wide + 16)
            sheet.text(left, top + 8, f"{name} gate", 11.5, MUTED, anchor="ls")
            shares = matplotlib.colormaps["viridis"](state.gates[name][:, order].T, bytes=True)[..., :3]
            sheet.picture(left, top + 14, wide, high, np.ascontiguousarray(shares))
            cell = wide / steps
            line = left + cell * state.frames
            sheet.line([(line, top + 14), (line, top + 14 + high)], color="white", width=2)
            at = left + cell * (state.frames + self._word.value)
            sheet.box(at, top + 14, cell, high, edge=MARK, line=1.5)
            sheet.text(left, top + high + 28, "frames", 11, MUTED, anchor="ls")
            sheet.text(line + 3, top + high + 28, "words", 11, MUTED, anchor="ls")
