"""Widget of lecture 17: the numbers behind the picture, and the picture."""

import time

import numpy as np
import pytest
import torch

from course_lib import plots
from course_lib.data.worlds.flying_shapes import FlyingShapes
from course_lib.errors import CourseError, ShapeError
from course_lib.ops.filters import gaussian_blur
from course_lib.widgets.correlation_volume import CorrelationExplorer, correlation_state, likeness
from course_lib.widgets.kit.explorer import VIEW


@pytest.fixture(scope="module")
def pair():
    return FlyingShapes(48, 64, shapes=2, motion=4.0).sample(1, seed=5)


@pytest.fixture(scope="module")
def widget(pair):
    return CorrelationExplorer(pair.image1[0], pair.image2[0], pair.flow[0])


def test_a_moved_picture_is_found_where_it_went():
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 30, 40)
    moved = picture.roll((-2, 3), (2, 3))  # up by 2, right by 3
    volume = likeness(picture, moved, d=4, radius=1)
    state = correlation_state(volume, 15, 20)
    assert volume.shape == (81, 30, 40) and state.scores.shape == (9, 9)
    assert state.best == (3, -2) and state.value > 0.95 and state.rivals == 0
    assert state.scores[-2 + 4, 3 + 4] == pytest.approx(state.value)


def test_likeness_is_the_cosine_of_patches():
    torch.manual_seed(1)
    first, second = torch.rand(2, 1, 3, 20, 24)
    a, b = (image - gaussian_blur(image, 6.0) for image in (first, second))
    patch1, patch2 = a[0, :, 9:12, 11:14], b[0, :, 10:13, 9:12]  # about (row 10, column 12), moved by (-2, 1)
    cosine = (patch1 * patch2).sum() / (patch1.norm() * patch2.norm())
    volume = likeness(first, second, d=2, radius=1)
    assert volume[(1 + 2) * 5 + (-2 + 2), 10, 12].item() == pytest.approx(cosine.item(), abs=1e-4)


def test_on_an_even_wall_every_displacement_is_as_good():
    wall = torch.full((1, 3, 24, 24), 0.5)
    even = likeness(wall, wall, d=3, radius=1)
    assert correlation_state(even, 12, 12).rivals == 48


def test_larger_patches_are_wrong_less_often(pair):
    seen = ~pair.occluded[0]
    wrong = []
    for radius in (0, 3):
        volume = likeness(pair.image1, pair.image2, d=10, radius=radius)
        best = volume.argmax(0)
        flow = torch.stack([best % 21 - 10, best // 21 - 10]).float()
        wrong.append(((flow - pair.flow[0]).norm(dim=0) > 1.5)[seen].float().mean())
    assert wrong[1] < 0.5 * wrong[0]


def test_view_and_snapshot(widget):
    assert len(widget.controls) == 3 and widget.question.endswith("?")
    data, metadata = widget._repr_mimebundle_()
    assert data[VIEW]["model_id"] == widget.view.model_id and widget.caption() == metadata["image/png"]["alt"]
    assert len(plots.png(widget.snapshot())) < 90_000


def test_each_control_changes_the_picture(widget):
    for control in widget.controls.values():
        before, words = widget.draw(), widget.caption()
        control.value = control.max if hasattr(control, "max") else control.options[-1][1]
        assert not np.array_equal(before, widget.draw()) and words != widget.caption()


def test_corners_and_edges_of_the_picture_draw(widget):
    for row, column in ((0, 0), (47, 63)):
        widget.controls["row"].value, widget.controls["column"].value = row, column
        assert widget.draw().shape[2] == 3 and f"Row {row}, column {column}" in widget.caption()


def test_answers_come_at_once(widget):
    times = []
    for _ in range(5):
        started = time.perf_counter()
        widget.draw()
        times.append(time.perf_counter() - started)
    assert min(times) < 0.2


def test_errors(pair):
    with pytest.raises(ShapeError, match="share H and W"):
        CorrelationExplorer(pair.image1[0], pair.image2[0], pair.flow[0, :, :20])
    with pytest.raises(ShapeError, match="odd"):
        correlation_state(torch.zeros(16, 5, 5), 2, 2)
    with pytest.raises(CourseError, match="outside"):
        correlation_state(torch.zeros(9, 5, 6), 5, 2)
