"""Comparing two outputs: what counts as equal, and where they are said to differ."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from course_lib.exercises.compare import brief, compare, fitted

NAN, INF = float("nan"), float("inf")
GRID = torch.arange(24.0).reshape(2, 3, 4)


@dataclass
class Pair:
    first: float
    second: torch.Tensor


EQUAL = [
    (torch.ones(2, 3), torch.ones(2, 3)),
    (GRID, GRID + 1e-6),
    (torch.tensor([NAN, INF, -INF, 1.0]), torch.tensor([NAN, INF, -INF, 1.0])),
    (torch.ones(2, dtype=torch.float16), torch.ones(2, dtype=torch.float16) * 1.001),
    (torch.ones(0, 3), torch.ones(0, 3)),
    (torch.tensor(1 + 2j), torch.tensor(1 + 2j)),
    (GRID.permute(2, 0, 1), GRID.permute(2, 0, 1).contiguous()),
    (np.ones((2, 3)), np.ones((2, 3))),
    ((1, 2.5, "a"), [1, 2.5, "a"]),
    ((2, 3), torch.Size([2, 3])),
    ({"a": 1, "b": [torch.ones(1)]}, {"b": (torch.ones(1),), "a": 1}),
    (2.5, torch.tensor(2.5)),
    (2.5, np.float32(2.5)),
    (7, np.int64(7)),
    (2.0, 2),
    (True, torch.tensor(True)),
    (None, None),
    ({1, 2}, {2, 1}),
    (Pair(1.0, torch.ones(2)), Pair(1.0, torch.ones(2))),
]


@pytest.mark.parametrize("expected, got", EQUAL)
def test_equal(expected, got):
    assert compare(expected, got) is None


DIFFERENT = [
    ("shape", torch.ones(2, 3), torch.ones(3, 2)),
    ("dtype", torch.ones(2), torch.ones(2).double()),
    ("dtype", torch.ones(2).long(), torch.ones(2).int()),
    ("dtype", np.ones(2), np.ones(2, dtype=np.float32)),
    ("values", GRID, GRID + 1),
    ("values", torch.tensor([1.0, 2.0]), torch.tensor([1.0, NAN])),
    ("values", torch.tensor([NAN, 2.0]), torch.tensor([1.0, 2.0])),
    ("values", torch.tensor([INF]), torch.tensor([-INF])),
    ("values", torch.tensor([1e9]).long(), torch.tensor([1e9]).long() + 1),
    ("type", torch.ones(2), np.ones(2, dtype=np.float32)),
    ("type", torch.tensor(1.0), 1.0),
    ("type", 1.0, torch.ones(1)),
    ("type", 1, "1"),
    ("type", 1, None),
    ("type", 1, True),
    ("type", True, 1),
    ("type", "a", 1),
    ("dtype", 2, 2.0),
    ("values", 2.0, 2.1),
    ("values", 2.0, NAN),
    ("values", INF, 1e300),
    ("length", (1, 2), (1, 2, 3)),
    ("keys", {"a": 1}, {"b": 1}),
    ("values", {"a": (1, 2)}, {"a": (1, 3)}),
    ("values", "left", "right"),
    ("type", {"a": 1}, [1]),
    ("values", Pair(1.0, torch.ones(2)), Pair(1.0, torch.zeros(2))),
]


@pytest.mark.parametrize("kind, expected, got", DIFFERENT)
def test_different(kind, expected, got):
    assert compare(expected, got).kind == kind


FORMS = [  # expected, got, whether they are the same but for their form, part of the remark
    (GRID, GRID.double(), True, "float64 came; usual here is float32 (.float())"),
    (GRID.long(), GRID.int(), True, "int32 came; usual here is int64 (.long())"),
    (GRID, GRID.half(), False, None),
    (GRID.long(), GRID, False, None),
    (GRID.long(), GRID.byte(), False, None),
    (GRID > 3, (GRID > 3).int(), False, None),
    (GRID, GRID.numpy(), False, None),
    (torch.tensor(2.5), 2.5, True, "A Python number"),
    (torch.tensor(2.5), np.float64(2.5), True, "A Python number"),
    (torch.tensor(2), 2.5, False, None),
    (torch.tensor(2.5), 2**70, False, None),
    (torch.tensor(2.5), 2 + 1j, False, None),
    (torch.tensor(True), 1, False, None),
    (torch.ones(1), 1.0, False, None),
    ([1, 2], torch.tensor([1, 2]), True, "One tensor came; usual here is a list of 2"),
    ((1, 2), np.array([1, 2]), True, "One NumPy array came; usual here is a tuple of 2"),
    ((1, 2), np.array([1.0, 2.0]), False, "One NumPy array"),
    ((1, 2), torch.tensor([[1], [2]]), False, None),
    ([(1, 2), (3, 4)], torch.tensor([[1, 2], [3, 4]]), True, "One tensor"),
    ([(1, 2), (3, 4)], [torch.tensor([1, 2]), (3, 4)], True, "usual here is a tuple of 2"),
    ((GRID, -GRID), torch.stack([GRID, -GRID]), True, "One tensor"),
    ((GRID, -GRID), (GRID, -GRID.double()), True, "float64"),
    ((GRID, -GRID), GRID, False, None),
    ((1, 2), (1, 2, 3), False, None),
    (7, 7.0, False, None),
]


@pytest.mark.parametrize("expected, got, same, words", FORMS)
def test_another_form_is_told_from_another_value(expected, got, same, words):
    found, remark = fitted(expected, got)
    assert (compare(expected, found) is None) == same
    assert (remark is None) == (words is None) and (words or "") in (remark or "")


def test_the_usual_form_is_left_alone():
    for value in (GRID, (1, GRID), [1, (2, 3)], 2.5, "text", {"a": 1}, None):
        found, remark = fitted(value, value)
        assert found is value and remark is None
    assert fitted(GRID, GRID.double(), dtypes=False)[1] is None


def test_the_first_difference_has_its_index_and_both_values():
    got = GRID.clone()
    got[1, 0, 2], got[1, 2, 3] = 99, 98
    difference = compare(GRID, got)
    assert difference.expected == "tensor float32 (2, 3, 4), at [1, 0, 2]: 14.0"
    assert difference.got == "tensor float32 (2, 3, 4), at [1, 0, 2]: 99.0 (2 of 24 differ)"


def test_a_small_tensor_is_shown_whole():
    difference = compare(torch.tensor([1, 2, 3]), torch.tensor([1, 2, 4]))
    assert difference.got == "tensor int64 (3): 1, 2, 4"


def test_the_path_leads_to_the_part_that_differs():
    one = {"boxes": [torch.ones(2), torch.ones(3)]}
    other = {"boxes": [torch.ones(2), torch.zeros(3)]}
    assert compare(one, other).where == "['boxes'][1]"


def test_an_object_that_claims_equality_is_not_believed():
    class Yes:
        def __eq__(self, other):
            return True

        __hash__ = None

    for expected in (torch.ones(2), np.ones(2), 1, 2.5, "text", (1, 2), {"a": 1}, None):
        assert compare(expected, Yes()) is not None


@pytest.mark.parametrize(
    "value, text",
    [
        (torch.zeros(2, 9), "tensor float32 (2, 9): 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, …"),
        (np.array([1, 2]), "NumPy array int64 (2): 1, 2"),
        ((1, 2.5), "(1, 2.5)"),
        ([True, None], "[True, None]"),
        ({"a": torch.tensor(3)}, "{'a': tensor int64 (): 3}"),
        (1234567.0, "1.2346e+06"),
        ("<b>", "'<b>'"),
        (len, "a function (len)"),
    ],
)
def test_values_are_shown_in_a_line(value, text):
    assert brief(value) == text


def test_long_values_are_cut():
    assert len(brief("x" * 5000)) < 200
    assert len(brief([["y" * 100] * 100] * 100)) < 200
