"""Points: a share for each test, nothing for what the stub or a table of answers can do, words that help."""

import dataclasses

import pytest
import torch
from tiny import HALVES, SMOOTH, SOLUTIONS, STUBS

from course_lib.errors import CourseError
from course_lib.exercises import reading
from course_lib.exercises.compare import compare
from course_lib.exercises.run import Outcome, run
from course_lib.exercises.spec import Case, Exercise
from course_lib.grading import verdict
from course_lib.grading.probe import MIME, Reply, ask, understand
from course_lib.grading.submission import Answer, Cell
from course_lib.grading.verdict import decide


def add(a, b):
    return a + b


def _other(generator):
    return Case("others", tuple(torch.randint(9, 999, (2,), generator=generator).tolist()))


FIXED = [Case("one and two", (1, 2)), Case("two and three", (2, 3))]
ADD = Exercise(
    "90.9", "Add", "added", "function", add, points=4,
    cases=lambda g: [*FIXED, _other(g), _other(g)],
)  # fmt: skip


def judged(exercise, source, seed=5, baseline=frozenset()):
    """The verdict on a trusted answer, run here instead of in a sandbox."""
    question = ask(exercise, seed)
    namespace = {"torch": torch}
    exec(source, namespace)
    outcomes = tuple(run("function", namespace[exercise.name], cases, None) for cases in question.sets)
    answer = Answer((Cell(3, source),), ("note",))
    return decide(question, Reply("ran", outcomes), answer, ["import torch"], baseline)


def test_a_right_answer_earns_all():
    verdict = judged(HALVES, SOLUTIONS["90.1"])
    assert verdict.passed and verdict.points == 4 and verdict.summary == "Correct." and verdict.notes == ("note",)


def test_each_test_earns_its_share():
    """Right for two of three: the inputs with three axes fail."""
    verdict = judged(HALVES, "def halves(x):\n    return x / 2, x.sum() if x.ndim < 3 else x.sum() + 1")
    assert (verdict.right, verdict.tests, verdict.points) == (2, 3, pytest.approx(2.67))
    assert "2 of 3 tests passed" in verdict.summary


def test_a_known_mistake_is_named():
    verdict = judged(HALVES, "def halves(x):\n    return x / 2, (x / 2).sum()")
    assert "The sum belongs to the whole" in verdict.summary and verdict.points == 0


def test_a_table_of_answers_earns_nothing():
    table = "def added(a, b):\n    return {(1, 2): 3, (2, 3): 5}.get((a, b), 0)"
    assert judged(ADD, table).points == 0
    assert judged(ADD, "def added(a, b):\n    return a + b").points == 4


def test_what_the_stub_can_do_earns_nothing():
    stub = judged(SMOOTH, STUBS["90.2"])
    assert stub.ok == (True, False, False)
    baseline = frozenset(number for number, ok in enumerate(stub.ok) if ok)
    assert judged(SMOOTH, STUBS["90.2"], baseline=baseline).points == 0
    half = (
        "def smoothed(x, weight):\n    if len(weight) == 6: return (x * weight).sum()[None]\n"
        "    return x[: len(x) - len(weight) + 1] * weight[0]"
    )
    assert judged(SMOOTH, half, baseline=baseline).points == pytest.approx(1.5)


def test_an_answer_for_the_shown_inputs_alone():
    shown = ask(ADD, 0).sets[0]
    table = {case.args: sum(case.args) for case in shown}
    verdict = judged(ADD, f"def added(a, b):\n    return {table}.get((a, b), 0)")
    assert verdict.points == 0 and "Right on the shown inputs" in verdict.summary


def test_code_that_does_not_run_is_an_attempt(verdicts):
    verdict = verdicts({"90.1": "def halves(x)\n    return x / 2, x.sum()"})["90.1"]
    assert verdict.points == 0 and verdict.attempted and "Nothing is called halves" in verdict.summary
    assert len(verdict.notes) == 1 and "SyntaxError: expected ':' (line 1)" in verdict.notes[0]


