"""The similarity map: the best place, what is drawn, controls and refusals."""

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from course_lib.errors import ShapeError
from course_lib.widgets.correspondence_map import CorrespondenceMap, similarity_state
from course_lib.widgets.kit.explorer import VIEW


def test_state_by_hand():
    first = torch.zeros(2, 3, 4)
    first[:, 1, 2] = torch.tensor([0.6, 0.8])
    second = torch.zeros(2, 2, 5)
    second[0], second[:, 1, 3] = 1.0, torch.tensor([0.6, 0.8])
    state = similarity_state(first, second, (2, 1))
    assert state.best == (3, 1)
    assert state.similarity[0, 0] == pytest.approx(0.6) and state.similarity[1, 3] == pytest.approx(1.0)


@pytest.mark.parametrize("point", [(4, 0), (0, 3), (-1, 0)])
def test_state_refuses_points_outside(point):
    with pytest.raises(ShapeError, match="x below 4 and y below 3"):
        similarity_state(torch.zeros(2, 3, 4), torch.zeros(2, 3, 4), point)


def make():
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(2, 3, 24, 32, generator=generator)
    maps = {name: tuple(normalize(torch.randn(2, 6, 24, 32, generator=generator), dim=1)) for name in ("one", "two")}
    return CorrespondenceMap(*pictures, maps, (5, 7)), maps


def test_picture_and_words_follow_the_controls():
    widget, maps = make()
    x, y = similarity_state(*maps["one"], (5, 7)).best
    assert f"one: the point (5, 7) fits best at ({x}, {y})" in widget.caption()
    before = widget.draw()
    assert before.dtype == np.uint8 and (before[:, -1] == 255).all() and (before[-1] == 255).all()
    for name, value in (("descriptors", "two"), ("x", 20), ("y", 3)):
        widget.controls[name].value = value
        assert not np.array_equal(before, widget.draw())
        before = widget.draw()
    assert "two: the point (20, 3)" in widget.caption()


def test_bundle_and_controls():
    widget, _ = make()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) <= 3 and all(control.description for control in widget.controls.values())


def test_refuses():
    pictures = torch.zeros(2, 3, 24, 32)
    with pytest.raises(ShapeError, match="do not fit: small"):
        CorrespondenceMap(*pictures, {"small": (torch.zeros(4, 12, 16),) * 2}, (0, 0))
    with pytest.raises(ShapeError, match="at least one map"):
        CorrespondenceMap(*pictures, {}, (0, 0))
    with pytest.raises(ShapeError, match="same C"):
        similarity_state(torch.zeros(2, 3, 4), torch.zeros(3, 3, 4), (0, 0))
