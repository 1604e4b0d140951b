"""Candidates coloured by score: the answer, the threshold, the picture and its controls."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import ShapeError
from course_lib.widgets.candidate_scores import ABOVE, BELOW, CandidateScores, candidate_state
from course_lib.widgets.kit.explorer import VIEW

BOXES = torch.tensor([[0.0, 0, 4, 4]]) + torch.arange(7.0)[:, None] * torch.tensor([[1.0, 0, 0, 0]])
SCORES = torch.tensor([-1.0, 3, 2, 1, 0, -2, 4])


def test_state_by_hand():
    """The five best are the boxes 6, 1, 2, 3, 4, whose mean begins at 16 / 5."""
    state = candidate_state(BOXES, SCORES, torch.tensor([3.2, 0, 4, 4]), threshold=0.5)
    assert state.order.tolist() == [6, 1, 2, 3, 4, 0, 5]
    assert state.box.tolist() == pytest.approx([3.2, 0, 4, 4]) and state.overlap == pytest.approx(1)
    assert state.score == pytest.approx(2) and state.accepted and state.above == 4
    assert not candidate_state(BOXES, SCORES, BOXES[0], threshold=2.0).accepted


def test_state_refuses():
    with pytest.raises(ShapeError, match=r"expected \(N, 4\) and \(N,\)"):
        candidate_state(BOXES, SCORES[:3], BOXES[0])


def make(frames=3):
    generator = torch.Generator().manual_seed(0)
    pictures = torch.rand(frames, 3, 24, 32, generator=generator)
    boxes = torch.rand(frames, 20, 4, generator=generator) * 8 + 6
    scores = torch.randn(frames, 20, generator=generator)
    looks = [SimpleNamespace(candidates=boxes[i], scores=scores[i]) for i in range(frames)]
    return CandidateScores(pictures, looks, torch.tensor([[8.0, 8, 9, 9]]).expand(frames, 4))


def test_the_threshold_decides_what_is_believed():
    widget = make()
    low, high = widget.controls["threshold"].min, widget.controls["threshold"].max
    widget.controls["threshold"].value = low
    assert widget.state.accepted and widget.state.above == 20 and "and is believed" in widget.caption()
    believed = widget.draw()
    widget.controls["threshold"].value = high
    assert not widget.state.accepted and widget.state.above == 0 and "not believed" in widget.caption()
    assert not np.array_equal(believed, widget.draw())


def count_of(pixels, color):
    rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(pixels.astype(int) - rgb).max(-1) < 12).sum())


def test_colours_follow_the_threshold():
    widget = make()
    widget.controls["threshold"].value = widget.controls["threshold"].min
    lowest = widget.draw()
    widget.controls["threshold"].value = widget.controls["threshold"].max
    highest = widget.draw()
    assert count_of(lowest, ABOVE) > 5 * count_of(lowest, BELOW)
    assert count_of(highest, BELOW) > 5 * count_of(highest, ABOVE)


def test_every_control_shows():
    widget = make()
    first = widget.draw(), widget.caption()
    widget.controls["frame"].value = 2
    second = widget.draw(), widget.caption()
    widget.controls["show"].value = "the five best"
    third = widget.draw(), widget.caption()
    assert not np.array_equal(first[0], second[0]) and first[1] != second[1]
    assert not np.array_equal(second[0], third[0]) and second[1] != third[1]


def test_boxes_that_leave_the_frame_stay_in_the_picture():
    widget = make()
    widget.looks[0].candidates[:] = torch.tensor([-50.0, -50, 500, 500])
    pixels = widget.draw()
    assert (pixels[:, -1] == 255).all() and (pixels[-1] == 255).all()


def test_bundle_and_controls():
    widget = make()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("Which candidate is the target")
    assert len(widget.controls) <= 3 and all(control.description for control in widget.controls.values())
    assert Image.fromarray(widget.draw()).width == 1520


def test_refuses_other_numbers():
    with pytest.raises(ShapeError, match="one each per frame"):
        CandidateScores(torch.rand(2, 3, 8, 8), [], torch.zeros(2, 4))
