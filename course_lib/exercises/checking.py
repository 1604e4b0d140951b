"""`evaluate` judges an answer: it runs the tests, compares, and looks for the likeliest reason of what is wrong."""

import dataclasses

import torch

from . import values
from .compare import brief, compare, fitted, shortened, single_number
from .diagnose import generic, known_mistake, right_but_float
from .exceptions import error_text, explain
from .paper import paper_of
from .reading import read
from .report import Report, Test
from .run import has_gradient
from .smells import smell
from .source import is_stub
from .spec import Exercise
from .together import two_mistakes
from .watch import Forbidden, terms_of


def evaluate(exercise: Exercise, answer, seed=0) -> Report:
    """Judge an answer without showing anything.

    Every test runs, whatever the others gave; inputs are copied, and global settings are put back afterwards.

    Args:
        exercise: from `find`.
        answer: function, class or value.
        seed: makes the inputs; another seed gives other inputs of the same kind.
    """
    if answer is None or answer is Ellipsis:
        return _report(exercise, attempted=False)
    if _is_ours(exercise, answer):
        note = "This is the course's own version, as an earlier check gave it. Run the cell with your answer first; it "
        note += f"is to define {exercise.name}."
        return _report(exercise, attempted=False, diagnosis=note)
    if exercise.cases is None:
        return _judge_value(exercise, answer)
    wrong_kind = _wrong_kind(exercise, answer)
    if wrong_kind:
        return _report(exercise, diagnosis=wrong_kind)
    if is_stub(answer):
        return _report(exercise, attempted=False)
    paper = paper_of(exercise, seed)
    outcomes = paper.run(answer, terms_of(exercise))
    report = judge(paper, answer, outcomes, read(exercise, answer))
    if report.passed and exercise.differentiable and not has_gradient(answer, paper.cases[0]):
        text = "Gradients end in your version: .item(), .detach() or NumPy cut them off, and they are needed below."
        return dataclasses.replace(report, fits=False, notes=(*report.notes, text))
    return report


def judge(paper, answer, outcomes, reading) -> Report:
    """The verdict on what a function or class gave.

    Args:
        paper: Paper that it was run on.
        answer: what was run; nothing of it is called here.
        outcomes: what `paper.run` noted.
        reading: what `read` found in its source.
    """
    exercise, expected = paper.exercise, paper.expected
    outcomes, remark = _fitted(exercise, expected, outcomes)
    results = tuple(_test(exercise, *row) for row in zip(paper.cases, expected, outcomes, strict=True))
    notes = _notes(outcomes)
    if reading.unreadable and exercise.forbidden:
        notes += ("The source of your code cannot be read here, so forbidden shortcuts were searched in part only.",)
    details = dict(tests=results, notes=notes, printed=next((o.printed for o in outcomes if o.printed), ""))
    broken = broken_rule(exercise, outcomes, reading)
    if broken:
        return _report(exercise, diagnosis=broken, **details)
    if all(test.ok for test in results):
        details["notes"] += (f"Right, in a form of its own: {remark}",) if remark else ()
        return _report(exercise, passed=True, fits=remark is None, **details)
    unfinished = reading.unfinished
    if unfinished or all(map(_left_for_later, outcomes)):
        text = f"In line {unfinished[0]} of your cell there is still `...` where code belongs." if unfinished else None
        return _report(exercise, attempted=False, diagnosis=text)
    failing = {i: outcomes[i] for i, test in enumerate(results) if not test.ok and not outcomes[i].skipped}
    return _report(exercise, diagnosis=_diagnosis(paper, answer, failing), **details)


def _report(exercise, passed=False, attempted=True, **details):
    hinted = bool(exercise.hints)
    return Report(exercise.id, exercise.title, passed, attempted, exercise.points, hinted=hinted, **details)


def broken_rule(exercise, outcomes, reading):
    """How an answer breaks the rule on what it may use, as a sentence: what its source told, else what it called."""
    if reading.shortcut:
        return _shortcut_text(exercise, reading.shortcut)
    refused = (str(o.error) for o in outcomes if type(o.error).__name__ == Forbidden.__name__)  # or rebuilt by name
    slip = any(type(o.error).__name__ in ("NameError", "UnboundLocalError") for o in outcomes)
    return reading.broken or next(refused, None) or (None if slip else reading.unknown)


