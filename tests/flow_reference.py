"""The stored outputs of the public flow networks of lecture 18, whose parameters `tests.hash_fill` fills."""

import json

import numpy as np
import torch

from tests.hash_fill import hash_fill as fill
from tests.reference import FIXTURES

__all__ = ["arrays", "fill", "gap", "reference"]


def reference(name):
    """(what tests/fixtures/NAME.json says, {array: tensor} of NAME.npz)."""
    return json.loads((FIXTURES / f"{name}.json").read_text()), arrays(name)


def arrays(name):
    """{array: tensor} of tests/fixtures/NAME.npz"""
    stored = np.load(FIXTURES / f"{name}.npz")
    return {key: torch.from_numpy(stored[key]) for key in stored}


def gap(ours, theirs):
    """Largest difference as a share of the largest value: what the fixtures allow is 1e-4."""
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()
