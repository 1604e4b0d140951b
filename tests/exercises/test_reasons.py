"""Reasons that need more than two outputs: sizes of arguments, two known mistakes at once, the text of an answer."""

import pytest
import torch
from cells import cell

from course_lib.exercises import Case, edit, evaluate, exercise, find
from course_lib.exercises.arguments import by_argument
from course_lib.exercises.paper import paper_of
from course_lib.exercises.patterns import Agreement

SOLUTION = """
def blend(clip, gain, count=2):
    total = clip.sum(dim=1) * gain
    shifted = total + 5 * count
    return shifted
"""


def _cases(generator):
    return [
        Case(f"{frames} frames", (torch.randn(2, frames, 3, generator=generator), 1.5 + frames), {"count": frames + 1})
        for frames in (4, 7, 5)
    ]


BLEND = exercise(
    "90.2",
    "Blend",
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("five is missing", {"5 * ": ""}),
        edit("the gain is missing", {" * gain": ""}),
        edit("the last frame alone counts", {"clip.sum(dim=1)": "clip[:, -1]"}),
    ),
)


def reason(*lines, signature="clip, gain, count=2"):
    source = "\n    ".join([f"def blend({signature}):", *lines]) + "\n"
    report = evaluate(BLEND, cell(source, "blend", {"__name__": "__main__", "torch": torch}))
    assert report.attempted and not report.passed
    return report.diagnosis


def test_two_known_mistakes_at_once_are_both_told():
    both = reason("return clip.sum(1) + count")
    assert both == "Two things at once. First: five is missing. Second: the gain is missing."
    assert "Two things" not in reason("return clip.sum(1) + count + 1"), "a third mistake besides"


@pytest.mark.parametrize("number", ["00.1", "01.4", "02.4"])
def test_what_holds_for_a_mistake_alone_is_told_of_no_pair(number):
    told = {mistake.diagnosis for *both, _ in paper_of(find(number), 0).pairs for mistake in both}
    assert told and not [
        text for text in told if "right, but" in text or "are right, and" in text or "both bugs" in text
    ]


def test_one_known_mistake_is_told_alone():
    assert reason("return clip.sum(1) * gain + count") == "five is missing"


def test_a_mistake_that_explains_some_tests_says_how_many():
    found = reason("extra = 5 if len(clip[0]) == 7 else 1", "return clip.sum(1) * gain + extra * count")
    assert found == "five is missing", "the tests that pass do not count"
    found = reason("extra = 6 if len(clip[0]) == 7 else 1", "return clip.sum(1) * gain + extra * count")
    assert found == "five is missing (so it looks in 2 of the 3 tests that fail)"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("return (clip.sum(1) * gain + 5 * count) * gain", "`gain` times what is expected"),
        ("return (clip.sum(1) * gain + 5 * count) / clip.shape[1]", "by the factor `clip.shape[1]`"),
        ("return clip.sum(1) * gain + 6 * count", "too large by `count`"),
        ("return clip.sum(1) * gain + 5 * count - gain", "too small by `gain`"),
        ("return (clip.sum(1) * gain + 5 * count) * gain * clip.shape[1]", "`clip.shape[1] * gain` times"),
    ],
)
def test_what_is_off_by_an_argument_is_told_with_its_name(line, words):
    assert words in reason(line)


def test_a_size_that_is_the_same_in_all_tests_is_never_named():
    assert "clip.shape" not in reason("return (clip.sum(1) * gain + 5 * count) * clip.shape[2]")
    assert "`" not in reason("return clip.sum(1) * gain + 5 * count + 2")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("total = clip.sum(1) * gain", "total.square()", "return total"), "Line 3 of your cell (total.square())"),
        (("total = clip[:, 0] * gain * count", "total + 5 * count", "return total"), "computes something and drops it"),
        (("total = clip[:, 0] * gain * count", "total + 5"), "Nothing was returned"),
        (("for _ in range(3):", "    total = clip[:, 0] * gain + count", "    return total"), "ends the loop in its"),
        (("return clip[:, 0] ** 2 + 5 * count",), "The argument `gain` never enters"),
        (("return clip[:, 0] ** 2",), "The arguments `gain` and `count` never enter the"),
    ],
)
def test_what_the_text_of_a_wrong_answer_shows(lines, words):
    assert words in reason(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        ("total = clip[:, 0] ** 2 * gain * count", "total.clamp_(max=3)", "return total"),
        ("out = []", "out.append(clip[:, 0] ** 2 * gain * count)", "return out[0]"),
        ("for n in range(3):", "    if n == count:", "        return clip[:, 0] * gain", "return clip[:, 1] ** 2"),
    ],
)
def test_what_is_meant_so_is_no_smell(lines):
    found = reason(*lines) or ""
    assert not any(words in found for words in ("drops", "first round", "never enter"))


def test_a_rounding_is_told_though_several_roundings_fit_some_tests():
    assert "expected, rounded." in reason("return (clip.sum(1) * gain + 5 * count).round()")


def test_a_count_is_off_by_an_argument_to_the_last_one():
    outputs, billions = [3, 5, 8], [10**9, 3 * 10**9, 2 * 10**9]
    cases = [Case("", (None, 2 + i, count)) for i, count in enumerate(outputs)]
    rows = [(case, n, n + count) for case, n, count in zip(cases, billions, outputs, strict=True)]
    assert by_argument(BLEND, rows, Agreement(1e-4, 1e-5)) == "What came is too large by `count`, exactly."
