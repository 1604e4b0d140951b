"""Crops of six photographs, grey and of changing contrast: from which one, which way does it drift, where is the patch?

Every cell of such a picture tells something about the class, so a small network learns from few pictures. The contrast
is drawn for each picture anew: without, brightness alone would give much away.
"""

import torch

from course_lib.data.worlds.photographs import PHOTOGRAPHS, scaled_photograph
from course_lib.errors import DataError

SHORTER = 128  # pixels of a photograph's shorter side
MEAN, DEVIATION = 0.45, 0.25  # about those of the photographs, taken off so that networks get numbers around 0
WAYS = {"right": (1, 0), "down": (0, 1), "left": (-1, 0), "up": (0, -1)}  # (x, y) pixels per frame


class TextureWorld:
    """Small grey pictures, clips and scenes, with a label each.

    Args:
        size: rows and columns of a picture.
        noise: standard deviation of the noise on every pixel (a picture's own is about 1).
        contrast: lowest and highest factor of a picture's contrast.
    Raises:
        DataError: if a picture is larger than half a photograph.
    """

    photographs, ways = tuple(PHOTOGRAPHS), tuple(WAYS)

    def __init__(self, size=16, *, noise=0.1, contrast=(0.5, 1.5)):
        if not 1 <= size <= SHORTER // 2:
            raise DataError(f"size is {size}, expected 1 to {SHORTER // 2}: half of a photograph's shorter side.")
        self.size, self.noise, self.contrast = size, noise, contrast

    def pictures(self, n, seed=0):
        """From which photograph? -> float32 (n, 3, size, size), three equal channels; labels (n,), 0 to 5."""
        generator = torch.Generator().manual_seed(seed)
        labels = _balanced(n, len(PHOTOGRAPHS), generator)
        corners = _corners(n, self.size, 0, generator)
        return self._develop(_crops(labels, corners, self.size, self.size)[:, None], generator), labels

    def clips(self, n, seed=0, frames=4):
        """Which way does it drift, a pixel per frame? -> (n, 3, frames, size, size); labels (n,), 0 to 3 of `ways`."""
        generator = torch.Generator().manual_seed(seed)
        labels = _balanced(n, len(WAYS), generator)
        photographs = torch.randint(len(PHOTOGRAPHS), (n,), generator=generator)
        corners = _corners(n, self.size, frames, generator)
        way = torch.tensor(list(WAYS.values()))[labels]  # what is seen moves this way, so the window moves back
        steps = [_crops(photographs, corners - t * way, self.size, self.size) for t in range(frames)]
        return self._develop(torch.stack(steps, 1), generator), labels

    def scenes(self, n, seed=0, smallest=8, largest=14):
        """Where is the patch? A crop with a patch of another crop's negative on it.

        Args:
            n, seed: as everywhere. smallest, largest: sides of the patch, in pixels.
        Returns:
            (n, 3, size, size); boxes (n, 4): x and y of the centre, width, height, each as a share of the size.
        Raises:
            DataError: if the patch may be larger than the picture.
        """
        if not 1 <= smallest <= largest <= self.size:
            raise DataError(f"patches of {smallest} to {largest} pixels do not fit into pictures of {self.size}.")
        generator = torch.Generator().manual_seed(seed)
        ground, patch = (
            _crops(torch.randint(len(PHOTOGRAPHS), (n,), generator=generator), _corners(n, self.size, 0, generator),
                   self.size, self.size)
            for _ in range(2)
        )  # fmt: skip
        sides = torch.randint(smallest, largest + 1, (n, 2), generator=generator)
        corner = (torch.rand(n, 2, generator=generator) * (self.size - sides + 1)).long()
        places = torch.arange(self.size)
        inside = [(places >= corner[:, i, None]) & (places < (corner + sides)[:, i, None]) for i in range(2)]
        covered = inside[1][:, :, None] & inside[0][:, None, :]  # rows by y, columns by x
        scenes = torch.where(covered, 1 - 0.8 * patch, ground)
        return self._develop(scenes[:, None], generator), torch.cat([corner + sides / 2, sides], 1) / self.size

    def _develop(self, crops, generator):
        """(n, T, H, W) in 0..1 -> (n, 3, [T,] H, W) around 0, with contrast and noise of their own."""
        low, high = self.contrast
        contrast = low + (high - low) * torch.rand(len(crops), 1, 1, 1, generator=generator)
        crops = (crops - MEAN) / DEVIATION * contrast
        crops = crops + self.noise * torch.randn(crops.shape, generator=generator)
        crops = crops[:, None] if crops.shape[1] > 1 else crops
        return crops.expand(-1, 3, *crops.shape[2:]).contiguous()


def _balanced(n, classes, generator):
    return (torch.arange(n) % classes)[torch.randperm(n, generator=generator)]


def _corners(n, size, margin, generator):
    """Upper left corners (x, y) of crops, (n, 2), at least `margin` pixels from the photograph's border."""
    return margin + torch.randint(SHORTER - size - 2 * margin + 1, (n, 2), generator=generator)


def _crops(photographs, corners, height, width):
    """(n,), (n, 2) of (x, y) -> (n, height, width), grey, 0..1; every photograph is cut to a square."""
    grey = torch.stack([scaled_photograph(name, SHORTER)[:, :SHORTER, :SHORTER].mean(0) for name in PHOTOGRAPHS])
    rows, columns = corners[:, 1, None] + torch.arange(height), corners[:, 0, None] + torch.arange(width)
    return grey[photographs[:, None, None], rows[:, :, None], columns[:, None, :]]
