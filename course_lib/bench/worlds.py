"""Rendering synthetic clips in one batch, beside a loop over clips and frames as one would write it first."""

import math

import numpy as np
import torch

from course_lib.bench.runner import need, row
from course_lib.timing import alternate

CLIPS, FRAMES, SIDE = 64, 16, 64


def _render_with_loops(shift, background, sprite, corner):
    """The same clips as `composite`, frame by frame: move the sprite by a fraction of a pixel, blend its window."""
    clips = np.repeat(background[:, :, None], FRAMES, axis=2)  # (B, 3, T, H, W)
    padded = np.pad(sprite, ((0, 0), (0, 0), (0, 1), (0, 1)))  # room for the fraction
    size = padded.shape[-1]
    for clip, layers, path in zip(clips, padded, corner, strict=True):
        for t, (x, y) in enumerate(path):
            left, top = math.floor(x), math.floor(y)
            *color, alpha = (shift(layer, (y - top, x - left), order=1, output=np.float32) for layer in layers)
            window = clip[:, t, top : top + size, left : left + size]
            window *= 1 - alpha
            window += np.stack(color)
    return clips


@row("render 64 clips of 16 x 64 x 64, a sprite over a photograph", peer="loop with scipy.ndimage.shift and NumPy")
def render_actions(rounds):
    ndimage = need("scipy.ndimage", "pip install scipy")
    need("skimage", "pip install scikit-image")
    from course_lib.data.worlds.actions import ActionWorld
    from course_lib.data.worlds.photographs import random_crops
    from course_lib.data.worlds.sprites import composite, draw_shapes, paint

    generator = torch.Generator().manual_seed(0)
    background = random_crops(CLIPS, SIDE, SIDE, generator)
    shape, radius = torch.arange(CLIPS) % 4, torch.full((CLIPS,), 8.0)
    sprite = paint(draw_shapes(shape, radius, 20), random_crops(CLIPS, 20, 20, generator), torch.rand(CLIPS, 3))
    corner = torch.rand(CLIPS, FRAMES, 2, generator=generator) * (SIDE - 22)
    arrays = [tensor.numpy() for tensor in (background, sprite, corner)]

    world = ActionWorld("direction", SIDE, SIDE, FRAMES)
    whole, _ = alternate(lambda: None, lambda: world.sample(CLIPS), 3)
    same = np.abs(_render_with_loops(ndimage.shift, *arrays) - composite(background, sprite, corner).numpy()).max()
    seconds = alternate(
        lambda: composite(background, sprite, corner),
        lambda: _render_with_loops(ndimage.shift, *arrays),
        rounds,
    )
    return *seconds, f"largest difference {same:.1e}; ActionWorld.sample: {CLIPS / whole:,.0f} clips/s"
