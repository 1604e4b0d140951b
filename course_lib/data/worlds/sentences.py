"""Little videos with the sentence that says what happens: "a green cross flashes, then moves left".

One coloured shape over a dim photograph, and one or two events: it flashes (turns white), it dims (turns black), or it
moves right, down, left or up. The nouns need one frame, the verb of a moving shape needs two, and "then" needs memory.

Ids of words: 0 ends a sentence, see `WORDS` for the others.
"""

from dataclasses import dataclass

import torch

from course_lib.data.worlds.actions import DIRECTIONS
from course_lib.data.worlds.photographs import random_crops
from course_lib.data.worlds.sprites import SHAPES, canvas_size, draw_shapes, paint, place
from course_lib.errors import DataError
from course_lib.ops.captions import share_right

COLORS = {"red": (0.9, 0.15, 0.1), "green": (0.1, 0.75, 0.2), "blue": (0.2, 0.35, 1.0), "yellow": (0.95, 0.85, 0.1)}
EVENTS = ("flashes", "dims", *(f"moves {way}" for way in DIRECTIONS))
WORDS = ("<end>", "a", *COLORS, *SHAPES, "flashes", "dims", "moves", *DIRECTIONS, "then")
NOUNS = frozenset((*COLORS, *SHAPES))  # what the thing is
VERBS = frozenset(("flashes", "dims", "moves", *DIRECTIONS))  # what it does
HEADINGS = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])  # (x, y) of the directions
LASTS = 3  # frames of an event


@dataclass
class SentenceBatch:
    """Clips with their sentences.

    Attributes:
        clips: float32 (B, 3, T, H, W) in 0..1 (before noise), RGB.
        flow: float32 (B, 2, T-1, H, W), the exact motion in pixels, u (right) then v (down); 0 off the shape.
        sentences: list of B lists of word ids, without the end.
        colors, shapes: (B,) long, as in `COLORS` and `SHAPES`.
        events: (B, 2) long, as in `EVENTS`; -1 where there is no second one.
    """

    clips: torch.Tensor
    flow: torch.Tensor
    sentences: list
    colors: torch.Tensor
    shapes: torch.Tensor
    events: torch.Tensor

    def __len__(self):
        return len(self.colors)