def _fitted(exercise, expected, outcomes):
    """The outcomes in the form of the expected ones, and a sentence on the first that had another form, or None."""
    found, remarks = [], []
    for one, other in zip(expected, outcomes, strict=True):
        output, remark = fitted(one.output, other.output, not exercise.dtype_counts)
        found.append(dataclasses.replace(other, output=output))
        remarks += [remark] if remark else []
    return found, remarks[0] if remarks else None


def _is_ours(exercise, answer):
    return answer is exercise.reference if exercise.cases is not None else values.was_given(answer)


def _wrong_kind(exercise, answer):
    is_class = isinstance(answer, type)
    if exercise.kind == "function" and is_class:
        return f"A function is asked for, and the class {answer.__name__} came."
    if exercise.kind == "class" and isinstance(answer, torch.nn.Module):
        return f'Pass the class itself, not a module made from it: check("{exercise.id}", {type(answer).__name__}).'
    if exercise.kind == "class" and not is_class:
        return f"A class is asked for, and {brief(answer)} came."
    if not callable(answer) or isinstance(answer, torch.Tensor):
        return (
            f"A function is asked for, and {brief(answer)} came. Pass the function itself, without calling it: "
            f'check("{exercise.id}", {exercise.name}).'
        )
    return None


def _test(exercise, case, expected, outcome):
    if outcome.skipped:
        return Test(case.label, False, _shown(expected), "not run, since an earlier test was stopped")
    if expected.error is not None:
        wanted = next(c for c in type(expected.error).__mro__ if c.__module__ == "builtins")
        ok = isinstance(outcome.error, wanted)
        return Test(case.label, ok, *(("", "") if ok else (f"a {wanted.__name__}, for bad input", _shown(outcome))))
    if outcome.error is not None:
        return Test(case.label, False, _shown(expected), _shown(outcome))
    difference = compare(expected.output, outcome.output, exercise.rtol, exercise.atol)
    if difference is not None:
        where = f"in result{difference.where}: " if difference.where else ""
        return Test(case.label, False, where + difference.expected, where + difference.got)
    if outcome.changed:
        return Test(case.label, False, "inputs left as they were", f"{' and '.join(outcome.changed)} changed in place")
    return Test(case.label, True, "", "")


def _left_for_later(outcome):
    """Whether the learner wrote `raise NotImplementedError`. PyTorch raises it, too, for a dtype it cannot take."""
    if not isinstance(outcome.error, NotImplementedError):
        return False
    _, text = outcome.line or (0, "")
    return text.startswith("raise") if text else not str(outcome.error)


def _shown(outcome):
    if isinstance(outcome.error, KeyboardInterrupt):
        return "stopped while it ran"
    return brief(outcome.output) if outcome.error is None else shortened(error_text(outcome.error))


def _diagnosis(paper, answer, failing):
    exercise, expected = paper.exercise, paper.expected
    first = next((o for o in failing.values() if o.error is not None), None)
    if first is not None and isinstance(first.error, KeyboardInterrupt):
        return explain(first, exercise, answer)
    wrong = {i: o for i, o in failing.items() if expected[i].error is None and _differs(exercise, expected[i], o)}
    changed = next((o.changed for o in failing.values() if o.changed), ())
    if changed and not wrong and first is None:  # before the known mistakes: on some inputs one of them is right, too
        return f"The result is right, but {' and '.join(changed)} was changed in place. Work on a .clone() of it."
    pairs = [(expected[i].output, o.output) for i, o in wrong.items()]
    known = right_but_float(pairs) if len(pairs) == len(failing) else None
    if known:
        return known
    known, complete = known_mistake(paper, failing)
    known = known if complete else two_mistakes(paper, failing) or known
    if known:
        return known
    if changed:
        return (
            f"In place, {' and '.join(changed)} was changed, and with it all that was taken from it before. Make a new "
            "tensor: x = x + y, not x += y."
        )
    if first is not None:
        return explain(first, exercise, answer)
    if not wrong:
        return "Bad input should be refused with a ValueError that says what is wrong; here it was accepted."
    printed = any(o.printed and o.output is None for o in wrong.values())
    if printed:
        return "The result was printed, not returned: end the function with return."
    cases = [paper.cases[i] for i in wrong]
    nothing = all(outcome.output is None for outcome in wrong.values())
    return (None if nothing else smell(answer)) or generic(pairs, exercise.rtol, exercise.atol, exercise, cases)


