"""Say what is likely wrong with an output, by trying what commonly goes wrong: axes, order, scale, dtype, borders."""

import numbers
import types
from itertools import combinations, permutations

import numpy as np
import torch

from .compare import as_tensor, close, compare, single_number

LARGEST = 2_000_000  # elements of a tensor that is still searched for a pattern
NEARLY = 1.05  # a factor below it was hardly forgotten


def known_mistake(paper, failing):
    """The diagnosis of the known mistake that explains the most failing tests, at least half of them; or None.

    Of several, the one that passes the most tests of those that the learner passes.

    Args:
        paper: Paper.
        failing: {case number: Outcome} of the tests that the learner failed.
    """
    best, diagnosis = (0, 0), None
    passed = [i for i in range(len(paper.cases)) if i not in failing]
    for mistake, outcomes in paper.mistakes:
        alike = [outcome for i, outcome in failing.items() if _alike(outcomes[i], outcome, paper.exercise)]
        explained = len(alike)
        # Very different slips end in "size 3 must match size 2": an exception explains all that failed, or nothing.
        needed = len(failing) if any(outcome.error is not None for outcome in alike) else len(failing) / 2
        if alike and explained >= max(best[0], needed):
            right = sum(_alike(outcomes[i], paper.expected[i], paper.exercise) for i in passed)
            if (explained, right) > best:
                best, diagnosis = (explained, right), mistake.diagnosis
    return diagnosis


def _alike(theirs, mine, exercise):
    if theirs.error is not None or mine.error is not None:
        return type(theirs.error) is type(mine.error) and str(theirs.error) == str(mine.error)
    return compare(_as_float(theirs.output, mine.output), mine.output, exercise.rtol, exercise.atol) is None


def _as_float(theirs, mine):
    """Whole numbers as floats where floats came: the same slip, and // or round(...) forgotten besides."""
    if isinstance(theirs, (list, tuple)) and isinstance(mine, (list, tuple)) and len(theirs) == len(mine):
        return [_as_float(*pair) for pair in zip(theirs, mine, strict=True)]
    return float(theirs) if isinstance(theirs, int) and isinstance(mine, float) else theirs


def generic(pairs, rtol=1e-4, atol=1e-5):
    """One sentence on how the outputs differ from what was expected, if one of the known patterns fits; else None.

    Args:
        pairs: (expected, got) of the failing tests that returned at all. A pattern must fit every pair, or at least
            every pair whose shape (or else dtype) is wrong.
    """
    if not pairs:
        return None
    for rule in _ON_ANYTHING:
        found = [rule(expected, got) for expected, got in pairs]
        if all(found):
            return found[0]
    parts = [part for expected, got in pairs for part in _differing_tensors(expected, got, rtol, atol)]
    if not parts or any(max(a.numel(), b.numel()) > LARGEST for a, b in parts):
        return None
    agree = _Agreement(rtol, atol)
    found = _pattern(parts, agree)  # of all; else at least of those whose shape or dtype is wrong
    found = found or _pattern([(a, b) for a, b in parts if a.shape != b.shape], agree)
    found = found or _pattern([(a, b) for a, b in parts if a.dtype != b.dtype], agree)
    return found or next((_other_dtype(a, b) for a, b in parts if a.dtype != b.dtype), None)


def _other_dtype(expected, got):
    return f"{_name(got.dtype)} came, {_name(expected.dtype)} is expected, and the values differ too."


def _pattern(parts, agree):
    for rule in _ON_TENSORS if parts else ():
        found = [rule(expected, got, agree) for expected, got in parts]
        if all(found) and rule is _scaled:
            found[0] = _over_tests(found, only_numbers=all(expected.numel() == 1 for expected, _ in parts))
        if all(found):
            return found[0]
    return None


def _over_tests(found, only_numbers):
    """What the scales of several tests say together. That one number is some multiple of another says nothing."""
    if len(set(found)) == 1:
        return found[0] if len(found) > 1 or not only_numbers else None
    if only_numbers:
        return None
    added = ["by the same amount" in sentence for sentence in found]
    if all(added):
        return "Everything is off by one amount, another one in each test: what was added or left out?"
    return None if any(added) else "Everything is off by a factor, another one in each test: which size is it?"


