"""Several shapes, as many motions, and the class is *which shape does which*: an action that no stream sees alone.

Every picture holds the same shapes and every flow field the same motions, at places that are drawn at random. So
neither the picture nor the flow says anything about the class; only that a shape and a motion are at the *same place*
does.

The flow has no edges. It is a soft spot around each sprite, as wide for every shape, so that its outline does not give
the shape away; estimated flow is smeared likewise.
"""

from dataclasses import dataclass
from itertools import permutations

import torch

from course_lib.data.worlds.photographs import random_crops
from course_lib.data.worlds.sprites import SHAPES, canvas_size, composite, draw_shapes, paint
from course_lib.errors import DataError

WAYS = {"right": (1.0, 0.0), "left": (-1.0, 0.0), "down": (0.0, 1.0), "up": (0.0, -1.0)}  # (x, y) per unit of travel
SHAPE_ORDER = ("disc", "cross", "triangle", "square")  # the first two differ most
SIZE_SPREAD = 0.15  # a sprite's size is the world's, plus or minus this share
TRIES = 40  # random places among which one without overlap is looked for


@dataclass
class Scenes:
    """Frames and flow of the same moments.

    Attributes:
        frames: float32 (B, 3, T, H, W), RGB, 0..1.
        flow: float32 (B, 2, T, H, W), u (right) then v (down), in pixels per moment.
        labels: (B,) long, the class.
        shapes, ways: (B, S) long, what sprite s is (index into `SHAPES`) and does (index into `WAYS`).
        centers: (B, S, T, 2) where it is, (x, y) in pixels.
        moving: (B, T) bool, when the sprites move.
    """

    frames: torch.Tensor
    flow: torch.Tensor
    labels: torch.Tensor
    shapes: torch.Tensor
    ways: torch.Tensor
    centers: torch.Tensor
    moving: torch.Tensor

    def __len__(self):
        return len(self.labels)

    def at(self, t):
        """(frames (B, 3, H, W), flow (B, 2, H, W)) of moment t."""
        return self.frames[:, :, t], self.flow[:, :, t]


