"""The widget of lecture 05: the walk along a trajectory."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.errors import ShapeError
from course_lib.ops.flow_stacking import stack_flow, stack_trajectories
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.trajectory_walk import TrajectoryWalk, turning_dot, walk_state


def smooth_flow(length=5, rows=9, columns=11):
    coarse = 2 * torch.rand(length, 2, 3, 3, generator=torch.Generator().manual_seed(0)) - 1
    return torch.nn.functional.interpolate(coarse, size=(rows, columns), mode="bilinear")


def test_the_dot_is_followed_around_its_corner():
    state = walk_state(turning_dot(), 3, 3)
    assert state.positions.tolist() == [[3, 3], [4, 3], [5, 3], [6, 3], [7, 3], [7, 4], [7, 5], [7, 6]]
    assert state.followed.tolist() == 4 * [[1, 0]] + 4 * [[0, 1]]
    assert state.plain.tolist() == 2 * [[1, 0]] + 6 * [[0, 0]]


def test_the_state_is_one_pixel_of_both_stacks():
    flow = smooth_flow()
    plain, followed = (stack(flow[None], 0, 5)[0].unflatten(0, (5, 2)) for stack in (stack_flow, stack_trajectories))
    for x, y in ((0, 0), (10, 8), (4, 7)):
        state = walk_state(flow, x, y)
        assert np.allclose(state.plain, plain[:, :, y, x]) and np.allclose(state.followed, followed[:, :, y, x])
        assert np.allclose(state.positions[1:], state.positions[:-1] + state.followed[:-1])


@pytest.mark.parametrize("place", [(11, 0), (0, 9), (-1, 0)])
def test_pixels_outside_are_refused(place):
    with pytest.raises(ShapeError, match="outside"):
        walk_state(smooth_flow(), *place)


@pytest.mark.parametrize("flow", [torch.zeros(5, 2, 9), torch.zeros(1, 5, 2, 9, 9), torch.zeros(13, 2, 9, 9)])
def test_flow_that_cannot_be_shown_is_refused(flow):
    with pytest.raises(ShapeError, match="flow has shape"):
        TrajectoryWalk(flow)


@pytest.mark.parametrize("key", ["x", "y", "k"])
def test_every_control_changes_picture_and_words(key):
    widget = TrajectoryWalk()
    before = widget.draw(), widget.caption(), widget._picture.value
    widget.controls[key].value += 1
    after = widget.draw(), widget.caption(), widget._picture.value
    assert (before[0] != after[0]).any() and before[1] != after[1] and before[2] != after[2]


@pytest.mark.parametrize("flow", [None, smooth_flow(), smooth_flow(1, 4, 20), smooth_flow(12, 64, 40)])
def test_picture_words_and_view(flow):
    widget = TrajectoryWalk(flow)
    for value in (1, widget.controls["k"].max):
        widget.controls["k"].value = value
        pixels = widget.draw()
        assert pixels.shape[1] == 2 * 760 and (pixels[:, -1] == 255).all() and (pixels[-1] == 255).all()
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).width == 760
    assert widget.question.endswith("?") and len(widget.controls) == 3


def test_it_begins_where_the_stacks_differ():
    widget = TrajectoryWalk()
    k = widget.field - 1
    assert not np.allclose(widget.state.plain[k], widget.state.followed[k])
