"""Octrees: large cells where nothing changes, small ones only along the surface.

A cube is empty, filled, or mixed; a mixed one is cut into eight, until cells are single voxels. As in Octree Generating
Networks (Tatarchenko, Dosovitskiy, Brox, ICCV 2017, arXiv:1703.09438), whose classes and keys are used here. A surface
meets about four times as many cells per level, a dense grid has eight times as many.
"""

from dataclasses import dataclass

import torch
from torch.nn.functional import max_pool3d

from course_lib.errors import ShapeError

EMPTY, FILLED, MIXED = 0, 1, 2


@dataclass
class Level:
    """The cells of one size that exist: children of the mixed cells of the level above.

    Attributes:
        places: (N, 3) long, (z, y, x) in cells of this size. states: (N,) long, EMPTY, FILLED or MIXED.
        side: of a cell, in voxels.
    """

    places: torch.Tensor
    states: torch.Tensor
    side: int

    def count(self, state):
        """How many cells have this state."""
        return int((self.states == state).sum())


def build(voxels):
    """An octree, from the whole cube down to single voxels.

    Args:
        voxels: (S, S, S) bool, S a power of two.
    Returns:
        list of `Level`, the coarsest first; it ends where no cell is mixed.
    Raises:
        ShapeError: if the grid is no cube, or its side no power of two.
    """
    size = len(voxels)
    if voxels.shape != (size, size, size) or size & (size - 1):
        raise ShapeError(f"voxels has shape {tuple(voxels.shape)}, expected (S, S, S) with S a power of two.")
    values = voxels.float()[None, None]
    levels, places, side = [], torch.zeros(1, 3, dtype=torch.long), size
    while len(places):
        some = max_pool3d(values, side)[0, 0].bool()
        all_ = ~max_pool3d(1 - values, side)[0, 0].bool()
        z, y, x = places.unbind(1)
        states = torch.where(all_[z, y, x], FILLED, torch.where(some[z, y, x], MIXED, EMPTY))
        levels.append(Level(places, states, side))
        mixed = places[states == MIXED]
        corners = torch.cartesian_prod(*[torch.arange(2)] * 3)
        places, side = (2 * mixed[:, None] + corners).flatten(0, 1), side // 2
    return levels


def dense(levels):
    """The inverse of `build`: (S, S, S) bool. Mixed cells of the last level, of a tree cut short, are filled."""
    size = levels[0].side
    voxels = torch.zeros(size, size, size, dtype=torch.bool)
    for number, level in enumerate(levels):
        last = number == len(levels) - 1
        wanted = (level.states == FILLED) | ((level.states == MIXED) & last)
        for z, y, x in (level.places[wanted] * level.side).tolist():
            voxels[z : z + level.side, y : y + level.side, x : x + level.side] = True
    return voxels


def leaves(levels):
    """How many cells are stored: all that are not cut further."""
    mixed_at_last = levels[-1].count(MIXED)
    return sum(level.count(EMPTY) + level.count(FILLED) for level in levels) + mixed_at_last


def key(place, level):
    """A cell's name as one number: the bits of z, y and x interleaved, behind a leading 1 that tells the level.

    The children of k are 8 k to 8 k + 7.

    Args:
        place: (z, y, x). level: 0 for the whole cube.
    """
    z, y, x = place
    name = 1
    for bit in reversed(range(level)):
        name = name << 3 | (z >> bit & 1) << 2 | (y >> bit & 1) << 1 | x >> bit & 1
    return name
