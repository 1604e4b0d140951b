"""Read the weights in a .caffemodel file without Caffe.

Such a file is one message in Google's protocol buffer format: a row of fields, each a number (what field, what kind)
and a value. Four kinds of values occur; what is not asked for is stepped over. The numbers of the fields are those of
Caffe's `caffe.proto`: a network has layers (100, or 2 in files from before 2014), a layer a name and blobs, a blob a
shape and floats.
"""

import numpy as np
import torch

from course_lib.errors import CourseError
from course_lib.places import absent, place, system_errors

LAYERS = {100: (1, 7), 2: (4, 6)}  # field of a layer in the network: fields of name and blob in the layer, new and old
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of values


def read_caffemodel(path):
    """The weights as a state dict: layer "conv1" gives conv1.weight and conv1.bias.

    Args:
        path: of the file.
    Returns:
        {name: float32 tensor}: weights of convolutions (D, C, H, W), of fully connected layers (D, C).
    Raises:
        CourseError: if there is no such file, or it is no Caffe network.
    """
    path = place(path)
    if not path.is_file():
        raise CourseError(
            f"No Caffe file at {path}: it {absent(path)}. The course does not download weights by itself."
        )
    with system_errors("the Caffe file cannot be read"):
        data = memoryview(path.read_bytes())
    state = {}
    try:
        for number, value in _fields(data):
            if number in LAYERS:
                state |= _layer(value, *LAYERS[number])
    except (IndexError, ValueError, UnicodeDecodeError, TypeError) as error:
        raise CourseError(f"{path} is no Caffe network, or incomplete ({error}): compare its size.") from error
    if not state:
        raise CourseError(f"{path} holds no weights. Is it a .prototxt, or a solver's state?")
    return state


def _layer(data, name_field, blob_field):
    name, blobs = "", []
    for number, value in _fields(data):
        if number == name_field:
            name = bytes(value).decode()
        elif number == blob_field:
            blobs.append(_blob(value))
    if blobs and blobs[0].ndim == 4 and blobs[0].shape[:2] == (1, 1):  # an old fully connected layer
        blobs[0] = blobs[0][0, 0]
    if len(blobs) > 1:
        blobs[1] = blobs[1].flatten()  # old files have four axes for biases, too
    return {f"{name}.{kind}": blob for kind, blob in zip(("weight", "bias"), blobs, strict=False)}


def _blob(data):
    """A tensor: floats in field 5, its shape in field 7, or in old files as four numbers in fields 1 to 4."""
    shape, old, values = None, {}, []
    for number, value in _fields(data):
        if number == 5:
            values.append(np.frombuffer(value, "<f4"))
        elif number == 7:
            shape = [size for field, dims in _fields(value) if field == 1 for size in _whole_numbers(dims)]
        elif number in (1, 2, 3, 4):
            old[number] = value
    shape = [old.get(number, 1) for number in (1, 2, 3, 4)] if shape is None else shape
    return torch.from_numpy(np.concatenate(values).reshape(shape).copy())


def _whole_numbers(value):
    """A field of whole numbers: one, or many packed into bytes."""
    if isinstance(value, int):
        return [value]
    numbers, place = [], 0
    while place < len(value):
        number, place = _varint(value, place)
        numbers.append(number)
    return numbers


def _fields(data):
    """(number of the field, value) of a message, one after the other; bytes are not copied."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = _varint(data, place)
        else:
            if kind == BYTES:
                size, place = _varint(data, place)
            elif kind in (FIXED64, FIXED32):
                size = 8 if kind == FIXED64 else 4
            else:
                raise ValueError(f"a value of kind {kind}")
            if place + size > len(data):
                raise ValueError("the end is missing")
            value, place = data[place : place + size], place + size
        yield number, value


def _varint(data, place):
    """A whole number, 7 bits per byte, lowest first; the highest bit says that more follows."""
    number, shift = 0, 0
    while True:
        byte = data[place]
        number |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return number, place
