"""The whole way of an answer: run, judged, shown, and what the notebook carries on with."""

import dataclasses
import random
import threading
import time

import numpy as np
import pytest
import torch
from cells import cell
from torch import nn

from course_lib.exercises import Case, Exercise, ExerciseError, Mistake, evaluate, find, lecture
from course_lib.exercises.values import marked
from course_lib.lesson import check as checking

# One exercise of each kind ----------------------------------------------------------------------------------------


def blend(clip, weight):
    """The course's own answer in these tests: clip (C, T, H, W) times weight (C,), plus one."""
    if weight.ndim != 1:
        raise ValueError("weight must have one axis")
    return clip * weight[:, None, None, None] + 1


def cases(generator):
    def make(*sizes):
        return torch.randn(*sizes, generator=generator), torch.randn(sizes[0], generator=generator)

    return [Case("two channels", make(2, 3, 4, 5)), Case("three channels", make(3, 2, 5, 4))]


FUNCTION = Exercise(
    "90.1", "Blend", "blend", "function", blend, cases,
    mistakes=(
        Mistake("the one is missing", lambda clip, weight: clip * weight[:, None, None, None]),
        Mistake("the weight goes along the channels, not over all", lambda clip, weight: clip * weight.sum() + 1),
    ),
    hints=("idea", "api", "code"), points=3, forbidden=("torch.einsum",),
)  # fmt: skip


class Small(nn.Module):
    """The course's own module in these tests."""

    def __init__(self, channels, bias=True):
        super().__init__()
        self.conv = nn.Conv3d(channels, 4, 3, padding=1, bias=bias)
        self.norm = nn.BatchNorm3d(4)
        self.head = nn.Linear(4, 2)

    def forward(self, clip):
        return self.head(self.norm(self.conv(clip)).relu().mean((2, 3, 4)))


def module_cases(generator):
    clip = torch.randn(2, 3, 4, 5, 6, generator=generator)
    return [
        Case("with bias", (3,), {"inputs": (clip,)}),
        Case("without bias, training", (3,), {"bias": False, "inputs": clip, "training": True}),
    ]


CLASS = Exercise("90.2", "A small network", "Small", "class", Small, module_cases, points=2)
NUMBER = Exercise(
    "90.3", "Bytes of a clip", "size", "number", 602_112,
    mistakes=(Mistake("the channels are missing", 200_704), Mistake("a negative size", lambda value: value < 0)),
)  # fmt: skip
FLOAT = Exercise("90.4", "Seconds of a clip", "seconds", "number", 3.2)
ARRAY = Exercise("90.5", "Frame numbers", "frames", "array", torch.tensor([0, 4, 8, 12]))
CHOICE = Exercise(
    "90.6", "Which axis is time?", "axis", "choice", "the third", options=("the first", "the second", "the third"),
    mistakes=(Mistake("that is the batch", "the first"),),
)  # fmt: skip
LETTER = dataclasses.replace(CHOICE, reference="c", mistakes=(Mistake("that is the batch", "a"),))
SEVERAL = Exercise("90.7", "Which are true?", "true", "choice", {"red", "blue"}, options=("red", "green", "blue"))
ORDER = Exercise("90.8", "Order the lines", "lines", "choice", ("b", "a", "c"), options=("a", "b", "c"))
ALL = {e.id: e for e in (FUNCTION, CLASS, NUMBER, FLOAT, ARRAY, CHOICE, SEVERAL, ORDER)}


@pytest.fixture
def check(monkeypatch, capsys):
    """`check` on the exercises above; `.text()` is what it showed."""
    monkeypatch.setattr(checking, "find", ALL.__getitem__)

    def run(exercise_id, answer):
        return checking.check(exercise_id, answer)

    run.text = lambda: capsys.readouterr().out
    return run


def typed(body, head="def blend(clip, weight):", imports="import torch\n"):
    """A learner's function with this body, as if typed into a cell; its first line is line 3."""
    lines = "\n".join("    " + line for line in body.splitlines())
    return cell(f"{imports}\n{head}\n{lines}\n", "blend")


RIGHT = typed("if weight.ndim != 1:\n    raise ValueError\nreturn clip * weight.reshape(-1, 1, 1, 1) + 1")


# Functions ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_a_right_function_passes(seed):
    report = evaluate(FUNCTION, RIGHT, seed)
    assert report.passed and report.attempted and report.points == 3 and report.diagnosis is None
    assert [(test.label, test.ok) for test in report.tests] == [("two channels", True), ("three channels", True)]


