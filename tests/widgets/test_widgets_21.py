"""The radius of F1 and PointNet's critical points: numbers by hand, and every step changes picture and caption."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.models.pointnet import PointNet
from course_lib.widgets.critical_points import SHOWN, CriticalPoints, critical_state
from course_lib.widgets.kit.explorer import VIEW
from course_lib.widgets.radius import OUT, PREDICTED, TRUE, WAYS, Radius, radius_state


def test_radius_by_hand():
    near, far = radius_state(0, 6), radius_state(80, 6)
    assert near.nearest[0] == 0 and near.hits[:8] == (True,) * 8  # (24, 14) to (20, 12)
    assert near.precision == pytest.approx(8 / 9) and near.recall == pytest.approx(8 / 11)
    assert near.f1 == pytest.approx(2 * (8 / 9) * (8 / 11) / (8 / 9 + 8 / 11))
    assert far.f1 == near.f1 and far.squared > 10 * near.squared and 1.5 < far.plain / near.plain < 10
    back = radius_state(0, 6, way=1)
    assert len(back.nearest) == len(TRUE) and sum(back.hits) == 8 and back.f1 == near.f1
    distance = ((OUT[0] - 56) ** 2 + (OUT[1] - 48) ** 2) ** 0.5
    assert radius_state(0, distance + 0.01).hits[-1] and not radius_state(0, distance - 0.01).hits[-1]
    assert len(near.predicted) == len(PREDICTED) + 1


def network_and_points():
    torch.manual_seed(0)
    return PointNet.mini(3, input_tnet=False, feature_tnet=False).eval(), torch.randn(50, 3) / 3


def test_the_critical_points_are_enough():
    network, points = network_and_points()
    state = critical_state(network, points)
    assert 0 < state.critical.sum() < 50 and state.chances.shape == (3, 3)
    assert torch.allclose(state.chances[0], state.chances[1], atol=1e-6)
    assert not torch.allclose(state.chances[0], state.chances[2], atol=1e-6)
    alone = critical_state(network, points[:1])
    assert alone.critical.all() and torch.allclose(alone.chances[2], alone.chances[0])
    with pytest.raises(CourseError, match="T-Net"):
        critical_state(PointNet.mini(3), points)


def views(widget, name, values):
    seen = []
    for value in values:
        widget.controls[name].value = value
        seen.append((widget.draw(), widget.caption()))
    return seen


def all_differ(seen):
    return all(
        not np.array_equal(one[0], two[0]) and one[1] != two[1] for one, two in zip(seen, seen[1:], strict=False)
    )


def test_every_step_changes_picture_and_caption():
    widget = Radius()
    for name, values in (("way", WAYS), ("t", range(1, 31)), ("out", range(0, 81, 5))):
        assert all_differ(views(widget, name, values)), name
    network, points = network_and_points()
    widget = CriticalPoints(network, {"one": points, "two": points + 0.1}, ("a", "b", "c"))
    for name, values in (("shown", SHOWN), ("thing", ("one", "two")), ("turn", (-180, -30, 0, 30, 179))):
        assert all_differ(views(widget, name, values)), name


def test_bundles_and_controls():
    network, points = network_and_points()
    for widget in (Radius(), CriticalPoints(network, {"thing": points}, ("a", "b", "c"))):
        data, metadata = widget._repr_mimebundle_()
        assert data[VIEW]["model_id"] == widget.view.model_id and metadata["image/png"]["alt"] == widget.caption()
        assert len(widget.controls) == 3 and widget.draw().dtype == np.uint8
