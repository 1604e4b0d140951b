"""Values as plain JSON, so that inputs reach a learner's function and outputs come back without pickle.

Numbers, strings and None stand for themselves; everything else is `{"is": kind, ...}`. Decoding builds tensors, arrays
and Python's own containers, and nothing that could run code.
"""

import base64
import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import torch

DEEPEST = 20  # containers within containers
MOST_ITEMS = 200_000  # of all containers together
MOST_KEYS = 4000  # of all dicts and sets together: keys of one hash cost their number squared
LARGEST = 16 * 2**20  # bytes of all arrays together
LONGEST = 200_000  # characters of one string
BITS = 4096  # of one integer

TORCH_DTYPES = {
    name: getattr(torch, name)
    for name in (
        "bool", "uint8", "int8", "int16", "int32", "int64",
        "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
    )
}  # fmt: skip
NUMPY_KINDS = "biufc"
_NAMES = {dtype: name for name, dtype in TORCH_DTYPES.items()}


class WireError(ValueError):
    """A value cannot be sent, or what came is not a value."""


def encode(value):
    """A value as what `json.dumps` takes.

    Raises:
        WireError: for an object that is not data, too deep, or larger than `LARGEST`.
    """
    return _Encoder().encode(value, 0)


def decode(message):
    """The value that `encode` made a message from. Believes nothing of the message.

    Raises:
        WireError: if it is not such a message.
    """
    return _Decoder().decode(message, 0)


def _builtin(value):
    """A fraction, or an instance of a subclass of str, int or float, as what Python itself has; others unchanged."""
    if isinstance(value, (torch.Tensor, np.ndarray, bool)):
        return value
    if isinstance(value, np.generic) and not isinstance(value, np.str_):
        return value
    if isinstance(value, (Fraction, Decimal)):
        return float(value)
    kind = next((kind for kind in (str, int, float) if isinstance(value, kind)), None)
    return value if kind is None or type(value) is kind else kind(value)


class _Encoder:
    def __init__(self):
        self.left, self.items = LARGEST, MOST_ITEMS

    def encode(self, value, depth):
        if depth > DEEPEST:
            raise WireError(f"more than {DEEPEST} containers within each other")
        value = _builtin(value)
        if value is None or type(value) in (bool, str):
            return value if type(value) is not str else self._text(value)
        if type(value) is int:
            if value.bit_length() > BITS:
                raise WireError(f"an integer of {value.bit_length():,} bits")
            return {"is": "int", "value": str(value)}
        if type(value) is float:
            return value if math.isfinite(value) else {"is": "float", "value": repr(value)}
        if type(value) is complex:
            return {"is": "complex", "value": [repr(value.real), repr(value.imag)]}
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, (np.ndarray, np.generic)):
            return self._array(value)
        if isinstance(value, torch.Generator):
            return {"is": "generator", "state": self._tensor(value.get_state())}
        if isinstance(value, (torch.dtype, torch.device)):
            return {"is": type(value).__name__, "value": str(value).removeprefix("torch.")}
        return self._container(value, depth)

    def _container(self, value, depth):
        kinds = ((dict, "dict"), (tuple, "tuple"), (list, "list"), (set, "set"), (frozenset, "set"))
        kind, name = next(((kind, name) for kind, name in kinds if isinstance(value, kind)), (None, None))
        if kind is None:
            raise WireError(f"an object of type {type(value).__name__}, which is no number, tensor or container")
        items = [part for item in dict.items(value) for part in item] if name == "dict" else list(kind.__iter__(value))
        self.items -= len(items)
        if self.items < 0:
            raise WireError(f"more than {MOST_ITEMS:,} items")
        return {"is": name, "items": [self.encode(item, depth + 1) for item in items]}

    def _text(self, value):
        if len(value) > LONGEST:
            raise WireError(f"a string of {len(value):,} characters")
        return value.encode("utf-8", "replace").decode("utf-8")

    def _tensor(self, value):
        if value.layout != torch.strided or value.dtype not in _NAMES:
            raise WireError(f"a tensor with layout {value.layout} and dtype {value.dtype}")
        tensor = value.detach().as_subclass(torch.Tensor)
        self._take(tensor.numel() * tensor.element_size())
        flat = tensor.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8)
        data = flat.numpy().tobytes() if tensor.numel() else b""
        return _packed("tensor", _NAMES[tensor.dtype], tensor.shape, data) | {"grad": bool(value.requires_grad)}

    def _array(self, value):
        kind = "scalar" if isinstance(value, np.generic) else "array"
        array = np.asarray(value).view(np.ndarray)
        if not _is_plain(array.dtype):
            raise WireError(f"a NumPy array of {array.dtype}")
        self._take(array.nbytes)
        array = array.astype(array.dtype.newbyteorder("<"))
        return _packed(kind, array.dtype.str, array.shape, array.tobytes())

    def _take(self, size):
        self.left -= size
        if self.left < 0:
            raise WireError(f"more than {LARGEST // 2**20} MB")


def _is_plain(dtype):
    """Whether torch knows the numbers of a NumPy dtype as well: those of 80 bits differ from machine to machine."""
    return dtype.kind in NUMPY_KINDS and dtype.itemsize <= (16 if dtype.kind == "c" else 8)