@pytest.mark.parametrize(
    "source",
    [
        "def halves(x):\n    return x" + " + 1" * 500,
        "def halves(x):\n    raise NotImplementedError(x" + " + 1" * 500 + ")",
        "class A:\n    def __slots__(self): pass\ndef halves(x):\n    return A",
        "class A:\n    def __qualname__(self): pass\ndef halves(x):\n    return A",
        "text = 'a\u2028b((\u2028c'\ndef halves(x):\n    return (x +\n 1)",
        "def halves(x):\n    return torch.classes.no_such.thing",
    ],
)
@pytest.mark.parametrize("exercise", [HALVES, SMOOTH], ids=lambda exercise: exercise.name)
def test_code_that_is_hard_to_read_is_judged_like_any_other(source, exercise):
    question = ask(exercise, 1)
    reply = Reply("ran", tuple([Outcome(output=1.0)] * len(cases) for cases in question.sets))
    source = source.replace("halves", exercise.name)
    verdict = decide(question, reply, Answer((Cell(1, source),)), ["import torch"])
    assert verdict.points == 0 and verdict.summary


def test_an_answer_is_read_once(monkeypatch):
    counted = []
    for module, name in ((reading, "find_shortcut"), (reading, "placeholder"), (verdict, "is_stub")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, real=real, name=name: counted.append(name) or real(*a))
    assert judged(SMOOTH, "def smoothed(x, weight):\n    return x").points == 0
    assert sorted(counted) == ["find_shortcut", "is_stub", "placeholder"]


HUGE = 10**1300


@pytest.mark.parametrize("value", [HUGE, [HUGE, 1.5], (1j, HUGE), {1: HUGE}])
def test_numbers_of_any_size_can_be_judged(value):
    real = Exercise("90.8", "Real", "real", "number", 2.5)
    row = Exercise("90.7", "Row", "row", "array", torch.tensor([1.0, 2.0]))
    for exercise in (real, row):
        verdict = decide(ask(exercise, 1), Reply("value", value=value), Answer((Cell(1, "real = 1"),)))
        assert verdict.points == 0 and verdict.summary
    question = ask(ADD, 1)
    reply = Reply("ran", tuple([Outcome(output=value)] * len(cases) for cases in question.sets))
    assert decide(question, reply, Answer((Cell(1, "def added(a, b): return 1"),))).points == 0


def test_an_exercise_that_cannot_be_judged_is_no_wrong_answer():
    question = ask(dataclasses.replace(ADD, reference=lambda a, b: {}["ours"]), 1)
    reply = Reply("ran", tuple([Outcome(output=3)] * len(cases) for cases in question.sets))
    with pytest.raises(CourseError, match="could not be judged"):
        decide(question, reply, Answer((Cell(1, "def added(a, b): return 3"),)))


def test_feedback_never_tells_the_secret_inputs():
    """What is shown comes from the inputs of the notebook's own check."""
    one, other = (judged(HALVES, "def halves(x):\n    return x, x", seed=seed) for seed in (5, 6))
    assert one.shown == other.shown and one.shown[0].expected


def bundle(question, **changes):
    outcomes = [{"value": 1.0}] * 3
    return {MIME: {"nonce": question.nonce, "set": 0, "state": "ran", "outcomes": outcomes} | changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "0" * 32}, {"nonce": None}, {"set": 1}, {"state": "passed"}, {"outcomes": []}, {"outcomes": None},
        {"outcomes": [1, 2, 3]}, {"outcomes": [{"error": 3}] * 3}, {"state": "value", "value": 1.0},
        {"outcomes": [{"error": {"name": "X", "kind": "SystemExit", "message": 5}, "line": ["a", {}]}] * 3},
        {"outcomes": [{"value": 1.0, "changed": 3, "settings": [4], "printed": []}] * 3},
        {"outcomes": [{"value": {"is": "tensor"}}] * 3}, {"state": ["ran"]}, {"set": [0]},
    ],
)  # fmt: skip
def test_what_is_no_reply_earns_nothing(changes):
    question = ask(HALVES, 1)
    reply = understand(question, [bundle(question, **changes), bundle(question, set=1), 7, None, {}, {MIME: [1]}])
    verdict = decide(question, reply, Answer((Cell(1, SOLUTIONS["90.1"]),)))
    assert verdict.points == 0 and verdict.summary


