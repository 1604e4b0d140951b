"""Read the weights in a .caffemodel without Caffe.

The file is one protocol-buffer message: a list of layers, each with a name and its arrays ("blobs"). We read the few
fields that hold weights and skip all others.
"""

import re
from collections.abc import Mapping

import numpy as np
import torch

from course_lib.errors import CourseError
from course_lib.models.protobuf import fields, numbers
from course_lib.models.published import read_state_dict
from course_lib.places import absent, place, system_errors

LAYERS = {100: (1, 7), 2: (4, 6)}  # field of a layer in the net -> fields of its name and blobs; 2: layout of 2013
SHAPE, DATA, DOUBLES, OLD_SHAPE = 7, 5, 8, (1, 2, 3, 4)  # fields of a blob


def is_caffemodel(source):
    """Whether a source of weights is the path of such a file; some end in .caffemodel.v5."""
    return not isinstance(source, Mapping) and re.search(r"\.caffemodel(\.v\d+)?$", str(source)) is not None


def read_weights(source):
    """State dict of a .caffemodel, by `named_weights`, or of what `published.read_state_dict` takes."""
    return named_weights(read_caffemodel(source)) if is_caffemodel(source) else read_state_dict(source)


def read_caffemodel(path):
    """The weights of every layer that has some.

    Args:
        path: a .caffemodel.
    Returns:
        {layer's name: [tensors, float32]}, in the order of the file. A convolution or a fully connected layer has its
        weight and its bias; the arrays have the shapes that the file says, leading axes of 1 removed in old files.
    Raises:
        CourseError: if there is no such file, or it is no whole caffemodel.
    """
    path = place(path)
    if not path.is_file():
        raise CourseError(f"No caffemodel at {path}: it {absent(path)}. Check the path.")
    with system_errors("the caffemodel cannot be read"):
        content = memoryview(path.read_bytes())
    layers = {}
    try:
        for field, value in fields(content):
            if field in LAYERS and isinstance(value, memoryview):
                name, blobs = _layer(value, *LAYERS[field])
                if blobs:
                    layers[name] = blobs
    except (IndexError, ValueError) as error:
        raise CourseError(f"{path} is no whole caffemodel ({error}). Compare its size with the publisher's.") from error
    if not layers:
        raise CourseError(f"{path} holds no layer with weights. Is it a caffemodel, and not a solver state?")
    return layers


def named_weights(layers):
    """{layer: [weight, bias]} of `read_caffemodel` as a state dict: {"conv1.weight": tensor, "conv1.bias": tensor}."""
    kinds = ("weight", "bias")
    return {f"{name}.{kind}": one for name, found in layers.items() for kind, one in zip(kinds, found, strict=False)}


def _layer(message, name_field, blob_field):
    name, blobs = "", []
    for field, value in fields(message):
        if field == name_field and isinstance(value, memoryview):
            name = bytes(value).decode()
        elif field == blob_field and isinstance(value, memoryview):
            blobs.append(_blob(value))
    return name, blobs


def _blob(message):
    shape, old_shape, parts = None, {}, []
    for field, value in fields(message):
        if field == SHAPE:
            shape = [size for inner, dims in fields(value) if inner == 1 for size in numbers(dims)]
        elif field in (DATA, DOUBLES):
            kind = "<f4" if field == DATA else "<f8"
            parts.append(np.frombuffer(value, kind))
        elif field in OLD_SHAPE:
            old_shape[field] = value
    data = np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)
    if shape is None:  # 1 x 1 x D x C for a matrix, 1 x 1 x 1 x D for a bias
        shape = [old_shape.get(field, 1) for field in OLD_SHAPE]
        while len(shape) > 1 and shape[0] == 1:
            shape = shape[1:]
    return torch.from_numpy(data.reshape(shape).copy())
