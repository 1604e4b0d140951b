import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops import points as p

FIXTURES = Path(__file__).parents[1] / "fixtures"
DATA = {name: torch.tensor(array) for name, array in np.load(FIXTURES / "chamfer.npz").items()}
VALUES = json.loads((FIXTURES / "chamfer.json").read_text())
X, Y, XN, YN = (DATA[name] for name in ("x", "y", "xn", "yn"))


def test_nearest_equals_the_definition_and_the_public_reference():
    squares, index = p.nearest(X, Y)
    reference, which = p.nearest_reference(X, Y)
    assert torch.allclose(squares, reference, atol=1e-6) and torch.equal(index, which)
    assert torch.allclose(squares, DATA["d2_xy"], atol=1e-6) and torch.equal(index, DATA["idx_xy"])
    assert torch.equal(p.nearest(Y, X)[1], DATA["idx_yx"])


def test_blocks_do_not_change_anything(monkeypatch):
    whole = p.nearest(X, Y)
    monkeypatch.setattr(p, "BLOCK", 7 * 40)
    assert all(torch.equal(a, b) for a, b in zip(whole, p.nearest(X, Y), strict=True))


VARIANTS = {  # name in the fixture: (chamfer's arguments, normal_distance's)
    "default_mean_mean_normals": ({}, {}),
    "abs_cosine_False": ({}, {"signed": True}),
    "batch_None_point_mean": ({"batch": None}, {"batch": None}),
    "batch_sum_point_sum": ({"batch": "sum", "points": "sum"}, {"batch": "sum", "points": "sum"}),
    "single_directional": ({"one_way": True}, {"one_way": True}),
    "norm1": ({"norm": 1}, None),
    "weights_[1,3]": ({"weights": torch.tensor([1.0, 3])}, {"weights": torch.tensor([1.0, 3])}),
    "weights_[0,1]": ({"weights": torch.tensor([0.0, 1])}, None),
    "max(hausdorff_sq)_batch_None": ({"points": "max", "batch": None}, None),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_public_reference(name):
    arguments, for_normals = VARIANTS[name]
    distance, normals = (torch.tensor(value) if value is not None else None for value in VALUES[name])
    assert torch.allclose(p.chamfer(X, Y, **arguments), distance, rtol=1e-5)
    if for_normals is not None:
        assert torch.allclose(p.normal_distance(X, Y, XN, YN, **for_normals), normals, rtol=1e-4)


def test_sets_of_different_size_in_one_batch():
    lengths = {"x_lengths": torch.tensor([50, 20]), "y_lengths": torch.tensor([10, 40]), "batch": None}
    distance, normals = VALUES["lengths_x[50,20]_y[10,40]"]
    assert torch.allclose(p.chamfer(X, Y, **lengths), torch.tensor(distance), rtol=1e-5)
    assert torch.allclose(p.normal_distance(X, Y, XN, YN, **lengths), torch.tensor(normals), rtol=1e-4)
    alone = p.chamfer(X[1, :20], Y[1])
    assert alone.item() == pytest.approx(distance[1], rel=1e-5)


def test_gradients():
    x, y = X.clone().requires_grad_(), Y.clone().requires_grad_()
    p.chamfer(x, y).backward()
    assert torch.allclose(x.grad, DATA["grad_x"], atol=1e-6) and torch.allclose(y.grad, DATA["grad_y"], atol=1e-6)


def test_conventions_by_hand():
    """x = 0 and 3, y = 1: from x 1 and 4 squared; from y 1."""
    x, y = torch.tensor([[0.0, 0, 0], [3, 0, 0]]), torch.tensor([[1.0, 0, 0]])
    expected = {"slides": 6, "mesh_rcnn": 3.5, "point_set_generation": 2.25, "pixel2mesh": 3000 * (0.55 * 2.5 + 1),
                "occupancy_l1": 0.5 * (1.5 + 1), "occupancy_l2": 0.5 * (2.5 + 1)}  # fmt: skip
    assert {name: p.chamfer(x, y, name).item() for name in p.CONVENTIONS} == pytest.approx(expected)


def test_equal_sets_have_a_finite_gradient_in_every_convention():
    for name in p.CONVENTIONS:
        x = X[0].clone().requires_grad_()
        value = p.chamfer(x, X[0], name)
        value.backward()
        assert value.item() < 1e-5 and x.grad.isfinite().all()


def test_order_does_not_matter():
    shuffled = X[:, torch.randperm(50)]
    assert torch.allclose(p.chamfer(shuffled, Y), p.chamfer(X, Y))


@pytest.mark.parametrize("threshold", [0.1, 0.2, 0.3, 0.4, 0.5])
def test_f1_as_mesh_rcnn_measures_it(threshold):
    values = json.loads((FIXTURES / "f1_metrics.json").read_text())["points_fixture(chamfer.npz x=pred y=gt)"]
    f1, precision, recall = p.f_score(X, Y, threshold)
    for name, found in (("F1", f1), ("Precision", precision), ("Recall", recall)):
        assert (100 * found).tolist() == pytest.approx(values[f"{name}@{threshold:f}"], abs=1e-3)


def test_f1_by_hand():
    x, y = torch.tensor([[0.0, 0, 0], [9, 0, 0]]), torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    f1, precision, recall = p.f_score(x, y, 1.5)
    assert (precision, recall) == (pytest.approx(1 / 2), pytest.approx(2 / 3)) and f1.item() == pytest.approx(4 / 7)
    assert p.f_score(x, y, 1.0)[2].item() == pytest.approx(1 / 3)  # strictly nearer than t
    assert [v.item() for v in p.f_score(x + 100, y, 1.0)] == [0, 0, 0]


def test_to_length():
    true, pred = p.to_length(10, torch.rand(2, 30, 3) * torch.tensor([1.0, 4, 2]), torch.ones(2, 5, 3))
    edges = true.amax(1) - true.amin(1)
    assert torch.allclose(edges.amax(1), torch.full((2,), 10.0)) and edges[:, 0].max() < 4
    assert torch.equal(pred[0, 0, :1], pred[0, 0, 1:2]) and pred[0, 0, 0] > 1


def test_farthest_points():
    line = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [10, 0, 0]]])
    assert p.farthest_points(line, 3).tolist() == [[0, 3, 2]]
    assert p.farthest_points(line, 4, start=1)[0].sort().values.tolist() == [0, 1, 2, 3]
    with pytest.raises(CourseError, match="expected 1 to 4"):
        p.farthest_points(line, 5)


def test_errors():
    with pytest.raises(ShapeError, match=r"second set has shape \(1, 3, 40\)"):
        p.chamfer(X[:1], Y[:1].transpose(1, 2))
    with pytest.raises(ShapeError, match="at least one point"):
        p.chamfer(X[:, :0], Y)
    with pytest.raises(CourseError, match="no Chamfer convention 'l2'"):
        p.chamfer(X, Y, "l2")