def test_exceptions_arrive_as_what_they_were():
    question = ask(HALVES, 1)
    sent = [("ValueError", "ValueError", "no"), ("MyError", "KeyError", "'k'"), ("X", "__import__", "?")]
    outcomes = [{"error": {"name": n, "kind": k, "message": m}, "line": [2, "x = 1"]} for n, k, m in sent]
    reply = understand(question, [bundle(question, outcomes=outcomes), bundle(question, set=1)])
    one, two, three = (outcome.error for outcome in reply.outcomes[0])
    assert type(one) is ValueError and str(one) == "no"
    assert isinstance(two, KeyError) and type(two).__name__ == "MyError" and str(two) == "'k'"
    assert type(three).__bases__ == (Exception,)
    assert reply.outcomes[0][0].line == (2, "x = 1")


def test_a_thing_that_is_no_data_equals_nothing():
    question = ask(HALVES, 1)
    outcomes = [{"unsent": "?", "type": name} for name in ("generator", "Liar", "a b")]
    reply = understand(question, [bundle(question, outcomes=outcomes), bundle(question, set=1)])
    for outcome in reply.outcomes[0]:
        assert isinstance(outcome, Outcome) and compare(torch.zeros(1), outcome.output) is not None


@pytest.mark.parametrize(
    "source",
    [
        SOLUTIONS["90.2"].replace("size", "conv1d"),
        "smoothed = lambda x, w: torch.stack([(x[i : i + len(w)] * w).sum() for i in range(len(x) - len(w) + 1)])",
        "from functools import partial\ndef windows(function, x, weight):\n"
        "    return torch.stack([function(row * weight) for row in x.unfold(0, len(weight), 1)])\n"
        "smoothed = partial(windows, torch.sum)",
        "class Smooth:\n    def __call__(self, x, weight):\n        return x.unfold(0, len(weight), 1) @ weight\n"
        "smoothed = Smooth()",
        SOLUTIONS["90.2"].replace("x[i", "x.double()[i"),
    ],
    ids=["a variable called like it", "lambda", "partial", "an object", "float64"],
)
def test_a_right_answer_in_another_form_earns_all(source):
    """The exercise forbids conv1d, so that its answers must be readable."""
    verdict = judged(SMOOTH, source)
    assert verdict.passed and verdict.points == 3, verdict.summary


def test_a_forbidden_call_is_found_however_the_function_got_its_name():
    for source in (
        "smoothed = lambda x, w: torch.conv1d(x[None, None], w[None, None])[0, 0]",
        "from functools import partial\ndef f(a, x, w):\n    return torch.conv1d(x[None, None], w[None, None])[0, 0]\n"
        "smoothed = partial(f, 1)",
        "class S:\n    def __call__(self, x, w):\n        return torch.conv1d(x[None, None], w[None, None])[0, 0]\n"
        "smoothed = S()",
    ):
        verdict = judged(SMOOTH, source)
        assert verdict.points == 0 and "conv1d" in verdict.summary


def test_what_fails_only_where_all_can_look_is_said():
    wrong = "def added(a, b):\n    return a + b + (a == 1)"
    verdict = judged(ADD, wrong)
    assert 0 < verdict.points < 4 and "All tests but one of the notebook's own passed" in verdict.summary


def test_another_name_is_named():
    answer = Answer((Cell(3, "def halfs(x):\n    return x"),))
    verdict = decide(ask(HALVES, 5), Reply("missing"), answer)
    assert verdict.summary == "Nothing is called halves after your cell has run; it defines halfs."
    broken = Answer((Cell(3, "def halves(x)\n    return x"),))
    assert decide(ask(HALVES, 5), Reply("missing"), broken).summary.endswith("your cell has run.")
