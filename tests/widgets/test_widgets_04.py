"""Widgets of lecture 04: the numbers behind the pictures, and the pictures."""

import base64
import io
import time

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import plots
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import ShapeError
from course_lib.metrics import endpoint_error
from course_lib.ops.flow import pyramidal_lucas_kanade
from course_lib.widgets.aperture import PLACES, SIZE, ApertureExplorer, aperture_state, scene
from course_lib.widgets.flow_explorer import FlowExplorer, flow_state
from course_lib.widgets.flow_wheel import FlowWheel, wheel_state
from course_lib.widgets.kit.explorer import VIEW


@pytest.fixture(scope="module")
def pair():
    return FlyingShapes(48, 64, shapes=2, motion=3.0).sample(1, seed=5)


def explorer(pair):
    return FlowExplorer(pair.image1[0], pair.image2[0], pair.flow[0], ~pair.occluded[0])


def make(name, pair):
    return {"wheel": FlowWheel, "aperture": ApertureExplorer, "flow": lambda: explorer(pair)}[name]()


# --- the numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("u", "v", "direction", "angle"),
    [(3, 0, "right", 0), (0, 2, "down", 90), (-1, 1, "down left", 135), (0, -4, "up", 270)],
)
def test_wheel_names_the_direction(u, v, direction, angle):
    state = wheel_state(u, v, 5)
    assert (state.direction, state.angle) == (direction, pytest.approx(angle))
    assert state.length == pytest.approx(np.hypot(u, v))


def test_wheel_colours():
    assert wheel_state(0, 0, 5).color == (255, 255, 255) and wheel_state(0, 0, 5).direction == "nowhere"
    full, half = wheel_state(0, 4, 4).color, wheel_state(0, 2, 4).color
    assert full[2] == 0 and half[2] == pytest.approx(127, abs=1)
    assert max(wheel_state(0, 8, 4).color) < max(full)


MOTIONS = [(0.8, 0.0), (0.3, -0.7), (-0.5, 0.6)]


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize("place", ["a corner", "texture"])
def test_a_corner_or_texture_tells_the_motion(place, motion):
    state = aperture_state(scene(), scene(*motion), *PLACES[place], 3)
    assert state.verdict == "known" and state.flow == pytest.approx(motion, abs=0.12)


@pytest.mark.parametrize("motion", MOTIONS)
def test_an_edge_tells_only_the_motion_across_it(motion):
    state = aperture_state(scene(), scene(*motion), *PLACES["an edge"], 3)
    across = np.array([np.cos(np.radians(25)), np.sin(np.radians(25))])
    assert state.verdict == "one direction" and state.large > 100 * state.small
    assert np.array(state.flow) == pytest.approx(across * (across @ motion), abs=0.15)


def test_an_even_wall_tells_nothing():
    state = aperture_state(scene(), scene(0.8, 0), *PLACES["an even wall"], 5)
    assert state.verdict == "unknown" and np.hypot(*state.flow) < 1e-6


def test_every_line_passes_near_the_truth_on_texture():
    state = aperture_state(scene(), scene(0.4, 0.2), *PLACES["texture"], 4)
    strength = np.hypot(state.ix, state.iy)
    distance = np.abs(0.4 * state.ix + 0.2 * state.iy + state.it) / strength
    assert np.median(distance[strength > 0.05]) < 0.05
    assert state.before.shape == state.after.shape == (9, 9) and state.ix.shape == (81,)


def test_windows_beyond_the_picture_are_refused():
    with pytest.raises(ShapeError, match="leaves the picture"):
        aperture_state(scene(), scene(), SIZE - 2, 20, 3)


def test_flow_state_is_the_library_beside_the_truth(pair):
    grey = [image.mean(1, keepdim=True) for image in (pair.image1, pair.image2)]
    state = flow_state(*grey, pair.flow[0], 2, 2, 3, ~pair.occluded[0])
    flow = pyramidal_lucas_kanade(*grey, levels=2, sigma=2, iterations=3)
    assert np.allclose(state.flow, flow[0])
    assert state.mean_error == pytest.approx(endpoint_error(flow, pair.flow, ~pair.occluded))
    still = flow_state(*grey, pair.flow[0], 2, 2, 0)
    assert still.mean_error == pytest.approx(pair.flow.norm(dim=1).mean().item())


def test_flow_explorer_follows_its_controls(pair):
    widget = explorer(pair)
    errors = []
    for iterations in (0, 1, 6):
        widget.controls["iterations"].value = iterations
        errors.append(widget.state.mean_error)
    assert errors[0] > errors[1] > errors[2]
    assert f"{errors[2]:.2f} pixels" in widget.caption() and "6 iterations" in widget.caption()
    assert widget.state is widget.state  # computed once


def test_flow_explorer_refuses_what_does_not_fit(pair):
    with pytest.raises(ShapeError, match="share H and W"):
        FlowExplorer(pair.image1[0], pair.image2[0], pair.flow[0, :, :20])
    with pytest.raises(ShapeError, match="image1"):
        FlowExplorer(pair.image1, pair.image2, pair.flow)


# --- the pictures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wheel", "aperture", "flow"])
def test_view_and_snapshot(name, pair):
    widget = make(name, pair)
    assert len(widget.controls) == 3 and widget.question.endswith("?")
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and widget.caption() == metadata["image/png"]["alt"]
    assert len(plots.png(widget.snapshot())) < 90_000


@pytest.mark.parametrize("name", ["wheel", "aperture", "flow"])
def test_each_control_changes_the_picture(name, pair):
    widget = make(name, pair)
    for control in widget.controls.values():
        before, words = widget.draw(), widget.caption()
        other = control.options[-1] if isinstance(control, ipywidgets.Dropdown) else control.max
        control.value = other[1] if isinstance(other, tuple) else other
        assert not np.array_equal(before, widget.draw()) and words != widget.caption()


@pytest.mark.parametrize("name", ["wheel", "aperture", "flow"])
def test_answers_come_at_once(name, pair):
    widget = make(name, pair)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        widget.draw()
        times.append(time.perf_counter() - started)
    assert min(times) < 0.2  # on a busy machine; about 0.02 s on an idle one


def test_lines_of_the_plane_stay_inside():
    from course_lib.widgets.aperture import SPAN, _line_in_square

    for a, b, c in torch.randn(50, 3, generator=torch.Generator().manual_seed(0)).tolist():
        for u, v in _line_in_square(a, b, c) or ():
            assert abs(a * u + b * v - c) < 1e-9 and max(abs(u), abs(v)) <= SPAN + 1e-9
    assert _line_in_square(1.0, 0.0, 5.0) is None
    assert _line_in_square(1.0, 0.0, 0.5) == ((0.5, -SPAN), (0.5, SPAN))


@pytest.mark.parametrize("name", ("wheel", "aperture", "flow"))
def test_the_page_shows_the_colours_that_were_drawn(name, pair):
    """256 colours turned the wheel into a patchwork: here the colour is the answer."""
    widget = make(name, pair)
    sent = Image.open(io.BytesIO(base64.b64decode(widget._picture.value.split("base64,")[1].split('"')[0])))
    gap = np.abs(np.asarray(sent.convert("RGB")).astype(int) - widget.draw())
    assert np.percentile(gap, 99) <= 12  # 5 % of full brightness