WRONG = {
    "return clip * weight.reshape(-1, 1, 1, 1)": "the one is missing",
    "return clip * weight.sum() + 1": "along the channels",
    "return (clip * weight.reshape(-1, 1, 1, 1) + 1).half()": "float16 came, float32 is expected",
    "return (clip * weight.reshape(-1, 1, 1, 1)).double()": "the one is missing",
    "return (clip * weight.reshape(-1, 1, 1, 1) + 1).numpy()": "A NumPy array came",
    "return (clip * weight.reshape(-1, 1, 1, 1) + 1).transpose(0, 1)": "axes stand in another order",
    "return 2 * (clip * weight.reshape(-1, 1, 1, 1) + 1)": "2 times too large",
    "out = clip * weight.reshape(-1, 1, 1, 1) + 1": "Nothing was returned",
    "print(clip * weight.reshape(-1, 1, 1, 1) + 1)": "printed, not returned",
    "return clip @ weight": "at line 4 of your cell: return clip @ weight",
    "return clip[clip > 0 and weight > 0]": "for each element by itself write &, | and ~",
    "return clip[:, clip > 0]": "the tensor has fewer axes than the index",
    "return clip[clip[:, :, 1:] > 0]": "a mask picks from a tensor of its own shape",
    "return undefined": "NameError: name 'undefined' is not defined, at line 4 of your cell: return undefined",
    "clip *= weight.reshape(-1, 1, 1, 1)\nreturn clip + 1": "argument 1 (clip) was changed in place",
    "return torch.einsum('cthw,c->cthw', clip, weight) + 1": "einsum, which is used in line 4",
    "exit()": "exit",
    "return blend(clip, weight)": "calls itself without an end",
    "raise KeyError('x')": "KeyError",
    "return (clip > 0).mean()": "NotImplementedError: mean()",  # PyTorch's own: code was written here
}


@pytest.mark.parametrize("body", WRONG)
def test_a_wrong_function_is_told_why(body):
    report = evaluate(FUNCTION, typed(body))
    assert report.attempted and not report.passed and report.points == 0
    assert WRONG[body] in report.diagnosis
    assert len(report.tests) == 2


OTHER_FORMS = {
    "return (clip * weight.reshape(-1, 1, 1, 1) + 1).double()": "float64 came",
    "return (clip.double() * weight.reshape(-1, 1, 1, 1) + 1)": "float64 came",
}


@pytest.mark.parametrize("body", OTHER_FORMS)
def test_another_form_is_right_and_not_carried_on_with(body, monkeypatch):
    monkeypatch.setattr(checking, "find", lambda exercise_id: FUNCTION)
    answer = typed(body)
    report = evaluate(FUNCTION, answer)
    assert report.passed and report.points == 3 and not report.fits and OTHER_FORMS[body] in report.as_text()
    assert "carry on with the course's version" in report.as_text()
    assert checking.check("90.1", answer) is blend
    strict = evaluate(dataclasses.replace(FUNCTION, dtype_counts=True), answer)
    assert not strict.passed and "float64 came, float32 is expected" in strict.diagnosis


def test_a_wrong_answer_in_another_form_is_told_what_is_wrong():
    report = evaluate(FUNCTION, typed("return (clip * weight.reshape(-1, 1, 1, 1)).double()"))
    assert report.diagnosis == "the one is missing"


@pytest.mark.parametrize(
    "body, fits",
    [
        ("return clip * weight.reshape(-1, 1, 1, 1) + 1", True),
        ("return (clip * weight.reshape(-1, 1, 1, 1) + 1).detach()", False),
        ("return torch.from_numpy((clip.detach().numpy().T * weight.detach().numpy()).T + 1)", False),
        ("return torch.from_numpy((clip.numpy().T * weight.numpy()).T + 1)", False),
        ("with torch.no_grad():\n        return clip * weight.reshape(-1, 1, 1, 1) + 1", False),
    ],
)
def test_gradients_that_end_are_right_and_not_carried_on_with(body, fits):
    report = evaluate(dataclasses.replace(FUNCTION, differentiable=True), typed(body))
    assert report.passed and report.fits == fits and ("Gradients end" in report.as_text()) != fits


def test_a_forgotten_import_is_named():
    assert "put `import numpy as np` into" in evaluate(FUNCTION, typed("return np.sum(clip)")).diagnosis


