"""Videos to track something in: a textured thing wanders about, turns, grows, changes; the box around it is exact.

Things are cut out of photographs with a wavy outline. Things of one *kind* share outline, color and photograph, and
differ in the detail that they show. Around the target there may be

- distractors: other things of the target's kind,
- bystanders: things of other kinds; what is a bystander here may be the target of another video,
- posts: upright bars in front of the target's way, behind which it disappears for some frames,

before a photograph that moves with the camera. Frames are rendered when they are asked for: training on pairs of frames
does not render the videos between.
"""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch.nn.functional import affine_grid, grid_sample

from course_lib.data.worlds.photographs import PHOTOGRAPHS, random_crops, scaled_photograph
from course_lib.data.worlds.sprites import paint
from course_lib.errors import DataError
from course_lib.ops.boxes import around

CANVAS = 48  # rows and columns of a thing's own picture; the largest extent of its outline fills it
SHORTER = 128  # pixels of the shorter side of the photographs that things are cut from
WAVES = 3  # how many waves an outline is made of
ROUND = 96  # points of an outline from which boxes are measured


@dataclass
class TargetVideo:
    """One video; frames are rendered when they are asked for.

    Attributes:
        boxes: (T, 4) the smallest upright box around the target, (x, y, w, h) in pixels; may reach outside the frame,
            and does not shrink where something hides the target.
        height, width: of a frame, in pixels.
        things: how many wander about: bystanders, distractors, and the target.
    """

    boxes: torch.Tensor
    height: int
    width: int
    things: int
    _ground: torch.Tensor = field(repr=False)  # (3, H + margin, W + margin), what the camera sees parts of
    _camera: torch.Tensor = field(repr=False)  # (T, 2), (x, y) in pixels
    _things: list = field(repr=False)  # from back to front
    _target: int = field(repr=False)  # which of them
    _noise: float = field(repr=False)
    _seed: int = field(repr=False)

    def __len__(self):
        return len(self.boxes)

    def look(self, moments):
        """The frames at `moments`, (K,) long or a list of numbers: float32 (K, 3, H, W) in 0..1, RGB."""
        moments = self._checked(moments)
        frames = self._background(moments)
        for thing in self._things:
            rows, columns = thing.window
            corners = thing.corners(moments)
            layers = thing.draw(moments, corners, rows, columns)
            for frame, layer, (x, y) in zip(frames, layers, corners.tolist(), strict=True):
                _lay_over(frame, layer, x, y)
        for frame, moment in zip(frames, moments.tolist(), strict=True):  # the same noise, however a frame is asked for
            generator = torch.Generator().manual_seed(self._seed * 1009 + moment)
            frame += self._noise * torch.randn(frame.shape, generator=generator)
        return frames.clamp_(0, 1)

    @cached_property
    def frames(self):
        """All frames, (T, 3, H, W), rendered once."""
        return self.look(range(len(self)))

    @cached_property
    def visible(self):
        """(T,) share of the target's area that is inside the frame and not hidden, 0..1."""
        moments = torch.arange(len(self))
        target, *front = self._things[self._target :]
        window = moments, target.corners(moments), *target.window
        seen = target.draw(*window)[:, 3]
        for thing in front:
            seen = seen * (1 - thing.draw(*window)[:, 3])
        x, y = window[1].unbind(-1)
        across, down = x[:, None] + torch.arange(target.window[1]), y[:, None] + torch.arange(target.window[0])
        inside = ((down >= 0) & (down < self.height))[..., None] & ((across >= 0) & (across < self.width))[:, None]
        return ((seen * inside).sum((1, 2)) / target.area()).clamp(max=1)

    def with_target(self, number):
        """The same frames, with another thing to follow.

        Args:
            number: 0 (the one that the others hide) to things - 1 (the target as it was drawn).
        Raises:
            DataError: if there is no such thing.
        """
        if not 0 <= number < self.things:
            raise DataError(f"target {number} was asked for: the video has things 0 to {self.things - 1}.")
        video = replace(self, boxes=self._things[number].boxes(), _target=number)
        if "frames" in vars(self):
            vars(video)["frames"] = self.frames  # rendered once for all of them
        return video

    def _background(self, moments):
        rows, columns = self._ground.shape[-2:]
        x = (
            torch.arange(self.width) + 0.5 + self._camera[moments, 0, None] + (columns - self.width) / 2
        ) * 2 / columns - 1
        y = (torch.arange(self.height) + 0.5 + self._camera[moments, 1, None] + (rows - self.height) / 2) * 2 / rows - 1
        grid = torch.stack(
            [x[:, None].expand(-1, self.height, -1), y[..., None].expand(-1, -1, self.width)], -1
        )  # (K, H, W, 2)
        ground = self._ground.expand(len(moments), -1, -1, -1)
        return grid_sample(ground, grid, padding_mode="border", align_corners=False)

    def _checked(self, moments):
        moments = torch.as_tensor(list(moments) if isinstance(moments, range) else moments).long()
        if moments.numel() and not (0 <= moments.min() and moments.max() < len(self)):
            raise DataError(
                f"moments lie between {moments.min()} and {moments.max()}: the video has frames 0 to {len(self) - 1}."
            )
        return moments