def _differing_tensors(expected, got, rtol, atol):
    """The pairs of tensors within two outputs that differ (Python numbers count as tensors without axes)."""
    if isinstance(expected, dict) and isinstance(got, dict):
        inner = [(expected[key], got[key]) for key in expected if key in got]
    elif isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)) and len(expected) == len(got):
        inner = list(zip(expected, got, strict=True))
    else:
        if isinstance(expected, int) and isinstance(got, float):  # a Python number has no dtype to be told about
            expected = float(expected)
        one, other = _tensor(expected), _tensor(got)
        differ = one is not None and other is not None and compare(expected, got, rtol, atol) is not None
        return [(one, other)] if differ else []
    return [pair for one, other in inner for pair in _differing_tensors(one, other, rtol, atol)]


def _tensor(value):
    number = single_number(value) if not isinstance(value, torch.Tensor) else None
    if isinstance(number, float):
        return torch.tensor(number, dtype=torch.float64)
    return torch.tensor(number) if isinstance(number, (int, complex)) else as_tensor(value)


# Patterns that need no tensor ------------------------------------------------------------------------------------


def _nothing_returned(expected, got):
    return got is None and expected is not None and "Nothing was returned (None). Does it end with a return statement?"


def _generator(expected, got):
    if isinstance(got, types.GeneratorType) and not isinstance(expected, types.GeneratorType):
        return "A generator came, with nothing computed yet: use return instead of yield, or wrap it in list(...)."
    if type(got).__name__ in _LAZY and not isinstance(got, torch.Tensor):
        return f"A {type(got).__name__} object came, with nothing computed yet: wrap it in list(...) or tuple(...)."


_LAZY = ("map", "zip", "filter", "reversed", "list_reverseiterator", "enumerate", "accumulate", "chain", "islice")


def _wrapped_once(expected, got):
    if isinstance(got, (list, tuple)) and len(got) == 1 and not isinstance(expected, (list, tuple)):
        kind = type(got).__name__
        return f"A {kind} with one item came: return the item itself. Is there a comma or a bracket too many?"


def _other_type(expected, got):
    if isinstance(got, str) and not isinstance(expected, str):
        return "A string came: return the value itself, without str(...), an f-string or quotes."
    if isinstance(expected, (list, tuple)) and isinstance(got, dict):
        return f"A dict came: return its {len(expected)} values themselves, as a {type(expected).__name__}."
    if isinstance(expected, numbers.Number) and isinstance(got, (list, tuple)):
        return f"One number is expected, {len(got)} values came."


def _array_for_tensor(expected, got):
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        return next(filter(None, map(_array_for_tensor, expected, got)), None)
    if isinstance(expected, torch.Tensor) and isinstance(got, np.ndarray):
        return "A NumPy array came, a torch.Tensor is expected: torch.from_numpy(...) makes one."
    if isinstance(expected, np.ndarray) and isinstance(got, torch.Tensor):
        return "A torch.Tensor came, a NumPy array is expected: .numpy() makes one."


def right_but_float(pairs):
    """What to tell where every value is right and only came as a float, of (expected, got); else None."""
    found = [_float_for_int(expected, got) for expected, got in pairs]
    return found[0] if found and all(found) else None


def _float_for_int(expected, got):
    if isinstance(expected, numbers.Integral) and isinstance(single_number(got), float) and _same_number(got, expected):
        return "The value is right, and a float: a whole number (int) is asked for. Divide with //, or use round(...)."


def _floats_for_ints(expected, got):
    """The same for the items of a tuple or list, and of those in it."""
    if not (isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)) and len(expected) == len(got)):
        return None
    pairs = list(zip(expected, got, strict=True))
    floats = [bool(_float_for_int(*pair) or _floats_for_ints(*pair)) for pair in pairs]
    if any(floats) and all(one or compare(*pair) is None for one, pair in zip(floats, pairs, strict=True)):
        return "The values are right, and some are floats: whole numbers (int) are asked for. Divide with //."


def _same_number(got, expected):
    return abs(got - expected) <= 1e-12 * abs(expected)  # 3.2 * 5 * 112 * 112 may miss its last bit


def _number_for_tensor(expected, got):
    number = single_number(got) if not isinstance(got, torch.Tensor) else None
    if isinstance(expected, torch.Tensor) and number is not None and not isinstance(number, bool):
        return "A Python number came, a torch.Tensor is expected. Was .item() called, or a sum taken over all axes?"
    if isinstance(expected, (int, float)) and isinstance(got, (torch.Tensor, np.ndarray)) and got.ndim:
        return f"One number is expected, a tensor of shape {tuple(got.shape)} came. Is a mean or a sum missing?"
    return _float_for_int(expected, got)