def test_a_right_result_changed_in_place_is_never_taken_for_a_known_mistake():
    misleading = dataclasses.replace(FUNCTION, mistakes=(Mistake("not this one", RIGHT),))
    report = evaluate(misleading, typed("clip *= weight.reshape(-1, 1, 1, 1)\nreturn clip + 1"))
    assert "The result is right, but argument 1 (clip) was changed in place" in report.diagnosis


def test_an_input_changed_in_place_is_told_where_the_result_is_wrong_as_well():
    report = evaluate(FUNCTION, typed("clip *= weight.reshape(-1, 1, 1, 1)\nreturn clip * clip"))
    assert "argument 1 (clip) was changed" in report.diagnosis and "not x += y" in report.diagnosis


def test_of_two_mistakes_the_one_is_told_that_is_right_where_the_learner_is():
    def for_three(clip, weight):
        return RIGHT(clip, weight) if len(clip) == 2 else clip

    mistakes = (Mistake("always", lambda clip, weight: clip), Mistake("for three channels", for_three))
    report = evaluate(dataclasses.replace(FUNCTION, mistakes=mistakes), for_three)
    assert report.diagnosis == "for three channels"


def test_an_exception_is_no_sign_of_a_mistake_that_explains_only_some_tests():
    def stops(clip, weight):
        return clip @ weight if len(clip) == 2 else clip + 1

    other = typed("if len(clip) == 2:\n    return clip @ weight\nreturn clip + 2")
    exercise = dataclasses.replace(FUNCTION, mistakes=(Mistake("not this one", stops),))
    assert evaluate(exercise, stops).diagnosis == "not this one"
    assert "RuntimeError" in evaluate(exercise, other).diagnosis


def test_a_test_that_stopped_says_with_what():
    report = evaluate(FUNCTION, typed("raise KeyError('x')"))
    assert [test.got for test in report.tests] == ["KeyError: 'x'"] * 2
    assert evaluate(FUNCTION, typed("raise KeyError")).tests[0].got == "KeyError"


def test_the_line_is_the_learners_own_even_deep_in_a_library():
    report = evaluate(FUNCTION, typed("a = clip + 1\nb = torch.nn.functional.conv3d(a, weight)\nreturn b"))
    assert "at line 5 of your cell: b = torch.nn.functional.conv3d(a, weight)" in report.diagnosis
    assert "course_lib" not in report.as_text() and "site-packages" not in report.as_text()


def test_a_helper_of_the_learners_own_is_named_by_its_line():
    source = "def helper(x):\n    return x.nothing\ndef blend(clip, weight):\n    return helper(clip)"
    assert "at line 2 of your cell: return x.nothing" in evaluate(FUNCTION, cell(source, "blend")).diagnosis


def test_no_test_stops_the_others():
    report = evaluate(
        FUNCTION, typed("if len(clip) == 2:\n    raise KeyError\nreturn clip * weight.reshape(-1, 1, 1, 1) + 1")
    )
    assert [test.ok for test in report.tests] == [False, True]


def test_too_few_parameters_are_told_with_both_signatures():
    report = evaluate(FUNCTION, typed("return clip", head="def blend(clip):"))
    assert "blend takes (clip), the exercise asks for (clip, weight)" in report.diagnosis


STUBS = ("...", '"""Blend."""\n...  # your code here', "pass", "raise NotImplementedError")


@pytest.mark.parametrize("body", STUBS)
def test_an_untouched_stub_is_not_attempted(body):
    report = evaluate(FUNCTION, typed(body))
    assert not report.attempted and not report.passed and report.tests == ()
    assert report.as_text().startswith("○ Not attempted yet. Exercise 90.1: Blend (0 of 3 points)")
    assert "Carrying on with the course's version." in report.as_text()


@pytest.mark.parametrize("answer", [None, ...])
@pytest.mark.parametrize("exercise", ALL.values(), ids=ALL)
def test_nothing_is_not_attempted(exercise, answer):
    assert not evaluate(exercise, answer).attempted


def test_a_scaffold_with_its_gap_is_not_attempted_and_the_gap_is_named():
    report = evaluate(FUNCTION, typed("out = torch.zeros(2)\n...  # your code here\nreturn out"))
    assert not report.attempted and "line 5 of your cell" in report.diagnosis