def _packed(kind, dtype, shape, data):
    return {"is": kind, "dtype": dtype, "shape": list(shape), "data": base64.b64encode(data).decode("ascii")}


class _Decoder:
    def __init__(self):
        self.left, self.items, self.keys = LARGEST, MOST_ITEMS, MOST_KEYS

    def decode(self, message, depth):
        if depth > DEEPEST:
            raise WireError("too deep")
        if message is None or type(message) in (bool, float):
            return message
        if type(message) is str and len(message) <= LONGEST:
            return message
        if type(message) is not dict or type(message.get("is")) is not str:
            raise WireError(f"a {type(message).__name__} where a value belongs")
        method = getattr(self, "_" + message["is"], None) if message["is"] in _KINDS else None
        if method is None:
            raise WireError("an unknown kind of value")
        return method(message, depth)

    def _int(self, message, depth):
        text = message.get("value")
        if type(text) is not str or len(text) > BITS // 3 or not re.fullmatch(r"-?[0-9]+", text):
            raise WireError("no integer")
        return int(text)

    def _float(self, message, depth):
        text = message.get("value")
        if text not in ("nan", "inf", "-inf"):
            raise WireError("no float")
        return float(text)

    def _complex(self, message, depth):
        parts = message.get("value")
        if type(parts) is not list or len(parts) != 2 or any(type(p) is not str or len(p) > 40 for p in parts):
            raise WireError("no complex number")
        try:
            return complex(*map(float, parts))
        except ValueError as problem:
            raise WireError("no complex number") from problem

    def _dict(self, message, depth):
        items = self._keys(message, depth)
        try:
            return dict(zip(items[::2], items[1::2], strict=True))
        except (TypeError, ValueError) as problem:  # a key that cannot be one, or a key without a value
            raise WireError("no dict") from problem

    def _set(self, message, depth):
        try:
            return set(self._keys(message, depth))
        except TypeError as problem:
            raise WireError("no set") from problem

    def _tuple(self, message, depth):
        return tuple(self._items(message, depth))

    def _list(self, message, depth):
        return self._items(message, depth)

    def _keys(self, message, depth):
        items = self._items(message, depth)
        self.keys -= len(items)
        if self.keys < 0:
            raise WireError("too many keys")
        return items

    def _items(self, message, depth):
        items = message.get("items")
        if type(items) is not list:
            raise WireError("a container without items")
        self.items -= len(items)
        if self.items < 0:
            raise WireError("too many items")
        return [self.decode(item, depth + 1) for item in items]

    def _tensor(self, message, depth):
        dtype = TORCH_DTYPES.get(message.get("dtype")) if type(message.get("dtype")) is str else None
        if dtype is None:
            raise WireError("no dtype of torch")
        shape, data = self._bytes(message, torch.empty((), dtype=dtype).element_size())
        if dtype == torch.bool and data.translate(None, b"\0\1"):
            raise WireError("booleans that are neither")
        flat = torch.frombuffer(data, dtype=torch.uint8).view(dtype) if data else torch.empty(0, dtype=dtype)
        tensor = flat.reshape(shape)
        grad = message.get("grad") is True and (tensor.is_floating_point() or tensor.is_complex())
        return tensor.requires_grad_(True) if grad else tensor

    def _array(self, message, depth):
        text = message.get("dtype")
        if type(text) is not str or len(text) > 8:
            raise WireError("no dtype of NumPy")
        try:
            dtype = np.dtype(text)
        except TypeError as problem:
            raise WireError("no dtype of NumPy") from problem
        if not _is_plain(dtype):
            raise WireError("no dtype of numbers")
        shape, data = self._bytes(message, dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))

    def _scalar(self, message, depth):
        array = self._array(message, depth)
        if array.shape != ():
            raise WireError("no scalar")
        return array[()]

    def _generator(self, message, depth):
        state = self.decode(message.get("state"), depth + 1)
        try:
            return torch.Generator().set_state(state)
        except (TypeError, RuntimeError) as problem:
            raise WireError("no state of a generator") from problem

    def _dtype(self, message, depth):
        value = message.get("value")
        if type(value) is not str or value not in TORCH_DTYPES:
            raise WireError("no dtype")
        return TORCH_DTYPES[value]

    def _device(self, message, depth):
        if message.get("value") != "cpu":
            raise WireError("no device that is known here")
        return torch.device("cpu")

    def _bytes(self, message, itemsize):
        shape, text = message.get("shape"), message.get("data")
        if type(shape) is not list or len(shape) > 16 or any(type(n) is not int or n < 0 for n in shape):
            raise WireError("no shape")
        size = math.prod(shape) * itemsize
        if type(text) is not str or size > self.left or any(n > 2**40 for n in shape):
            raise WireError("no data, or too much")
        self.left -= size
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError as problem:
            raise WireError("no base64") from problem
        if len(data) != size:
            raise WireError("another number of bytes than the shape asks for")
        return shape, bytearray(data)


_KINDS = {
    "int", "float", "complex", "dict", "set", "tuple", "list", "tensor", "array", "scalar", "generator", "dtype",
    "device",
}  # fmt: skip
