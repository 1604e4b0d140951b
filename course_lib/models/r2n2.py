"""3D-R2N2: pictures of one thing, one after the other, into a memory of 4^3 cells, and from there 32^3 voxels.

Christopher B. Choy, Danfei Xu, JunYoung Gwak, Kevin Chen, Silvio Savarese, "3D-R2N2: A Unified Approach for Single and
Multi-view 3D Object Reconstruction", ECCV 2016, arXiv:1604.00449: the deep residual network with a gated recurrent unit
of 3 x 3 x 3 convolutions, 35,968,706 parameters.

It is the network of the released code, with what is odd in it: every pool pads by 1 (127, 64, 33, 17, 9, 5, 3); the
fourth block has no shortcut and the sixth one's is the identity; the shortcut of the last block is a 3^3 convolution of
that block's own first layer, not of its input; unpooling puts each value at the first of eight cells and zeros at the
others. Its weights are a list of arrays of Theano's, which turns its kernels around; `from_published` reads it.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import leaky_relu

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.models.array_pickles import read_array_list
from course_lib.models.published import load_published, read_state_dict

ENCODER = (96, 128, 256, 256, 256, 256)
CODE = 1024
DECODER = (128, 128, 128, 64, 32)  # the memory's channels, then each block's
MEMORY = 4  # cells of the memory along each axis
SLOPE = 0.01  # of the leaky ReLUs
THRESHOLD = 0.4  # a voxel is filled from this probability on


class R2N2(nn.Module):
    """Voxels of what one or more pictures show.

    Args:
        encoder, code, decoder: widths. side: rows and columns of a picture.
    """

    def __init__(self, *, encoder=ENCODER, code=CODE, decoder=DECODER, side=127):
        super().__init__()
        self.side, self.memory_channels = side, decoder[0]
        shortcuts = (None, "conv", "conv", None, "conv", "same")
        kernels = (7, 3, 3, 3, 3, 3)
        self.encoder = nn.ModuleList(
            _Block2D(before, width, kernel, shortcut)
            for before, width, kernel, shortcut in zip((3, *encoder), encoder, kernels, shortcuts, strict=False)
        )
        for _ in encoder:
            side = (side + 2 - 2) // 2 + 1
        self.fc = nn.Linear(encoder[-1] * side**2, code)
        self.gru = GRU3D(code, decoder[0])
        hows = (True, "same"), (True, "same"), (True, "conv"), (False, "own")  # unpooled?, shortcut
        self.decoder = nn.ModuleList(
            _Block3D(before, width, *how) for before, width, how in zip(decoder, decoder[1:], hows, strict=False)
        )
        self.out = nn.Conv3d(decoder[-1], 2, 3, padding=1)

    @classmethod
    def mini(cls):
        """Twelve times narrower, for pictures of 63 pixels; still 32^3 voxels."""
        return cls(encoder=(8, 12, 24, 24, 24, 24), code=64, decoder=(12, 12, 12, 8, 6), side=63)

    @classmethod
    def from_published(cls, source, *, side=127):
        """The released network, `ResidualGRUNet.npy`; widths are read from its shapes.

        Its voxels have the axes of the release; `course_lib.data.sets.r2n2.to_course_axes` turns them. Pictures are RGB
        in 0..1 before white; nothing is subtracted.

        Args:
            source: path of the .npy file, list of its arrays in their order, or a state dict of this class (or its
                path).
            side: rows and columns of its pictures.
        Raises:
            CourseError: if the file cannot be read, or arrays are missing, left over or of another shape.
        """
        if isinstance(source, dict) or (isinstance(source, str | Path) and Path(source).suffix != ".npy"):
            weights = read_state_dict(source)
        else:
            weights = _from_list(source)
        try:
            network = cls(**_widths(weights), side=side)
        except KeyError as error:
            message = f"There is no {error} among the weights. Is it the residual network of 3D-R2N2?"
            raise CourseError(message) from error
        load_published(network, weights)
        return network.eval()

    def encode(self, pictures):
        """(B, 3, H, W) -> (B, 1024)"""
        for block in self.encoder:
            pictures = block(pictures)
        return leaky_relu(self.fc(pictures.flatten(1)), SLOPE)

    def forward(self, pictures):
        """(B, V, 3, H, W): V views in any order -> two scores per voxel, (B, 2, 32, 32, 32): empty, filled; z, y, x.

        Raises:
            ShapeError: if the pictures have another size than the network was made for.
        """
        sizes = check_shape(pictures, "B V 3 H W", "pictures")
        if (sizes["H"], sizes["W"]) != (self.side, self.side):
            raise ShapeError(
                f"pictures are {sizes['H']} x {sizes['W']}, expected {self.side} x {self.side}: resize them first."
            )
        memory = pictures.new_zeros(sizes["B"], self.memory_channels, MEMORY, MEMORY, MEMORY)
        for view in pictures.unbind(1):
            memory = self.gru(self.encode(view), memory)
        for block in self.decoder:
            memory = block(memory)
        return self.out(memory)

    def occupied(self, pictures, threshold=THRESHOLD):
        """(B, V, 3, H, W) -> (B, 32, 32, 32) bool."""
        return self(pictures).softmax(1)[:, 1] > threshold


class GRU3D(nn.Module):
    """A gated recurrent unit whose state is a grid: each cell hears the code, and its neighbours by a convolution.

        u = sigmoid(W_u * h + F_u x),  r = sigmoid(W_r * h + F_r x)
        h' = u h + (1 - u) tanh(W_h * (r h) + F_h x)

    * is a 3^3 convolution; F x gives every cell numbers of its own (Eq. 9 to 11 of the paper).

    Args:
        code: numbers of x. channels: of the state.
    """

    def __init__(self, code, channels):
        super().__init__()
        self.channels = channels
        self.update, self.reset, self.candidate = (_Gate(code, channels) for _ in range(3))

    def forward(self, code, state):
        """(B, code), (B, C, 4, 4, 4) -> (B, C, 4, 4, 4)"""
        update = torch.sigmoid(self.update(code, state))
        reset = torch.sigmoid(self.reset(code, state))
        return update * state + (1 - update) * torch.tanh(self.candidate(code, reset * state))


class _Gate(nn.Module):
    def __init__(self, code, channels):
        super().__init__()
        self.conv = nn.Conv3d(channels, channels, 3, padding=1)  # its bias is the gate's
        self.fc = nn.Linear(code, channels * MEMORY**3, bias=False)

    def forward(self, code, state):
        return self.conv(state) + self.fc(code).view_as(state)


class _Block2D(nn.Module):
    """Two convolutions, perhaps a shortcut of 1 x 1 or none at all, and a pool that pads by 1."""

    def __init__(self, channels, width, kernel, shortcut):
        super().__init__()
        self.a = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
        self.b = nn.Conv2d(width, width, 3, padding=1)
        self.c = nn.Conv2d(channels, width, 1) if shortcut == "conv" else None
        self.same = shortcut == "same"
        self.pool = nn.MaxPool2d(2, padding=1)

    def forward(self, maps):
        features = leaky_relu(self.b(leaky_relu(self.a(maps), SLOPE)), SLOPE)
        if self.c is not None:
            features = features + self.c(maps)
        elif self.same:
            features = features + maps
        return self.pool(features)


class _Block3D(nn.Module):
    """Unpooling, perhaps; two convolutions; a shortcut: the same, 1^3, or 3^3 of the block's own first layer."""

    def __init__(self, channels, width, unpool, shortcut):
        super().__init__()
        self.unpool = unpool
        self.a = nn.Conv3d(channels, width, 3, padding=1)
        self.b = nn.Conv3d(width, width, 3, padding=1)
        self.shortcut = shortcut
        if shortcut == "conv":
            self.c = nn.Conv3d(channels, width, 1)
        elif shortcut == "own":
            self.c = nn.Conv3d(width, width, 3, padding=1)

    def forward(self, grid):
        grid = unpooled(grid) if self.unpool else grid
        first = leaky_relu(self.a(grid), SLOPE)
        features = leaky_relu(self.b(first), SLOPE)
        if self.shortcut == "same":
            return features + grid
        return features + self.c(grid if self.shortcut == "conv" else first)


