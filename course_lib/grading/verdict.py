"""From what came back to points. Everything here happens in the grader's process, and nothing of the learner's runs."""

import dataclasses
from dataclasses import dataclass

from course_lib.errors import CourseError
from course_lib.exercises import evaluate
from course_lib.exercises.checking import broken_rule, judge
from course_lib.exercises.reading import Reading, read
from course_lib.exercises.run import Outcome
from course_lib.exercises.source import is_stub
from course_lib.grading.inert import inert
from course_lib.grading.names import bound_names
from course_lib.grading.probe import Reply, known_before

LONGEST = 1000  # characters of what is shown of an answer
INCOMPARABLE = "Your answer cannot be compared with the expected one: is it of another kind, or far too large?"


@dataclass(frozen=True)
class Verdict:
    """The verdict on one exercise of one submission.

    points: earned, of `possible`; a share for each test passed.
    passed: every test passed and nothing was wrong otherwise.
    attempted: False for a missing answer or an untouched stub.
    tests, right: how many tests count, and how many of them passed.
    summary: one sentence.
    shown: `Test` of each shown input, for the feedback; the secret ones are never told.
    diagnosis: the likeliest reason for what is wrong with them, or None.
    source: the learner's own code.
    notes: how the answer was found, and what happened on the way.
    ok: whether each secret test passed.
    """

    exercise_id: str
    title: str
    possible: float
    points: float = 0.0
    passed: bool = False
    attempted: bool = True
    tests: int = 0
    right: int = 0
    summary: str = ""
    shown: tuple = ()
    diagnosis: str | None = None
    source: str = ""
    notes: tuple = ()
    ok: tuple = ()


def decide(question, reply, answer, before=(), baseline=frozenset()):
    """The verdict on an answer.

    Args:
        question: Question that was asked.
        reply: Reply, as `understand` gave it.
        answer: Answer, the learner's cells.
        before: source texts of the course's cells above the exercise.
        baseline: numbers of the secret tests that the released stub passes: they earn nothing on their own, and
            neither do those whose inputs are the same for every seed.
    """
    exercise = question.exercise
    sources = [cell.source for cell in answer.cells]
    verdict = Verdict(exercise.id, exercise.title, float(exercise.points), source=answer.source, notes=answer.notes)
    if reply.state not in ("value", "ran"):
        return _without_outcomes(verdict, exercise, reply)
    if reply.state == "value":
        report = _spoken(exercise, lambda value: evaluate(exercise, value), reply.value, exercise.reference)
        return _settle(verdict, report, None, baseline) if report else _incomparable(verdict)
    with inert(sources, exercise.name, before) as found:
        stub, told = _read(exercise, found, [*before, *sources])
        if stub:
            return dataclasses.replace(verdict, attempted=False, summary="Not attempted: this is still the stub.")
        thing = found if found is not None else _unreadable

        def judging(paper):
            return lambda given: judge(paper, thing, given, told)

        secret, shown = (
            _spoken(exercise, judging(paper), outcomes, _nothing(paper.cases))
            for paper, outcomes in zip(question.papers, reply.outcomes, strict=True)
        )
    if secret is None or shown is None:
        return _incomparable(verdict)
    verdict = _settle(verdict, secret, shown, baseline | _looked_up(question))
    reason = next(filter(None, (broken_rule(exercise, outcomes, told) for outcomes in reply.outcomes)), None)
    if reason:
        return dataclasses.replace(verdict, points=0.0, passed=False, summary=reason)
    return verdict


def _looked_up(question):
    """Tests that a table of answers would pass: they earn nothing on their own, unless there are no others."""
    known = known_before(question)
    return known if len(known) < len(question.sets[0]) else set()


def _unreadable(*args, **kwargs):
    """Stands for an answer that has no source: a lambda, or what a decorator returned."""


def _read(exercise, answer, cells):
    """(whether it is still the stub, its Reading). Whatever stands in an answer, reading it must not stop us."""
    thing = answer if answer is not None else _unreadable
    try:
        return answer is not None and is_stub(answer), read(exercise, thing, cells)
    except Exception:
        text = f"This exercise forbids some functions, so {exercise.name} must be readable: define it with def."
        return False, Reading(broken=text if exercise.forbidden else None)


def _nothing(cases):
    return [Outcome()] * len(cases)


def _spoken(exercise, judging, given, harmless):
    """The report on what a learner gave; None where that cannot be judged.

    Raises:
        CourseError: what is harmless cannot be judged either, so the exercise is at fault: no wrong answer.
    """
    try:
        return judging(given)
    except Exception:
        try:
            judging(harmless)
        except Exception as problem:
            text = f"Exercise {exercise.id} could not be judged: {type(problem).__name__}: {problem}"
            raise CourseError(text) from problem
    return None


def _incomparable(verdict):
    return dataclasses.replace(verdict, summary=INCOMPARABLE)


def _settle(verdict, secret, shown, baseline):
    """Points from the report on the secret inputs; words from the one on the shown inputs."""
    if not secret.attempted:
        summary = secret.diagnosis or "Not attempted: this is still the stub."
        return dataclasses.replace(verdict, attempted=False, summary=summary)
    counted = [test.ok for number, test in enumerate(secret.tests) if number not in baseline]
    right, tests = sum(counted), len(counted)
    # All tests must pass for all points; some of them earn a part of the points, below all of them.
    share = 1.0 if secret.passed else min(right / tests, 1 - 1 / len(secret.tests)) if tests else 0.0
    told = shown if shown is not None else secret
    return dataclasses.replace(
        verdict,
        points=round(verdict.possible * share, 2),
        passed=secret.passed,
        tests=tests,
        right=right,
        summary=_summary(secret, shown, right, tests),
        shown=tuple(test._replace(expected=_cut(test.expected), got=_cut(test.got)) for test in told.tests),
        diagnosis=None if secret.passed else told.diagnosis,
        notes=(*verdict.notes, *secret.notes),
        ok=tuple(test.ok for test in secret.tests),
    )


def _cut(text):
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _summary(secret, shown, right, tests):
    if secret.passed:
        return "Correct."
    if shown is not None and shown.passed:
        return f"Right on the shown inputs, wrong on others: {right} of {tests} tests passed. Is something fixed in it?"
    diagnosis = (shown or secret).diagnosis
    count = f"{right} of {tests} tests passed. " if tests > 1 else ""
    if right == tests > 1:  # the one that failed is the same for everybody, and earns nothing on its own
        count = "All tests but one of the notebook's own passed. "
    if not diagnosis:
        return f"{count}Not right yet."
    return f"{count}Likely reason: {diagnosis}{'' if diagnosis[-1] in '.?!' else '.'}"


def _defined(source, name):
    """What a cell defines under other names than the one that is asked for, in words."""
    others = sorted(bound_names(source))[:5]
    return f"; it defines {', '.join(others)}" if others and name not in others else ""


def _without_outcomes(verdict, exercise, reply: Reply):
    wanted = {"function": "a function", "class": "a class"}.get(exercise.kind, f"a {exercise.kind}")
    attempted = reply.state != "empty"
    defined = _defined(verdict.source, exercise.name)
    summary = {
        "missing": f"Nothing is called {exercise.name} after your cell has run{defined}.",
        "empty": "Not attempted: this is still the stub.",
        "other": f"{exercise.name} is to be {wanted}, and a thing of type {reply.type} came.",
        "nothing": reply.text or "No answer came from your code.",
        "broken": reply.text,
    }[reply.state]
    return dataclasses.replace(verdict, attempted=attempted, summary=summary)
