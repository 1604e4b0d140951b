"""The mesh through its stages: numbers by hand, and every control changes picture and words."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.ops.meshes import icosphere
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.mesh_stages import FAR, PLAIN, MeshStages, stage_state

MESHES = [(0.6 * icosphere(0)[0], icosphere(0)[1]), (0.5 * icosphere(1)[0], icosphere(1)[1])]
POINTS = 0.5 * icosphere(3)[0]


@pytest.fixture
def widget():
    return MeshStages(torch.rand(3, 20, 20, generator=torch.Generator().manual_seed(0)), MESHES, POINTS)


def test_state_by_hand():
    square = torch.tensor([[0.0, 0, 0], [3, 0, 0], [0, 3, 0], [3, 3, 0]]), torch.tensor([[0, 1, 2], [2, 1, 3]])
    state = stage_state([square], torch.tensor([[1.0, 1, 2], [2, 2, 1]]), 0)
    assert state.distance.tolist() == pytest.approx([3**0.5, 1.0]) and state.folds == 0
    assert state.mean == pytest.approx((3**0.5 + 1) / 2)
    for stage in (-1, 1):
        with pytest.raises(CourseError, match="expected 0 to 0"):
            stage_state([square], POINTS, stage)


def test_a_finer_stage_is_nearer(widget):
    assert stage_state(MESHES, POINTS, 1).mean < stage_state(MESHES, POINTS, 0).mean
    assert "Stage 1: 42 vertices, 80 faces" in widget.caption()
    widget.controls["stage"].value = 0
    assert "The template: 12 vertices, 20 faces" in widget.caption()


@pytest.mark.parametrize(("control", "value"), [("stage", 0), ("turn", 5), ("turn", -180), ("color", PLAIN)])
def test_every_control_changes_picture_and_words(widget, control, value):
    before, words = widget.draw(), widget.caption()
    widget.controls[control].value = value
    assert not np.array_equal(before, widget.draw()) and words != widget.caption()


def test_the_truth_and_the_mesh_turn_alike(widget):
    side = widget.draw().shape[1] // 3
    straight = widget.draw()
    widget.controls["turn"].value = 90
    turned = widget.draw()
    changed = [not np.array_equal(straight[:, i * side : (i + 1) * side], turned[:, i * side : (i + 1) * side])
               for i in range(3)]  # fmt: skip
    assert changed == [False, True, True]


def test_bundle_and_controls(widget):
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) <= 3 and widget.controls["color"].value == FAR
