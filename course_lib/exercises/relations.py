"""Relations between the values that came and those expected: a function of them, a constant per slice, or where they
part. Each is a sentence that was tried on the values: (expected, got, agree) -> sentence or None."""

from functools import partial
from itertools import combinations

import torch

from .compare import close

FEWEST = 4  # values, over all tests: of fewer, nearly anything is a function


def _function(text, function, expected, got, agree):
    if _comparable(expected, got) and agree(function(expected.double()), got.double()):
        return f"What came is {text}"


def _to_be_applied(text, function, expected, got, agree):
    if _comparable(expected, got) and agree(expected.double(), function(got.double())):
        return text


_FUNCTIONS = (
    ("the square of what is expected: is a root missing, or a square too many?", torch.square),
    ("the root of what is expected: is a square missing, or a root too many?", torch.sqrt),
    ("what is expected without its signs: is there an abs or a norm too many?", torch.abs),
    ("what is expected with every negative value set to 0: is a clamp or a ReLU too many?", torch.relu),
    ("what is expected with every positive value set to 0: is a clamp the wrong way round?", lambda x: x.clamp(max=0)),
    ("what is expected, cut to 0..1: is there a clamp too many?", lambda x: x.clamp(0, 1)),
    ("the sign of what is expected: -1, 0 or 1.", torch.sign),
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


def _place(axis, expected, got, agree):
    """Where along an axis the wrong values stand, in words that can hold for tests of several sizes."""
    if expected.shape != got.shape or expected.numel() < 2 or axis >= expected.ndim or expected.shape[axis] < 2:
        return None
    wrong = ~close(expected.double(), got.double(), agree.rtol, agree.atol)
    at = wrong.transpose(0, axis).reshape(wrong.shape[axis], -1).any(1).tolist()
    size = len(at)
    likely = {"only the first place is wrong, all others are right": [0]} | (
        {
            "only the last place is wrong, all others are right": [size - 1],
            "the first place is right, and all others are wrong": range(1, size),
            "only the last place is right, and all others are wrong": range(size - 1),
        }
        | {
            f"every second place is wrong ({first}, {first + 2}, ...), and those between are right": range(
                first, size, 2
            )
            for first in ((0, 1) if size > 3 else ())
        }
        if size > 2
        else {"the first place is right, and all others are wrong": [1]}
    )
    words = next((words for words, places in likely.items() if at == [i in places for i in range(size)]), None)
    if not words and at.count(True) == 1:
        words = f"only place {at.index(True)} is wrong, all others are right"
    return words and f"Along axis {axis} {words}."


def _end(axis, expected, got, agree):
    """Whether all is right up to some place along an axis, and wrong from there on."""
    if expected.shape != got.shape or axis >= expected.ndim or expected.shape[axis] < 3:
        return None
    wrong = ~close(expected.double(), got.double(), agree.rtol, agree.atol)
    at = wrong.transpose(0, axis).reshape(wrong.shape[axis], -1).any(1).tolist()
    if not at[0] and at[-1] and at == sorted(at):
        return f"Along axis {axis} all is right at first, and from some place on all is wrong."


def _cut(expected, got, agree):
    """Whether the values are those expected, but for a limit to which larger or smaller ones were cut."""
    if not _comparable(expected, got) or expected.numel() < FEWEST:
        return None
    one, other = expected.double(), got.double()
    for limit, word in ((float(other.max()), "above"), (float(other.min()), "below")):
        cut = one.clamp(max=limit) if word == "above" else one.clamp(min=limit)
        if agree(cut, other) and 1 < int((cut != one).sum()) < one.numel() - 1:
            return f"Right but for what lies {word} {limit:.4g}: it was cut there, as by a clamp."


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


_ALONG = tuple(partial(rule, axis) for rule in (_place, _end) for axis in range(5))
_ALIKE = tuple(partial(_function, *row) for row in _FUNCTIONS)
_ALIKE += tuple(partial(_to_be_applied, *row) for row in _MISSING)
RELATIONS = (
    _mask, *_ALIKE, _signs, _along_an_axis, *_ALONG[:5], _one_constant_each, *_ALONG[5:], _border_only, _cut, _nearly,
)  # fmt: skip
