"""What one output sees: sizes and receptive fields of a stack of layers, by formula and by measuring gradients.

By formula, layer by layer along each axis: with `jump` the distance in input frames (or pixels) between two
neighbouring units, a kernel of k adds dilation (k - 1) jump to the field, and a stride of s multiplies the jump by s.
By measurement: the gradient of one unit with respect to the input is zero outside its receptive field.

The worked example is a lecture classic: a clip of 20 frames of 64 x 64 through late fusion, early fusion and a 3D CNN.
"""

from dataclasses import dataclass

import torch
from torch import nn

from course_lib.errors import ShapeError, check_shape
from course_lib.ops.convolution import conv_output_size


@dataclass(frozen=True)
class Layer:
    """One layer of a stack, as far as sizes and receptive fields are concerned. All triples are (time, rows, columns).

    kernel None means the whole input (global pooling). channels None keeps the number of channels: a pooling layer.
    """

    name: str
    kernel: tuple[int, int, int] | None
    stride: tuple[int, int, int] = (1, 1, 1)
    padding: tuple[int, int, int] = (0, 0, 0)
    dilation: tuple[int, int, int] = (1, 1, 1)
    channels: int | None = None


@dataclass(frozen=True)
class Row:
    """What a layer makes: tensor size (C, T, H, W), receptive field (T, H, W) in the input, jump (T, H, W)."""

    name: str
    size: tuple[int, int, int, int]
    field: tuple[int, int, int]
    jump: tuple[int, int, int]

    def __str__(self):
        return f"{self.name:34}{' x '.join(map(str, self.size)):>18}{' x '.join(map(str, self.field)):>16}"


def receptive_field(layers, input_size):
    """Size and receptive field after each layer, by the formula.

    Args:
        layers: sequence of `Layer`.
        input_size: (C, T, H, W).
    Returns:
        tuple of `Row`, the first for the input itself. A field ends where the input does: beyond it lies padding.
    Raises:
        ShapeError: if input_size has not four numbers, or a kernel does not fit into what reaches it.
    """
    if len(input_size) != 4:
        raise ShapeError(f"input_size is {tuple(input_size)}, expected the four numbers (C, T, H, W)")
    channels, *size = input_size
    limit, size = tuple(size), tuple(size)
    field, jump = (1, 1, 1), (1, 1, 1)
    rows = [Row("input", (channels, *size), field, jump)]
    for layer in layers:
        kernel = layer.kernel or size
        field = tuple(f + d * (k - 1) * j for f, d, k, j in zip(field, layer.dilation, kernel, jump, strict=True))
        jump = tuple(j * s for j, s in zip(jump, layer.stride, strict=True))
        size = conv_output_size(size, kernel, layer.stride, layer.padding, layer.dilation)
        channels = layer.channels or channels
        rows.append(Row(layer.name, (channels, *size), tuple(map(min, field, limit)), jump))
    return tuple(rows)


def build(layers, in_channels):
    """The stack as a module: a `Conv3d` where a layer names its channels, else max pooling; global pooling averages.

    Args:
        layers: sequence of `Layer`.
        in_channels: C of the input.
    Returns:
        nn.Sequential for clips (B, C, T, H, W), one module per layer, with PyTorch's random initial weights.
    """
    modules = []
    for layer in layers:
        where = dict(stride=layer.stride, padding=layer.padding, dilation=layer.dilation)
        if layer.kernel is None:
            modules.append(nn.AdaptiveAvgPool3d(1))
        elif layer.channels is None:
            modules.append(nn.MaxPool3d(layer.kernel, **where))
        else:
            modules.append(nn.Conv3d(in_channels, layer.channels, layer.kernel, **where))
            in_channels = layer.channels
    return nn.Sequential(*modules)


