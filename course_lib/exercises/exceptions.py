"""Explain an exception in a learner's code: its own line first, then what usually causes it."""

import inspect
import re

import torch

from .modules import ParameterMismatch

# (pattern in "Type: message", what to look at)
CAUSES = (
    (r"UnboundLocalError", "a name is used before it gets a value on some path (in a branch that did not run, say)."),
    (r"NameError", "the name is not known: a typo, or an import or cell that has not run."),
    (r"NVIDIA|CUDA", "the tests run on the CPU: leave .cuda() and \"cuda\" out, or take the device of the input."),
    (r"must match the size of tensor|shape mismatch|could not be broadcast",
     "two sizes do not fit; print the shapes just before."),
    (r"mat1 and mat2 shapes cannot be multiplied", "the inner sizes of a matrix product differ; print both shapes."),
    (r"shape .* is invalid for input of size", "view and reshape must keep the number of elements."),
    (r"invalid combination of arguments", "the function takes other arguments than these; look at its signature."),
    (r"expected scalar type|not implemented for '(Byte|Char|Short|Int|Long)'|floating point|Float.*Double|dtype",
     "two dtypes do not go together; convert with .float() or .to(other.dtype)."),
    (r"slice indices must be integers", "a place in a tensor is a whole number: divide with //."),
    (r"shape of the mask", "a mask picks from a tensor of its own shape: print both, one has an axis too many."),
    (r"too many indices", "the tensor has fewer axes than the index (or the mask): print both shapes."),
    (r"Boolean value of Tensor with more than one", "`and`, `or`, `not` and `if` want one truth value: for each "
     "element by itself write &, | and ~, with brackets around what they join."),
    (r"IndexError", "an index runs past the end: the last one is the size minus 1."),
    (r"Given groups=|expected input.* to have \d+ channels",
     "the number of channels differs from what the layer was made for."),
    (r"RecursionError", "the function calls itself without an end."),
    (r"has no attribute|AttributeError", "the object has no such attribute: a typo, or another type than you think."),
    (r"NoneType", "something is None: a function without return, or an in-place method used for its result."),
    (r"ZeroDivisionError", "a division by zero: which size or count can be 0?"),
    (r"requires_grad.*numpy|Can't call numpy", "detach first: .detach().numpy()."),
    (r"length of the desired ordering of dimensions|number of dims don't match in permute",
     "permute is to name every axis, each of them once."),
    (r"the number of sizes provided", "a whole tensor is put where one number belongs: is a sum or an index missing?"),
    (r"must be non-negative", "a size came out negative: is each axis the one that you mean? Print the shapes."),
    (r"Padding size 2 is not supported for 4D",
     "this padding takes the last axis of at most three: flatten the axes in front of it, or join copies of the edge."),
    (r"can't multiply sequence by non-int|'torch.return_types", "a pair came where one tensor belongs: .max(dim) and "
     ".median(dim) give (values, indices)."),
    (r"repeated dim|Dimension out of range", "the tensor has fewer axes than you think; print its shape just before."),
    (r"step must be greater than zero", "tensors cannot be sliced backwards: x.flip(axis) reverses an axis."),
    (r"stack expects each tensor to be equal size",
     "the tensors in the list differ in size: do the slices cut the axes that you mean? Print their shapes."),
    (r"view size is not compatible",
     "the tensor is not contiguous after a permute: use reshape, or .contiguous() first."),
)  # fmt: skip


def explain(outcome, exercise, answer):
    """One or two sentences on what stopped the learner's code, with the line where it happened."""
    error = outcome.error
    if isinstance(error, KeyboardInterrupt):
        return f"Stopped while running your code{_at(outcome.line)}. Likely an infinite loop: what should end it?"
    if isinstance(error, SystemExit):
        return f"Your code asked Python to exit{_at(outcome.line)}. Use return to leave a function."
    if isinstance(error, ParameterMismatch):
        return str(error)
    message = error_text(error)
    if outcome.line is None and isinstance(error, TypeError):
        return f"{_signature(exercise, answer)} {message}"
    cause = _missing_import(error) or next((text for pattern, text in CAUSES if re.search(pattern, message)), None)
    return f"{message}{_at(outcome.line)}." + (f" Usual cause: {cause}" if cause else "")


def error_text(error):
    """Kind and message of an exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}".removesuffix(": ")


def _missing_import(error):
    """The line that makes a well-known name known, for the learner who has forgotten it; else None."""
    name = re.search(r"name '(\w+)' is not defined", str(error)) if isinstance(error, NameError) else None
    line = IMPORTS.get(name[1]) if name else None
    return line and f"an import is missing; put `{line}` into the cell of your answer."


IMPORTS = {
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
    "np": "import numpy as np",
    "partial": "from functools import partial",
} | {name: f"import {name}" for name in ("functools", "itertools", "math", "numpy", "random", "scipy", "torch")}


def _at(line):
    if line is None:
        return ""
    number, text = line
    return f", at line {number} of your cell: {text}" if text else f", at line {number} of your cell"


def _signature(exercise, answer):
    """What the tests call the answer with, against what it takes."""
    try:
        yours, asked = (_parameters(function) for function in (answer, exercise.reference))
    except (TypeError, ValueError):  # some built-in functions do not tell
        return f"{exercise.name} could not be called as the exercise asks."
    cases = exercise.cases(torch.Generator().manual_seed(0))
    first = max(len(case.args) for case in cases)  # the course's own function may take more than the exercise's
    named = {name for case in cases for name in case.kwargs}
    asked = [parameter for i, parameter in enumerate(asked) if i < first or parameter.name in named]
    yours, asked = (", ".join(map(str, parameters)) for parameters in (yours, asked))
    return f"{exercise.name} takes ({yours}), the exercise asks for ({asked})."


def _parameters(function):
    """The parameters of a function, without their type hints."""
    return [p.replace(annotation=inspect.Parameter.empty) for p in inspect.signature(function).parameters.values()]
