"""Sentences as numbers, and BLEU where sacrebleu is installed."""

import sys
from types import SimpleNamespace

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.captions import bleu, caption_loss, share_right, teacher_forcing, until_end


def test_teacher_forcing_by_hand():
    inputs, targets = teacher_forcing([[5, 6], [7]])
    assert inputs.tolist() == [[0, 5, 6], [0, 7, 0]]
    assert targets.tolist() == [[5, 6, 0], [7, 0, -1]]
    inputs, targets = teacher_forcing([[5], []], begin=1, end=2)
    assert inputs.tolist() == [[1, 5], [1, 2]] and targets.tolist() == [[5, 2], [2, -1]]
    with pytest.raises(ShapeError, match="no sentences"):
        teacher_forcing([])


def test_what_is_filled_up_does_not_count():
    scores, targets = torch.randn(2, 3, 4), torch.tensor([[1, 2, 0], [3, 0, -1]])
    changed = scores.clone()
    changed[1, 2] = 100 * torch.randn(4)
    assert caption_loss(scores, targets) == caption_loss(changed, targets)


def test_until_end():
    assert until_end(torch.tensor([4, 2, 0, 3])) == [4, 2]
    assert until_end(torch.tensor([4, 2])) == [4, 2]


def test_bleu_without_the_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(CourseError, match="pip install sacrebleu"):
        bleu(["a"], [["a"]])


def test_bleu_hands_over_references_by_number(monkeypatch):
    """sacrebleu wants all first references, then all second ones."""
    handed = []

    def corpus_bleu(sentences, references):
        handed.append((sentences, references))
        return SimpleNamespace(score=12.5)

    monkeypatch.setitem(sys.modules, "sacrebleu", SimpleNamespace(corpus_bleu=corpus_bleu))
    assert bleu(["a", "b"], [["a1", "a2"], ["b1", "b2"]]) == 12.5
    assert handed == [(["a", "b"], [["a1", "b1"], ["a2", "b2"]])]
    with pytest.raises(ShapeError, match="equally many"):
        bleu(["a", "b"], [["a1", "a2"], ["b1"]])


def test_bleu_of_equal_sentences():
    pytest.importorskip("sacrebleu")
    assert bleu(["a green cross moves left"], [["a green cross moves left"]]) == pytest.approx(100)


def test_share_of_sentences_by_kind_of_word():
    said, true = [[1, 5, 9], [1, 6, 9], [1, 5]], [[1, 5, 9], [1, 5, 9], [1, 5, 8]]
    assert share_right(said, true) == pytest.approx(1 / 3)
    assert share_right(said, true, kind={5, 6}) == pytest.approx(2 / 3)
    assert share_right(said, true, kind={1}) == 1
    with pytest.raises(ShapeError, match="equally many"):
        share_right(said, true[:2])
