"""Random whole numbers for the tests of exercises."""

import torch


def draw(generator, low, high):
    """A whole number from low to high."""
    return int(torch.randint(low, high + 1, (), generator=generator))
