"""Run an answer on the tests of its exercise and note what came of it. Nothing is judged here."""

import contextlib
import inspect
import io
from dataclasses import dataclass
from typing import Any

import torch

from .copies import copy_of, same
from .modules import ParameterMismatch, fill
from .source import learners_line
from .state import restored_state, seed_everything
from .watch import watched

PRINTED_LIMIT = 2000  # characters of a learner's own printing that are kept per test


@dataclass(frozen=True)
class Outcome:
    """What one call gave.

    output: what was returned, None when nothing was.
    error: the exception, or None. KeyboardInterrupt when the learner stopped the call.
    line: (number, text) of the learner's line where `error` happened, where known.
    changed: the inputs that the call changed in place, in words ("argument 1 (clip)").
    settings: global settings that the call changed (they are put back).
    printed: the beginning of what it printed.
    skipped: the call was not made, because an earlier one was stopped.
    """

    output: Any = None
    error: BaseException | None = None
    line: tuple[int, str] | None = None
    changed: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    printed: str = ""
    skipped: bool = False


def run(kind, answer, cases, reference=None, terms=None) -> list[Outcome]:
    """Call `answer` on every case: none stops the others, except that after an interrupt the rest is skipped.

    Args:
        kind: "function" or "class".
        answer: the function or class.
        cases: list of Case; their inputs are copied, never touched.
        reference: for a class, the course's own; the parameters of the answer are filled to correspond to it.
        terms: what the answer is watched for (`watch.terms_of`).
    """
    outcomes = []
    for number, case in enumerate(cases):
        if outcomes and (outcomes[-1].skipped or isinstance(outcomes[-1].error, KeyboardInterrupt)):
            outcomes.append(Outcome(skipped=True))
            continue
        if kind == "class":
            call = _ModuleCall(answer, case, reference)
            outcomes.append(_call(call, copy_of(_module_inputs(case)), {}, number, answer, terms))
        else:
            outcomes.append(_call(answer, copy_of(case.args), copy_of(case.kwargs), number, answer, terms))
    return outcomes


def _call(function, args, kwargs, number, answer, terms):
    before = copy_of(args), copy_of(kwargs)
    settings, printed = [], _Limited()
    output = error = line = None
    with restored_state(settings), contextlib.redirect_stdout(printed):
        seed_everything(number)
        try:
            with watched(terms, answer):
                output = function(*args, **kwargs)
            output = _plain(output)
        except (Exception, KeyboardInterrupt, SystemExit) as problem:  # whatever the learner's code does, we go on
            error, line = problem, learners_line(problem, answer)
    changed = _changed(before, (args, kwargs), answer)
    return Outcome(output, error, line, changed, tuple(settings), printed.getvalue())


def has_gradient(answer, case):
    """Whether the output of a function still depends on its inputs where PyTorch differentiates it."""
    args = copy_of(case.args)
    for value in args:
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            value.requires_grad_()
    with restored_state([]), contextlib.redirect_stdout(_Limited()), torch.enable_grad():
        try:
            return bool(answer(*args, **copy_of(case.kwargs)).requires_grad)
        except Exception:  # a NumPy detour of its own, say: what stops it here stops it below
            return False


class _ModuleCall:
    """Construct, fill and call a module as if it were a function of its inputs."""

    def __init__(self, cls, case, reference):
        self.cls, self.case, self.reference = cls, case, reference

    def __call__(self, *inputs):
        module = self._made(self.cls)
        if isinstance(module, torch.nn.Module):
            like = self._made(self.reference) if self.reference is not None else None
            fill(module, like if isinstance(like, torch.nn.Module) else None)
            module.train() if self.case.kwargs.get("training", False) else module.eval()
        elif isinstance(self.reference, type) and issubclass(self.reference, torch.nn.Module):
            raise ParameterMismatch(f"{self.cls.__name__} is no torch.nn.Module: derive it from nn.Module.")
        return module(*inputs)

    def _made(self, cls):
        kwargs = {k: v for k, v in self.case.kwargs.items() if k not in ("inputs", "training")}
        return cls(*copy_of(self.case.args), **copy_of(kwargs))


def _module_inputs(case):
    inputs = case.kwargs.get("inputs", ())
    return inputs if isinstance(inputs, tuple) else (inputs,)


class _Limited(io.StringIO):
    """Keeps the beginning of what is written, so that a print in a loop does not fill the memory."""

    def write(self, text):
        room = PRINTED_LIMIT - self.tell()
        super().write(text[: max(room, 0)])
        return len(text)


def _plain(value):
    """The output without its history: no gradients and no subclass of Tensor that could answer for itself."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone().as_subclass(torch.Tensor)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value)
    return value


def _changed(before, after, answer):
    names = _parameter_names(answer)
    labels = [f"argument {i + 1}" + (f" ({names[i]})" if i < len(names) else "") for i in range(len(after[0]))]
    changed = [n for n, old, new in zip(labels, before[0], after[0], strict=True) if not same(old, new)]
    return tuple(changed + [name for name in before[1] if not same(before[1][name], after[1][name])])


def _parameter_names(answer):
    is_class = isinstance(answer, type)
    try:
        names = list(inspect.signature(getattr(answer, "forward", answer) if is_class else answer).parameters)
    except (TypeError, ValueError):  # some built-in functions do not tell
        return []
    return names[1:] if is_class else names
