"""Explain an exception in a learner's code: its own line first, then what usually causes it."""

import inspect
import re

from .modules import ParameterMismatch

# (pattern in "Type: message", what to look at)
CAUSES = (
    (r"UnboundLocalError", "a name is used before it gets a value on some path (in a branch that did not run, say)."),
    (r"NameError", "the name is not known: a typo, or an import or cell that has not run."),
    (r"must match the size of tensor|shape mismatch|could not be broadcast",
     "two sizes do not fit; print the shapes just before."),
    (r"mat1 and mat2 shapes cannot be multiplied", "the inner sizes of a matrix product differ; print both shapes."),
    (r"shape .* is invalid for input of size", "view and reshape must keep the number of elements."),
    (r"expected scalar type|not implemented for '(Byte|Char|Short|Int|Long)'|floating point|Float.*Double|dtype",
     "two dtypes do not go together; convert with .float() or .to(other.dtype)."),
    (r"slice indices must be integers", "a place in a tensor is a whole number: divide with //."),
    (r"IndexError", "an index runs past the end: the last one is the size minus 1."),
    (r"Given groups=|expected input.* to have \d+ channels",
     "the number of channels differs from what the layer was made for."),
    (r"RecursionError", "the function calls itself without an end."),
    (r"has no attribute|AttributeError", "the object has no such attribute: a typo, or another type than you think."),
    (r"NoneType", "something is None: a function without return, or an in-place method used for its result."),
    (r"ZeroDivisionError", "a division by zero: which size or count can be 0?"),
    (r"requires_grad.*numpy|Can't call numpy", "detach first: .detach().numpy()."),
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
    message = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    if outcome.line is None and isinstance(error, TypeError):
        return f"{_signature(exercise, answer)} {message}"
    cause = next((text for pattern, text in CAUSES if re.search(pattern, message)), None)
    return f"{message}{_at(outcome.line)}." + (f" Usual cause: {cause}" if cause else "")


def _at(line):
    if line is None:
        return ""
    number, text = line
    return f", at line {number} of your cell: {text}" if text else f", at line {number} of your cell"


def _signature(exercise, answer):
    """What the tests call the answer with, against what it takes."""
    parameters = {}
    for name, function in (("yours", answer), ("asked", exercise.reference)):
        try:
            parameters[name] = str(inspect.signature(function))
        except (TypeError, ValueError):  # some built-in functions do not tell
            return f"{exercise.name} could not be called as the exercise asks."
    return f"{exercise.name} takes {parameters['yours']}, the exercise asks for {parameters['asked']}."