def test_a_forgotten_ellipsis_does_no_harm_when_the_answer_is_right():
    body = "...\nif weight.ndim != 1:\n    raise ValueError\nreturn clip * weight.reshape(-1, 1, 1, 1) + 1"
    assert evaluate(FUNCTION, typed(body)).passed


def test_subscripts_with_ellipsis_are_no_gap():
    report = evaluate(FUNCTION, typed("return clip[..., 0]"))
    assert report.attempted


def test_outputs_may_alias_inputs():
    exercise = Exercise("90.1", "Same", "same", "function", lambda x: x, lambda g: [Case("one", (torch.ones(2),))])
    assert evaluate(exercise, cell("def same(x):\n    return x.view(-1)", "same")).passed


def test_expected_refusals_are_tests_too():
    both = lambda g: [*cases(g), Case("two axes are refused", (torch.ones(1, 1, 1, 1), torch.ones(1, 1)))]  # noqa: E731
    exercise = Exercise("90.1", "Blend", "blend", "function", blend, both)
    assert evaluate(exercise, RIGHT).passed
    report = evaluate(exercise, typed("return clip * weight.reshape(-1, 1, 1, 1) + 1"))
    assert [test.ok for test in report.tests] == [True, True, False]
    assert "refused with a ValueError" in report.diagnosis


def test_a_defect_of_the_exercise_is_not_blamed_on_the_learner():
    broken = Exercise("90.1", "Broken", "f", "function", lambda x: x.nothing, lambda g: [Case("one", (1,))])
    with pytest.raises(AttributeError, match="nothing"):
        evaluate(broken, cell("def f(x):\n    return x", "f"))


def test_unreadable_source_is_said():
    namespace = {}
    exec("def blend(clip, weight):\n    return clip * weight.reshape(-1, 1, 1, 1) + 1", namespace)
    report = evaluate(FUNCTION, namespace["blend"])
    assert report.passed and "cannot be read" in report.as_text()


def test_global_settings_are_put_back_and_it_is_said():
    numbers = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    body = (
        "torch.set_default_dtype(torch.float64)\ntorch.set_grad_enabled(False)\ntorch.manual_seed(5)\n"
        "import random, numpy\nrandom.seed(3)\nnumpy.random.seed(3)\nreturn clip"
    )
    report = evaluate(FUNCTION, typed(body))
    assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()
    assert torch.equal(numbers[0], torch.get_rng_state())
    assert np.array_equal(numbers[1], np.random.get_state()[1]) and numbers[2] == random.getstate()
    assert "the default dtype and the gradient mode; it was put back" in report.as_text()


def test_code_that_draws_from_the_global_generators_is_repeatable():
    exercise = Exercise("90.1", "Noise", "noise", "function", lambda n: torch.rand(n), lambda g: [Case("three", (3,))])
    assert evaluate(exercise, cell("import torch\ndef noise(n):\n    return torch.rand(n)", "noise")).passed


def test_a_generator_among_the_inputs_draws_the_same_numbers():
    draw = lambda g: [Case("three", (torch.Generator().manual_seed(1),))]  # noqa: E731
    exercise = Exercise("90.1", "Noise", "noise", "function", lambda g: torch.rand(3, generator=g), draw)
    source = "import torch\ndef noise(g):\n    return torch.rand(3, generator=g)"
    assert evaluate(exercise, cell(source, "noise")).passed


def test_an_interrupt_ends_the_loop_and_not_the_notebook(check):
    """A real SIGINT, as Jupyter's stop button sends it."""
    import signal

    def press_stop():
        time.sleep(0.5)
        signal.raise_signal(signal.SIGINT)

    endless = typed("while True:\n    clip = clip + 0")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores the signal
    try:
        threading.Thread(target=press_stop).start()
        assert check("90.1", endless) is blend
    finally:
        signal.signal(signal.SIGINT, before)
    text = check.text()
    assert "Stopped while running your code, at line " in text and "Likely an infinite loop" in text
    assert "not run, since an earlier test was stopped" in text


def test_a_check_that_takes_long_says_how_to_stop_it(check, monkeypatch, capsys):
    """The answer waits for the notice itself, however long that takes."""
    monkeypatch.setattr(checking, "PATIENCE", 0.01)
    monkeypatch.setattr(checking, "find", {"90.1": dataclasses.replace(FUNCTION, forbidden=())}.__getitem__)
    said = threading.Event()
    monkeypatch.setattr(checking, "print", lambda text, file, flush: (file.write(text), said.set()), raising=False)

    def slow(clip, weight):
        assert said.wait(60)
        return clip * weight[:, None, None, None] + 1

    assert check("90.1", slow) is slow
    text = check.text()
    assert "Exercise 90.1 has been running" in text and "Interrupt" in text and "Correct" in text
    assert "Your code printed" not in text  # the notice is ours, though the answer's own printing is diverted


