"""Long videos whose class is a *set* of events at unknown times: no moment tells it, and the order does not matter.

A dim photograph fills the frame for most of the time. Each class is a set of shapes, "disc + cross": each of its shapes
appears once, circles about a place for some frames, and is gone. When, where, in which order, which way around and in
which color is drawn at random, the same way for every class. Two events never overlap.

A video may be long and is never rendered as a whole: ask for the frames, or the flow, at the moments that you look at.
"""

import itertools
import math
from dataclasses import dataclass, field

import torch

from course_lib.data.worlds.photographs import random_crops
from course_lib.data.worlds.sprites import SHAPES, canvas_size, composite, draw_shapes, paint, place
from course_lib.errors import DataError, check_shape

SIZE_SPREAD = 0.2  # a sprite's size is the world's, plus or minus this share
RADIUS = 3.0  # pixels: of the circle on which a sprite moves
SPEED = 1.0  # pixels per frame along the circle


@dataclass
class EventVideos:
    """Videos with their truth; frames are rendered when they are asked for.

    Attributes:
        labels: (B,) long. frames: T, how long each video is.
        kinds: (B, E) long, index into `SHAPES` of each event, in the order in which they happen.
        onsets: (B, E) long, first frame of each event. duration: frames of an event.
    """

    labels: torch.Tensor
    frames: int
    kinds: torch.Tensor
    onsets: torch.Tensor
    duration: int
    _background: torch.Tensor = field(repr=False)  # (B, 3, H, W)
    _sprites: torch.Tensor = field(repr=False)  # (B, E, 4, P, P)
    _places: torch.Tensor = field(repr=False)  # (B, E, 2), middle of the circle, (x, y) in pixels
    _turns: torch.Tensor = field(repr=False)  # (B, E, 2), angle at the onset, and radians per frame

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, rows):
        """Some of the videos: rows is a slice or (N,) long."""
        parts = (self._background, self._sprites, self._places, self._turns)
        truth = self.labels[rows], self.frames, self.kinds[rows], self.onsets[rows], self.duration
        return EventVideos(*truth, *(part[rows] for part in parts))

    def happening(self, moments):
        """Which event is on at each moment: (B, K) frame numbers -> (B, K) long, index into `kinds`, -1 for none."""
        since = self._checked(moments)[..., None] - self.onsets[:, None]  # (B, K, E)
        on = (since >= 0) & (since < self.duration)
        return torch.where(on.any(-1), on.float().argmax(-1), -1)

    def look(self, moments):
        """Single frames: (B, K) frame numbers -> float32 (B, K, 3, H, W) in 0..1, RGB."""
        sprites, centers, _ = self._shown(moments)
        rows = moments.numel()
        background = self._background[:, None].expand(-1, moments.shape[1], -1, -1, -1).flatten(0, 1)
        corner = centers - sprites.shape[-1] / 2
        frames = composite(background, sprites.flatten(0, 1), corner.view(rows, 1, 2))
        return frames.squeeze(2).unflatten(0, moments.shape)

    def differences(self, moments, length=5):
        """Snippets of `length` + 1 frames that start at moments (B, K): (B, K, 3 (length + 1), H, W) in 0..1.

        Their differences are taken by the network.
        """
        return torch.cat([self.look((moments + t).clamp(max=self.frames - 1)) for t in range(length + 1)], 2)

    def flow(self, moments, length=5):
        """`length` exact flow fields from each of the moments (B, K) on: (B, K, 2 length, H, W) in pixels, u1, v1, ...

        Zero where nothing moves. A sprite moves from every frame of its event to the next, the last one excepted.
        """
        fields = []
        for t in range(length):
            now, then = ((moments + t + dt).clamp(max=self.frames - 1) for dt in (0, 1))
            sprites, centers, event = self._shown(now)
            _, later, next_event = self._shown(then)
            moved = (later - centers) * ((event == next_event) & (event >= 0) & (then > now))[..., None]  # (B, K, 2)
            alpha = sprites[:, :, 3:].flatten(0, 1)  # (B K, 1, P, P)
            corner = (centers - sprites.shape[-1] / 2).view(-1, 1, 2)
            mask = place(alpha, corner, *self._background.shape[-2:]).squeeze(1) >= 0.5  # (B K, 1, H, W)
            fields.append(moved.view(-1, 2, 1, 1) * mask)
        return torch.cat(fields, 1).unflatten(0, moments.shape)

    def _checked(self, moments):
        check_shape(moments, "B K", "moments")
        if len(moments) != len(self) or moments.min() < 0 or moments.max() >= self.frames:
            raise DataError(
                f"moments have shape {tuple(moments.shape)} and run from {int(moments.min())} to {int(moments.max())}: "
                f"expected a row for each of {len(self)} videos, with frames from 0 to {self.frames - 1}."
            )
        return moments

    def _shown(self, moments):
        """Sprites (B, K, 4, P, P), empty where nothing happens; centres (B, K, 2); and which event it is (B, K)."""
        event = self.happening(moments)
        rows = torch.arange(len(self))[:, None]
        chosen = event.clamp(min=0)
        sprites = self._sprites[rows, chosen] * (event >= 0).view(*event.shape, 1, 1, 1)
        start, turn = self._turns[rows, chosen].unbind(-1)
        angle = start + turn * (moments - self.onsets[rows, chosen])
        circle = RADIUS * torch.stack([angle.cos(), angle.sin()], -1)
        return sprites, self._places[rows, chosen] + circle, event


