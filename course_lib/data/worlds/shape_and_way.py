"""Actions that ask both what is there and how it moves: a shape goes out to one side, and comes back or not.

The class is a pair, "disc right" to "cross up". One frame shows the shape and not the way: over the whole event the
sprite is as often on one side of its place as on the other. If it comes back, one flow field does not tell the way
either: it shows that something moves to the right, and not whether it is going right or coming back from the left.
"""

import torch

from course_lib.data.worlds.actions import DIRECTIONS, ActionWorld
from course_lib.data.worlds.sprites import SHAPES

HEADINGS = ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))  # (x, y) of right, down, left, up


class ShapeAndWay:
    """Sixteen classes, four shapes times four ways: label = 4 * shape + way.

    Args:
        height, width, frames: of a clip.
        comes_back: the sprite goes from half its travel on one side of its place to half its travel on the other, and
            back. Without, it goes one way, from its whole travel on one side to its whole travel on the other, and is
            in its place in the middle of the event.
        settings: `duration`, `travel`, `size`, `camera`, `noise` and `backdrop`, as for `ActionWorld`. By default the
            event takes all frames but the last two (an even number of them).
    Raises:
        DataError: if the event, the sprite or its travel does not fit.
    """

    shapes, ways = SHAPES, DIRECTIONS
    classes = tuple(f"{shape} {way}" for shape in SHAPES for way in DIRECTIONS)

    def __init__(self, height=48, width=48, frames=11, *, comes_back=True, **settings):
        settings.setdefault("duration", max(2, (frames - 2) // 2 * 2))
        self._world = _FourWays("appearance", height, width, frames, **settings)
        self._world.comes_back = comes_back

    def sample(self, n, seed=0, onset=None, device="cpu"):
        """Render `n` clips, the same ones on every device. Shapes are equally many, ways are drawn at random.

        Args:
            n, seed, onset, device: as for `ActionWorld.sample`.
        Returns:
            ActionBatch, with labels (n,) of 0 to 15.
        """
        batch = self._world.sample(n, seed, onset, device)
        moments = torch.arange(batch.centers.shape[1], device=device)
        still = batch.centers - batch.camera[:, None] * moments[:, None]  # where the sprite is, without the pan
        turn = batch.onset + self._world.duration // 2
        out = still[torch.arange(n, device=device), turn] - still[:, 0]  # (n, 2)
        batch.labels = len(DIRECTIONS) * batch.labels + (out @ out.new_tensor(HEADINGS).T).argmax(1)
        return batch


class _FourWays(ActionWorld):
    """The task "appearance", with motion in one of four directions, on both sides of the sprite's place."""

    def _draw_event(self, labels, start, generator):
        moved, _ = super()._draw_event(labels, start, generator)  # one-way, in any direction
        travel = moved[:, -1:].norm(dim=-1, keepdim=True)  # (B, 1, 1)
        way = torch.randint(len(HEADINGS), (len(labels),), generator=generator)
        progress = (torch.arange(self.frames) - start[:, None]) / self.duration
        where = 2 * progress.clamp(0, 1) - 1  # -1 before the event, 1 after it
        if self.comes_back:
            where = 0.5 - where.abs()  # -1/2 before and after, 1/2 in the middle of the event
        return travel * where[..., None] * torch.tensor(HEADINGS)[way, None], None