def _sequence_for_tensor(expected, got):
    if isinstance(expected, torch.Tensor) and isinstance(got, (list, tuple)):
        if _values_and_indices(got):
            return "A pair came, values and indices, as .max(dim) and .median(dim) give it: take .values of it."
        if got and all(isinstance(item, torch.Tensor) for item in got):
            joins = "torch.stack(...) or torch.cat(...) joins several"
            return f"A {type(got).__name__} of tensors came, one torch.Tensor is expected: {joins}."
        return f"A {type(got).__name__} came, a torch.Tensor is expected: torch.tensor(...) makes one of numbers."
    if isinstance(expected, (list, tuple)) and isinstance(got, (torch.Tensor, np.ndarray)):
        one = "tensor" if isinstance(got, torch.Tensor) else "NumPy array"
        wanted = "1 value is" if len(expected) == 1 else f"{len(expected)} values are"
        return f"One {one} came, {wanted} expected, as a {type(expected).__name__}."


def _values_and_indices(got):
    pair = len(got) == 2 and all(isinstance(item, torch.Tensor) for item in got)
    return pair and got[0].shape == got[1].shape and got[0].dtype != got[1].dtype == torch.int64


def _other_length(expected, got):
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)) and len(expected) != len(got):
        came = "1 value was" if len(got) == 1 else f"{len(got)} values were"
        return f"{came} returned, {len(expected)} {'is' if len(expected) == 1 else 'are'} expected."


# Patterns of tensors: (expected, got, agree) -> sentence or None ----------------------------------------------------


class _Agreement:
    """`agree(a, b)`: same shape and values within tolerance, whatever the dtype."""

    def __init__(self, rtol, atol):
        self.rtol, self.atol = rtol, atol

    def __call__(self, one, other):
        if one.shape != other.shape or not one.numel():
            return False
        wide = torch.complex128 if one.is_complex() or other.is_complex() else torch.float64
        return bool(close(one.to(wide), other.to(wide), self.rtol, self.atol).all())


def _wrong_dtype(expected, got, agree):
    names = f"{_name(got.dtype)} came, {_name(expected.dtype)} is expected"
    if expected.dtype == got.dtype:
        return None
    if agree(expected, got):
        return f"The values are right, their dtype is not: {names}."
    if expected.is_floating_point() and not got.is_floating_point() and agree(expected.trunc(), got):
        return f"The fractions are lost: {names}. Was // used for /, or a cast made too early?"


def _wrapped(expected, got, agree):
    if got.dtype == torch.uint8 and expected.dtype != torch.bool and agree(expected.double() % 256, got):
        return "The values wrap around at 256: uint8 arithmetic overflows. Convert first, with .float()."


def _not_finite(expected, got, agree):
    if got.is_floating_point() and expected.is_floating_point():
        for test, word in ((torch.isnan, "NaN"), (torch.isinf, "infinity")):
            if test(got).any() and not test(expected).any():
                return (
                    f"There is {word} in the result: a division by zero, a log or a root of something not positive, or "
                    "exp of something large?"
                )


def _batch_axis(expected, got, agree):
    if expected.ndim == got.ndim or expected.squeeze().shape != got.squeeze().shape:
        return None
    word, fix = ("missing", "unsqueeze") if got.ndim < expected.ndim else ("too many", "squeeze")
    return f"An axis of size 1 is {word}: shape {_shape(got)} came, {_shape(expected)} is expected. .{fix}(...) helps."


def _axes_permuted(expected, got, agree):
    if expected.ndim != got.ndim or sorted(expected.shape) != sorted(got.shape) or not 2 <= got.ndim <= 6:
        return None
    for order in _orders(got.ndim):
        if tuple(got.shape[i] for i in order) == expected.shape and agree(expected, got.permute(order)):
            moved = [f"what should be axis {i} is your axis {j}" for i, j in enumerate(order) if i != j]
            return f"The values are right, the axes stand in another order: {', '.join(moved)}."


def _reshaped(expected, got, agree):
    if sorted(expected.shape) != sorted(got.shape) or not 2 <= got.ndim <= 6:
        return None
    for order in _orders(got.ndim):
        if agree(expected.permute(order).reshape(-1), got.reshape(-1)):
            return (
                "The numbers are the right ones in the wrong places: reshape and view keep the order in memory and "
                "only cut it anew. To exchange axes use permute or transpose."
            )


def _shape_permuted(expected, got, agree):
    if expected.shape != got.shape and expected.ndim == got.ndim and sorted(expected.shape) == sorted(got.shape):
        return f"Are two axes exchanged? Shape {_shape(got)} came, {_shape(expected)} is expected."


