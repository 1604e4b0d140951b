"""The grid on a depth map, by hand and in the picture."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.video_depth.deformation import scale_map
from course_lib.widgets.deformation_grid import BEFORE, DeformationGrid, grid_states
from course_lib.widgets.kit.explorer import VIEW


@pytest.fixture
def scene():
    """Three frames that are too far on the right, and a grid that mends it; then one that also knows each frame."""
    truth = 2 + torch.rand(3, 9, 13, generator=torch.Generator().manual_seed(0))
    tilt = torch.linspace(1, 2, 13)
    each = torch.tensor([1.0, 1.5, 0.5]).view(3, 1, 1)
    half = torch.tensor([[1.0, 0.5], [1.0, 0.5]]).expand(3, 2, 2)
    return truth * tilt * each, truth, [1 / each, half / each]


def test_states_by_hand():
    depth, truth = torch.tensor([[[2.0, 4, 12]]]), torch.tensor([[[1.0, 2, 3]]])
    (state,) = grid_states(depth, truth, torch.full((1, 1, 1), 3.0))
    assert torch.allclose(state.depth, torch.tensor([[1.0, 2, 6]])) and state.factors.item() == pytest.approx(0.5)
    assert torch.allclose(state.error, torch.tensor([[0.0, 0, 1]])) and state.wrong == pytest.approx(1 / 3)
    still = torch.tensor([[[True, True, False]]])
    assert grid_states(depth, truth, torch.ones(1, 1, 1), still)[0].wrong == pytest.approx(0)


def test_factors_are_those_of_the_deformation(scene):
    depth, truth, (_, nodes) = scene
    found = torch.stack([state.depth for state in grid_states(depth, truth, nodes)])
    ratio = found / (depth * scale_map(nodes, (9, 13)))
    assert torch.allclose(ratio, ratio[0, 0, 0].expand(3, 9, 13), atol=1e-5)


def test_states_refuse():
    with pytest.raises(ShapeError, match="a grid for each"):
        grid_states(torch.ones(2, 3, 4), torch.ones(2, 3, 4), torch.ones(1, 2, 2))
    with pytest.raises(CourseError, match="at least one stage"):
        DeformationGrid(torch.ones(2, 3, 4), torch.ones(2, 3, 4), [])


def test_each_stage_and_frame_changes_picture_and_caption(scene):
    widget, seen = DeformationGrid(*scene), set()
    assert widget.controls["stage"].value == "2 x 2 nodes"
    for stage in (BEFORE, "1 x 1 nodes", "2 x 2 nodes"):
        widget.controls["stage"].value = stage
        for frame in range(3):
            widget.controls["frame"].value = frame
            pixels = widget.draw()
            assert pixels.dtype == np.uint8 and pixels.shape[2] == 3
            seen.add((pixels.tobytes(), widget.caption()))
    assert len({picture for picture, _ in seen}) == len({words for _, words in seen}) == 9


def test_a_better_stage_has_less_colour(scene):
    widget = DeformationGrid(*scene)
    widget.controls["frame"].value = 1
    colours, wrong = [], []
    for stage in widget.controls["stage"].options:
        widget.controls["stage"].value = stage
        right = widget.draw()[60:400, 720:].astype(int)
        colours.append((right.max(2) - right.min(2)).mean())
        wrong.append(widget.state.wrong)
    assert wrong[0] > wrong[1] > wrong[2] and colours[0] > colours[2]
    assert "factors from" in widget.caption()


def test_bundle_and_controls(scene):
    widget = DeformationGrid(*scene)
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert len(widget.controls) <= 3 and "Frame 0, 2 x 2 nodes" in widget.caption()
