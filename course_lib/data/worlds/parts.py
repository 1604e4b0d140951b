"""Animals with parts: many of one kind, none like the other, and the places of the same parts in each.

For semantic correspondences the truth is not "the same point" but "the same part": the tip of the tail of this animal
and of that one. Every animal has a body, a neck with a head, an ear, a tail and four legs. Proportions, pose, colours,
the texture of the hide and the background differ from one to the next; all look to the right, and are then turned.

Shapes are drawn from distances: a capsule is all that is nearer to a line than its radius. The truth is the geometry.
"""

import math
from dataclasses import dataclass

import torch

from course_lib.data.worlds.photographs import random_crops
from course_lib.errors import DataError
from course_lib.ops.warp import pixel_grid

PARTS = ("nose", "ear tip", "neck", "shoulder", "back", "belly", "hip", "tail tip", "front foot", "hind foot")


@dataclass
class PartsBatch:
    """Pictures of animals with the places of their parts.

    Attributes:
        pictures: (B, 3, H, W) float32 in 0..1, RGB.
        points: (B, 10, 2), x then y in pixels, in the order of `PARTS`.
        boxes: (B, 2), width and height of the box around the points, by which errors are measured.
    """

    pictures: torch.Tensor
    points: torch.Tensor
    boxes: torch.Tensor

    def __len__(self):
        return len(self.pictures)


class AnimalParts:
    """The world and the size of its pictures; `sample` draws as many animals as you like.

    Args:
        height, width: of a picture, in pixels.
        turn: standard deviation of each animal's rotation, in degrees; none is turned by more than twice as much.
    Raises:
        DataError: if the picture is too small for feet and ears.
    """

    def __init__(self, height=48, width=64, *, turn=10.0):
        if min(height, width) < 24 or turn < 0:
            raise DataError(
                f"{height} x {width} pixels, turn {turn:g}: expected at least 24 x 24, and no turn below 0."
            )
        self.height, self.width, self.turn = height, width, float(turn)

    def sample(self, n, seed=0):
        """Draw `n` animals.

        Args:
            n: how many (B). seed: of everything random; the same gives the same animals.
        Returns:
            PartsBatch.
        """
        generator = torch.Generator().manual_seed(seed)

        def between(low, high):
            return low + (high - low) * torch.rand(n, generator=generator)

        size = min(self.height / 48, self.width / 64) * between(0.75, 1.0)
        long, thick = between(9, 13), between(4, 6.5)  # of the body: half its length, and its radius
        leg, swing, spread = between(8, 13), between(-3, 3), between(0.75, 1.0)
        neck, head, ear, tail = between(4, 10), between(3, 4.2), between(3, 6), between(7, 13)
        raised, wag = between(-1.3, -0.5), between(-0.6, 1.2)  # angles of the neck and the tail, in radians
        zero = torch.zeros(n)

        shoulder, hip = _place(long, zero), _place(-long, zero)
        skull = shoulder + _place((neck + thick) * raised.cos(), (neck + thick) * raised.sin())
        nose = skull + _place(head + between(1.5, 4), between(0, 1.5))
        ear_tip = skull + _place(-0.4 * ear, -head - ear)
        tail_tip = hip + _place(-thick - tail * wag.cos(), -tail * wag.sin())
        foot = [side * spread * long + way * swing for side, way in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        feet = [_place(x, thick + leg) for x in foot]
        tops = [_place(side * spread * long, zero) for side in (1, 1, -1, -1)]
        lines = [
            *((tops[k], feet[k], between(1.1, 1.6), 1) for k in (1, 3)),  # the two legs behind are darker
            (hip, tail_tip, between(0.9, 1.6), 2),
            (shoulder, skull, between(2.0, 3.0), 0),
            (hip, shoulder, thick, 0),
            *((tops[k], feet[k], between(1.1, 1.6), 0) for k in (0, 2)),
            (skull, ear_tip, between(1.0, 1.6), 2),
            (skull, nose, 0.6 * head, 2),
            (skull, skull, head, 0),
        ]
        neck_middle = (shoulder + skull) / 2
        points = torch.stack([nose, ear_tip, neck_middle, shoulder, _place(zero, -thick), _place(zero, thick), hip,
                              tail_tip, feet[0], feet[2]], 1)  # fmt: skip

        angle = math.radians(self.turn) * torch.randn(n, generator=generator).clamp(-2, 2)
        middle = torch.tensor([self.width / 2 - 2, 0.52 * self.height]) + (
            6 * torch.rand(n, 2, generator=generator) - 3
        )
        turned = torch.stack([torch.stack([angle.cos(), -angle.sin()], 1),
                              torch.stack([angle.sin(), angle.cos()], 1)], 1) * size[:, None, None]  # fmt: skip

        def put(place):
            return (turned @ place.mT).mT + middle[:, None]  # (B, N, 2)

        points = put(points)
        pictures = self._draw(lines, put, size, generator)
        return PartsBatch(pictures, points, points.amax(1) - points.amin(1))

    def _draw(self, lines, put, size, generator):
        n = len(size)
        pictures = random_crops(n, self.height, self.width, generator, zoom=1.5)
        hide = random_crops(n, self.height, self.width, generator, zoom=3.0).mean(1, keepdim=True) - 0.5
        colors = torch.rand(3, n, 3, generator=generator)
        colors[1] = 0.6 * colors[0]
        pixels = pixel_grid(self.height, self.width).permute(1, 2, 0)  # (H, W, 2)
        for start, end, radius, color in lines:
            a, b = put(torch.stack([start, end], 1)).unbind(1)
            distance = _to_line(pixels, a, b) - (radius * size)[:, None, None]
            coverage = (0.5 - distance).clamp(0, 1).unsqueeze(1)
            paint = (colors[color][:, :, None, None] + 0.5 * hide).clamp(0, 1)
            pictures = pictures + coverage * (paint - pictures)
        return pictures


def _place(x, y):
    return torch.stack([x, y], -1)  # (B, 2)


def _to_line(pixels, a, b):
    """Distance of every pixel to the line from a to b: (H, W, 2), (B, 2), (B, 2) -> (B, H, W)."""
    along = (b - a)[:, None, None]
    from_a = pixels - a[:, None, None]
    share = ((from_a * along).sum(-1) / along.square().sum(-1).clamp(min=1e-9)).clamp(0, 1)
    return (from_a - share[..., None] * along).norm(dim=-1)
