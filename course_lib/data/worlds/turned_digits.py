"""Real handwritten digits, turned and shifted: the 1,797 of scikit-learn, with the turn of each as truth.

The digits are from "Optical Recognition of Handwritten Digits" (Alpaydin, Kaynak 1998, UCI, CC BY 4.0), 8 x 8 pixels,
and travel inside scikit-learn. A fixed third of them is for testing.
"""

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch.nn.functional import affine_grid, grid_sample, interpolate, pad

from course_lib.errors import DataError
from course_lib.ops.spatial_transformer import similarity

TRAIN = 1200  # of the 1,797


@dataclass
class DigitBatch:
    """Pictures (B, 1, S, S) float32 0..1, labels (B,) long, and turns (B,) in radians, positive anticlockwise."""

    pictures: torch.Tensor
    labels: torch.Tensor
    turns: torch.Tensor


class TurnedDigits:
    """Digits of `digit` pixels somewhere in pictures of `size` pixels.

    Args:
        size, digit: sides in pixels.
        turn: largest turn in degrees, either way. shift: largest shift in pixels, along each axis.
    Raises:
        DataError: if the digit does not fit into the picture.
    """

    def __init__(self, size=20, digit=12, *, turn=60.0, shift=1.0):
        if not 8 <= digit <= size or (size - digit) % 2 or min(turn, shift) < 0:
            raise DataError(f"a digit of {digit} in a picture of {size} pixels: expected 8 to the picture's side, both "
                            "even or both odd, and no turn or shift below 0.")  # fmt: skip
        self.size, self.digit, self.turn, self.shift = size, digit, float(turn), float(shift)

    def sample(self, n=None, seed=0, train=True):
        """Draw `n` digits, or take each one once.

        Args:
            n: how many, drawn with repetition; None takes every digit of the part once, in a fixed order.
            seed: of the choice, the turns and the shifts.
            train: the part of 1,200 digits, or the 597 others.
        Returns:
            DigitBatch.
        """
        pictures, labels = _digits()
        part = slice(0, TRAIN) if train else slice(TRAIN, None)
        generator = torch.Generator().manual_seed(seed)
        known = len(labels[part])
        chosen = torch.arange(known) if n is None else torch.randint(known, (n,), generator=generator)
        pictures, labels = pictures[part][chosen], labels[part][chosen]
        turns = math.radians(self.turn) * (2 * torch.rand(len(labels), generator=generator) - 1)
        shifts = self.shift * (2 * torch.rand(len(labels), 2, generator=generator) - 1)
        room = (self.size - self.digit) // 2
        large = pad(interpolate(pictures, size=self.digit, mode="bilinear", align_corners=False), (room,) * 4)
        look = affine_grid(similarity(turns, 1.0, 2 * shifts / self.size), large.shape, align_corners=False)
        return DigitBatch(grid_sample(large, look, align_corners=False), labels, turns)

    def batches(self, batch_size, seed=0):
        """A function step -> (pictures, labels) for `train.fit`."""

        def batch(step):
            drawn = self.sample(batch_size, (seed * 1_000_003 + step) % 2**63)
            return drawn.pictures, drawn.labels

        return batch


@cache
def _digits():
    """All digits in a fixed mixed order: (1797, 1, 8, 8) in 0..1, and (1797,)."""
    from sklearn.datasets import load_digits  # half a second of import, for those who use it

    loaded = load_digits()
    order = torch.randperm(len(loaded.target), generator=torch.Generator().manual_seed(0))
    pictures = torch.from_numpy(loaded.images).float()[:, None] / 16
    return pictures[order], torch.from_numpy(loaded.target).long()[order]
