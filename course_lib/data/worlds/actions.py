"""Actions: little videos whose class lies in one property alone, with exact boxes and flow.

A textured sprite moves over a real photograph. A task names what tells its classes apart; everything else (background,
texture, color, size, place, brightness, when it happens) is drawn at random, the same way for every class:

    task          classes                            what tells them apart, and what does not
    appearance    disc, square, triangle, cross      the shape; motion is random
    direction     right, down, left, up              where it goes; one frame does not tell
    out_and_back  right, down, left, up              where it goes before it returns; first and last frame are the same
    speed         slow, medium, fast                 how fast; start and end are spread alike, the direction is random
    order         flash then move, move then flash   which comes first; the bag of frames is the same, only reversed
    time          early, middle, late                when it moves out and back, in a random direction
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import torch

from course_lib.data.worlds.photographs import random_crops
from course_lib.data.worlds.sprites import SHAPES, canvas_size, composite, draw_shapes, paint, place
from course_lib.errors import DataError

DIRECTIONS = ("right", "down", "left", "up")
TASKS = {
    "appearance": SHAPES,
    "direction": DIRECTIONS,
    "out_and_back": DIRECTIONS,
    "speed": ("slow", "medium", "fast"),
    "order": ("flash then move", "move then flash"),
    "time": ("early", "middle", "late"),
}
SPEEDUP = (1, 2, 4)  # how many times faster than slow: with TRAVEL_SPREAD the three ranges of speed do not touch
TRAVEL_SPREAD = 0.2  # a clip's travel is the world's, plus or minus this share
SIZE_SPREAD = 0.2  # likewise for the sprite's size


@dataclass
class ActionBatch:
    """Clips with their truth. Positions are (x, y) in pixels; pixel (i, j) covers the square from (i, j) to (i+1, j+1).

    Attributes:
        clips: float32 (B, 3, T, H, W) in 0..1, RGB.
        labels: (B,) long.
        boxes: (B, T, 4) x1, y1, x2, y2 of the visible part of the sprite; four NaN where it is outside the frame.
        centers: (B, T, 2) the sprite's centre, inside the frame or not.
        onset: (B,) long, the last frame before the event: what changes first is frame `onset + 1`
            (for "order", up to two frames later when it begins by moving).
        camera: (B, 2) how the whole picture moves, in pixels per frame.
    """

    clips: torch.Tensor
    labels: torch.Tensor
    boxes: torch.Tensor
    centers: torch.Tensor
    onset: torch.Tensor
    camera: torch.Tensor
    _alpha: torch.Tensor = field(repr=False)  # (B, 1, P, P), the sprite's coverage

    def __len__(self):
        return len(self.labels)

    @cached_property
    def mask(self):
        """(B, T, H, W) bool: where the sprite covers at least half of the pixel. Computed when first asked for."""
        height, width = self.clips.shape[-2:]
        corner = self.centers - self._alpha.shape[-1] / 2
        return place(self._alpha, corner, height, width).squeeze(2) >= 0.5

    @cached_property
    def flow(self):
        """(B, T-1, 2, H, W) float32: where each pixel of frame t goes by frame t+1, in pixels, u (right) then v (down).

        The sprite's motion where `mask` is true, the camera's elsewhere. Computed when first asked for.
        """
        moved = (self.centers[:, 1:] - self.centers[:, :-1])[..., None, None]  # (B, T-1, 2, 1, 1)
        return torch.where(self.mask[:, :-1, None], moved, self.camera[:, None, :, None, None])


class ActionWorld:
    """A task and the size of its clips; `sample` renders as many as you like.

    Args:
        task: a key of `TASKS`.
        height, width: of a frame, in pixels.
        frames: T, the length of a clip.
        duration: frames from the last one before the event to the first one after; by default T // 2 (T // 4 for
            "time"), rounded down to an even number so that out-and-back reaches its turning point in a frame.
        travel: how far the sprite goes on average, in pixels; by default 0.18 times the frame's shorter side.
        size: side of the sprite's box on average, in pixels; by default 0.25 times the frame's shorter side.
        camera: constant pan of the whole picture, sprite included: (u, v) pixels per frame, or a number: that speed,
            in a random direction for every clip.
        noise: standard deviation of the sensor's noise, new in every frame (on the scale 0..1).
        backdrop: brightness of the photograph behind: 1 as it was taken, 0.3 dim, 0 black.
    Raises:
        DataError: if the task is unknown, or the event, the sprite or its travel does not fit.
    """

    def __init__(
        self,
        task,
        height=64,
        width=64,
        frames=16,
        *,
        duration=None,
        travel=None,
        size=None,
        camera=0.0,
        noise=0.0,
        backdrop=1.0,
    ):
        if task not in TASKS:
            raise DataError(f"There is no task {task!r}. There are: {', '.join(TASKS)}.")
        shorter = min(height, width)
        self.task, self.classes = task, TASKS[task]
        self.height, self.width, self.frames = height, width, frames
        self.duration = _default_duration(task, frames) if duration is None else duration
        self.travel = 0.18 * shorter if travel is None else float(travel)
        self.size = 0.25 * shorter if size is None else float(size)
        self.camera, self.noise, self.backdrop = camera, float(noise), float(backdrop)
        shortest = 4 if task == "order" else 2
        if not shortest <= self.duration <= frames - 1:
            raise DataError(
                f"An event of {self.duration} frames does not fit: {task!r} needs a duration from {shortest} to "
                f"{frames - 1} in a clip of {frames} frames. Ask for more frames or another duration."
            )
        if task == "time" and self.last_onset < 2:
            raise DataError(
                f"An event of {self.duration} frames leaves no room for early, middle and late in {frames} frames: "
                "ask for more frames or a shorter duration."
            )
        self._reach = self.travel * (1 + TRAVEL_SPREAD)
        self._radius = self.size / 2 * (1 + SIZE_SPREAD)
        if self.size < 2 or self.travel < 0 or 2 * (self._reach + self._radius) > shorter:
            raise DataError(
                f"A sprite of {self.size:g} pixels that travels {self.travel:g} either way does not fit a frame of "
                f"{height}x{width} (with 20 % to spare): take a smaller size (at least 2) or travel."
            )

    @property
    def last_onset(self):
        """The latest onset at which the event still ends within the clip; the earliest is 0."""
        return self.frames - 1 - self.duration

    def sample(self, n, seed=0, onset=None, device="cpu"):
        """Render `n` clips, as many of each class as `n` allows, in random order.

        All random numbers are drawn on the CPU: the same arguments give the same clips on every device.

        Args:
            n: number of clips (B).
            seed: of everything random.
            onset: (lo, hi), both included: the range from which the event's start is drawn; by default all that fit.
                The task "time" draws its own.
            device: where the clips are rendered.
        Returns:
            ActionBatch.
        Raises:
            DataError: if the event would not end within the clip.
        """
        generator = torch.Generator().manual_seed(seed)
        labels = torch.randperm(n, generator=generator) % len(self.classes)
        start = self._draw_onset(labels, onset, generator)
        moved, flash = self._draw_event(labels, start, generator)
        camera = self._draw_camera(n, generator)
        drift = camera[:, None] * torch.arange(self.frames).view(1, -1, 1)  # (B, T, 2)
        radius = self.size / 2 * _spread(n, SIZE_SPREAD, generator)
        centers = self._draw_place(drift, generator) + moved + drift
        shape = labels if self.task == "appearance" else torch.randint(len(SHAPES), (n,), generator=generator)
        canvas = canvas_size(self._radius)
        texture = random_crops(n, canvas, canvas, generator)
        sprite = paint(draw_shapes(shape, radius, canvas), texture, torch.rand(n, 3, generator=generator))
        background = self._draw_background(n, drift, generator)
        brightness = _spread(n, 0.2, generator).view(-1, 1, 1, 1)
        sprite[:, :3] = torch.minimum(sprite[:, :3] * brightness, sprite[:, 3:])
        background = (background * brightness.view(-1, *[1] * (background.ndim - 1))).clamp_(max=1) * self.backdrop

        there = [x if x is None else x.to(device) for x in (background, sprite, centers - canvas / 2, flash)]
        clips = composite(*there)
        if self.noise:
            clips.add_(torch.randn(clips.shape, generator=generator).to(device), alpha=self.noise).clamp_(0, 1)
        boxes = _visible_boxes(centers, radius, self.height, self.width)
        truth = (x.to(device) for x in (labels, boxes, centers, start, camera))
        return ActionBatch(clips, *truth, _alpha=there[1][:, 3:])

    def batches(self, batch_size, seed=0, onset=None, device="cpu") -> Callable[[int], tuple]:
        """A function step -> (clips, labels), as `train.fit` wants it: the same step gives the same clips."""

        def batch(step):
            # A factor longer than any run, so that no two runs share a step's seed.
            sample = self.sample(batch_size, (seed * 1_000_003 + step) % 2**63, onset, device)
            return sample.clips, sample.labels

        return batch

    def _draw_onset(self, labels, onset, generator):
        last = self.last_onset
        if self.task == "time":
            if onset is not None:
                raise DataError('The task "time" is about the onset, so it draws its own: leave `onset` out.')
            edges = torch.tensor([i * (last + 1) // 3 for i in range(4)])
            low, high = edges[labels], edges[labels + 1] - 1
        else:
            low, high = (0, last) if onset is None else onset
            if not 0 <= low <= high <= last:
                raise DataError(
                    f"onset = ({low}, {high}) does not fit: an event of {self.duration} frames in a clip of "
                    f"{self.frames} starts between 0 and {last}. Ask for other onsets, more frames or a shorter event."
                )
        return (low + torch.rand(len(labels), generator=generator) * (high - low + 1)).long()

    def _draw_event(self, labels, start, generator):
        """How far the sprite is from its place in every frame (B, T, 2), and how white (B, T) or None."""
        n = len(labels)
        angle = 2 * math.pi * torch.rand(n, generator=generator)
        if self.classes is DIRECTIONS:
            angle = math.pi / 2 * labels
        travel = self.travel * _spread(n, TRAVEL_SPREAD, generator)
        since = torch.arange(self.frames) - start.view(-1, 1)  # (B, T) frames since the onset
        flash = None
        if self.task in ("appearance", "direction"):
            progress = (since / self.duration).clamp(0, 1)
        elif self.task == "speed":
            progress = (since * torch.tensor(SPEEDUP)[labels].view(-1, 1) / self.duration).clamp(0, 1)
        elif self.task == "order":
            backwards = (labels == 1).view(-1, 1)  # the second class is the first one, played backwards
            since = torch.where(backwards, self.duration - since, since)
            moving = 2 * (self.duration // 4)  # the last frames: out and back; the first ones: flash
            progress = _out_and_back((since - self.duration + moving) / moving)
            flash = 0.8 * ((since >= 1) & (since <= self.duration // 4)).float()
        else:
            progress = _out_and_back(since / self.duration)
        heading = torch.stack([angle.cos(), angle.sin()], -1)  # (B, 2)
        return (travel.view(-1, 1) * progress).unsqueeze(-1) * heading.unsqueeze(1), flash

    def _draw_camera(self, n, generator):
        if isinstance(self.camera, (int, float)):
            angle = 2 * math.pi * torch.rand(n, generator=generator)
            return self.camera * torch.stack([angle.cos(), angle.sin()], -1)
        return torch.tensor([self.camera], dtype=torch.float32).expand(n, 2)

    def _draw_place(self, drift, generator):
        """Where the sprite begins (B, 1, 2): from a range that is the same for every class, so that it tells nothing.

        The range leaves room for the longest travel either way, and for the camera where that is possible.
        """
        margin = self._reach + self._radius
        low = margin - drift.amin(1)
        high = torch.tensor([self.width, self.height]) - margin - drift.amax(1)
        middle = (low + high) / 2
        low, high = torch.minimum(low, middle), torch.maximum(high, middle)
        return torch.lerp(low, high, torch.rand(len(drift), 2, generator=generator)).unsqueeze(1)

    def _draw_background(self, n, drift, generator):
        """(B, 3, H, W), or (B, 3, T, H, W) when the camera moves: a larger crop, seen through a moving window."""
        if not drift.any():
            return random_crops(n, self.height, self.width, generator)
        room = math.ceil(float(drift.abs().max())) + 1
        crops = random_crops(n, self.height + 2 * room, self.width + 2 * room, generator)
        return place(crops, drift - room, self.height, self.width).transpose(1, 2)


def _default_duration(task, frames):
    if task == "order":
        return max(4, frames // 2)
    return max(2, frames // (4 if task == "time" else 2) // 2 * 2)


def _spread(n, share, generator):
    """n factors around 1, plus or minus `share`."""
    return 1 + share * (2 * torch.rand(n, generator=generator) - 1)


def _out_and_back(progress):
    """0 before and after the event, 1 in its middle."""
    return 1 - (2 * progress.clamp(0, 1) - 1).abs()


def _visible_boxes(centers, radius, height, width):
    """(B, T, 4): centre plus and minus radius, cut at the frame; NaN where nothing is left."""
    half = radius.view(-1, 1, 1)
    limit = torch.tensor([width, height], dtype=torch.float32)
    upper, lower = (centers - half).clamp(min=0), torch.minimum(centers + half, limit)
    boxes = torch.cat([upper, lower], -1)
    return torch.where((lower > upper).all(-1, keepdim=True), boxes, torch.nan)
