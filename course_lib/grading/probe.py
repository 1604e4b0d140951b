"""The grader's end of a probe: what is asked of a learner's function, and what came back, as far as it can be believed.

A question holds inputs alone, made here from a seed that the sandbox never sees, and a nonce that the reply repeats.
"""

import builtins
import hmac
import json
import secrets
import types
from dataclasses import dataclass

import torch

from course_lib.errors import CourseError
from course_lib.exercises.modules import RUNNING, ParameterMismatch
from course_lib.exercises.paper import paper_of
from course_lib.exercises.run import Outcome
from course_lib.exercises.watch import terms_of
from course_lib.grading.inside import wire

MIME = "application/vnd.course.answer+json"
SHOWN_SEED = 0  # the inputs that `check` uses in the notebook: what feedback may show
TEXT = 2000  # characters


@dataclass(frozen=True)
class Question:
    """A probe for one exercise.

    papers: tuple of two Papers: the secret one, which counts, and the shown one, for the feedback. None for a number,
        array or choice.
    nonce: what the reply must repeat.
    code: the cell to run in the sandbox.
    """

    exercise: object
    papers: tuple | None
    nonce: str
    code: str

    @property
    def sets(self):
        """The cases of each paper, or None."""
        return self.papers and tuple(paper.cases for paper in self.papers)


@dataclass(frozen=True)
class Reply:
    """What came back.

    state: "ran" (see outcomes), "value" (see value), "missing", "empty", "other" (see type), "nothing" (no reply) or
        "broken" (see text).
    outcomes: per set, a list of `Outcome`.
    """

    state: str
    outcomes: tuple = ()
    value: object = None
    type: str = ""
    text: str = ""


def ask(exercise, seed):
    """A question with inputs from a secret seed.

    Raises:
        CourseError: if the exercise's inputs are no plain data and so cannot be sent.
    """
    request = {"nonce": secrets.token_hex(16), "kind": exercise.kind, "name": exercise.name}
    papers = None
    if exercise.cases is not None:
        papers = paper_of(exercise, seed), paper_of(exercise, SHOWN_SEED)
        request["terms"] = terms_of(exercise)
        try:
            request["sets"] = [[_packed(case) for case in paper.cases] for paper in papers]
        except wire.WireError as problem:
            text = f"Exercise {exercise.id} cannot be graded in a sandbox: one of its inputs is {problem}."
            raise CourseError(text) from problem
        if exercise.kind == "class":
            request["slots"] = [[_slots(exercise.reference, case) for case in paper.cases] for paper in papers]
    return Question(exercise, papers, request["nonce"], _CELL.format(request=json.dumps(request)))


# No name of ours is left in the learner's namespace.
_CELL = "__import__('course_lib.grading.inside.answering', fromlist=['probe']).probe({request!r}, globals())"


def known_before(question):
    """The numbers of the secret tests that are shown ones too: constants of the exercise, which anybody can look up."""
    shown = [json.dumps(_packed(case)) for case in question.sets[1]]
    return {number for number, case in enumerate(question.sets[0]) if json.dumps(_packed(case)) in shown}


def understand(question, bundles):
    """The reply in the MIME bundles that a probe's cell displayed. Never raises for what a learner may send.

    Args:
        question: Question.
        bundles: list of dicts from MIME type to content, as they came.
    """
    messages = [bundle[MIME] for bundle in bundles if type(bundle) is dict and MIME in bundle]
    messages = [message for message in messages if _has_nonce(message, question.nonce)]
    if not messages:
        return Reply("nothing")
    expected = 1 if question.sets is None or messages[0].get("state") != "ran" else len(question.sets)
    if len(messages) != expected or [message.get("set") for message in messages] != list(range(expected)):
        return Reply("broken", text="More answers came than questions were asked.")
    try:
        return _reply(question, messages)
    except (wire.WireError, KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as problem:
        return Reply("broken", text=f"The answer could not be read: {_cut(problem, 200)}.")


def _packed(case):
    return {"args": wire.encode(tuple(case.args)), "kwargs": wire.encode(dict(case.kwargs))}


def _slots(reference, case):
    """(name, shape, is it a running statistic) of every parameter that a module of a case has."""
    module = reference(*case.args, **{k: v for k, v in case.kwargs.items() if k not in ("inputs", "training")})
    if not isinstance(module, torch.nn.Module):
        return []
    rows = [(name, list(tensor.shape), False) for name, tensor in module.named_parameters()]
    buffers = ((n, b) for n, b in module.named_buffers() if n.rpartition(".")[2] in RUNNING)
    return rows + [(name, list(tensor.shape), True) for name, tensor in buffers]


def _has_nonce(message, nonce):
    given = message.get("nonce") if type(message) is dict else None
    return type(given) is str and hmac.compare_digest(given.encode(), nonce.encode())


def _reply(question, messages):
    state = messages[0].get("state")
    if state in ("missing", "empty"):
        return Reply(state)
    if state == "other":
        return Reply("other", type=_cut(messages[0].get("type"), 80))
    if state == "value" and question.sets is None:
        return Reply("value", value=_value(messages[0]))
    if state != "ran" or question.sets is None:
        return Reply("broken", text="The answer is not of the kind that was asked for.")
    outcomes = []
    for cases, message in zip(question.sets, messages, strict=True):
        rows = message["outcomes"]
        if type(rows) is not list or len(rows) != len(cases):
            raise wire.WireError("another number of results than tests")
        outcomes.append([_outcome(row) for row in rows])
    return Reply("ran", tuple(outcomes))


def _outcome(row):
    error = _error(row["error"]) if row.get("error") is not None else None
    return Outcome(
        output=_value(row) if error is None and row.get("skipped") is not True else None,
        error=error,
        line=_line(row.get("line")),
        changed=_texts(row.get("changed")),
        settings=_texts(row.get("settings")),
        printed=_cut(row.get("printed"), TEXT),
        skipped=row.get("skipped") is True,
    )


def _value(row):
    return wire.decode(row["value"]) if "value" in row else _stand_in(_cut(row.get("type"), 80))


def _stand_in(name):
    """An object of a type with that name: what came was no data, so it equals nothing."""
    if name == "generator":
        return (item for item in ())
    return type(name if name.isidentifier() else "object", (), {})()


def _error(sent):
    """An exception of the kind that the learner's code raised, built here from its name and message alone."""
    kind, message = _cut(sent["kind"], 80), _cut(sent["message"], TEXT)
    if kind == "ParameterMismatch":
        return ParameterMismatch(message)
    base = getattr(builtins, kind, None)
    if not (isinstance(base, type) and issubclass(base, BaseException)):
        base = Exception
    name = _cut(sent["name"], 80)
    if name == kind and kind in _PLAIN:
        return base(message)
    made = types.new_class(name if name.isidentifier() else kind, (base,), {}, lambda body: body.update(_SAYS))
    made.__module__ = "builtins" if name == kind else "__main__"
    error = made.__new__(made)
    error.message = message
    return error


_PLAIN = ("Exception", "ValueError", "TypeError", "RuntimeError", "IndexError", "ZeroDivisionError")
_SAYS = {"__str__": lambda self: self.message, "__init__": lambda self: None}


def _line(sent):
    if type(sent) is list and len(sent) == 2 and type(sent[0]) is int:
        return min(max(sent[0], 0), 10**6), _cut(sent[1], 200)
    return None


def _texts(sent):
    return tuple(_cut(text, 200) for text in sent[:20]) if type(sent) is list else ()


def _cut(text, limit):
    return str(text)[:limit] if isinstance(text, (str, Exception)) else ""
