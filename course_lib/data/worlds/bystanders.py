"""One of several things moves: its class is what it looks like and which way it goes. The others stand around.

Four discs with four patterns stand before a real photograph, one in each quarter of the frame, and the camera pans. One
of them goes one way, through its place; the other three only seem to move, with the camera. Every clip shows all four
patterns. So what is *in* the picture says nothing about the class, only what is *where something moves* does.
"""

import math

import torch

from course_lib.data.worlds.actions import DIRECTIONS, ActionBatch
from course_lib.data.worlds.photographs import random_crops
from course_lib.data.worlds.shape_and_way import HEADINGS
from course_lib.data.worlds.sprites import canvas_size, composite, draw_shapes, place
from course_lib.errors import DataError

PATTERNS = ("rows", "columns", "checks", "rings")
PERIOD = (4.5, 6.0)  # pixels between two light stripes
SPREAD = 0.15  # of sizes and travels around their mean
DARK = 0.25  # how bright the dark stripes are, as a share of the light ones


class Bystanders:
    """Sixteen classes, four patterns times four ways: label = 4 * pattern + way.

    Args:
        height, width, frames: of a clip.
        size: diameter of a disc in pixels, on average.
        travel: pixels that the mover goes in the whole clip, on average; it is in its place in the middle.
        camera: pixels per frame that the whole picture moves, in a random direction for every clip.
        light: (lowest, highest) brightness of a clip, drawn for each.
    Raises:
        DataError: if a disc and its way do not fit into a quarter of the frame.
    """

    patterns, ways = PATTERNS, DIRECTIONS
    classes = tuple(f"{pattern} {way}" for pattern in PATTERNS for way in DIRECTIONS)

    def __init__(self, height=72, width=72, frames=10, *, size=16.0, travel=14.0, camera=1.0, light=(1.0, 1.0)):
        if (size + travel) * (1 + SPREAD) > min(height, width) / 2:
            raise DataError(
                f"A disc of {size:g} pixels that goes {travel:g} does not fit a quarter of {height} x {width} pixels: "
                "take a smaller one, or let it go less far."
            )
        self.height, self.width, self.frames = height, width, frames
        self.size, self.travel, self.camera, self.light = float(size), float(travel), float(camera), light

    def sample(self, n, seed=0):
        """Render `n` clips, as many of each class as `n` allows, in random order.

        Returns:
            ActionBatch, whose boxes, centres and flow are the mover's.
        """
        generator = torch.Generator().manual_seed(seed)

        def uniform(low, high, *shape):
            return low + (high - low) * torch.rand(*shape, generator=generator)

        labels = torch.randperm(n, generator=generator) % len(self.classes)
        pan = uniform(0, 2 * math.pi, n)
        camera = self.camera * torch.stack([pan.cos(), pan.sin()], 1)
        moments = torch.arange(self.frames) - (self.frames - 1) / 2  # 0 in the middle
        drift = camera[:, None] * moments[:, None]  # (B, T, 2)
        heading = torch.tensor(HEADINGS)[labels % 4]
        way = self.travel * uniform(1 - SPREAD, 1 + SPREAD, n, 1, 1) * moments[:, None] / (self.frames - 1)
        others = torch.stack([torch.randperm(3, generator=generator) for _ in range(n)])
        patterns = (labels[:, None] // 4 + torch.cat([torch.zeros(n, 1).long(), others + 1], 1)) % 4  # the mover first
        quarters = torch.stack([torch.randperm(4, generator=generator) for _ in range(n)])

        room = math.ceil(self.camera * self.frames / 2) + 1
        crops = random_crops(n, self.height + 2 * room, self.width + 2 * room, generator)
        clips = place(crops, drift - room, self.height, self.width).transpose(1, 2)
        canvas = canvas_size(self.size / 2 * (1 + SPREAD))
        for number in (3, 2, 1, 0):  # the mover last: it is in front
            radius = self.size / 2 * uniform(1 - SPREAD, 1 + SPREAD, n)
            quarter = torch.stack([quarters[:, number] % 2, quarters[:, number] // 2], 1)
            middle = (quarter + 0.5) * torch.tensor([self.width / 2, self.height / 2])
            centers = middle[:, None] + drift + (way * heading[:, None] if number == 0 else 0)
            coverage = draw_shapes(torch.zeros(n, dtype=torch.long), radius, canvas)  # discs
            stripes = draw_pattern(patterns[:, number], uniform(*PERIOD, n), uniform(0, 1, n, 2), canvas)
            colors = uniform(0.5, 1.0, n, 3)
            painted = colors[:, :, None, None] * (DARK + (1 - DARK) * stripes[:, None])
            alpha = coverage[:, None]
            clips = composite(clips, torch.cat([painted * alpha, alpha], 1), centers - canvas / 2)
        clips = clips * uniform(*self.light, n, 1, 1, 1, 1)
        half = radius[:, None, None]
        boxes = torch.cat([centers - half, centers + half], 2)
        onset = torch.zeros(n, dtype=torch.long)
        return ActionBatch(clips.clamp(0, 1), labels, boxes, centers, onset, camera, _alpha=alpha)

    def pictures(self, n, side=48, size=30.0, seed=0):
        """Close-ups of single patterns, for a network that is to know them: (n, 3, side, side), and (n,) of 0 to 3."""
        generator = torch.Generator().manual_seed(seed)
        labels = torch.randperm(n, generator=generator) % 4
        zoom = size / self.size
        radius = size / 2 * (1 + SPREAD * (2 * torch.rand(n, generator=generator) - 1))
        canvas = canvas_size(size / 2 * (1 + SPREAD))
        period = zoom * (PERIOD[0] + (PERIOD[1] - PERIOD[0]) * torch.rand(n, generator=generator))
        stripes = draw_pattern(labels, period, torch.rand(n, 2, generator=generator), canvas)
        alpha = draw_shapes(torch.zeros(n, dtype=torch.long), radius, canvas)[:, None]
        colors = 0.5 + 0.5 * torch.rand(n, 3, 1, 1, generator=generator)
        sprite = torch.cat([colors * (DARK + (1 - DARK) * stripes[:, None]) * alpha, alpha], 1)
        corner = (side - canvas) / 2 + (side - size) / 2 * (2 * torch.rand(n, 1, 2, generator=generator) - 1)
        clips = composite(random_crops(n, side, side, generator), sprite, corner)[:, :, 0]
        light = self.light[0] + (self.light[1] - self.light[0]) * torch.rand(n, 1, 1, 1, generator=generator)
        return (clips * light).clamp(0, 1), labels


def draw_pattern(kind, period, phase, size):
    """Stripes with soft edges.

    Args:
        kind: (B,) long, index into PATTERNS. period: (B,) pixels. phase: (B, 2) in 0..1, where stripes begin.
        size: side of the picture.
    Returns:
        (B, size, size) in 0..1.
    """
    axis = torch.arange(size, dtype=torch.float32) + 0.5 - size / 2
    turn = 2 * math.pi / period.view(-1, 1, 1)
    x, y = (turn * side + 2 * math.pi * phase[:, i].view(-1, 1, 1) for i, side in ((0, axis), (1, axis.view(-1, 1))))
    ring = turn * torch.hypot(axis, axis.view(-1, 1)) + 2 * math.pi * phase[:, :1, None]
    rows, columns = y.sin().expand(-1, size, size), x.sin().expand(-1, size, size)
    waves = torch.stack([rows, columns, 1.5 * rows * columns, ring.sin()])
    return (0.5 + waves[kind, torch.arange(len(kind))]).clamp(0, 1)
