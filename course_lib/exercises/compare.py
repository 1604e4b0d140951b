"""Compare what came with what was expected, and say where they part."""

import dataclasses
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

SHOWN = 6  # values of a tensor that are written out


@dataclass(frozen=True)
class Difference:
    """The first thing in which two outputs differ.

    kind: "type", "length", "keys", "shape", "dtype" or "values".
    where: path to the differing part, "" for the whole output, "[1]" for its second element.
    expected, got: the two, compactly, for people.
    """

    kind: str
    where: str
    expected: str
    got: str


def compare(expected, got, rtol=1e-4, atol=1e-5, where=""):
    """Compare two outputs.

    Numbers and tensors of floats agree when |got - expected| <= atol + rtol * |expected|; NaN agrees with NaN and
    infinity with infinity of its sign. Integers, booleans, strings, shapes and dtypes must be equal. Tuples and lists
    are interchangeable; where a Python number is expected, a tensor or array of a single one is one too.

    Returns:
        None when they agree, else the first `Difference`.
    """
    if dataclasses.is_dataclass(expected) and type(expected) is type(got):
        names = [field.name for field in dataclasses.fields(expected)]
        expected, got = ({name: getattr(x, name) for name in names} for x in (expected, got))
    if isinstance(expected, torch.Tensor):
        return _compare_tensors(expected, got, rtol, atol, where)
    if isinstance(expected, np.ndarray):
        return _compare_arrays(expected, got, rtol, atol, where)
    if isinstance(expected, (bool, np.bool_, numbers.Number)):
        return _compare_numbers(expected, got, rtol, atol, where)
    if isinstance(expected, Mapping):
        return _compare_mappings(expected, got, rtol, atol, where)
    if isinstance(expected, (list, tuple)):
        return _compare_sequences(expected, got, rtol, atol, where)
    if type(expected) is not type(got) and not isinstance(got, type(expected)):
        return Difference("type", where, brief(expected), brief(got))
    return None if _equal(expected, got) else Difference("values", where, brief(expected), brief(got))


def fitted(expected, got, dtypes=True):
    """What came, in the form of what was expected, where the two differ in form alone.

    A float64 tensor becomes a float32 one, int16 and int32 become int64, a number becomes a tensor without axes, and a
    tensor or array becomes a tuple or list of its rows. Everything else stays as it is: a wrong value stays wrong.

    Args:
        dtypes: whether another dtype is a matter of form.
    Returns:
        (what came, a sentence on its form or None).
    """
    if isinstance(expected, torch.Tensor):
        return _fitted_tensor(expected, got, dtypes)
    if not isinstance(expected, (list, tuple)):
        return got, None
    rows = _rows(expected, got)
    if rows is not None:
        kind = "tensor" if isinstance(got, torch.Tensor) else "NumPy array"
        return rows, f"One {kind} came; usual here is a {type(expected).__name__} of {len(expected)}."
    if not isinstance(got, (list, tuple)) or len(got) != len(expected):
        return got, None
    pairs = [fitted(one, other, dtypes) for one, other in zip(expected, got, strict=True)]
    remark = next((remark for _, remark in pairs if remark), None)
    return (got, None) if remark is None else ([item for item, _ in pairs], remark)


def _fitted_tensor(expected, got, dtypes):
    number = single_number(got) if not isinstance(got, torch.Tensor) else None
    single = not expected.ndim and expected.dtype != torch.bool
    small = isinstance(number, float) or (isinstance(number, int) and abs(number) < 2**63)
    if single and small and not isinstance(number, bool):
        number = torch.tensor(number)
        fits = expected.is_floating_point() or not number.is_floating_point()
        return (number.to(expected.dtype), "A Python number came; usual here is a tensor.") if fits else (got, None)
    if not (isinstance(got, torch.Tensor) and dtypes and _holds(got.dtype, expected.dtype)):
        return got, None
    came, usual = (str(dtype).removeprefix("torch.") for dtype in (got.dtype, expected.dtype))
    short = {"float32": " (.float())", "int64": " (.long())"}.get(usual, "")
    return got.to(expected.dtype), f"{came} came; usual here is {usual}{short}."


def _holds(dtype, usual):
    """Whether one dtype is as good as the usual one for the same purpose, and another."""
    if dtype.is_floating_point and usual.is_floating_point:
        return torch.finfo(dtype).eps < torch.finfo(usual).eps
    return usual == torch.int64 and dtype in (torch.int16, torch.int32)


def _rows(expected, got):
    """The rows of a tensor or array as a list, where they can stand for the items of a tuple or list; else None."""
    if not isinstance(got, (torch.Tensor, np.ndarray)) or not got.ndim or len(got) != len(expected):
        return None
    if all(isinstance(item, torch.Tensor) for item in expected):
        same = isinstance(got, torch.Tensor) and all(item.shape == got.shape[1:] for item in expected)
        return list(got) if same else None
    if got.ndim == 1:
        return got.tolist() if all(isinstance(item, numbers.Number) for item in expected) else None
    return got.tolist() if all(isinstance(item, (list, tuple)) for item in expected) else None


def _compare_tensors(expected, got, rtol, atol, where):
    if not isinstance(got, torch.Tensor):
        return Difference("type", where, brief(expected), brief(got))
    if expected.shape != got.shape:
        return Difference("shape", where, brief(expected), brief(got))
    if expected.dtype != got.dtype:
        return Difference("dtype", where, brief(expected), brief(got))
    wrong = ~close(expected, got, rtol, atol)
    if not wrong.any():
        return None
    return Difference("values", where, *_first_difference(expected, got, wrong))


