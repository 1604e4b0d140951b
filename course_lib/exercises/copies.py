"""Copies of test inputs, so that no call sees what another did to them."""

import copy

import numpy as np
import torch


def copy_of(value):
    """A copy that shares no memory with `value`; generators keep their state, functions stay themselves."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: copy_of(item) for key, item in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(copy_of(item) for item in value)
    return copy.deepcopy(value)


def same(one, other):
    """Whether two inputs are bit for bit equal (NaN equals NaN). Generators always are: drawing changes them."""
    if isinstance(one, torch.Tensor):
        return _same_tensors(one.detach(), other.detach())
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and one.dtype == other.dtype and np.array_equal(one, other, _floats(one))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, torch.nn.Module):
        return same(dict(one.state_dict()), dict(other.state_dict()))
    if isinstance(one, (int, float, str, bool, set, type(None))):
        return one == other or (one != one and other != other)
    return True


def _same_tensors(one, other):
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return bool(((one == other) | ((one != one) & (other != other))).all())


def _floats(array):
    return array.dtype.kind in "fc"
