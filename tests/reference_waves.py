"""The filling rule of the reference outputs of lectures 19 to 25: the i-th tensor of a public layout is a sine wave."""

import math

import torch


def wave_value(i, key, shape):
    """The i-th tensor (batch counters not counted) of a public state dict, by its name and shape."""
    wave = torch.sin(torch.arange(math.prod(shape), dtype=torch.float64) * 0.37 + i * 1.7).reshape(shape)
    if key.endswith(("weight_g", "original0")):  # the lengths of a weight normalisation
        filled = 1 + 0.1 * wave
    elif key.endswith("running_mean"):
        filled = 0.05 * wave
    elif key.endswith("running_var"):
        filled = 1 + 0.1 * wave.abs()
    elif len(shape) > 1:
        filled = wave * math.sqrt(2 * shape[0] / math.prod(shape))
    elif key.endswith("weight"):
        filled = 1 + 0.1 * wave
    else:
        filled = 0.01 * wave
    return filled.float()


def wave_input(shape, step=0.61803, start=0.0, scale=1.0):
    """A reference's input: sin(step n + start) scale for the n-th number."""
    return (
        (torch.sin(torch.arange(math.prod(shape), dtype=torch.float64) * step + start) * scale).reshape(shape).float()
    )
