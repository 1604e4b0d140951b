"""Recall at k, by classes and by partners."""

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.metrics.retrieval import match_recall_at, recall_at

LINE = torch.tensor([[0.0], [1], [3], [7], [8.5]])


@pytest.mark.parametrize(("k", "expected"), [(1, 0.6), (2, 0.8), (3, 1.0)])
def test_recall_by_hand(k, expected):
    assert recall_at(LINE, torch.tensor([0, 1, 1, 0, 0]), k) == pytest.approx(expected)


def test_recall_counts_a_lonely_point_as_a_failure_and_does_not_find_the_point_itself():
    assert recall_at(LINE, torch.arange(5), 4) == 0
    assert recall_at(torch.zeros(4, 2), torch.tensor([0, 0, 0, 1]), 3) == 0.75  # all in one place


def test_partners_by_hand():
    right = torch.tensor([[0.2], [2.8], [3.1], [9], [7]])
    assert match_recall_at(LINE, right) == pytest.approx(0.4)  # the second finds the first, the last two each other
    assert match_recall_at(LINE, right, k=2) == 1


def test_a_constant_descriptor_finds_nothing():
    same = torch.ones(10, 3)
    assert match_recall_at(same, same) == 0
    assert match_recall_at(same, same, k=10) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: recall_at(LINE, torch.zeros(4)), "one per point"),
        (lambda: recall_at(LINE, torch.zeros(5), k=5), "1 to 4"),
        (lambda: match_recall_at(LINE, LINE[:4]), "one shape"),
        (lambda: match_recall_at(LINE, LINE, k=6), "1 to 5"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ShapeError, match=message):
        call()
