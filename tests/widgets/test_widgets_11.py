"""The inflated filter: answers by hand, where padding is seen, words and pictures that follow the controls."""

import numpy as np
import pytest
from PIL import Image

from course_lib.errors import CourseError
from course_lib.widgets.inflated_filter import FILTERS, FRAMES, InflatedFilter, inflation_state, moving_bar
from course_lib.widgets.kit.explorer import VIEW

LINE = FILTERS["a bright line, upright"]


def test_a_standing_bar_by_hand():
    state = inflation_state(LINE, depth=3, speed=0)
    assert state.flat.max() == 6 and state.flat[:, 5, 8].tolist() == [6.0] * FRAMES
    assert np.allclose(state.deep[:, 5, 8], [4, *[6] * (FRAMES - 2), 4])  # two thirds where one frame is padding
    assert state.spared.tolist() == [False, *[True] * (FRAMES - 2), False]
    assert state.equal.tolist() == state.spared.tolist()


def test_a_moving_bar_by_hand():
    """Columns 7, 8, 9 in three frames: at its own place the filter gets 2, -1 and -1 shares."""
    state = inflation_state(LINE, depth=3, speed=1)
    middle = FRAMES // 2
    assert state.deep[middle, 5, 8] == pytest.approx((6 - 3 - 3) / 3, abs=1e-6)
    assert state.flat[middle, 5, 8] == 6 and not state.equal.any()


@pytest.mark.parametrize("depth, first, last", [(1, 0, 8), (2, 0, 7), (5, 2, 6), (6, 2, 5), (7, 3, 5)])
def test_padding_reaches_as_far_as_half_the_depth(depth, first, last):
    state = inflation_state(LINE, depth, speed=0)
    assert np.flatnonzero(state.spared).tolist() == list(range(first, last + 1))
    assert (state.equal == state.spared).all()


@pytest.mark.parametrize("speed", [0, 1, 2, 3])
def test_the_bar_is_whole_in_every_frame_and_in_the_middle_of_the_middle_frame(speed):
    clip = moving_bar(speed)
    assert (clip.sum((1, 2)) == 8).all() and clip[FRAMES // 2, 5].argmax() == 8
    assert (clip[0] == clip[1]).all() == (speed == 0)


@pytest.mark.parametrize("depth, speed", [(0, 0), (8, 0), (3, 4), (3, -1)])
def test_out_of_range(depth, speed):
    with pytest.raises(CourseError, match="expected 1 to 7, and 0 to 3"):
        inflation_state(LINE, depth, speed)


def test_words_and_picture_follow_each_control():
    widget = InflatedFilter()
    assert "stands still" in widget.caption() and "in frames 1 to 7" in widget.caption()
    assert "2 of 9 answers have seen padding" in widget.caption()
    for name, value, words in (("speed", 2, "moves 2 px"), ("depth", 7, "7 frames"), ("filter", "a blur", "0.33")):
        before = widget.caption(), widget._picture.value
        widget.controls[name].value = value
        assert words in widget.caption() and widget.caption() != before[0] and widget._picture.value != before[1]


def test_bundle_and_controls():
    widget = InflatedFilter()
    pixels = widget.draw()
    assert pixels.dtype == np.uint8 and (pixels[-1, -1] == 255).all()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("When does an inflated filter")
    assert len(widget.controls) == 3 and all(control.description for control in widget.controls.values())
    assert Image.fromarray(pixels).width == pixels.shape[1] <= 2 * 760