def test_a_check_that_is_done_says_nothing_more(check):
    before = set(threading.enumerate())
    check("90.1", blend)
    for notice in set(threading.enumerate()) - before:
        notice.join(60)  # cancelled: it would take PATIENCE otherwise
        assert notice.finished.is_set()
    assert "has been running" not in check.text()


@pytest.mark.parametrize("where", ["reference", "mistake"])
def test_an_interrupt_of_the_courses_own_code_is_no_traceback_and_is_not_kept(check, monkeypatch, where):
    stopped = []

    def first_time(clip, weight):
        if not stopped:
            stopped.append(True)
            raise KeyboardInterrupt
        return blend(clip, weight) if where == "reference" else clip * weight[:, None, None, None]

    own = {
        "reference": {"reference": first_time},
        "mistake": {"mistakes": (Mistake("the one is missing", first_time),)},
    }
    exercise = dataclasses.replace(FUNCTION, **own[where])
    monkeypatch.setattr(checking, "find", {"90.1": exercise}.__getitem__)
    wrong = typed("return clip * weight[:, None, None, None]")
    assert check("90.1", wrong) is exercise.reference
    text = check.text()
    assert "Stopped. Exercise 90.1: no verdict. Run this cell again" in text and "Traceback" not in text
    check("90.1", wrong)
    assert "Likely reason: the one is missing" in check.text()


@pytest.mark.parametrize("answer", [torch.ones(2), 3, "blend", [1]])
def test_a_result_instead_of_the_function_is_told(answer):
    assert 'without calling it: check("90.1", blend)' in evaluate(FUNCTION, answer).diagnosis


def test_a_class_instead_of_the_function_is_told():
    assert "the class Small came" in evaluate(FUNCTION, Small).diagnosis


# Classes -----------------------------------------------------------------------------------------------------------

MODULE = """from torch import nn

class Small(nn.Module):
    def __init__(self, channels, bias=True):
        super().__init__()
        self.a = nn.Conv3d(channels, 4, 3, padding=1, bias=bias)
        self.b = nn.BatchNorm3d(4)
        self.c = nn.Linear(4, 2)

    def forward(self, clip):
        return self.c(self.b(self.a(clip)).relu().mean((2, 3, 4)))
"""


def test_a_right_class_passes_whatever_its_attributes_are_called():
    report = evaluate(CLASS, cell(MODULE, "Small"))
    assert report.passed and report.points == 2, report.as_text()


WRONG_CLASSES = {
    (".relu()", ""): None,
    ("nn.Linear(4, 2)", "nn.Linear(4, 2, bias=False)"): "5 parameter tensors",
    ("        self.b = nn", "        self.d = nn.Conv3d(channels, 4, 3, padding=1)\n        self.b = nn"):
        "d.weight is one too many, and has the shape of another one. To share weights",
    ("nn.Linear(4, 2)", "nn.Linear(4, 3)"): "c.weight has shape (3, 4), expected is (2, 4) at this place (head.weight)",
    ("self.b(self.a(clip))", "self.a(clip)"): None,
    ("        self.b = nn.BatchNorm3d(4)\n        self.c = nn.Linear(4, 2)",
     "        self.c = nn.Linear(4, 2)\n        self.b = nn.BatchNorm3d(4)"): "right layers in another order",
    ("nn.Module", "object"): "derive it from nn.Module",
    ("        super().__init__()\n", ""): "at line 5 of your cell: self.a",
    ("self.a = nn.Conv3d(channels, 4, 3, padding=1, bias=bias)", "self.a = [nn.Conv3d(channels, 4, 3)]"): None,
    ("return self.c", "self.c"): "Nothing was returned",
}  # fmt: skip


@pytest.mark.parametrize("old, new", WRONG_CLASSES, ids=str)
def test_a_wrong_class_is_told_why(old, new):
    assert old in MODULE
    report = evaluate(CLASS, cell(MODULE.replace(old, new), "Small"))
    assert report.attempted and not report.passed
    assert (WRONG_CLASSES[old, new] or "") in (report.diagnosis or "")