class WhichDoesWhich:
    """A world of S shapes and S motions, and S! classes: each shape has one of the motions.

    Args:
        sprites: S, 2 to 4: the first S of `SHAPE_ORDER` and of `WAYS`.
        height, width: of a frame, in pixels. size: of a sprite.
        moments: T. With 1, everything moves and is sharp. With more, all sprites stand, move for `duration` moments and
            stand again, and what moves is out of focus: its colour shows, its shape does not.
        duration: moments that a motion lasts. speed: pixels per moment.
        noise: standard deviation of what is added to the flow, in pixels.
        backdrop: brightness of the photograph behind, 0 to 1.
    Raises:
        DataError: if that many sprites do not fit side by side.
    """

    def __init__(
        self, sprites=3, height=32, width=32, *, size=9.0, moments=1, duration=2, speed=2.0, noise=0.3, backdrop=0.25
    ):  # fmt: skip
        if not 2 <= sprites <= 4:
            raise DataError(f"sprites is {sprites}, expected 2, 3 or 4: there are four shapes and four motions.")
        if moments > 1 and not 1 <= duration < moments:
            raise DataError(
                f"A motion of {duration} moments in {moments}: expected 1 to {moments - 1}, so that it ends."
            )
        self.sprites, self.height, self.width, self.size = sprites, height, width, float(size)
        self.moments, self.duration, self.speed, self.noise, self.backdrop = moments, duration, speed, noise, backdrop
        self._radius = self.size / 2 * (1 + SIZE_SPREAD)
        self._reach = speed * duration if moments > 1 else 0.0
        self._gap = 2 * self._radius + self._reach  # two that come nearer to each other still do not touch
        room = [side - self._gap for side in (height, width)]
        if min(room) <= 0 or (1 + room[0] // self._gap) * (1 + room[1] // self._gap) < sprites:
            raise DataError(
                f"{sprites} sprites of {size:g} pixels that go {self._reach:g} do not fit a frame of {height}x{width} "
                "without touching: take a smaller size, a slower motion or a larger frame."
            )
        self.shapes = SHAPE_ORDER[:sprites]
        self._shapes = torch.tensor([SHAPES.index(shape) for shape in self.shapes])
        self.ways = tuple(WAYS)[:sprites]
        self._orders = torch.tensor(list(permutations(range(sprites))))  # class -> way of each shape
        self.classes = tuple(
            ", ".join(f"{shape} {self.ways[way]}" for shape, way in zip(self.shapes, order, strict=True))
            for order in self._orders.tolist()
        )

    def sample(self, n, seed=0):
        """`n` scenes, as many of each class as n allows: the same arguments give the same scenes. Returns Scenes."""
        generator = torch.Generator().manual_seed(seed)
        labels = torch.randperm(n, generator=generator) % len(self.classes)
        shapes = self._shapes.expand(n, -1)
        return self._render(shapes, self._orders[labels], labels, generator)

    def alone(self, n, seed=0):
        """`n` scenes with one sprite, of any shape and in any way (of all four): what towers learn from first.

        Returns:
            Scenes with S = 1, whose labels are the shapes.
        """
        generator = torch.Generator().manual_seed(seed)
        shapes = torch.randint(len(SHAPES), (n, 1), generator=generator)
        ways = torch.randint(len(WAYS), (n, 1), generator=generator)
        return self._render(shapes, ways, shapes[:, 0], generator)

    def batches(self, batch_size, seed=0):
        """A function step -> ((frames, flow), labels); single moments come without their axis T."""

        def batch(step):
            scenes = self.sample(batch_size, (seed * 1_000_003 + step) % 2**63)
            return (scenes.at(0) if self.moments == 1 else (scenes.frames, scenes.flow)), scenes.labels

        return batch

    def _render(self, shapes, ways, labels, generator):
        n, sprites = shapes.shape
        moving = self._draw_times(n, generator)
        heading = torch.tensor(list(WAYS.values()))[ways]  # (B, S, 2)
        steps = moving.float()
        gone = steps.cumsum(1) - steps / 2 - self.duration / 2 if self.moments > 1 else steps * 0  # 0 half-way
        start = self._draw_places(n, sprites, generator)
        centers = start[:, :, None] + self.speed * heading[:, :, None] * gone[:, None, :, None]  # (B, S, T, 2)
        canvas = canvas_size(self._radius)
        plain = torch.zeros(n, 3, canvas, canvas)
        frames = random_crops(n, self.height, self.width, generator) * self.backdrop
        frames = frames.unsqueeze(2).repeat(1, 1, self.moments, 1, 1)
        for s in range(sprites):
            radius = self.size / 2 * (1 + SIZE_SPREAD * (2 * torch.rand(n, generator=generator) - 1))
            color = 0.4 + 0.6 * torch.rand(n, 3, generator=generator)
            sharp = paint(draw_shapes(shapes[:, s], radius, canvas), plain, color)
            corner = centers[:, s] - canvas / 2
            drawn = composite(frames, sharp, corner)
            if self.moments > 1:
                soft = _spot(canvas, canvas / 4)[None, None] * torch.cat([color, torch.ones(n, 1)], 1)[:, :, None, None]
                drawn = torch.where(moving[:, None, :, None, None], composite(frames, soft, corner), drawn)
            frames = drawn
        return Scenes(frames, self._flow(centers, heading, moving, generator), labels, shapes, ways, centers, moving)

    def _flow(self, centers, heading, moving, generator):
        """Each sprite's velocity in a soft spot around it: (B, 2, T, H, W)."""
        y = torch.arange(self.height) + 0.5
        x = torch.arange(self.width) + 0.5
        width = 2 * (0.6 * self.size) ** 2
        rows = (-((y - centers[..., 1:]) ** 2) / width).exp()  # (B, S, T, H)
        columns = (-((x - centers[..., :1]) ** 2) / width).exp()  # (B, S, T, W)
        velocity = self.speed * heading[:, :, None] * moving[:, None, :, None]  # (B, S, T, 2)
        flow = torch.einsum("bstc,bsth,bstw->bcthw", velocity, rows, columns)
        return flow + self.noise * torch.randn(flow.shape, generator=generator)

    def _draw_times(self, n, generator):
        if self.moments == 1:
            return torch.ones(n, 1, dtype=torch.bool)
        onset = torch.randint(self.moments - self.duration + 1, (n, 1), generator=generator)
        since = torch.arange(self.moments) - onset
        return (since >= 0) & (since < self.duration)

    def _draw_places(self, n, sprites, generator):
        """(B, S, 2) centres that keep their distance: the best of many draws."""
        low = self._radius + self._reach / 2
        high = torch.tensor([self.width, self.height]) - low
        places = low + torch.rand(n, TRIES, sprites, 2, generator=generator) * (high - low)
        apart = (places[:, :, :, None] - places[:, :, None]).abs().amax(-1)  # (B, tries, S, S), as squares
        apart = apart + 1e6 * torch.eye(sprites)
        return places[torch.arange(n), (apart.flatten(2).amin(2).clamp(max=self._gap)).argmax(1)]


def _spot(side, sigma):
    axis = torch.arange(side) + 0.5 - side / 2
    row = (-(axis**2) / (2 * sigma**2)).exp()
    return row[:, None] * row