def _differs(exercise, expected, outcome):
    return compare(expected.output, outcome.output, exercise.rtol, exercise.atol) is not None


def _notes(outcomes):
    settings = sorted({name for outcome in outcomes for name in outcome.settings})
    return (f"Your code changed {' and '.join(settings)}; it was put back.",) if settings else ()


def _shortcut_text(exercise, shortcut):
    where = f" in line {shortcut.line[0]} of your cell: {shortcut.line[1]}" if shortcut.line else ""
    ours, used = getattr(exercise.reference, "__qualname__", None), shortcut.name.rpartition(".")[2]
    if used == ours and used not in {name.rpartition(".")[2] for name in exercise.forbidden}:
        return f"{ours} is the course's own answer to this exercise{where}. Write it yourself here."
    return f"The exercise is to do without {shortcut.name}, which is used{where}. Write yourself what it does."


def _judge_value(exercise, answer):
    try:
        given = values.normalised(exercise, answer)
    except values.WrongKind as problem:
        return _report(exercise, diagnosis=str(problem))
    wanted = values.expected(exercise)
    difference = compare(wanted, given, exercise.rtol, exercise.atol)
    label = f"{exercise.name} is right"
    if difference is None:
        return _report(exercise, passed=True, tests=(Test(label, True, "", ""),))
    # A number or a choice that is shown as expected would be the solution itself.
    if exercise.kind == "array":
        header = difference.expected.partition(":")[0]
        shown = header if difference.kind == "shape" else "other values (not shown: they are the answer)"
    else:
        shown = "another one (not shown: it is the answer)"
    test = Test(label, False, shown, difference.got)
    return _report(exercise, tests=(test,), diagnosis=_value_diagnosis(exercise, wanted, given))


def _value_diagnosis(exercise, wanted, given):
    for mistake in exercise.mistakes:
        if callable(mistake.answer):
            matches = bool(mistake.answer(given))
        else:
            wrong = values.normalised(exercise, mistake.answer)
            matches = compare(wrong, given, exercise.rtol, exercise.atol) is None
        if matches:
            return mistake.diagnosis
    if exercise.kind == "choice":
        return None
    if exercise.kind == "array":
        return generic([(wanted, given)], exercise.rtol, exercise.atol)
    return _number_diagnosis(wanted, given)


def _number_diagnosis(wanted, given):
    """Tell what helps without telling the number."""
    wanted, given = single_number(wanted), single_number(given)
    if given != given:
        return "NaN came: is something divided by zero?"
    if isinstance(wanted, complex) or isinstance(given, complex) or not given or not wanted:
        return None
    ratio = given / wanted
    for factor, reason in _FACTORS.items() if max(abs(given), abs(wanted)) >= 100 else ():
        for value, word in ((factor, "large"), (1 / factor, "small")):
            if abs(ratio - value) < 1e-6 * value:
                return f"It is {factor:,} times too {word}: {reason}?"
    if ratio == -1:
        return "The sign is wrong."
    if isinstance(wanted, int) and abs(given - wanted) == 1:
        return "Off by one: count the ends once more."
    return "Too large." if given > wanted else "Too small."


_FACTORS = {
    8: "bits or bytes",
    10: "a slip of the decimal point",
    24: "is a frame rate missing, or one too many",
    30: "is a frame rate missing, or one too many",
    60: "seconds or minutes",
    1000: "thousands or millions",
    1024: "a power of two in the unit",
    3600: "seconds or hours",
    1_000_000: "units or millions",
    2: "counted twice, or by halves",
    3: "are the three colour channels missing, or one time too many",
    4: "are there four bytes in a float32, or one in a uint8",
}
