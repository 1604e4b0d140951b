"""The widget of lecture 07: the cells that a trajectory reads."""

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import ShapeError
from course_lib.models.tdd import trajectory_pool
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.trajectory_cells import TrajectoryCells, cell_state


def test_state_by_hand():
    maps = torch.zeros(4, 2, 2, 3)
    maps[1, 1, 0, 2], maps[2, 1, 1, 1], maps[2, 0, 1, 1] = 2.0, 3.0, 4.0
    state = cell_state(maps, torch.tensor([[17.0, 3.0], [7.0, 9.0]]), 1, (16, 24))
    assert state.frame.tolist() == [1, 2] and state.row.tolist() == [0, 1] and state.column.tolist() == [2, 1]
    assert state.channel == 1 and state.values.tolist() == [2, 3] and state.total == 5


def test_the_state_is_what_pooling_adds_up():
    torch.manual_seed(0)
    maps, points, start = torch.rand(9, 6, 5, 4), 30 * torch.rand(8, 5, 2), torch.arange(8) % 5
    pooled = trajectory_pool(maps, points, start, (30, 33))
    for number in range(8):
        state = cell_state(maps, points[number], start[number], (30, 33))
        assert state.total == pytest.approx(pooled[number].max().item(), abs=1e-5)
        assert state.channel == pooled[number].argmax()


@pytest.mark.parametrize(
    ("maps", "start", "message"),
    [
        (torch.zeros(4, 2, 3), 0, "expected"),
        (torch.zeros(4, 2, 3, 3), 3, "4 frames"),
        (torch.zeros(4, 2, 3, 3), -1, "4 frames"),
    ],
)
def test_state_refuses(maps, start, message):
    with pytest.raises(ShapeError, match=message):
        cell_state(maps, torch.zeros(2, 2), start, (8, 8))


def make(number=6, length=5, **changes):
    generator = torch.Generator().manual_seed(0)
    points = 10 + torch.rand(number, 1, 2, generator=generator) * 30 + torch.arange(length).view(1, -1, 1) * 3.0
    maps = {name: torch.rand(9, 7, *size, generator=generator) for name, size in (("conv4", (6, 8)), ("conv5", (3, 4)))}
    arguments = {"clip": torch.rand(3, 9, 48, 64), "points": points, "start": torch.arange(number) % 4, "maps": maps}
    return TrajectoryCells(**(arguments | changes))


def test_the_controls_choose():
    widget = make()
    before = widget.caption(), widget._picture.value
    widget.controls["point"].value = 3
    assert widget.point == 2 and f"point 3 lies at (x, y) = ({widget.points[0, 2, 0]:.1f}" in widget.caption()
    assert widget._picture.value != before[1]
    widget.controls["trajectory"].value = 4
    assert widget.path == 4 and f"in frame {widget.start[4] + 2} " in widget.caption()
    fine = widget.state
    widget.controls["layer"].value = "conv5"
    assert widget.caption().startswith("conv5") and widget.state.column.max() <= 3 < fine.column.max() + 4
    assert np.array_equal(widget.state.frame, fine.frame)


def test_different_cells_are_counted():
    still = torch.full((1, 5, 2), 20.0)
    assert "reads 1 different cell;" in make(points=still, start=torch.zeros(1)).caption()


@pytest.mark.parametrize("length", [1, 5])
def test_picture(length):
    pixels = make(length=length).draw()
    assert pixels.dtype == np.uint8 and pixels.shape[1] == 2 * 760
    assert (pixels[:, -1] == 255).all() and (pixels[-1] == 255).all()


def test_silent_maps_and_points_outside_are_drawn():
    widget = make(maps={"conv4": torch.zeros(9, 7, 6, 8)}, points=torch.full((2, 4, 2), -9.0), start=torch.zeros(2))
    assert widget.state.row.tolist() == [0] * 4 and widget.draw().shape[1] == 1520


def test_bundle_and_controls():
    widget = make()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id
    assert metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("Which cells does a trajectory read")
    assert len(widget.controls) <= 3 and all(control.description for control in widget.controls.values())
    assert Image.fromarray(widget.draw()).width == 1520


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"points": torch.zeros(0, 5, 2), "start": torch.zeros(0)}, "at least one trajectory"), ({"maps": {}}, "0 came"),
     ({"points": torch.zeros(2, 16, 2), "start": torch.zeros(2)}, "at most 15")],
)  # fmt: skip
def test_refuses(changes, message):
    with pytest.raises(ShapeError, match=message):
        make(**changes)
