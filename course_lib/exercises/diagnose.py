"""Say what is likely wrong with an output, by trying what commonly goes wrong: axes, order, scale, dtype, borders."""

import math
import numbers
import types
from itertools import permutations

import numpy as np
import torch

from .arguments import by_argument
from .compare import as_tensor, compare, single_number
from .patterns import ON_TENSORS, Agreement, dtype_name, scaled
from .relations import FEWEST, RELATIONS

LARGEST = 2_000_000  # elements of a tensor that is still searched for a pattern


def known_mistake(paper, failing):
    """(diagnosis of the known mistake that explains the most failing tests, whether it explains all); or (None, False).

    It must explain half of them, and says so where it does not explain all. Of several, the one that passes the most
    tests of those that the learner passes.

    Args:
        paper: Paper.
        failing: {case number: Outcome} of the tests that the learner failed.
    """
    best, diagnosis = (0, 0), None
    passed = [i for i in range(len(paper.cases)) if i not in failing]
    for mistake, outcomes in paper.mistakes:
        same = [outcome for i, outcome in failing.items() if alike(outcomes[i], outcome, paper.exercise)]
        explained = len(same)
        # Very different slips end in "size 3 must match size 2": an exception explains all that failed, or nothing.
        needed = len(failing) if any(outcome.error is not None for outcome in same) else len(failing) / 2
        if same and explained >= max(best[0], needed):
            right = sum(alike(outcomes[i], paper.expected[i], paper.exercise) for i in passed)
            if (explained, right) > best:
                best, diagnosis = (explained, right), mistake.diagnosis
    if diagnosis and best[0] < len(failing):
        return f"{diagnosis} (so it looks in {best[0]} of the {len(failing)} tests that fail)", False
    return diagnosis, diagnosis is not None


def alike(theirs, mine, exercise):
    """Whether two outcomes are the same, as far as the exercise's tolerances go."""
    if theirs.error is not None or mine.error is not None:
        return type(theirs.error) is type(mine.error) and str(theirs.error) == str(mine.error)
    return compare(_as_float(theirs.output, mine.output), mine.output, exercise.rtol, exercise.atol) is None


def _as_float(theirs, mine):
    """Whole numbers as floats where floats came: the same slip, and // or round(...) forgotten besides."""
    if isinstance(theirs, (list, tuple)) and isinstance(mine, (list, tuple)) and len(theirs) == len(mine):
        return [_as_float(*pair) for pair in zip(theirs, mine, strict=True)]
    if isinstance(theirs, float) and math.isfinite(theirs) and isinstance(mine, int):
        return mine if mine in (int(theirs), round(theirs)) else None  # counts are compared exactly, but for fractions
    return float(theirs) if isinstance(theirs, int) and isinstance(mine, float) else theirs


def generic(pairs, rtol=1e-4, atol=1e-5, exercise=None, cases=()):
    """One sentence on how the outputs differ from what was expected, if one of the known patterns fits; else None.

    Args:
        pairs: (expected, got) of the failing tests that returned at all. A pattern must fit every pair, or at least
            every pair whose shape (or else dtype) is wrong.
        exercise, cases: the exercise and the test of each pair, for what the sizes of their arguments explain.
    """
    if not pairs:
        return None
    for rule in _ON_ANYTHING:
        found = [rule(expected, got) for expected, got in pairs]
        if all(found):
            return found[0]
    orders = {_exchanged(expected, got, rtol, atol) for expected, got in pairs}
    if len(orders) == 1 and None not in orders:
        return f"The results are right, in another order: {orders.pop()}."
    only = _only_wrong(pairs, rtol, atol)
    if only is not None:
        count = len(pairs[0][0])
        inner = generic([(expected[only], got[only]) for expected, got in pairs], rtol, atol, exercise, cases)
        return f"Of the {count} results only the {_ORDINALS[only]} is wrong. {inner or ''}".strip()
    agree = Agreement(rtol, atol)
    if cases:
        rows = [(case, expected, got) for case, (expected, got) in zip(cases, pairs, strict=True)]
        found = by_argument(exercise, rows, agree)
        if found:
            return found
    parts = [part for expected, got in pairs for part in _differing_tensors(expected, got, rtol, atol)]
    if not parts or any(max(a.numel(), b.numel()) > LARGEST for a, b in parts):
        return None
    found = _pattern(parts, agree)  # of all; else at least of those whose shape or dtype is wrong
    found = found or _pattern([(a, b) for a, b in parts if a.shape != b.shape], agree)
    found = found or _pattern([(a, b) for a, b in parts if a.dtype != b.dtype], agree)
    found = found or next((_other_dtype(a, b) for a, b in parts if a.dtype != b.dtype), None)
    return found or _one_of_the_results(pairs, rtol, atol, exercise, cases)


