"""Patterns in which one tensor differs from another: (expected, got, agree) -> a sentence true of the two, or None."""

from itertools import combinations, permutations

import torch

from .compare import close

NEARLY = 1.05  # a factor below it was hardly forgotten


class Agreement:
    """`agree(a, b)`: same shape and values within tolerance, whatever the dtype."""

    def __init__(self, rtol, atol):
        self.rtol, self.atol = rtol, atol

    def __call__(self, one, other):
        if one.shape != other.shape or not one.numel():
            return False
        wide = torch.complex128 if one.is_complex() or other.is_complex() else torch.float64
        return bool(close(one.to(wide), other.to(wide), self.rtol, self.atol).all())


def _wrong_dtype(expected, got, agree):
    names = f"{dtype_name(got.dtype)} came, {dtype_name(expected.dtype)} is expected"
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
    where = ", ".join(f"axis {i} has {got.shape[i]}, expected {expected.shape[i]}" for i, _ in off)
    if len(off) == 1 and 1 in (expected.shape[off[0][0]], got.shape[off[0][0]]):
        less = off[0][1] < 0
        cause = "is a part of it left out" if less else "did two tensors meet whose axes do not match (broadcasting)"
        return f"A size is wrong: {where}; {cause}?"
    if len(off) == 2 and off[0][1] == -off[1][1]:
        return f"What is missing along one axis is too many along another: {where}. Are the two mixed up somewhere?"
    if any(abs(d) > 2 for _, d in off):
        return _cut(expected, got, agree, off)
    amount = "one" if max(abs(d) for _, d in off) == 1 else "two"
    look = _cut(expected, got, agree, off) or "Look at the ends of the range or the padding."
    return f"Off by {amount}: {where}. {look}"


def _cut(expected, got, agree, off):
    """Which end is missing or too many, where all the rest is right."""
    if len(off) != 1:
        return None
    axis, more = off[0]
    longer, shorter = (got, expected) if more > 0 else (expected, got)
    for start, end in ((0, "end"), (abs(more), "beginning")):
        if agree(shorter, longer.narrow(axis, start, shorter.shape[axis])):
            what = "too many" if more > 0 else "missing"
            return f"The values are right, but along axis {axis} there are {abs(more)} {what} at the {end}."
    return None


def _other_rank(expected, got, agree):
    if expected.ndim == got.ndim:
        return None
    axes = "axis" if got.ndim == 1 else "axes"
    text = f"The result has {got.ndim} {axes} {_shape(got)}, expected are {expected.ndim} {_shape(expected)}."
    if agree(expected.reshape(-1), got.reshape(-1)):
        return f"{text} The numbers are right and in the right order: some axes are to be joined or taken apart."
    return text + (_reduction(expected, got, agree) or "")


_REDUCTIONS = (("sum", torch.sum), ("mean", torch.mean), ("maximum", torch.amax), ("minimum", torch.amin))


def _reduction(expected, got, agree):
    """How one comes from the other by a sum, a mean or an extreme over an axis."""
    more, less, text = (
        (expected, got, " It is the {} of what is expected over axis {}, which should stay.")
        if got.ndim < expected.ndim
        else (got, expected, " Its {} over axis {} would be right.")
    )
    if more.ndim != less.ndim + 1 or more.dtype == torch.bool:
        return None
    wide = more.double()
    for axis in range(more.ndim) if more.numel() else ():
        for name, reduce in _REDUCTIONS:
            if more.shape[axis] > 1 and agree(less.double(), reduce(wide, axis)):
                return text.format(name, axis)
    return None


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


def scaled(expected, got, agree):
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


def _constant(expected, got, agree):
    if got.numel() > 2 and expected.shape == got.shape and _real(expected, got):
        if (got == got.reshape(-1)[0]).all() and not (expected == expected.reshape(-1)[0]).all():
            return f"Every value that came is the same, {got.reshape(-1)[0].item():.5g}."


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


def dtype_name(dtype):
    return str(dtype).removeprefix("torch.")


ON_TENSORS = (
    _wrong_dtype, _wrapped, _not_finite, _batch_axis, _axes_permuted, _reshaped, _shape_permuted, _size_off,
    _other_rank, _all_zero, _constant, _flipped, scaled, _shifted, _same_values,
)  # fmt: skip