def gradient_map(module, input_shape, unit=None, trials=4, seed=0):
    """How strongly one output unit depends on each place of the input.

    Max pooling passes the gradient to the winner alone, and ReLU to the living alone, so several random inputs are
    tried and their gradients' magnitudes summed.

    Args:
        module: maps (1, C, T, H, W) to (1, D, T', H', W').
        input_shape: (C, T, H, W).
        unit: (t, h, w) of the output, default its middle. All D channels are looked at together.
        trials: number of random inputs, seeded by `seed`.
    Returns:
        float64 (T, H, W), at least 0; 0 where the unit never looked.
    Raises:
        ShapeError: if the module's output is not (1, D, T', H', W'), or `unit` lies outside it.
    """
    generator = torch.Generator().manual_seed(seed)
    was_training, dtype = module.training, next((p.dtype for p in module.parameters()), torch.float64)
    device = next((p.device for p in module.parameters()), torch.device("cpu"))
    total = torch.zeros(tuple(input_shape)[1:], dtype=torch.float64)
    module.eval()  # batch statistics would let every unit see everything
    try:
        for _ in range(trials):
            clip = torch.randn(1, *input_shape, generator=generator, dtype=torch.float64)
            clip = clip.to(device, dtype).requires_grad_()
            out = module(clip)
            places = tuple(check_shape(out, "1 D T H W", name="the module's output").values())[1:]
            where = tuple(n // 2 for n in places) if unit is None else tuple(unit)
            if len(where) != 3 or any(not 0 <= i < n for i, n in zip(where, places, strict=True)):
                raise ShapeError(f"unit is {where}, expected (t, h, w) inside the output, whose size is {places}")
            (gradient,) = torch.autograd.grad(out[0, :, where[0], where[1], where[2]].sum(), clip)
            total += gradient[0].abs().sum(0).cpu().double()
    finally:
        module.train(was_training)
    return total


def measured_receptive_field(module, input_shape, unit=None, trials=4, seed=0):
    """Extent of the box of input places that one output unit depends on, measured with gradients.

    Arguments and errors as in `gradient_map`. At the border of the clip the box is cut off: take an inner unit.

    Returns:
        (T, H, W) in frames, rows and columns of the input; zeros when the unit depends on nothing.
    """
    seen = gradient_map(module, input_shape, unit, trials, seed) > 0
    extent = []
    for axis in range(3):
        places = seen.movedim(axis, 0).flatten(1).any(1).nonzero().flatten()
        extent.append(int(places[-1] - places[0] + 1) if len(places) else 0)
    return tuple(extent)


FUSIONS = ("late fusion", "early fusion", "3D CNN")


def fusion_layers(fusion, frames=20):
    """The worked example: how three networks of the same spatial plan look at a clip of `frames` x 64 x 64.

    A 2D convolution on each frame is a 3D convolution one frame long; a 2D convolution over stacked frames is a 3D
    convolution as long as the clip, without padding in time. So time is all that differs between the three.

    Args:
        fusion: one of `FUSIONS`.
        frames: T of the clip; early fusion builds a kernel of this length.
    Returns:
        tuple of four `Layer`: convolution, pooling, convolution, global average.
    Raises:
        ValueError: if fusion is not one of `FUSIONS`.
    """
    plan = {  # kernel and padding in time of conv 1, of the pool, kernel and padding in time of conv 2
        "late fusion": ("Conv2D(3x3, 3 -> 12)", 1, 0, "Pool2D(4x4)", 1, "Conv2D(3x3, 12 -> 24)", 1, 0),
        "early fusion": (f"Conv2D(3x3, 3*{frames} -> 12)", frames, 0, "Pool2D(4x4)", 1, "Conv2D(3x3, 12 -> 24)", 1, 0),
        "3D CNN": ("Conv3D(3x3x3, 3 -> 12)", 3, 1, "Pool3D(4x4x4)", 4, "Conv3D(3x3x3, 12 -> 24)", 3, 1),
    }
    if fusion not in plan:
        raise ValueError(f"fusion is {fusion!r}, expected one of {', '.join(FUSIONS)}")
    first, t1, p1, pool, tp, second, t2, p2 = plan[fusion]
    return (
        Layer(first, (t1, 3, 3), padding=(p1, 1, 1), channels=12),
        Layer(pool, (tp, 4, 4), stride=(tp, 4, 4)),
        Layer(second, (t2, 3, 3), padding=(p2, 1, 1), channels=24),
        Layer("GlobalAvgPool", None),
    )