def _one_of_the_results(pairs, rtol, atol, exercise, cases):
    """What can be said of one of several results that are wrong, each in its own way."""
    counts = {len(side) if isinstance(side, (list, tuple)) else 0 for pair in pairs for side in pair}
    count = counts.pop() if len(counts) == 1 else 0
    if not 2 <= count <= len(_ORDINALS) or _table(pairs[0][0]) is not None:
        return None
    for i, word in enumerate(_ORDINALS[:count]):
        some = [(expected[i], got[i]) for expected, got in pairs]
        if all(compare(*pair, rtol, atol) is not None for pair in some):
            found = generic(some, rtol, atol, exercise, cases)
            if found:
                return f"Several results are wrong. The {word} of the {count}: {found}"
    return None


def _exchanged(expected, got, rtol, atol):
    """Which of several results stands where, if their order alone is wrong; else None."""
    if not all(isinstance(side, (list, tuple)) for side in (expected, got)) or _table(expected) is not None:
        return None
    if len(expected) != len(got) or not 2 <= len(expected) <= len(_ORDINALS):
        return None
    for order in permutations(range(len(got))):
        if all(compare(one, got[i], rtol, atol) is None for one, i in zip(expected, order, strict=True)):
            moved = [f"what should be the {_ORDINALS[i]} is your {_ORDINALS[j]}" for i, j in enumerate(order) if i != j]
            return ", ".join(moved) or None
    return None


_ORDINALS = ("first", "second", "third", "fourth", "fifth")


def _only_wrong(pairs, rtol, atol):
    """The one place of a tuple or list of results that is wrong in every test, all others being right; else None."""
    wrong = set()
    for expected, got in pairs:
        if not all(isinstance(side, (list, tuple)) for side in (expected, got)) or _table(expected) is not None:
            return None
        if len(expected) != len(got) or not 2 <= len(expected) <= len(_ORDINALS):
            return None
        both = zip(expected, got, strict=True)
        wrong.add(tuple(i for i, pair in enumerate(both) if compare(*pair, rtol, atol) is not None))
    (places,) = wrong if len(wrong) == 1 else ((),)
    same_length = len({len(expected) for expected, _ in pairs}) == 1
    return places[0] if len(places) == 1 and same_length else None


def _table(value):
    """A list of three numbers or more, or of rows of them, as one tensor; None for anything else."""
    rows = value if value and all(isinstance(row, (list, tuple)) for row in value) else [value]
    if len({len(row) for row in rows}) != 1 or sum(map(len, rows)) < 3:
        return None
    flat = [item for row in rows for item in row]
    if not all(isinstance(item, numbers.Real) and not isinstance(item, bool) for item in flat):
        return None
    whole = all(isinstance(item, int) for item in flat)
    return torch.tensor(value, dtype=torch.int64 if whole else torch.float64)


def _other_dtype(expected, got):
    return f"{dtype_name(got.dtype)} came, {dtype_name(expected.dtype)} is expected, and the values differ too."


def _pattern(parts, agree):
    found = _of_tensors(parts, agree)
    return found or _relation(parts, agree)


def _relation(parts, agree):
    """A relation that is the same in all tests, of enough values that it is none by chance."""
    if sum(expected.numel() for expected, _ in parts) < FEWEST:
        return None
    for rule in RELATIONS:
        found = {rule(expected, got, agree) for expected, got in parts}
        if len(found) == 1 and None not in found:
            return found.pop()
    return None


def _of_tensors(parts, agree):
    for rule in ON_TENSORS if parts else ():
        found = [rule(expected, got, agree) for expected, got in parts]
        if all(found) and rule is scaled:
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
        tables = _table(expected), _table(got)
        if None not in tables and tables[0].shape == tables[1].shape:
            exact = tables[0].dtype == tables[1].dtype == torch.int64
            one, other = tables if exact else (table.double() for table in tables)
            return [(one, other)] if compare(expected, got, rtol, atol) is not None else []
        inner = list(zip(expected, got, strict=True))
    else:
        if isinstance(expected, int) and isinstance(got, float):  # a Python number has no dtype to be told about
            expected = float(expected)
        if isinstance(expected, float) and isinstance(got, torch.Tensor) and got.is_floating_point():
            got = got.double()
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


_ON_ANYTHING = (
    _nothing_returned, _generator, _wrapped_once, _other_type, _array_for_tensor,
    _number_for_tensor, _floats_for_ints, _sequence_for_tensor, _other_length,
)  # fmt: skip