@dataclass
class _Thing:
    """A cut-out picture and where it is in each frame."""

    picture: torch.Tensor  # (4, P, P) premultiplied
    outline: torch.Tensor  # (ROUND, 2) in -1..1 of the picture
    centers: torch.Tensor  # (T, 2) pixels
    halves: torch.Tensor  # (T, 2) half the picture's width and height in pixels
    angles: torch.Tensor  # (T,) radians, clockwise, as x goes right and y down
    later: torch.Tensor | None = None  # (4, P, P) what the picture turns into
    turned: torch.Tensor | None = None  # (T,) how far, 0..1

    def boxes(self):
        """(T, 4)"""
        cos, sin = self.angles.cos()[:, None], self.angles.sin()[:, None]
        x, y = (self.outline * self.halves[:, None]).unbind(-1)  # (T, ROUND)
        return around(self.centers[:, None] + torch.stack([cos * x - sin * y, sin * x + cos * y], -1))

    def area(self):
        """(T,) square pixels."""
        return self.picture[3].mean() * 4 * self.halves.prod(-1)

    @cached_property
    def window(self):
        """(rows, columns) that hold the thing in every frame."""
        width, height = self.boxes()[:, 2:].amax(0).tolist()
        return math.ceil(height) + 2, math.ceil(width) + 2

    def corners(self, moments):
        """Upper left pixel of the window at each moment: (K,) -> (K, 2) long, (x, y)."""
        rows, columns = self.window
        boxes = self.boxes()[moments]
        return (boxes[:, :2] + (boxes[:, 2:] - torch.tensor([columns, rows])) / 2).round().long()

    def draw(self, moments, corners, rows, columns):
        """What is seen in windows of the frame, premultiplied: (K,), (K, 2) -> (K, 4, rows, columns)."""
        cos, sin = self.angles[moments].cos(), self.angles[moments].sin()
        half, center = self.halves[moments], self.centers[moments]
        # From the window's -1..1 to pixels about the thing's centre, turned back, to the picture's -1..1.
        right, down = columns / 2, rows / 2
        off = corners + torch.tensor([right, down]) - center
        theta = torch.stack(
            [
                torch.stack([cos * right, sin * down, cos * off[:, 0] + sin * off[:, 1]], -1) / half[:, :1],
                torch.stack([-sin * right, cos * down, cos * off[:, 1] - sin * off[:, 0]], -1) / half[:, 1:],
            ],
            1,
        )  # (K, 2, 3)
        grid = affine_grid(theta, [len(moments), 4, rows, columns], align_corners=False)
        pictures = self.picture.expand(len(moments), -1, -1, -1)
        if self.later is not None:
            pictures = torch.lerp(pictures, self.later.expand_as(pictures), self.turned[moments, None, None, None])
        return grid_sample(pictures, grid, align_corners=False)