class EventWorld:
    """Videos of `events` events each; the classes are all sets of so many different shapes.

    Args:
        height, width: of a frame, in pixels. frames: T, the length of a video. duration: frames of an event.
        events: how many events a video has, 1 to 4: 1 gives the classes disc, square, triangle, cross; 2 six pairs.
        size: side of a sprite's box on average, in pixels. backdrop: brightness of the photograph, 0 black to 1.
    Raises:
        DataError: if the events do not fit into the video, or a sprite with its circle into the frame.
    """

    def __init__(self, height=32, width=32, frames=60, *, duration=12, events=2, size=14.0, backdrop=0.3):
        self.height, self.width, self.frames, self.duration = height, width, frames, duration
        self.size, self.backdrop = float(size), backdrop
        if not 1 <= events <= len(SHAPES):
            raise DataError(f"events is {events}, expected 1 to {len(SHAPES)}: each one is another shape.")
        if duration < 1 or events * duration > frames:
            raise DataError(f"{events} events of {duration} frames do not fit into a video of {frames} frames.")
        self.sets = tuple(itertools.combinations(range(len(SHAPES)), events))
        self.classes = tuple(" + ".join(SHAPES[kind] for kind in kinds) for kinds in self.sets)
        self._margin = self.size / 2 * (1 + SIZE_SPREAD) + RADIUS
        if size < 2 or 2 * self._margin > min(height, width):
            raise DataError(f"A sprite of {size:g} pixels that circles does not fit a frame of {height} x {width}.")

    def sample(self, n, seed=0):
        """`n` videos, as many of each class as `n` allows, in random order; the same arguments give the same videos."""
        generator = torch.Generator().manual_seed(seed)
        labels = torch.randperm(n, generator=generator) % len(self.classes)
        kinds = torch.tensor(self.sets)[labels]
        events = kinds.shape[1]
        order = torch.rand(kinds.shape, generator=generator).argsort(1)
        kinds = kinds.gather(1, order)
        # Sorted places in what the events leave free, each pushed on by the events before it: they never overlap.
        free = self.frames - events * self.duration
        gaps = (torch.rand(kinds.shape, generator=generator) * (free + 1)).long().sort(1).values
        onsets = gaps + self.duration * torch.arange(events)

        radius = self.size / 2 * (1 + SIZE_SPREAD * (2 * torch.rand(n * events, generator=generator) - 1))
        canvas = canvas_size(self.size / 2 * (1 + SIZE_SPREAD))
        texture = random_crops(n * events, canvas, canvas, generator)
        color = 0.25 + 0.75 * torch.rand(n * events, 3, generator=generator)
        sprites = paint(draw_shapes(kinds.flatten(), radius, canvas), texture, color).unflatten(0, kinds.shape)
        room = torch.tensor([self.width, self.height]) - 2 * self._margin
        places = self._margin + room * torch.rand(n, events, 2, generator=generator)
        way = torch.where(torch.rand(kinds.shape, generator=generator) < 0.5, -1.0, 1.0)
        start = 2 * math.pi * torch.rand(kinds.shape, generator=generator)
        turns = torch.stack([start, way * SPEED / RADIUS], -1)
        background = random_crops(n, self.height, self.width, generator) * self.backdrop
        return EventVideos(labels, self.frames, kinds, onsets, self.duration, background, sprites, places, turns)
