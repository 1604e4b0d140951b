"""Nested shape layers: a solid as what six depth maps say, minus what six more say, plus ...

Stephan R. Richter and Stefan Roth, "Matryoshka Networks: Predicting 3D Geometry via Nested Shape Layers", CVPR 2018,
arXiv:1804.10975. Looking along an axis, two maps say where the first and the last filled voxel of each tube are; the
three axes give three such pairs. One layer is what lies between first and last along *all three*. Where that is too
much (a hollow), the surplus is a solid of its own, encoded by the next layer and subtracted; and so on.
"""

import torch

from course_lib.errors import ShapeError


def encode_layer(voxels):
    """Six depth maps of a solid.

    Args:
        voxels: (S, S, S) bool.
    Returns:
        (S, S, 6) long: maps 2 a and 2 a + 1 look along axis a and say where the first and the last filled voxel of the
        tube are, counted from 1. A tube without any has S + 2 and 0, an interval that holds nothing.
    Raises:
        ShapeError: if the grid is no cube.
    """
    size = _side(voxels)
    index = torch.arange(1, size + 1)
    maps = []
    for axis in range(3):
        tubes = voxels.bool().movedim(axis, -1)
        maps.append(torch.where(tubes, index, size + 2).amin(-1))
        maps.append(torch.where(tubes, index, 0).amax(-1))
    return torch.stack(maps, -1)


def decode_layer(maps):
    """What lies between first and last along all three axes: (S, S, 6) -> (S, S, S) bool.

    Real numbers, as networks predict them, are rounded.
    """
    size = len(maps)
    if maps.shape != (size, size, 6):
        raise ShapeError(f"maps has shape {tuple(maps.shape)}, expected (S, S, 6).")
    index = torch.arange(1, size + 1)
    filled = torch.ones(size, size, size, dtype=torch.bool)
    for axis in range(3):
        first, last = maps[..., 2 * axis, None].round(), maps[..., 2 * axis + 1, None].round()
        filled &= ((first <= index) & (index <= last)).movedim(-1, axis)
    return filled


def encode(voxels, layers):
    """A solid in nested layers: the first adds, the second subtracts, the third adds, ...

    Args:
        voxels: (S, S, S) bool. layers: how many.
    Returns:
        (S, S, 6 layers) long. A layer with nothing left to do says that all of its tubes are empty.
    """
    maps, rest = [], voxels.bool()
    for _ in range(layers):
        layer = encode_layer(rest)
        maps.append(layer)
        rest = decode_layer(layer) & ~rest  # a layer never misses a voxel, it can only have too many
    return torch.cat(maps, -1)


def decode(maps):
    """The inverse of `encode`: (S, S, 6 L) -> (S, S, S) bool. Exact if the layers were enough."""
    if maps.ndim != 3 or maps.shape[-1] % 6:
        raise ShapeError(f"maps has shape {tuple(maps.shape)}, expected (S, S, 6 L).")
    solid = torch.zeros(len(maps), len(maps), len(maps), dtype=torch.bool)
    for number, layer in enumerate(maps.split(6, dim=-1)):
        if number % 2 == 0:
            solid |= decode_layer(layer)
        else:
            solid &= ~decode_layer(layer)
    return solid


def layers_needed(voxels, most=8):
    """How many layers describe a solid exactly; None if more than `most`."""
    for layers in range(1, most + 1):
        if torch.equal(decode(encode(voxels, layers)), voxels.bool()):
            return layers
    return None


def for_learning(maps):
    """One layer's maps as the released networks learn them: first-maps counted from the other end, two transposed.

    (S, S, 6) -> (6, S, S), the numbers then all grow with how much is filled: an empty tube is 0 in all six.
    """
    size = len(maps)
    flipped = maps.clone()
    flipped[..., ::2] = size + 2 - flipped[..., ::2]
    planes = list(flipped.unbind(-1))
    return torch.stack([planes[0].T, planes[1].T, *planes[2:]])


def _side(voxels):
    if voxels.ndim != 3 or len(set(voxels.shape)) != 1:
        raise ShapeError(f"voxels has shape {tuple(voxels.shape)}, expected a cube (S, S, S).")
    return len(voxels)
