"""Relations between the values that came and those expected: a function of them, a constant per slice, or where they
part. Each is a sentence that was tried on the values: (expected, got, agree) -> sentence or None."""

from itertools import combinations

import torch

from .compare import close

FEWEST = 4  # values, over all tests: of fewer, nearly anything is a function


def _function(expected, got, agree):
    if not _comparable(expected, got):
        return None
    one, other = expected.double(), got.double()
    for text, function in _FUNCTIONS:
        if agree(function(one), other):
            return f"What came is {text}"
    for text, function in _MISSING:
        if agree(one, function(other)):
            return text
    return None


_FUNCTIONS = (
    ("the square of what is expected: is a root missing, or a square too many?", torch.square),
    ("the root of what is expected: is a square missing, or a root too many?", torch.sqrt),
    ("what is expected without its signs: is there an abs or a norm too many?", torch.abs),
    ("what is expected with every negative value set to 0: is a clamp or a ReLU too many?", torch.relu),
    ("what is expected with every positive value set to 0: is a clamp the wrong way round?", lambda x: x.clamp(max=0)),
    ("what is expected, cut to 0..1: is there a clamp too many?", lambda x: x.clamp(0, 1)),
    ("the logarithm of what is expected.", torch.log),
    ("the exponential of what is expected.", torch.exp),
    ("what is expected upside down, 1 / x: are two sides of a division exchanged?", torch.reciprocal),
    ("1 minus what is expected.", lambda x: 1 - x),
    ("what is expected, rounded down: is there a // or a cast to int too many?", torch.floor),
    ("what is expected, rounded towards 0: is there a cast to int too many?", torch.trunc),
    ("what is expected, rounded.", torch.round),
    ("what is expected, rounded up.", torch.ceil),
)
_MISSING = (
    ("Right but for signs: what is expected is the size (abs) of what came.", torch.abs),
    ("Right but for the negative values: they should be 0 (a clamp or a maximum with 0).", torch.relu),
    ("Right but for what lies outside 0..1: it should be cut there.", lambda x: x.clamp(0, 1)),
    ("Right but for the rounding: each value is to be rounded down.", torch.floor),
    ("Right but for the rounding: each value is to be rounded.", torch.round),
    ("Right but for the rounding: each value is to be rounded up.", torch.ceil),
)


def _signs(expected, got, agree):
    if _comparable(expected, got) and agree(expected.double().abs(), got.double().abs()):
        return "The sizes are right, and some signs are turned."


def _along_an_axis(expected, got, agree):
    if not _comparable(expected, got):
        return None
    one, other = expected.double(), got.double()
    for axis in range(one.ndim) if max(one.shape, default=0) > 1 else ():
        if agree(one.softmax(axis), other):
            return f"What came is a softmax, along axis {axis}, of what is expected: one softmax too many?"
        if agree(one, other.softmax(axis)):
            return f"Right but for a softmax along axis {axis}, which is missing."
        if agree(one.cumsum(axis), other):
            return f"Along axis {axis} the values are added up one after the other: each should stand by itself."
        if agree(one, other.cumsum(axis)):
            return f"Along axis {axis} the values should be added up one after the other; these are the single steps."
    return None


def _mask(expected, got, agree):
    if not (expected.shape == got.shape and expected.dtype == got.dtype == torch.bool) or expected.numel() < FEWEST:
        return None
    if (expected != got).all():
        return "The mask is the wrong way round: true where false is expected, everywhere."
    if not (got & ~expected).any():
        return "What is marked true is right, but some are missed: a condition is too strict, or one is left out."
    if not (expected & ~got).any():
        return "All that should be true is, but others are, too: a condition is too loose, or one is left out."


def _one_constant_each(expected, got, agree):
    """Whether each slice is right but for a number added to it, or multiplied with it."""
    if not _comparable(expected, got) or not 2 <= expected.ndim <= 5:
        return None
    one, other = expected.double(), got.double()
    for count in range(1, one.ndim):
        for axes in combinations(range(one.ndim), count):
            inner = [axis for axis in range(one.ndim) if axis not in axes]
            size = one[0:1].numel() and torch.Size([one.shape[axis] for axis in inner]).numel()
            if size < 3 or one.numel() == size:
                continue
            each = f"axis {axes[0]}" if count == 1 else f"axes {' and '.join(map(str, axes))}"
            if agree(one + (other - one).mean(inner, keepdim=True), other):
                return f"Every slice along {each} is right but for one number of its own that is added to it."
            power = (one * one).sum(inner, keepdim=True)
            factor = (one * other).sum(inner, keepdim=True) / power
            if (power > 0).all() and (factor != 0).all() and agree(one * factor, other):
                return f"Every slice along {each} is right but for a factor of its own."
    return None


def _place(expected, got, agree):
    """Where along an axis the wrong values stand, in words that can hold for tests of several sizes."""
    if expected.shape != got.shape or expected.numel() < FEWEST:
        return None
    wrong = ~close(expected.double(), got.double(), agree.rtol, agree.atol)
    for axis in range(wrong.ndim):
        size = wrong.shape[axis]
        at = wrong.transpose(0, axis).reshape(size, -1).any(1).tolist()
        words = _PLACES.get(_kind(at)) if size > 1 else None
        if words:
            return f"Along axis {axis} {words}."
    return None


_PLACES = {
    "first": "only the first place is wrong, all others are right",
    "last": "only the last place is wrong, all others are right",
    "but first": "the first place is right, and all others are wrong",
    "but last": "only the last place is right, and all others are wrong",
    "even": "every second place is wrong (0, 2, ...), and those between are right",
    "odd": "every second place is wrong (1, 3, ...), and those between are right",
}


def _kind(at):
    """What a list of truths (wrong or not, place by place) is like; None where nothing simple fits."""
    size = len(at)
    likely = {"first": [0], "but first": range(1, size)} | (
        {"last": [size - 1], "but last": range(size - 1), "even": range(0, size, 2), "odd": range(1, size, 2)}
        if size > 2 else {}
    )  # fmt: skip
    return next((name for name, wrong in likely.items() if at == [i in wrong for i in range(size)]), None)


def _border_only(expected, got, agree):
    if not _comparable(expected, got):
        return None
    wrong = ~close(expected.double(), got.double(), agree.rtol, agree.atol)
    axes = [axis for axis in range(got.ndim) if got.shape[axis] >= 5] if got.ndim > 1 else []
    inner = wrong
    for axis in axes:
        inner = inner.narrow(axis, 2, inner.shape[axis] - 4)
    if axes and wrong.any() and not inner.any():
        return "Only the border is wrong, the inside is right. How are the edges meant to be treated (padding)?"


def _nearly(expected, got, agree):
    if not _comparable(expected, got):
        return None
    if expected.dtype != got.dtype:
        return None
    largest = float(expected.double().abs().max())
    if float((expected.double() - got.double()).abs().max()) <= largest / 100:
        return (
            "Nearly right: no value is off by more than 1 % of the largest. Is something small added, something "
            "rounded, or a size off by one?"
        )


def _comparable(expected, got):
    real = not any(t.is_complex() or t.dtype == torch.bool for t in (expected, got))
    return expected.shape == got.shape and real and bool(expected.isfinite().all() and got.isfinite().all())


RELATIONS = (_mask, _function, _signs, _along_an_axis, _one_constant_each, _place, _border_only, _nearly)
