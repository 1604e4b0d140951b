"""Compare a model with a public reference implementation without its weights.

Every parameter is filled by a rule, so that only the reference's output needs storing: the i-th tensor of the public
state dict (batch counters aside) is drawn from NumPy's frozen legacy generator, seeded 20150000 + i, in float64.
"""

import json
from pathlib import Path

import numpy as np
import torch

FIXTURES = Path(__file__).parent / "fixtures"
SEED = 20150000
AFFINE = {"bias": (0.0, 0.1), "scale": (1.0, 0.25), "running_mean": (0.0, 0.1), "running_var": (1.0, 0.4)}


def fill(keys):
    """Filled state dict of a public layout: [[name, shape], ...] -> {name: tensor}."""
    state, i = {}, 0
    for name, shape in keys:
        last = name.rsplit(".", 1)[-1]
        if last == "num_batches_tracked":
            state[name] = torch.zeros(shape, dtype=torch.long)
            continue
        noise = 2 * np.random.RandomState(SEED + i).random_sample(int(np.prod(shape))) - 1
        i += 1
        if last in AFFINE:
            offset, slope = AFFINE[last]
        elif len(shape) > 1:
            offset, slope = 0.0, np.sqrt(6 * shape[0] / np.prod(shape))  # He: 6 / fan-in
        else:
            offset, slope = AFFINE["bias" if "bias" in last else "scale"]
        state[name] = torch.from_numpy((offset + slope * noise).astype(np.float32).reshape(shape))
    return state


def make_input(shape, seed):
    """The reference's input: 256 levels in -1..1."""
    levels = np.random.RandomState(seed).randint(0, 256, size=shape).astype(np.uint8)
    return torch.from_numpy((levels / 256 * 2 - 1).astype(np.float32))


def reference(name):
    """(keys of the public layout, input, {output name: tensor}) of tests/fixtures/NAME.json and NAME.npz."""
    about = json.loads((FIXTURES / f"{name}.json").read_text())
    stored = np.load(FIXTURES / f"{name}.npz")
    return about["keys"], make_input(about["input"], about["seed"]), {k: torch.from_numpy(stored[k]) for k in stored}


def distance(ours, theirs):
    """Relative L2 distance."""
    return ((ours.double() - theirs.double()).norm() / theirs.double().norm()).item()
