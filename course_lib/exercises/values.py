"""Numbers, arrays and choices: bring the learner's value into the form of the reference, and mark what we hand out."""

import numbers
import re

import torch

from .compare import as_tensor, brief, single_number


class WrongKind(Exception):
    """The learner passed something that cannot be an answer to this kind of exercise."""


def normalised(exercise, answer):
    """The answer to a number, array or choice exercise, ready to be compared with `reference(exercise)`.

    Raises:
        WrongKind: the answer is none, with what to pass instead.
    """
    if callable(answer) and not isinstance(answer, torch.Tensor):
        raise WrongKind(f"A {exercise.kind} is asked for, and {brief(answer)} came. Call it, and pass its result.")
    return {"number": _number, "array": _array, "choice": _choice}[exercise.kind](exercise, answer)


def expected(exercise):
    """The reference of a number, array or choice exercise, in the form that `normalised` gives."""
    return normalised(exercise, exercise.reference)


def _number(exercise, answer):
    single = answer[0] if isinstance(answer, (list, tuple)) and len(answer) == 1 else answer
    number = single_number(single)
    if number is None and as_tensor(single) is not None and single.reshape(-1).shape == (1,):
        number = single.reshape(-1)[0].item()
    if number is None or isinstance(number, bool):
        raise WrongKind(f"A number is asked for, and {_what(answer)} came.")
    countable = number == number and abs(number) < 2**53 and not isinstance(number, complex)
    if isinstance(exercise.reference, numbers.Integral) and countable:
        whole = round(number)  # 3.2 / (16 / 30) is 6 but for the last bit
        return whole if abs(number - whole) <= 1e-12 * abs(whole) else number
    return number if isinstance(number, complex) else float(number)


def _array(exercise, answer):
    if isinstance(answer, (list, tuple)):
        try:
            answer = torch.tensor(answer)
        except (TypeError, ValueError, RuntimeError) as problem:
            raise WrongKind("An array is asked for, and a list came that is not one: its rows differ.") from problem
    tensor = as_tensor(answer)
    if tensor is None:
        raise WrongKind(f"An array (a tensor, a NumPy array or a list of numbers) is asked for, {_what(answer)} came.")
    tensor = tensor.detach().cpu().as_subclass(torch.Tensor)
    exact = not (tensor.is_floating_point() or tensor.is_complex())
    return tensor.long() if exact and tensor.dtype != torch.bool else tensor if exact else tensor.double()


def _choice(exercise, answer):
    several = isinstance(exercise.reference, (tuple, list, set, frozenset))
    if isinstance(answer, str) or not isinstance(answer, (tuple, list, set, frozenset)):
        answer = (answer,)
    elif not several and len(answer) != 1:
        raise WrongKind("One of the options is asked for, and several came.")
    chosen = [_option(exercise, item) for item in answer]
    if isinstance(exercise.reference, (set, frozenset)):
        chosen = sorted(set(chosen), key=exercise.options.index)
    return tuple(chosen) if several else chosen[0]


def _option(exercise, answer):
    """The option that a string means: the option itself, its letter (a, b, c, ...), or both, in any spelling of case
    and with any punctuation around them."""
    text = _words(answer) if isinstance(answer, str) else None
    for letter, option in zip("abcdefghijklmnopqrstuvwxyz", exercise.options, strict=False):
        if text in (letter, _words(option), f"{letter} {_words(option)}"):
            return option
    listed = ", ".join(map(repr, exercise.options))
    raise WrongKind(f"The answer is one of {listed}; {_what(answer)} came.")


def _words(text):
    return " ".join(re.findall(r"[^\W_]+", str(text).lower()))


def _what(value):
    if isinstance(value, str):
        return f"the string {value[:60]!r}"
    return f"a value of type {type(value).__name__}"


class _GivenInt(int):
    """A number that a check handed out."""


class _GivenFloat(float):
    """A number that a check handed out."""


class _GivenText(str):
    """A choice that a check handed out."""


def marked(value):
    """A copy of a reference value that `was_given` knows again, so that checking twice earns nothing."""
    if isinstance(value, torch.Tensor):
        copy = value.clone()
        copy.given_by_check = True
        return copy
    for kind, given in ((bool, bool), (int, _GivenInt), (float, _GivenFloat), (str, _GivenText)):
        if isinstance(value, kind):
            return given(value)
    return value


def was_given(value):
    """Whether a value is the very one that a failing check handed out. What was computed from it is not."""
    if isinstance(value, torch.Tensor):
        return getattr(value, "given_by_check", False)
    return type(value) in (_GivenInt, _GivenFloat, _GivenText)