def test_layers_in_another_order_with_the_same_names_correspond_by_name():
    source = MODULE.replace("self.a", "self.conv").replace("self.b", "self.norm").replace("self.c ", "self.head ")
    source = source.replace("self.c(", "self.head(")
    lines = source.splitlines()
    lines[6], lines[7] = lines[7], lines[6]
    assert evaluate(CLASS, cell("\n".join(lines), "Small")).passed


def test_an_empty_class_is_not_attempted():
    for body in ("    ...", '    """Doc."""\n    ...', "    def forward(self, clip):\n        ..."):
        assert not evaluate(CLASS, cell(f"from torch import nn\nclass Small(nn.Module):\n{body}", "Small")).attempted


def test_a_module_instead_of_its_class_is_told():
    assert 'check("90.2", Small)' in evaluate(CLASS, Small(3)).diagnosis
    assert "A class is asked for" in evaluate(CLASS, len).diagnosis


# Values ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exercise, answer",
    [
        (NUMBER, 602_112), (NUMBER, 602_112.0), (NUMBER, torch.tensor(602_112)), (NUMBER, np.int64(602_112)),
        (FLOAT, 3.2), (FLOAT, 3.20001), (FLOAT, torch.tensor([3.2])), (FLOAT, np.float32(3.2)),
        (ARRAY, torch.tensor([0, 4, 8, 12])), (ARRAY, [0, 4, 8, 12]), (ARRAY, np.array([0, 4, 8, 12])),
        (ARRAY, torch.tensor([0, 4, 8, 12], dtype=torch.int32)),
        (CHOICE, "the third"), (CHOICE, " The Third "), (CHOICE, "c"), (CHOICE, "C"),
        (LETTER, "the third"), (LETTER, "c"),
        (SEVERAL, {"blue", "red"}), (SEVERAL, ["red", "blue"]), (SEVERAL, ("a", "c")),
        (ORDER, ("b", "a", "c")), (ORDER, ["b", "a", "c"]),
    ],
)  # fmt: skip
def test_a_right_value_passes(exercise, answer):
    report = evaluate(exercise, answer)
    assert report.passed and report.points == exercise.points, report.as_text()