class SentenceWorld:
    """The size of the clips, and what may happen; `sample` renders as many as you like.

    Args:
        height, width: of a frame, in pixels. frames: T.
        stories: the pairs of events that may happen, as (first, second) in words of `EVENTS`; None as the second ends
            the story after the first. By default every single event, and every pair of two different kinds.
        size: side of the shape's box, in pixels. travel: how far a shape moves, in pixels.
        noise: deviation of the camera's noise, which may carry colours out of 0..1.
    Raises:
        DataError: if two events do not fit into the frames, the shape not into the picture, or there is no such event.
    """

    def __init__(self, height=20, width=20, frames=16, *, stories=None, size=8.0, travel=5.0, noise=0.0):
        if frames < 2 * (LASTS + 1):
            raise DataError(f"Two events need at least {2 * (LASTS + 1)} frames, {frames} are asked for.")
        if size + 2 * travel > min(height, width):
            raise DataError(f"A shape of {size:g} pixels that moves by {travel:g} does not fit {height} x {width}.")
        self.height, self.width, self.frames, self.size, self.travel = height, width, frames, size, travel
        self.noise = noise
        stories = _all_stories() if stories is None else stories
        unknown = {event for story in stories for event in story if event is not None and event not in EVENTS}
        if unknown or not stories:
            raise DataError(f"There is no event {sorted(unknown)}. There are: {', '.join(EVENTS)}.")
        self.stories = torch.tensor([[-1 if e is None else EVENTS.index(e) for e in story] for story in stories])

    def sample(self, n, seed=0):
        """Render `n` clips. Colours, shapes and stories are independent, each about equally often.

        Returns:
            SentenceBatch, on the CPU.
        """
        generator = torch.Generator().manual_seed(seed)
        colors, shapes, story = (
            torch.randperm(n, generator=generator) % many for many in (len(COLORS), len(SHAPES), len(self.stories))
        )
        events = self.stories[story]
        begin = self._draw_begins(n, generator)  # (B, 2)
        since = torch.arange(self.frames) - begin[..., None]  # (B, 2, T): frames since each event began
        moved = self._moved(events, since)  # (B, T, 2)
        centers = self._draw_place(n, generator) + moved
        during = (since >= 0) & (since < LASTS)
        white = ((events == EVENTS.index("flashes"))[..., None] & during).any(1)  # (B, T)
        black = ((events == EVENTS.index("dims"))[..., None] & during).any(1)

        canvas = canvas_size(self.size / 2)
        radius = torch.full((n,), self.size / 2)
        paints = torch.tensor(list(COLORS.values()))[colors]
        coverage = draw_shapes(shapes, radius, canvas)
        sprite = paint(coverage, random_crops(n, canvas, canvas, generator), paints)
        layer = place(sprite, centers - canvas / 2, self.height, self.width).transpose(1, 2)  # (B, 4, T, H, W)
        color, alpha = layer[:, :3], layer[:, 3:]
        color = torch.where(white[:, None, :, None, None], alpha, color)
        color = torch.where(black[:, None, :, None, None], torch.zeros(()), color)
        background = 0.4 * random_crops(n, self.height, self.width, generator)
        clips = color + (1 - alpha) * background[:, :, None]
        if self.noise:
            clips = clips + self.noise * torch.randn(clips.shape, generator=generator)
        step = (moved[:, 1:] - moved[:, :-1]).transpose(1, 2)[..., None, None]  # (B, 2, T-1, 1, 1)
        flow = step * (alpha[:, :, :-1] >= 0.5)
        sentences = [_sentence(*drawn) for drawn in zip(colors.tolist(), shapes.tolist(), events.tolist(), strict=True)]
        return SentenceBatch(clips, flow, sentences, colors, shapes, events)

    def _draw_begins(self, n, generator):
        """First frames of both events (B, 2): each at a random moment of its half of the clip."""
        half = self.frames // 2
        room = torch.tensor([half - LASTS, self.frames - half - LASTS])
        drawn = (torch.rand(n, 2, generator=generator) * room).long()
        return drawn + torch.tensor([1, half])

    def _moved(self, events, since):
        """How far the shape has gone by each frame: (B, T, 2)."""
        progress = ((since + 1) / LASTS).clamp(0, 1)[..., None]  # (B, 2, T, 1)
        way = events - EVENTS.index(f"moves {DIRECTIONS[0]}")
        heading = HEADINGS[way.clamp(min=0)] * (way >= 0)[..., None]  # (B, 2, 2)
        return self.travel * (progress * heading[:, :, None]).sum(1)

    def _draw_place(self, n, generator):
        """Where the shape begins: (B, 1, 2), with room to move in every direction."""
        margin = self.size / 2 + self.travel
        room = torch.tensor([self.width, self.height]) - 2 * margin
        return margin + torch.rand(n, 1, 2, generator=generator) * room


def centred(pictures):
    """Colours 0..1, most of them dark, to about mean 0 and variance 1; any shape."""
    return (pictures - 0.25) / 0.25


def judge(said, true):
    """Percent of the sentences with the right nouns, the right verbs, and right as a whole.

    Args:
        said, true: equally many lists of word ids.
    Returns:
        {"nouns": percent, "verbs": percent, "whole sentence": percent}
    Raises:
        ShapeError: if the numbers of sentences differ, or there are none.
    """
    kinds = {"nouns": _ids(NOUNS), "verbs": _ids(VERBS), "whole sentence": None}
    return {name: 100 * share_right(said, true, kind) for name, kind in kinds.items()}


def write(words, comma=True):
    """A sentence as text from its word ids, up to its end: "a green cross flashes, then moves left"."""
    texts = [WORDS[word] for word in words]
    text = " ".join(texts[: texts.index(WORDS[0])] if WORDS[0] in texts else texts)
    return text.replace(" then", ", then") if comma else text


def read(text):
    """The word ids of a text, commas left out.

    Raises:
        DataError: names the words that are not in the vocabulary.
    """
    words = text.replace(",", " ").split()
    unknown = [word for word in words if word not in WORDS]
    if unknown:
        raise DataError(f"Not in the vocabulary: {', '.join(unknown)}. It has: {', '.join(WORDS[1:])}.")
    return [WORDS.index(word) for word in words]


def _all_stories():
    """Single events, and pairs of different kinds: a shape does not flash twice, nor move twice."""
    pairs = [(one, two) for one in EVENTS for two in EVENTS if one.split()[0] != two.split()[0]]
    return [(event, None) for event in EVENTS] + pairs


def _sentence(color, shape, events):
    phrases = [EVENTS[event] for event in events if event >= 0]
    return read(f"a {list(COLORS)[color]} {SHAPES[shape]} {' then '.join(phrases)}")


def _ids(words):
    return [WORDS.index(word) for word in words]
