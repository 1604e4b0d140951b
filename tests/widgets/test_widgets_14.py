"""The response map: what a search region gives, in numbers, words and pictures."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.models.siamfc import SiamFC
from course_lib.ops.cross_correlation import cross_correlation
from course_lib.widgets.response_map import ResponseMap, response_state


class Brightness(torch.nn.Module):
    """Stands in for a trained network: its response is how white a window of 16 pixels is, less a half."""

    exemplar, search, stride = 32, 64, 4

    def features(self, image):
        return torch.nn.functional.avg_pool2d(image[:, :1] / 255, 4)

    def match(self, exemplar, search):
        return 20 * (cross_correlation(torch.ones(1, 1, 4, 4), search[:, :, 2:-2, 2:-2]) / 16 - 0.5)


def video():
    """A white square of 16 x 16 on black, 3 px to the right and 1 down per frame."""
    frames = torch.zeros(5, 3, 60, 90)
    boxes = torch.tensor([[20.0 + 3 * t, 22 + t, 16, 16] for t in range(5)])
    for frame, (x, y, _, _) in zip(frames, boxes.int().tolist(), strict=True):
        frame[:, y : y + 16, x : x + 16] = 1
    return SimpleNamespace(frames=frames, boxes=boxes)


def test_state_finds_the_square():
    film, network = video(), Brightness()
    exemplar = torch.zeros(1, 1, 8, 8)
    state = response_state(network, exemplar, film.frames[2], film.boxes[0], (28, 30))
    assert state.region.tolist() == [-4, -2, 64, 64]  # 16 px with context are 32, and 64 of search to 32 of exemplar
    assert state.response.shape == (9, 9) and state.peak == (4, 5) or state.peak == (5, 6)
    assert np.abs(state.found - film.boxes[2].numpy()).max() <= 2.1  # half a cell
    assert state.response.max() == pytest.approx(10, abs=6)


def test_state_refuses_a_middle_outside():
    film = video()
    with pytest.raises(ShapeError, match="outside the frame"):
        response_state(Brightness(), torch.zeros(1, 1, 8, 8), film.frames[0], film.boxes[0], (91, 3))


def test_moving_the_region_moves_the_peak_the_other_way():
    widget = ResponseMap(Brightness(), video())
    before = widget.state
    widget.controls["right"].value += 8  # two cells
    after = widget.state
    assert after.peak == (before.peak[0], before.peak[1] - 2)
    assert np.allclose(after.found, before.found)


def test_words_and_picture_follow_the_controls():
    widget = ResponseMap(Brightness(), video())
    assert "overlaps the true one by 1.00" in widget.caption() and "more likely there" in widget.caption()
    seen = {widget.caption(), widget._picture.value}
    for name, value in (("frame", 4), ("down", 58), ("right", 89)):
        widget.controls[name].value = value
        seen |= {widget.caption(), widget._picture.value}
    assert len(seen) == 8
    assert "more likely not there" in widget.caption()  # the region no longer reaches the square
    pixels = widget.draw()
    assert pixels.dtype == np.uint8 and pixels.shape[1] == 2 * 760 and (pixels[-1] == 255).all()


def test_a_real_miniature_at_the_edges():
    widget = ResponseMap(SiamFC.mini(), video())
    for right, down in ((0, 0), (90, 60)):
        widget.controls["right"].value, widget.controls["down"].value = right, down
        assert widget.state.response.shape == (9, 9)
    assert len(widget.controls) == 3 and widget.snapshot() is not None


def test_refuses():
    film = video()
    with pytest.raises(ShapeError, match="one per frame"):
        ResponseMap(Brightness(), SimpleNamespace(frames=film.frames, boxes=film.boxes[:3]))
