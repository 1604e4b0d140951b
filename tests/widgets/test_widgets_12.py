"""The cube of group normalisation: which maps are averaged together."""

import numpy as np
import pytest

from course_lib.errors import ShapeError
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.norm_cube import CHANNELS, GROUPS, SAMPLES, NormCube, cube_state


@pytest.mark.parametrize(
    "method, groups, together, cells, sets",
    [("batch", 2, 4, 64, 8), ("layer", 2, 8, 128, 4), ("instance", 2, 1, 16, 32), ("group", 2, 4, 64, 8),
     ("group", 4, 2, 32, 16), ("group", 1, 8, 128, 4), ("group", 8, 1, 16, 32)],
)  # fmt: skip
def test_state_counts_the_set(method, groups, together, cells, sets):
    state = cube_state(method, groups, 1, 5)
    assert (int(state.together.sum()), state.cells, state.sets) == (together, cells, sets)
    assert state.together[1, 5] and state.needs_batch == (method == "batch")


def test_a_group_is_neighbouring_channels_of_one_sample():
    assert np.argwhere(cube_state("group", 2, 1, 5).together).tolist() == [[1, 4], [1, 5], [1, 6], [1, 7]]


def test_state_refuses():
    with pytest.raises(ShapeError, match="no map of sample 4"):
        cube_state("batch", 2, SAMPLES, 0)
    with pytest.raises(ShapeError, match="3 groups do not divide 8"):
        cube_state("group", 3, 0, 0)


def test_controls_change_picture_and_words():
    widget = NormCube()
    seen = set()
    for method in ("batch", "layer", "instance"):
        widget.controls["method"].value = method
        seen.add(widget.draw().tobytes())
        assert ("company" in widget.caption()) == (method == "batch")
    assert len(seen) == 3
    for groups in GROUPS:
        widget.controls["method"].value = f"group, G = {groups}"
        seen.add(widget.draw().tobytes())
        assert f"m = {CHANNELS // groups * 16} cells" in widget.caption()
    assert len(seen) == 5  # G = 1 and G = 8 look like layer and instance
    before = widget.draw()
    widget.controls["channel"].value = 0
    assert not np.array_equal(before, widget.draw())


def test_bundle_and_controls():
    widget = NormCube()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("Whose mean and deviation")
    assert len(widget.controls) <= 3 and all(control.description for control in widget.controls.values())
    assert widget.draw().dtype == np.uint8 and widget.draw().shape[1] == 2 * 760