def _size_off(expected, got, agree):
    if expected.ndim != got.ndim or expected.shape == got.shape:
        return None
    off = [(i, g - e) for i, (e, g) in enumerate(zip(expected.shape, got.shape, strict=True)) if g != e]
    if any(abs(d) > 2 for _, d in off):
        return None
    where = ", ".join(f"axis {i} has {got.shape[i]}, expected {expected.shape[i]}" for i, _ in off)
    amount = "one" if max(abs(d) for _, d in off) == 1 else "two"
    return f"Off by {amount}: {where}. Look at the ends of the range or the padding."


def _other_rank(expected, got, agree):
    if expected.ndim != got.ndim:
        axes = "axis" if got.ndim == 1 else "axes"
        return f"The result has {got.ndim} {axes} {_shape(got)}, expected are {expected.ndim} {_shape(expected)}."


def _flipped(expected, got, agree):
    for count in (1, 2):
        for axes in combinations(range(got.ndim), count):
            if agree(expected, got.flip(axes)):
                return f"Along axis {' and '.join(map(str, axes))} the values run backwards."


def _shifted(expected, got, agree):
    if expected.shape != got.shape:
        return None
    for axis in range(got.ndim):
        length = got.shape[axis]
        for step in (1, -1) if length > 2 else ():
            mine = got.narrow(axis, max(step, 0), length - 1)
            if agree(expected.narrow(axis, max(-step, 0), length - 1), mine):
                return f"Along axis {axis} everything is one place too {'late' if step > 0 else 'early'}."


def _scaled(expected, got, agree):
    if expected.shape != got.shape or not _real(expected, got):
        return None
    one, other = expected.double(), got.double()
    if not (one.isfinite().all() and other.isfinite().all()):
        return None
    if (one * one).sum() > 0 and (other * other).sum() > 0:
        factor = float((one * other).sum() / (one * one).sum())
        if factor != 0 and agree(one * factor, other) and not agree(one, other):
            return _factor(factor)
    offset = float((other - one).mean())
    if agree(one + offset, other):
        return f"Everything is {'too large' if offset > 0 else 'too small'} by the same amount, {abs(offset):.5g}."


def _factor(factor):
    if abs(factor + 1) < 1e-3:
        return "Everything has the wrong sign."
    times, word = (abs(factor), "large") if abs(factor) >= 1 else (1 / abs(factor), "small")
    if factor > 0 and times < NEARLY:
        cause = "was something small added, or is a size off by one?"
        return f"Everything is {times:.5g} times too {word}, which is nearly right: {cause}"
    sign = ", and has the wrong sign" if factor < 0 else ""
    return f"Everything is {times:.5g} times too {word}{sign}: a factor is missing, or one too many."


def _all_zero(expected, got, agree):
    if not got.any() and expected.any() and got.numel() > 1:
        return "Every value is 0. Is the result written where it is returned from?"


def _border_only(expected, got, agree):
    if expected.shape != got.shape or not _real(expected, got):
        return None
    wrong = ~close(expected.double(), got.double(), agree.rtol, agree.atol)
    axes = [axis for axis in range(got.ndim) if got.shape[axis] >= 5]
    inner = wrong
    for axis in axes:
        inner = inner.narrow(axis, 2, inner.shape[axis] - 4)
    if axes and wrong.any() and not inner.any():
        return "Only the border is wrong, the inside is right. How are the edges meant to be treated (padding)?"


def _same_values(expected, got, agree):
    if expected.shape == got.shape and expected.numel() > 2 and _real(expected, got):
        if agree(expected.reshape(-1).double().sort().values, got.reshape(-1).double().sort().values):
            return "The values are the right ones, in another order."


def _orders(rank):
    return [order for order in permutations(range(rank)) if order != tuple(range(rank))]


def _real(*tensors):
    return not any(t.is_complex() or t.dtype == torch.bool for t in tensors)


def _shape(tensor):
    return f"({', '.join(map(str, tensor.shape))})"


def _name(dtype):
    return str(dtype).removeprefix("torch.")


_ON_ANYTHING = (
    _nothing_returned, _generator, _wrapped_once, _other_type, _array_for_tensor,
    _number_for_tensor, _floats_for_ints, _sequence_for_tensor, _other_length,
)  # fmt: skip
_ON_TENSORS = (
    _wrong_dtype, _wrapped, _not_finite, _batch_axis, _axes_permuted, _reshaped, _shape_permuted, _size_off,
    _other_rank, _all_zero, _flipped, _scaled, _shifted, _border_only, _same_values,
)  # fmt: skip
