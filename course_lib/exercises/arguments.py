"""Is the result off by exactly the size of an argument? Then that is told: a length left out, or counted twice."""

import inspect
import math
import numbers
from itertools import combinations

import torch

from .compare import single_number
from .patterns import Agreement


def by_argument(exercise, rows, agree):
    """A sentence where the output is, in every failing test, an argument's size times what is expected, or off by it.

    The sizes must differ between the tests, so that no constant is taken for one.

    Args:
        exercise: Exercise of kind "function".
        rows: (case, expected, got) of the failing tests; tensors or numbers.
        agree: Agreement.
    """
    if exercise.kind != "function" or len(rows) < 2:
        return None
    pairs = [(_tensor(expected), _tensor(got)) for _, expected, got in rows]
    if any(one is None or other is None or one.shape != other.shape or not one.numel() for one, other in pairs):
        return None
    if all(isinstance(value, int) for _, *both in rows for value in both):
        agree = Agreement(rtol=0, atol=0)  # counts: next to a billion, a tolerance would hide what is added
    sizes = [_sizes(exercise.reference, case) for case, _, _ in rows]
    single = {name: [each.get(name) for each in sizes] for name in sizes[0]}
    single = {name: values for name, values in single.items() if None not in values and len(set(values)) > 1}
    double = {
        f"{a} * {b}": [x * y for x, y in zip(single[a], single[b], strict=True)] for a, b in combinations(single, 2)
    }
    for named in (single, double):
        for text, relation in _RELATIONS:
            found = [name for name, values in named.items() if _holds(relation, pairs, values, agree)]
            if found:
                return text.format(" or ".join(f"`{name}`" for name in found[:2]))
    return None


_RELATIONS = (
    ("What came is {} times what is expected: counted twice, or a sum taken for a mean?", lambda x, n: x * n),
    ("What came is smaller than what is expected by the factor {}: left out, or a mean taken for a sum?",
     lambda x, n: x / n),
    ("What came is too large by {}, exactly.", lambda x, n: x + n),
    ("What came is too small by {}, exactly.", lambda x, n: x - n),
)  # fmt: skip


def _holds(relation, pairs, values, agree):
    return all(
        value and agree(relation(one, float(value)), other) for (one, other), value in zip(pairs, values, strict=True)
    )


def _sizes(reference, case):
    """{name: number} of all sizes in the arguments of a test: numbers, their lists, lengths, shapes.

    Numbers that a float does not hold exactly are left out: a tensor cannot be multiplied by an int of any length.
    """
    try:
        bound = inspect.signature(reference).bind(*case.args, **case.kwargs)
    except TypeError:
        return {}
    bound.apply_defaults()
    found = {}
    for name, value in bound.arguments.items():
        if isinstance(value, torch.Tensor):
            found |= {f"{name}.shape[{axis}]": size for axis, size in enumerate(value.shape)}
        elif isinstance(value, numbers.Real) and not isinstance(value, bool):
            found[name] = value
        elif isinstance(value, (list, tuple)):
            found[f"len({name})"] = len(value)
            if value and all(isinstance(item, numbers.Real) for item in value):
                found |= {f"{name}[{i}]": item for i, item in enumerate(value)}
                found[f"the product of {name}"] = math.prod(value)
    return {name: number for name, number in found.items() if abs(number) < 2**53}


def _tensor(value):
    if isinstance(value, torch.Tensor):
        return None if value.dtype == torch.bool or value.is_complex() else value.double()
    number = single_number(value)
    return torch.tensor(float(number), dtype=torch.float64) if isinstance(number, (int, float)) else None
