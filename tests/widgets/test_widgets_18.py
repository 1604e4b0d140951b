"""The walk through a stack: numbers, pictures and controls."""

import numpy as np
import pytest
import torch

from course_lib import plots
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import ShapeError
from course_lib.widgets.flow_stack import FlowStack, stack_states
from course_lib.widgets.kit.explorer import VIEW


@pytest.fixture(scope="module")
def drawn():
    return FlyingShapes(32, 48, shapes=2, motion=2.0).sample(3, seed=4)


def make(drawn):
    stages = {"half of it": drawn.flow / 2, "all of it": drawn.flow}
    pairs = torch.cat([drawn.image1, drawn.image2], 1)
    return FlowStack(stages, pairs, drawn.flow, ~drawn.occluded)


def test_states_by_hand():
    """A ramp of brightness 0.1 per column that moves by 2: each pixel of flow that is missing costs 0.1 per colour."""
    ramp = (torch.arange(8.0) / 10).expand(3, 4, 8)
    pair, truth = torch.cat([ramp, ramp - 0.2]), torch.zeros(2, 4, 8)
    truth[0] = 2
    inner = torch.zeros(4, 8, dtype=torch.bool)
    inner[:, :5] = True  # further right the warp meets the border
    still, half, full = stack_states({"half": truth / 2, "full": truth}, pair, truth, inner)
    assert [state.epe for state in (still, half, full)] == pytest.approx([2, 1, 0])
    lost = [state.mean_brightness for state in (still, half, full)]
    assert lost == pytest.approx([0.2 * 3**0.5, 0.1 * 3**0.5, 0], abs=1e-5)
    assert still.before is None and full.before == half.epe
    assert np.allclose(full.warped[:, :, :5], ramp[:, :, :5], atol=1e-5)


def test_walks_through_the_stages(drawn):
    widget = make(drawn)
    errors = []
    for stage in range(3):
        widget.controls["stage"].value = stage
        errors.append(widget.state.epe)
        assert f"flow error {errors[-1]:.2f} px" in widget.caption()
    assert errors[0] == pytest.approx(2 * errors[1], rel=1e-4) and errors[2] == pytest.approx(0, abs=1e-5)


def test_each_control_changes_the_picture(drawn):
    widget = make(drawn)
    for name, value in (("pair", 2), ("stage", 0), ("view", "brightness error")):
        before, words = widget.draw(), widget.caption()
        widget.controls[name].value = value
        assert not np.array_equal(before, widget.draw()) and words != widget.caption(), name


def test_bundle(drawn):
    widget = make(drawn)
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
    assert data["text/plain"].startswith("What does each network of the stack add?")
    pixels = widget.draw()
    assert pixels.shape[1] == 2 * 760 and (pixels[-1] == 255).all()
    assert len(plots.png(widget.snapshot())) < 150_000


def test_refuses_what_does_not_fit(drawn):
    pair = torch.cat([drawn.image1, drawn.image2], 1)[0]
    with pytest.raises(ShapeError, match="truth has shape"):
        stack_states({}, pair, drawn.flow)
    with pytest.raises(ShapeError, match="stage 'a'"):
        stack_states({"a": drawn.flow[0, :, :5]}, pair, drawn.flow[0])
    with pytest.raises(ShapeError, match="pairs"):
        FlowStack({}, drawn.image1, drawn.flow)
