"""One object's way: threshold, cubes and stages, by hand and in the picture itself."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.mesh_way import MeshWay, way_state

ONE = torch.zeros(6, 6, 6)
ONE[2, 3, 1], ONE[2, 3, 2] = 0.9, 0.4
RAMP = torch.linspace(0, 0.95, 216).view(6, 6, 6)


@pytest.fixture
def widget():
    photo = np.full((30, 20, 3), 90, np.uint8)
    objects = {"one": (photo, ONE), "ramp": (photo // 2, RAMP)}
    return MeshWay(objects, lambda name, mesh: [(mesh[0] * scale, mesh[1]) for scale in (0.9, 0.8, 0.7)])


def test_state_by_hand():
    state = way_state(ONE, 0.5)
    assert (state.filled, state.total, state.edges) == (1, 216, 18)
    assert (len(state.mesh[0]), len(state.mesh[1])) == (8, 12)
    both = way_state(ONE, 0.4)  # the threshold itself counts
    assert both.filled == 2 and (len(both.mesh[0]), both.edges, len(both.mesh[1])) == (12, 30, 20)
    with pytest.raises(CourseError, match="V, V, V"):
        way_state(torch.zeros(2, 3, 4), 0.5)


def test_every_step_of_every_control_changes_picture_and_caption(widget):
    for name, values in {"threshold": (5, 6, 30, 89, 90), "turn": (-180, -90, 0, 1), "object": ("one", "ramp")}.items():
        seen = set()
        for value in values:
            widget.controls[name].value = value
            seen.add((widget.draw().tobytes(), widget.caption()))
        assert len({picture for picture, _ in seen}) == len({words for _, words in seen}) == len(values), name


def test_without_a_filled_voxel_it_says_so(widget):
    widget.controls["object"].value, widget.controls["threshold"].value = "one", 90
    assert "1 of 216 voxels" in widget.caption()
    widget = MeshWay({"empty": (np.zeros((4, 4, 3), np.uint8), torch.zeros(4, 4, 4))}, lambda name, mesh: [mesh] * 3)
    assert "lower the threshold" in widget.caption() and widget.draw().shape[2] == 3
    with pytest.raises(CourseError, match="nothing was detected"):
        MeshWay({}, lambda name, mesh: [])


def test_bundle_and_controls(widget):
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) <= 3 and "8 vertices, 18 edges" not in widget.caption()
