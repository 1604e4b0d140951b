"""Weights from exact whole-number arithmetic (splitmix64), for references that were computed with the same rule.

As `tests.reference`, with another rule: the i-th tensor (batch counters aside) holds s = white noise of variance 1,
scaled: kernels by sqrt(2 / fan-in), biases by 0.01 and so on; fan-in is the number of entries per first axis.
"""

import math

import numpy as np
import torch


def hash_noise(i, number):
    """(number,) float64 in -sqrt(3)..sqrt(3), the same on every machine."""
    with np.errstate(over="ignore"):
        z = np.arange(number, dtype=np.uint64) + np.uint64(i) * np.uint64(2**32) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (2 * (z >> np.uint64(11)).astype(np.float64) / 2**53 - 1) * math.sqrt(3)


def hash_fill(keys):
    """Filled state dict of a public layout: [[name, shape], ...] -> {name: tensor}."""
    state, i = {}, 0
    for name, shape in keys:
        if name.endswith("num_batches_tracked"):
            state[name] = torch.zeros(shape, dtype=torch.long)
            continue
        number = math.prod(shape)
        noise = hash_noise(i, number)
        i += 1
        if len(shape) > 1:
            values = noise * math.sqrt(2 * shape[0] / number)
        elif name.endswith("running_mean"):
            values = 0.05 * noise / math.sqrt(3)
        elif name.endswith("running_var"):
            values = 1 + 0.1 * np.abs(noise) / math.sqrt(3)
        elif name.endswith("bias"):
            values = 0.01 * noise / math.sqrt(3)
        else:
            values = 1 + 0.1 * noise / math.sqrt(3)
        state[name] = torch.from_numpy(values.astype(np.float32).reshape(shape))
    return state