def unpooled(grid):
    """Twice as large along each axis: each value in the first of its eight cells, zeros in the others.

    (B, C, D, H, W) -> (B, C, 2 D, 2 H, 2 W)
    """
    batch, channels, *sizes = grid.shape
    large = grid.new_zeros(batch, channels, *(2 * size for size in sizes))
    large[:, :, ::2, ::2, ::2] = grid
    return large


def _from_list(source):
    """State dict from the released list: a path of a .npy file, or its arrays."""
    arrays = read_array_list(source) if isinstance(source, str | Path) else source
    arrays = [torch.as_tensor(array).float() for array in arrays]
    with torch.device("meta"):
        names = _order(R2N2().state_dict())
    if len(arrays) != len(names):
        raise CourseError(f"The list has {len(arrays)} arrays, expected {len(names)}. Is it ResidualGRUNet.npy?")
    return {name: _from_theano(name, array) for name, array in zip(names, arrays, strict=True)}


def _order(names):
    """Our names in the order of the released list: there a gate's bias comes last, behind the code's weights."""
    ordered = []
    for name in names:
        if name.startswith("gru.") and name.endswith("conv.bias"):
            continue
        ordered.append(name)
        if name.startswith("gru.") and name.endswith("fc.weight"):
            ordered.append(name.replace("fc.weight", "conv.bias"))
    return ordered


def _from_theano(name, array):
    """An array of the release in our layout.

    Theano's convolutions turn the kernel around along every axis, torch's do not. Its grids are (depth, channels, row,
    column), and so are its 3D kernels and what a gate's code is multiplied to; its matrices are transposed.
    """
    if array.ndim == 5:  # (out, depth, in, row, column)
        return array.movedim(1, 2).flip(2, 3, 4).contiguous()
    if array.ndim == 4:
        return array.flip(2, 3).contiguous()
    if array.ndim == 2 and name.startswith("gru.") and array.shape[1] % MEMORY**3 == 0:
        grids = array.view(len(array), MEMORY, -1, MEMORY, MEMORY).movedim(2, 1)  # (code, channels, 4, 4, 4)
        return grids.flatten(1).T.contiguous()
    return array.T.contiguous() if array.ndim == 2 else array


def _widths(weights):
    """Widths of the network that has these weights."""
    encoder = [len(weights[f"encoder.{i}.a.bias"]) for i in range(len(ENCODER))]
    decoder = [weights["gru.update.conv.weight"].shape[0]]
    decoder += [len(weights[f"decoder.{i}.a.bias"]) for i in range(len(DECODER) - 1)]
    return {"encoder": encoder, "code": len(weights["fc.bias"]), "decoder": decoder}
