"""Size against distance: what a picture can tell, by hand and in the picture itself."""

import numpy as np
import pytest

from course_lib.errors import CourseError
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.many_worlds import FOCAL, ManyWorlds, _picture, world_state


@pytest.mark.parametrize(
    ("size", "distance", "height", "same"), [(50, 200, 100, True), (100, 400, 100, True), (50, 400, 50, False)]
)
def test_state_by_hand(size, distance, height, same):
    state = world_state(size, distance)
    assert state.height == height and state.same is same and state.twin == FOCAL * size / 100


def test_state_refuses():
    with pytest.raises(CourseError, match="positive"):
        world_state(0, 100)


def test_twice_the_size_twice_as_far_is_the_same_picture():
    widget = ManyWorlds()
    widget.controls["size"].value, widget.controls["distance"].value = 60, 240
    before, words = widget.draw(), widget.caption()
    widget.controls["size"].value, widget.controls["distance"].value = 120, 480
    after = widget.draw()
    assert np.array_equal(before[:, :560], after[:, :560])  # the picture
    assert not np.array_equal(before[:, 560:], after[:, 560:])  # the world
    assert "fills the frame" in words and "fills the frame" in widget.caption() and words != widget.caption()


@pytest.mark.parametrize("height", [10, 100, 160])
def test_the_cat_is_as_tall_as_it_should_be(height):
    dark = (_picture(height)[..., 0] < 200).any(1)
    assert dark.sum() == pytest.approx(2 * height, abs=0.05 * 2 * height + 2)


def test_every_corner_of_the_sliders_is_drawn():
    widget = ManyWorlds()
    for size in (20, 200):
        for distance in (100, 800):
            widget.controls["size"].value, widget.controls["distance"].value = size, distance
            pixels = widget.draw()
            assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
    assert "too small" in widget.caption() or "fills" in widget.caption()


def test_bundle_and_controls():
    widget = ManyWorlds()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) <= 3 and "80 cm at 2.00 m is 160.0 pixels" in widget.caption()
