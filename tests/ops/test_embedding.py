"""Neighbours, tours and the linear SVM's objective."""

import pytest
import torch
from sklearn.svm import LinearSVC

from course_lib.errors import ShapeError
from course_lib.ops.embedding import nearest_neighbours, tour
from course_lib.ops.linear_svm import svm_objective


def test_neighbours_by_hand():
    """Length does not matter, direction does; nobody is its own neighbour."""
    descriptors = torch.tensor([[1.0, 0], [9, 1], [0, 2], [1, 5]])
    assert nearest_neighbours(descriptors, 2).tolist() == [[1, 3], [0, 3], [3, 1], [2, 1]]


def test_equal_descriptors_are_neighbours_of_each_other():
    assert nearest_neighbours(torch.ones(2, 3), 1).tolist() == [[1], [0]]


@pytest.mark.parametrize("k", [0, 4])
def test_impossible_numbers_of_neighbours_are_refused(k):
    with pytest.raises(ShapeError, match="expected 1 to 3"):
        nearest_neighbours(torch.rand(4, 2), k)


def test_tour_walks_along_a_line_and_visits_all():
    points = torch.tensor([[3.0, 0], [0, 0], [1, 0], [5, 0]])
    assert tour(points).tolist() == [1, 2, 0, 3]
    many = torch.rand(40, 2)
    assert sorted(tour(many).tolist()) == list(range(40))


def test_objective_by_hand():
    """Two classes, two examples of one number each."""
    weight, bias = torch.tensor([[1.0], [-1]]), torch.tensor([0.0, 0.5])
    features, labels = torch.tensor([[2.0], [-1]]), torch.tensor([0, 0])
    # scores: (2, -1.5) and (-1, 1.5); y: (1, -1) both; violations (0, 0) and (2, 2.5)
    assert svm_objective(weight, bias, features, labels, strength=3).item() == pytest.approx(1 + 3 * (4 + 6.25))


def test_minimum_is_scikit_learns():
    """With the biases among the features, both minimise the same function: the same value at the minimum."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    features = torch.randn(60, 4, generator=generator) + torch.eye(3, 4)[labels]
    ones = torch.cat([features, torch.ones(60, 1)], 1).double()
    theirs = LinearSVC(C=2.0, fit_intercept=False, tol=1e-8, max_iter=100_000).fit(ones.numpy(), labels.numpy())
    weight = torch.zeros(3, 5, dtype=torch.double, requires_grad=True)
    solver = torch.optim.LBFGS([weight], max_iter=300, line_search_fn="strong_wolfe", tolerance_change=1e-12)

    def value():
        solver.zero_grad()
        total = svm_objective(weight, torch.zeros(3, dtype=torch.double), ones, labels, strength=2.0)
        total.backward()
        return total

    solver.step(value)
    at_theirs = svm_objective(torch.tensor(theirs.coef_), torch.zeros(3), ones, labels, strength=2.0)
    assert value().item() == pytest.approx(at_theirs.item(), rel=1e-5)
    assert torch.allclose(weight.detach(), torch.tensor(theirs.coef_), atol=1e-3)


def test_objective_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="expected 0 to 1"):
        svm_objective(torch.zeros(2, 3), torch.zeros(2), torch.rand(4, 3), torch.tensor([0, 1, 2, 0]))
    with pytest.raises(ShapeError, match="features"):
        svm_objective(torch.zeros(2, 3), torch.zeros(2), torch.rand(4, 5), torch.zeros(4, dtype=torch.long))