@pytest.mark.parametrize(
    "exercise, answer, words",
    [
        (NUMBER, 200_704, "the channels are missing"), (NUMBER, -5, "a negative size"),
        (NUMBER, 602_112 * 8, "8 times too large: bits or bytes"), (NUMBER, 602.112, "1,000 times too small"),
        (NUMBER, 602_113, "Off by one"), (NUMBER, 700_000, "Too large"), (NUMBER, float("nan"), "NaN"),
        (NUMBER, "602112", "the string '602112' came"), (NUMBER, True, "A number is asked for"),
        (NUMBER, lambda: 602_112, "Call it"), (NUMBER, torch.ones(3), "A number is asked for"),
        (FLOAT, 3.3, "Too large"), (FLOAT, 0, None),
        (ARRAY, [0, 4, 8], None), (ARRAY, [1, 5, 9, 13], "by the same amount, 1"), (ARRAY, [12, 8, 4, 0], "backwards"),
        (ARRAY, [[0], [4, 8]], "its rows differ"), (ARRAY, 3, "An array"),
        (ARRAY, [0.0, 4.0, 8.0, 12.0], "float64 came"),
        (CHOICE, "the first", "that is the batch"), (CHOICE, "the second", None), (CHOICE, "the fourth", "is one of"),
        (LETTER, "the first", "that is the batch"), (LETTER, "b", None),
        (CHOICE, 3, "is one of"), (CHOICE, ["the third", "the first"], "several came"),
        (SEVERAL, {"red"}, None), (SEVERAL, "red", None), (ORDER, ("a", "b", "c"), None),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_why(exercise, answer, words):
    report = evaluate(exercise, answer)
    assert report.attempted and not report.passed and report.points == 0
    assert (words or "") in (report.diagnosis or "")


@pytest.mark.parametrize("exercise, wrong", [(NUMBER, 3), (FLOAT, 1.0), (CHOICE, "the first"), (ARRAY, [1, 2, 3, 4])])
def test_a_wrong_value_is_not_told_the_right_one(exercise, wrong):
    report = evaluate(exercise, wrong)
    for secret in ("602112", "602,112", "3.2", "the third", "4, 8, 12"):
        assert secret not in report.as_text()
        assert secret not in report.as_html()


# check: what is shown and what is returned --------------------------------------------------------------------------


def test_check_returns_the_learners_answer_when_right(check):
    assert check("90.1", RIGHT) is RIGHT
    assert check("90.3", 602_112) == 602_112
    assert "✓ Correct. Exercise 90.1: Blend (2 of 2 tests passed, 3 of 3 points)" in check.text()


def test_check_returns_the_courses_answer_otherwise(check):
    assert check("90.1", typed("...")) is blend
    assert check("90.1", typed("return clip")) is blend
    assert check("90.2", None) is Small
    assert check("90.3", 1) == 602_112 and isinstance(check("90.3", 1), int)
    assert torch.equal(check("90.5", [1]), ARRAY.reference)
    assert check("90.6", None) == "the third"


@pytest.mark.parametrize("exercise_id", ["90.1", "90.2", "90.3", "90.4", "90.5", "90.6"])
def test_checking_again_what_a_check_gave_earns_nothing(check, exercise_id):
    given = check(exercise_id, None)
    again = check(exercise_id, given)
    assert "the course's own version, as an earlier check gave it" in check.text()
    assert type(again) is type(given)


def test_given_values_work_like_values():
    assert torch.zeros(marked(3), marked(2)).shape == (3, 2)
    assert marked(3) == 3 and marked(2.5) * 2 == 5.0 and marked("left") == "left" and f"{marked(3)}" == "3"
    assert type(marked(3) + 0) is int and nn.Conv3d(marked(2), 1, marked(3)).in_channels == 2


def test_the_text_is_deterministic_and_the_html_says_the_same():
    answer = typed("return clip * 2")
    first, second = evaluate(FUNCTION, answer), evaluate(FUNCTION, answer)
    assert first == second and first.as_text() == second.as_text() and first.as_html() == second.as_html()
    for words in ("Not yet", "0 of 2 tests passed", "failed", "expected", "got", "Three hints"):
        assert words in first.as_text() and words in first.as_html()


def test_what_a_learner_prints_or_returns_cannot_become_html():
    report = evaluate(FUNCTION, typed("print('<script>1</script>')\nreturn '<img src=x onerror=1>'"))
    assert "<script" not in report.as_html() and "<img" not in report.as_html()
    assert "&lt;script&gt;" in report.as_html() and "&lt;img" in report.as_html()


def test_printing_is_shown_when_it_may_help_and_never_in_full():
    text = evaluate(FUNCTION, typed("print('shape', tuple(clip.shape))\nreturn clip")).as_text()
    assert "Your code printed:\n    | shape (2, 3, 4, 5)" in text
    endless = evaluate(FUNCTION, typed("for i in range(100_000):\n    print(i)\nreturn clip"))
    assert len(endless.as_text()) < 3000


def test_the_reference_is_never_shown():
    for body in (*WRONG, *STUBS):
        assert "weight[:, None" not in evaluate(FUNCTION, typed(body)).as_html()


def test_jupyter_gets_both_forms():
    bundle = evaluate(NUMBER, 1)._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}


# The registry ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exercise_id, words", [("99.9", "no exercises for lecture 99"), ("2.1", "such as"), (2.1, "such as")]
)
def test_an_unknown_exercise_is_a_clear_error(exercise_id, words):
    with pytest.raises(ExerciseError, match=words):
        checking.check(exercise_id, None)


def test_an_unknown_number_lists_those_there_are():
    with pytest.raises(ExerciseError, match=r"lecture 00 has 00\.1, 00\.2"):
        find("00.99")
    assert find("00.1") is lecture("00")[0]
    assert lecture(0) == lecture("00")


@pytest.mark.parametrize(
    "change, words",
    [
        (dict(id="2.1"), "lecture and number"),
        (dict(kind="essay"), "is none of"),
        (dict(cases=None), "needs a callable reference and cases"),
        (dict(kind="number", reference=3), "takes no cases"),
        (dict(kind="choice", reference="x", cases=None, options=("a", "b")), "not among the options"),
        (dict(hints=("one",)), "three hints"),
    ],
)
def test_a_wrong_description_is_a_clear_error(change, words):
    description = dict(id="90.1", title="Blend", name="blend", kind="function", reference=blend, cases=cases)
    with pytest.raises(ExerciseError, match=words):
        Exercise(**{**description, **change})