class TargetWorld:
    """Draws videos with a target to follow.

    Args:
        height, width: of a frame, in pixels.
        size: (lowest, highest) extent of a thing in pixels, drawn for each anew.
        speed: largest speed of a thing, in pixels per frame.
        distractors: things of the target's kind. bystanders: things of other kinds. posts: bars in front.
        growth: by which factor a thing's size goes up and down at most; 1 keeps it.
        spin: by how many radians a thing turns to and fro at most.
        camera: by how many pixels the camera moves to and fro at most.
        change: how far the target turns into another detail of its photograph, in another color, until the last
            frame; 0..1.
        noise: standard deviation of the noise on every pixel.
        kinds: how many kinds of things there are in this world; a small world, or many.
        first_kind: number of the first kind: worlds that share none of their kinds begin elsewhere.
    Raises:
        DataError: if things are larger than half of the frame, or the world has one kind and there shall be bystanders.
    """

    def __init__(self, height=96, width=128, *, size=(18, 30), speed=3.0, distractors=0, bystanders=2, posts=0,
                 growth=1.3, spin=0.4, camera=6.0, change=0.0, noise=0.02, kinds=10_000, first_kind=0):  # fmt: skip
        if size[1] * growth + 2 * camera > min(height, width):
            raise DataError(
                f"things of {size[1]} pixels that grow by {growth:g} have no room to move in frames of "
                f"{height} x {width} with a camera that moves by {camera:g}: make the frames larger, or one of the "
                "three smaller."
            )
        if bystanders and kinds < 2:
            raise DataError("Bystanders are of other kinds than the target: kinds must be at least 2.")
        self.height, self.width, self.size, self.speed, self.noise = height, width, size, speed, noise
        self.distractors, self.bystanders, self.posts = distractors, bystanders, posts
        self.growth, self.spin, self.camera, self.change = growth, spin, camera, change
        self.kinds, self.first_kind = kinds, first_kind

    def video(self, frames=60, seed=0, kind=None):
        """One video.

        Args:
            frames: T. seed: equal seeds give equal videos. kind: number of the target's kind, 0 to kinds - 1; by
                default drawn.
        Returns:
            TargetVideo.
        """
        generator = torch.Generator().manual_seed(seed)
        draw = _Draw(generator)
        target_kind = draw.whole(self.kinds) if kind is None else kind
        others = [draw.whole(self.kinds - 1) for _ in range(self.bystanders)]
        kinds = [other + (other >= target_kind) for other in others] + [target_kind] * (self.distractors + 1)
        camera = _wander(frames, torch.tensor([self.camera] * 2), self.speed / 3, draw)
        things = [self._thing(kind, frames, camera, draw) for kind in kinds]
        target = things[-1]  # in front of all but the posts
        if self.change:
            target.later = self._picture(target_kind, draw, other_color=True)[0]
            target.turned = self.change * torch.arange(frames) / max(frames - 1, 1)
        posts = [self._post(target, frames, camera, draw) for _ in range(self.posts)]
        margin = 2 * math.ceil(self.camera)
        ground = random_crops(1, self.height + margin, self.width + margin, generator, zoom=1.5)[0]
        return TargetVideo(target.boxes(), self.height, self.width, len(things), ground, camera, things + posts,
                           len(things) - 1, self.noise, seed)  # fmt: skip

    def videos(self, n, frames=60, seed=0):
        """n videos, a list; each has a kind and a seed of its own."""
        return [self.video(frames, seed=seed * 100_003 + i) for i in range(n)]

    def _thing(self, kind, frames, camera, draw):
        picture, outline, aspect = self._picture(kind, draw)
        half = draw.between(*self.size) / 2
        swing = draw.between(0, 2 * math.pi)
        slow = 2 * math.pi * torch.arange(frames) / draw.between(50, 90)
        factor = self.growth ** torch.sin(slow + swing)
        halves = half * factor[:, None] * torch.tensor([aspect, 1 / aspect]).sqrt()
        room = torch.tensor([self.width, self.height]) / 2 - half * self.growth - self.camera
        middle = torch.tensor([self.width, self.height]) / 2
        centers = middle + _wander(frames, room.clamp(min=0), self.speed, draw) - camera
        angles = self.spin * torch.sin(slow * draw.between(0.7, 1.3) + draw.between(0, 2 * math.pi))
        return _Thing(picture, outline, centers, halves, angles)

    def _picture(self, kind, draw, other_color=False):
        """What the kind fixes, and which detail of the photograph this one shows -> picture, outline, aspect."""
        own = _Draw(torch.Generator().manual_seed(7919 * (self.first_kind + kind) + 17))
        names = tuple(PHOTOGRAPHS)
        photograph = scaled_photograph(names[own.whole(len(names))], SHORTER)
        color = own.numbers(3) * 0.7 + 0.15
        aspect = own.between(0.6, 1.6)
        waves = own.numbers(WAVES) * 0.3 / torch.arange(1, WAVES + 1)
        phases = own.numbers(WAVES) * 2 * math.pi
        if other_color:
            color = 0.15 + (color + 0.2) % 0.7  # every channel half of its range away
        top, left = (draw.whole(length - CANVAS + 1) for length in photograph.shape[-2:])
        texture = photograph[:, top : top + CANVAS, left : left + CANVAS]
        coverage, outline = _outline(waves, phases)
        return paint(coverage[None], texture[None], color[None])[0], outline, aspect

    def _post(self, target, frames, camera, draw):
        """An upright bar, standing still, where the target will be at some moment; it never hides it at the start."""
        moment = draw.whole(frames // 2) + frames // 4
        wide = target.halves[moment, 0].item() * draw.between(0.6, 1.1)
        x, start = ((target.centers + camera)[t, 0].item() for t in (moment, 0))
        clear = wide + target.boxes()[0, 2].item() / 2 + 1
        x = start + math.copysign(max(abs(x - start), clear), x - start)
        centers = torch.stack([x - camera[:, 0], self.height / 2 - camera[:, 1]], -1)
        picture = torch.ones(4, CANVAS, CANVAS)
        picture[:3] = random_crops(1, CANVAS, CANVAS, draw.generator, zoom=2.0)[0] * 0.6
        halves = torch.tensor([wide, self.height / 2 + self.camera]).expand(frames, 2)
        outline = torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
        return _Thing(picture, outline, centers, halves, torch.zeros(frames))


def _lay_over(frame, layer, x, y):
    """Alpha compositing of (4, rows, columns) over (3, H, W) in place, its upper left pixel at (x, y)."""
    (height, width), (rows, columns) = frame.shape[1:], layer.shape[1:]
    left, right, top, bottom = max(x, 0), min(x + columns, width), max(y, 0), min(y + rows, height)
    if left < right and top < bottom:
        part = layer[:, top - y : bottom - y, left - x : right - x]
        under = frame[:, top:bottom, left:right]
        under.mul_(1 - part[3:]).add_(part[:3])


class _Draw:
    """Numbers from one generator."""

    def __init__(self, generator):
        self.generator = generator

    def numbers(self, n):
        return torch.rand(n, generator=self.generator)

    def between(self, low, high):
        return low + (high - low) * torch.rand((), generator=self.generator).item()

    def whole(self, below):
        return int(torch.randint(below, (), generator=self.generator))


def _wander(frames, room, speed, draw):
    """A smooth way about (0, 0) that stays within +-room and never exceeds the speed: (T, 2)."""
    way = torch.zeros(frames, 2)
    for axis in range(2):
        for share in (0.65, 0.35):  # two swings of different length, so that the way does not repeat soon
            reach = share * room[axis].item()
            per_frame = speed / math.sqrt(2) * 0.5 / max(reach, 1e-6) * draw.between(0.5, 1)
            way[:, axis] += reach * torch.sin(torch.arange(frames) * per_frame + draw.between(0, 2 * math.pi))
    return way


def _outline(waves, phases):
    """A wavy round outline -> its coverage (CANVAS, CANVAS) in 0..1, and points on it (ROUND, 2) in -1..1."""
    number = torch.arange(2, 2 + len(waves))

    def radius(angle):
        return 1 + (waves * torch.cos(number * angle[..., None] + phases)).sum(-1)

    around_it = torch.arange(ROUND) * 2 * math.pi / ROUND
    largest = radius(around_it).max()
    reach = 1 - 2 / CANVAS  # leave a pixel for the soft edge
    axis = ((torch.arange(CANVAS) + 0.5) * 2 / CANVAS - 1) / reach * largest
    y, x = axis[:, None], axis[None, :]
    inside = (radius(torch.atan2(y, x)) - torch.hypot(x, y)) / largest * reach * CANVAS / 2  # about pixels
    points = torch.stack([around_it.cos(), around_it.sin()], -1) * (radius(around_it) / largest * reach)[:, None]
    return (inside + 0.5).clamp(0, 1), points
