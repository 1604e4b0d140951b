"""Read the weights in a .t7 file without Torch7, the library in Lua that came before PyTorch.

A binary .t7 file is one object after the other, each with a 32-bit number of its kind in front: a number (float64), a
string (its length, its bytes), a boolean, a table (pairs of objects) or an instance of a class. Tables and instances
have an index, so that what occurs twice is written once. A tensor says its sizes, strides and offset, then names the
storage that holds the numbers. Every other class is a table of its fields, and that is all we make of it: nothing in
the file is executed. Functions are refused.
"""

import struct

import numpy as np
import torch

from course_lib.errors import CourseError
from course_lib.places import absent, place, system_errors

NOTHING, NUMBER, STRING, TABLE, INSTANCE, BOOLEAN = range(6)  # kinds of objects
NUMBERS = {
    "Float": "<f4", "Double": "<f8", "Long": "<i8", "Int": "<i4", "Short": "<i2", "Byte": "u1", "Char": "i1",
    "Cuda": "<f4", "CudaDouble": "<f8",
}  # fmt: skip
LONGEST_NAME = 1000  # a longer version or class name is no name


def read_t7(path):
    """What a .t7 file holds.

    Args:
        path: of a binary .t7 file.
    Returns:
        Numbers, strings and booleans as Python has them, tables and instances as dicts (an instance also has its class
        name under "torch_typename"), tensors as torch.Tensor.
    Raises:
        CourseError: if there is no such file, or it is no whole binary .t7 file.
    """
    path = place(path)
    if not path.is_file():
        raise CourseError(f"No .t7 file at {path}: it {absent(path)}. Check the path.")
    with system_errors("the .t7 file cannot be read"):
        content = path.read_bytes()
    try:
        return _Reader(content).thing()
    except (struct.error, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise CourseError(
            f"{path} is no whole binary .t7 file ({error}). Compare its size with the publisher's; a file that was "
            "saved as text (ascii) must be saved again in Torch7."
        ) from error


def convolutions(module):
    """(weight, bias) of every convolution in a network that `read_t7` gave, in the order of its layers.

    Weights that Torch7 stores as a matrix are given their four axes, (D, C, P, Q).
    """
    if not isinstance(module, dict):
        return []
    if "weight" in module and "kW" in module:
        sizes = [int(module[name]) for name in ("nOutputPlane", "nInputPlane", "kH", "kW")]
        return [(module["weight"].reshape(sizes), module["bias"])]
    layers = module.get("modules", {})
    return [pair for number in sorted(layers) for pair in convolutions(layers[number])]


class _Reader:
    def __init__(self, content):
        self.content, self.at, self.known = content, 0, {}

    def thing(self):
        kind = self.number("<i")
        if kind == NOTHING:
            return None
        if kind == NUMBER:
            return self.number("<d")
        if kind == STRING:
            return self.string()
        if kind == BOOLEAN:
            return self.number("<i") == 1
        if kind not in (TABLE, INSTANCE):
            raise ValueError(f"an object of kind {kind}, a function or damage")
        index = self.number("<i")
        if index not in self.known:
            self.known[index] = self.table({}, index) if kind == TABLE else self.instance(index)
        return self.known[index]

    def table(self, found, index):
        self.known[index] = found  # before its contents, which may refer to it
        for _ in range(self.number("<i")):
            key = self.thing()
            found[key] = self.thing()
        return found

    def instance(self, index):
        name = self.string(LONGEST_NAME)
        if name.startswith("V "):  # a version in front, in files since 2012
            name = self.string(LONGEST_NAME)
        kind = name.removeprefix("torch.").removesuffix("Storage").removesuffix("Tensor")
        if name.endswith("Storage"):
            return np.frombuffer(self.take(self.number("<q") * np.dtype(NUMBERS[kind]).itemsize), NUMBERS[kind])
        if name.endswith("Tensor"):
            return self.tensor()
        found = {"torch_typename": name}
        self.known[index] = found
        fields = self.thing()
        return found if fields is None else found.update(fields) or found

    def tensor(self):
        axes = self.number("<i")
        sizes = [self.number("<q") for _ in range(axes)]
        strides = [self.number("<q") for _ in range(axes)]
        offset = self.number("<q") - 1  # Lua counts from 1
        storage = self.thing()
        if storage is None or not axes:
            return torch.zeros(0)
        last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
        if min(sizes) < 1 or min(strides) < 0 or offset < 0 or last >= len(storage):
            raise ValueError(f"a tensor of sizes {sizes} that reaches beyond its storage")
        return torch.from_numpy(storage.copy()).as_strided(sizes, strides, offset).clone()

    def string(self, longest=None):
        length = self.number("<i")
        if longest and length > longest:
            raise ValueError(f"a name of {length} letters")
        return self.take(length).decode()

    def number(self, kind):
        return struct.unpack(kind, self.take(struct.calcsize(kind)))[0]

    def take(self, length):
        if length < 0 or self.at + length > len(self.content):
            raise ValueError("it ends too early")
        self.at += length
        return self.content[self.at - length : self.at]
