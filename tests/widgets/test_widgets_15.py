"""The embedding during training: state, words, picture."""

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.widgets.embedding_in_training import EmbeddingInTraining, training_state
from course_lib.widgets.kit.explorer import VIEW

POINTS = torch.tensor([[0.0, 0], [3, 4], [0, 1], [6, 0]])
LABELS = torch.tensor([0, 1, 0, 1])


def test_state_by_hand():
    state = training_state(POINTS, LABELS, chosen=0, margin=1.0, k=2)
    assert state.recall == 0.75  # point 1 is nearest to point 2, of the other kind
    assert state.nearest.tolist() == [2, 1] and state.distance.tolist() == [1, 5]
    assert state.reach == pytest.approx(1.08 * 6)
    expected = (5 + 1 + 6 + 18**0.5 + 5 + 37**0.5) / 6
    assert state.spread == pytest.approx(expected)


def test_a_heap_is_no_larger_than_the_margin():
    state = training_state(POINTS * 1e-3, LABELS, chosen=1, margin=0.5)
    assert state.reach == pytest.approx(1.08 * 1.2 * 0.5)
    with pytest.raises(ShapeError, match="0 to 3"):
        training_state(POINTS, LABELS, 4, 1.0)


def make(number=30):
    generator = torch.Generator().manual_seed(0)
    histories = {name: size * torch.randn(3, number, 2, generator=generator) for name, size in (("a", 5), ("b", 0.01))}
    pictures = torch.rand(number, 28, 28, generator=generator)
    return EmbeddingInTraining(histories, (0, 4, 8), pictures, torch.arange(number) % 10, margin=1.0)


def test_controls_change_picture_and_words():
    widget = make()
    assert "step 8" in widget.caption() and widget.caption().startswith("a,")
    seen = {widget.draw().tobytes()}
    for name, value in (("look", 0), ("training", "b"), ("picture", 7)):
        before = widget.caption()
        widget.controls[name].value = value
        seen.add(widget.draw().tobytes())
        assert widget.caption() != before
    assert len(seen) == 4
    assert "step 0" in widget.caption() and "Picture 7 is a 7" in widget.caption()
    assert "margin 1" in widget.caption()


def test_bundle_and_controls():
    widget = make()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("Where do the points go")
    assert len(widget.controls) == 3 and all(control.description for control in widget.controls.values())
    assert widget.draw().dtype == np.uint8 and widget.draw().shape[1] == 2 * 760


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"histories": {"a": torch.zeros(2, 4, 2)}}, r"expected \(3, 4, 2\)"),
        ({"pictures": torch.zeros(5, 28, 28)}, "equally many"),
        ({"labels": torch.tensor([0, 1, 2, 10])}, "0 to 9"),
    ],
)
def test_refuses(change, message):
    good = {"histories": {"a": torch.zeros(3, 4, 2)}, "steps": (0, 4, 8), "pictures": torch.zeros(4, 28, 28),
            "labels": torch.arange(4), "margin": 1.0}  # fmt: skip
    with pytest.raises(ShapeError, match=message):
        EmbeddingInTraining(**(good | change))
