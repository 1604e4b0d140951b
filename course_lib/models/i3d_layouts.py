"""The public layouts of I3D's weights, translated to the names of `course_lib.models.i3d`.

DeepMind's TensorFlow checkpoints have kernels as (T, H, W, C, D), normalisations without a scale, and for every
variable its momentum beside it; those of Kinetics-600 lack the scope in front of the names. The two PyTorch ports have
made their files from these, with scales that are 1.
"""

import re
from collections.abc import Mapping

import torch

from course_lib.models.published import read_state_dict
from course_lib.models.tensor_bundle import bundle_at, read_bundle


def read_i3d(source):
    """State dict with our names, from weights in any of the layouts.

    Args:
        source: as for `I3D.from_published`.
    Raises:
        CourseError: if a file cannot be read.
    """
    bundle = bundle_at(source)
    if bundle is not None:
        source = read_bundle(bundle, wanted=_of_the_network)
    if isinstance(source, Mapping) and any("/conv_3d/" in str(name) for name in source):
        return from_tensorflow(source)
    return {_our_name(key): _squeezed(key, value) for key, value in read_state_dict(source).items()}


def _of_the_network(name):
    """Whether a variable of a TensorFlow checkpoint is the network's: neither its momentum nor a counter of steps."""
    return "/" in name and not name.endswith("/Momentum")


def from_tensorflow(variables):
    """{TensorFlow's name: array} -> our state dict: kernels come as (T, H, W, C, D), and scales, which are 1, not."""
    state = {}
    for name, value in variables.items():
        if not _of_the_network(name):
            continue
        value = torch.as_tensor(value)
        scope, _, kind = name.rpartition("/")
        scope = re.sub(r"^.*inception_i3d/", "", scope)
        layer = scope.removesuffix("/conv_3d").removesuffix("/batch_norm")
        ours = _our_layer(layer.replace("/", "."))
        if kind == "w":
            state[f"{ours}.weight" if ours == "logits" else f"{ours}.conv.weight"] = value.permute(4, 3, 0, 1, 2)
        elif kind == "b":
            state[f"{ours}.bias"] = value
        else:
            state[f"{ours}.bn.{_STATISTICS.get(kind, kind)}"] = value.flatten()  # Kinetics-600's are (1, 1, 1, 1, C)
            if kind == "beta":
                state[f"{ours}.bn.weight"] = torch.ones_like(value.flatten())
    return state


_STATISTICS = {"beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_STEM = {"conv3d_1a_7x7": "conv1a", "conv3d_2b_1x1": "conv2b", "conv3d_2c_3x3": "conv2c"}
_LOGITS = ("logits", "conv3d_0c_1x1", "logits.conv3d_0c_1x1")
_BRANCH = {
    "branch_0": "b0", "branch_1.0": "b1a", "branch_1.1": "b1b", "branch_2.0": "b2a", "branch_2.1": "b2b",
    "branch_3.1": "b3b",
    "branch_0.conv3d_0a_1x1": "b0", "branch_1.conv3d_0a_1x1": "b1a", "branch_1.conv3d_0b_3x3": "b1b",
    "branch_2.conv3d_0a_1x1": "b2a", "branch_2.conv3d_0b_3x3": "b2b", "branch_3.conv3d_0b_1x1": "b3b",
    "branch_2.conv3d_0a_3x3": "b2b",  # Mixed_5b in the released checkpoints
}  # fmt: skip


def _our_layer(name):
    """A layer of a public layout in our words; one that is not known stays."""
    lower = name.lower()
    if lower in _LOGITS:
        return "logits"
    if lower in _STEM:
        return f"trunk.{_STEM[lower]}"
    mixed = re.fullmatch(r"mixed_(\d\w)\.(.+)", lower)
    if mixed:
        return f"trunk.mixed{mixed[1]}.{_BRANCH.get(mixed[2], mixed[2])}"
    return name


def _our_name(key):
    """Translate a key of a PyTorch layout; one that is already ours, or of no layout that is known, stays."""
    match = re.fullmatch(r"(.+)\.(conv3d|bn|batch3d)\.(\w+)", key)
    if not match:
        return key
    layer = _our_layer(match[1])
    if layer == "logits":
        return f"logits.{match[3]}" if match[2] == "conv3d" else key
    return f"{layer}.{'conv' if match[2] == 'conv3d' else 'bn'}.{match[3]}" if layer.startswith("trunk.") else key


def _squeezed(key, value):
    """Tensors of a normalisation as (C,), which some files keep as (1, C)."""
    return value.flatten() if re.search(r"\.(bn|batch3d)\.(weight|bias|running_\w+)$", key) else value
