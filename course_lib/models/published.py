"""Load published weights: read the file, translate the names, and say exactly which keys do not fit."""

import pickle
import re
from collections.abc import Mapping

import torch

from course_lib.errors import CourseError
from course_lib.places import absent, place, system_errors

WRAPPERS = ("state_dict", "model_state", "model", "shared_layers")  # names under which code keeps the weights
SHOWN = 8  # keys that a message lists before it counts the rest


def load_published(model, source, rename=None, may_miss=()):
    """Copy published weights into `model`, all or none.

    Args:
        model: torch.nn.Module that receives the weights.
        source: path of a checkpoint, or a state dict. A leading "module." (DataParallel) is stripped.
        rename: function from a key of the checkpoint to ours, or None for a key that is not needed.
        may_miss: prefixes of our keys that the checkpoint may lack, such as a classifier that was cut off.
    Returns:
        tuple of our keys that kept their present values.
    Raises:
        CourseError: if the file cannot be read, or if keys are missing, left over or of another shape. It lists them.
    """
    ours = model.state_dict()
    theirs = {}
    for key, tensor in read_state_dict(source).items():
        name = rename(key) if rename else key
        if name is not None:
            theirs[name] = tensor
    counters = {key for key in ours if key.endswith("num_batches_tracked")}  # absent from checkpoints before 2018
    absent = [key for key in ours if key not in theirs and key not in counters]
    missing = [key for key in absent if not key.startswith(tuple(may_miss))] if may_miss else absent
    unexpected = [key for key in theirs if key not in ours and not key.endswith("num_batches_tracked")]
    misshapen = [
        f"{key}: checkpoint {tuple(theirs[key].shape)}, model {tuple(ours[key].shape)}"
        for key in ours
        if key in theirs and theirs[key].shape != ours[key].shape
    ]
    if missing or unexpected or misshapen:
        lists = {"missing": missing, "unexpected": unexpected, "of another shape": misshapen}
        raise CourseError(
            f"The checkpoint does not fit {type(model).__name__}, and nothing was loaded.\n"
            + "\n".join(f"  {what}: {_listed(keys)}" for what, keys in lists.items() if keys)
            + "\nLikely causes: another network, another number of classes, or a layout that is not known here."
        )
    model.load_state_dict({key: tensor for key, tensor in theirs.items() if key in ours}, strict=False)
    return tuple(absent)


def read_state_dict(source):
    """State dict from a path or a mapping: wrappers opened, "module." stripped, tensors only.

    Files are read with weights_only=True: a checkpoint cannot run code.
    """
    if not isinstance(source, Mapping):
        with system_errors("the checkpoint cannot be read"):
            source = _read(place(source))
    for name in WRAPPERS:
        if isinstance(source.get(name), Mapping):
            source = source[name]
            break
    return {key.removeprefix("module."): value for key, value in source.items() if isinstance(value, torch.Tensor)}


def _read(path):
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else absent(path)
        raise CourseError(
            f"No checkpoint at {path}: it {wrong}. Check the path; the course does not download weights by itself."
        )
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        refused = re.search(r"Unsupported (?:global: GLOBAL|class) ([\w.]+)", str(error))
        if not refused:
            raise CourseError(_incomplete(path, error)) from error
        raise CourseError(
            f"{path} holds more than weights, and the course reads files with weights_only=True, so that a checkpoint "
            f"cannot run code. That refuses {refused[1]}; the file itself is whole. If you trust its publisher, take "
            "the weights out, once, and give the new file to the course:\n"
            f'  everything = torch.load({str(path)!r}, map_location="cpu", weights_only=False)\n'
            '  torch.save(everything["state_dict"], "weights.pth")  # or whatever everything.keys() calls them'
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        raise CourseError(_incomplete(path, error)) from error
    if not isinstance(loaded, Mapping):
        raise CourseError(f"{path} holds a {type(loaded).__name__}, expected a state dict.")
    return loaded


def _incomplete(path, error):
    return (
        f"{path} cannot be read as a checkpoint ({type(error).__name__}). It may be incomplete: compare its size with "
        "the publisher's, and download it again."
    )


def _listed(keys):
    rest = len(keys) - SHOWN
    return ", ".join(keys[:SHOWN]) + (f", and {rest} more" if rest > 0 else "")
