"""Call a learner's function on the inputs that the grader sent, and send what came of it as data.

This runs in the learner's process, so whatever it sends is a claim and no verdict.
"""

import json

import torch
from IPython.utils.capture import capture_output

from course_lib.exercises.modules import ParameterMismatch
from course_lib.exercises.run import run
from course_lib.exercises.spec import Case
from course_lib.grading.inside import wire

MIME = "application/vnd.course.answer+json"
TEXT = 2000  # characters of a message that are sent


def probe(text, namespace):
    """Answer one request.

    Args:
        text: JSON with nonce, kind, name, sets (lists of cases as `wire` has them), slots (for a class: names and
            shapes of the parameters asked for, per case) and terms (what is watched for, `watch.terms_of`).
        namespace: where the learner's cells ran.
    """
    request = json.loads(text)
    answer = namespace.get(request["name"])
    base = {"nonce": request["nonce"]}
    if answer is None or answer is Ellipsis:
        return _send(base | {"set": 0, "state": "missing" if request["name"] not in namespace else "empty"})
    if request["kind"] not in ("function", "class"):
        return _send(base | {"set": 0, "state": "value", **_value(answer)})
    made = isinstance(answer, torch.nn.Module) and request["kind"] == "class"
    if not callable(answer) or isinstance(answer, torch.Tensor) or made:
        return _send(base | {"set": 0, "state": "other", "type": _name_of(type(answer))})
    if isinstance(answer, type) != (request["kind"] == "class"):
        return _send(base | {"set": 0, "state": "other", "type": "class" if isinstance(answer, type) else "function"})
    for number, cases in enumerate(request["sets"]):
        cases = [Case("", wire.decode(case["args"]), wire.decode(case["kwargs"])) for case in cases]
        reference = _skeletons(cases, request["slots"][number]) if request["kind"] == "class" else None
        # What a function displays goes nowhere: a thousand pictures would push the answer out of the kernel's queue.
        with capture_output(stdout=False, stderr=True, display=True):
            outcomes = run(request["kind"], answer, cases, reference, request["terms"])
        _send(base | {"set": number, "state": "ran", "outcomes": [_outcome(outcome) for outcome in outcomes]})


def _outcome(outcome):
    sent = {
        "changed": list(outcome.changed),
        "settings": list(outcome.settings),
        "printed": outcome.printed,
        "skipped": outcome.skipped,
        "line": list(outcome.line) if outcome.line else None,
    }
    if outcome.error is None:
        return sent | _value(outcome.output)
    kinds = [kind.__name__ for kind in type(outcome.error).__mro__ if kind.__module__ == "builtins"]
    if isinstance(outcome.error, ParameterMismatch):
        kinds = ["ParameterMismatch"]
    message = _text(outcome.error)
    return sent | {"error": {"name": _name_of(type(outcome.error)), "kind": kinds[0], "message": message}}


def _value(value):
    try:
        return {"value": wire.encode(value)}
    except (wire.WireError, RuntimeError, TypeError, ValueError, RecursionError, MemoryError) as problem:
        return {"unsent": _text(problem), "type": _name_of(type(value))}


def _text(thing):
    try:
        return str(thing)[:TEXT]
    except Exception:  # a learner's own __str__ may do anything
        return ""


def _name_of(kind):
    return str(getattr(kind, "__name__", "object"))[:80]


def _send(message):
    from IPython import get_ipython

    get_ipython().display_pub.publish({MIME: message, "text/plain": ""})


def _skeletons(cases, slots):
    """A class whose modules have the parameter names and shapes that each case asks for, and nothing else."""
    wanted = {_key(case.args, case.kwargs): rows for case, rows in zip(cases, slots, strict=True)}

    class Skeleton(torch.nn.Module):
        def __init__(self, *args, **kwargs):
            super().__init__()
            for name, shape, statistic in wanted[_key(args, kwargs)]:
                *path, last = name.split(".")
                owner = self
                for part in path:
                    if not hasattr(owner, part):
                        owner.add_module(part, torch.nn.Module())
                    owner = getattr(owner, part)
                tensor = torch.empty(shape)
                if statistic:
                    owner.register_buffer(last, tensor)
                else:
                    owner.register_parameter(last, torch.nn.Parameter(tensor))

    return Skeleton


def _key(args, kwargs):
    made_with = {name: value for name, value in kwargs.items() if name not in ("inputs", "training")}
    return json.dumps(wire.encode((args, made_with)))