def _compare_arrays(expected, got, rtol, atol, where):
    if not isinstance(got, np.ndarray):
        return Difference("type", where, brief(expected), brief(got))
    if expected.dtype != got.dtype and expected.shape == got.shape:
        return Difference("dtype", where, brief(expected), brief(got))
    return _compare_tensors(as_tensor(expected), as_tensor(got), rtol, atol, where)


def _compare_numbers(expected, got, rtol, atol, where):
    number = single_number(got)
    if number is None or isinstance(expected, (bool, np.bool_)) != isinstance(number, bool):
        return Difference("type", where, brief(expected), brief(got))
    if isinstance(expected, numbers.Integral) and not isinstance(number, numbers.Integral):
        return Difference("dtype", where, brief(expected), brief(got))
    if _numbers_agree(expected, number, rtol, atol):
        return None
    return Difference("values", where, brief(expected), brief(number))


def _numbers_agree(expected, got, rtol, atol):
    if expected == got or (expected != expected and got != got):
        return True
    if isinstance(expected, numbers.Integral):
        return False
    return math.isfinite(abs(expected)) and abs(got - expected) <= atol + rtol * abs(expected)


def _compare_mappings(expected, got, rtol, atol, where):
    if not isinstance(got, Mapping):
        return Difference("type", where, brief(expected), brief(got))
    if set(expected) != set(got):
        keys = (f"the keys {', '.join(sorted(map(repr, mapping)))}" for mapping in (expected, got))
        return Difference("keys", where, *keys)
    found = (compare(expected[key], got[key], rtol, atol, f"{where}[{key!r}]") for key in expected)
    return next(filter(None, found), None)


def _compare_sequences(expected, got, rtol, atol, where):
    if not isinstance(got, (list, tuple)):
        return Difference("type", where, brief(expected), brief(got))
    if len(expected) != len(got):
        return Difference("length", where, brief(expected), brief(got))
    pairs = enumerate(zip(expected, got, strict=True))
    found = (compare(one, other, rtol, atol, f"{where}[{i}]") for i, (one, other) in pairs)
    first = next(filter(None, found), None)
    if first is not None and all(isinstance(item, (numbers.Number, str)) for item in expected):
        return Difference(first.kind, where, brief(expected), brief(got))  # short enough to show whole
    return first


def _equal(one, other):
    try:
        return bool(one == other)
    except (TypeError, ValueError, RuntimeError):  # an object that cannot be compared is not the same
        return False


def close(expected, got, rtol, atol):
    """Where two tensors of one shape agree: a boolean tensor. Half precision gets at least its own rounding error."""
    if not (expected.is_floating_point() or expected.is_complex()):
        return expected == got
    rtol = max(rtol, 2 * torch.finfo(expected.dtype).eps)
    wide = torch.complex128 if expected.is_complex() else torch.float64
    return torch.isclose(got.to(wide), expected.to(wide), rtol=rtol, atol=atol, equal_nan=True)


def single_number(value):
    """The Python number in a number, or in a tensor or array without axes; else None."""
    if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
        return value.item() if value.ndim == 0 and not isinstance(value, np.str_) else None
    return value if isinstance(value, numbers.Number) else None


def as_tensor(value):
    """A tensor or array as a tensor; None for anything else (also for arrays of objects or strings)."""
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc" and value.dtype.itemsize <= 16:
        return torch.from_numpy(np.ascontiguousarray(value).reshape(value.shape).copy())
    return None


def _first_difference(expected, got, wrong):
    if expected.numel() <= SHOWN:
        return brief(expected), brief(got)
    index = tuple(torch.nonzero(wrong)[0].tolist())
    place = f"at [{', '.join(map(str, index))}]"
    count = f"{int(wrong.sum()):,} of {wrong.numel():,} differ"
    ours, theirs = (_number(tensor[index].item()) for tensor in (expected, got))
    return f"{_header(expected)}, {place}: {ours}", f"{_header(got)}, {place}: {theirs} ({count})"


def brief(value):
    """A value in a line: type, shape and the first few numbers."""
    if isinstance(value, (torch.Tensor, np.ndarray)):
        numbers_ = value.reshape(-1)[:SHOWN].tolist()
        rest = ", …" if math.prod(value.shape) > SHOWN else ""
        return f"{_header(value)}: {', '.join(map(_number, numbers_))}{rest}"
    if isinstance(value, (bool, np.generic)) or value is None:
        return str(value)
    if isinstance(value, numbers.Number):
        return _number(value)
    if isinstance(value, Mapping):
        items = [f"{shortened(repr(key), 40)}: {brief(item)}" for key, item in list(value.items())[:SHOWN]]
        return shortened("{" + ", ".join(items) + (", …" if len(value) > SHOWN else "") + "}")
    if isinstance(value, (list, tuple)):
        open_, close_ = "[]" if isinstance(value, list) else "()"
        items = [brief(item) for item in value[:SHOWN]] + (["…"] if len(value) > SHOWN else [])
        return shortened(open_ + ", ".join(items) + ("," if len(value) == 1 and open_ == "(" else "") + close_)
    if isinstance(value, str):
        return shortened(repr(value))
    if callable(value):
        return f"a {'class' if isinstance(value, type) else 'function'} ({getattr(value, '__name__', 'unnamed')})"
    return f"an object of type {type(value).__name__}"


def _header(value):
    kind = "tensor" if isinstance(value, torch.Tensor) else "NumPy array"
    return f"{kind} {str(value.dtype).removeprefix('torch.')} ({', '.join(map(str, value.shape))})"


def _number(value):
    if isinstance(value, bool) or isinstance(value, numbers.Integral):
        return str(value)
    if isinstance(value, float):
        text = f"{value:.5g}"
        return text if any(mark in text for mark in ".en") else text + ".0"
    return shortened(str(value), 40)


def shortened(text, limit=160):
    """A text, cut where it is longer than a report has room for."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
