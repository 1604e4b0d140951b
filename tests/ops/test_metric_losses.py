"""Contrastive and triplet losses in their conventions, equal to the public code; what mining chooses."""

import numpy as np
import pytest
import torch
from torch.nn.functional import triplet_margin_loss

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.metric_losses import (
    choose_pairs,
    choose_triplets,
    choose_triplets_reference,
    contrastive,
    online_contrastive,
    online_triplet,
    pairwise_distances,
    triplet,
)
from tests.reference import FIXTURES

STORED = {name: torch.from_numpy(values) for name, values in np.load(FIXTURES / "loss_contrastive_triplet.npz").items()}
POINTS, LABELS = STORED["emb"], STORED["labels"]
THREE = STORED["anchor"], STORED["positive"], STORED["negative"]
MARGINS = (0.5, 1.0, 2.0)


def numbers(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("margin", MARGINS)
def test_equals_the_public_losses(margin):
    pair = THREE[0], THREE[1]
    pairs = [pair, (THREE[0], THREE[2]), (THREE[1], THREE[2])]
    wanted = STORED[f"contrastive_m{margin}"]
    ours = [contrastive(*two, STORED["pair_target"], margin, convention="one is same") for two in pairs]
    assert min((value - wanted).abs() for value in ours) < 1e-5  # the fixture names its targets, not its pairs
    assert torch.allclose(triplet(*THREE, margin), STORED[f"triplet_sq_m{margin}"], atol=1e-5)
    plain = triplet(*THREE, margin, squared=False)
    assert torch.allclose(plain, STORED[f"triplet_l2_torch_m{margin}"], atol=1e-5)
    assert torch.allclose(plain, triplet_margin_loss(*THREE, margin), atol=1e-5)


@pytest.mark.parametrize("margin", MARGINS)
def test_equals_the_public_losses_over_a_batch(margin):
    for name, pairs in (("allpos_allneg", "all"), ("hardneg", "hardest")):
        ours = online_contrastive(POINTS, LABELS, margin, pairs=pairs)
        assert torch.allclose(ours, STORED[f"online_contrastive_{name}_m{margin}"], atol=1e-5), name
    for negatives in ("all", "hardest"):
        name = f"online_triplet_{negatives}_m{margin}"
        assert torch.allclose(online_triplet(POINTS, LABELS, margin, negatives=negatives), STORED[name], atol=1e-5)
        assert len(choose_triplets(POINTS, LABELS, margin, negatives=negatives)) == STORED[f"{name}_n"]


def test_contrastive_by_hand():
    first, second = torch.zeros(3, 2), torch.tensor([[3.0, 4], [3, 4], [0.3, 0.4]])
    losses = [contrastive(first[i : i + 1], second[i : i + 1], torch.tensor([i > 0])).item() for i in range(3)]
    assert losses == pytest.approx([12.5, 0, 0.125])
    labels = torch.tensor([0, 1, 1])
    value = contrastive(first, second, labels)
    assert value.item() == pytest.approx(12.625 / 3)
    assert contrastive(first, second, 1 - labels, convention="one is same") == value
    assert contrastive(first, second, labels, half=False) == 2 * value


def test_a_mixed_pair_in_one_point_has_no_nan_gradient():
    """The root's slope is infinite at 0; a root of a plain sum of squares gives NaN there."""
    points = torch.zeros(1, 3, requires_grad=True)
    contrastive(points, torch.zeros(1, 3), torch.tensor([1])).backward()
    assert torch.equal(points.grad, torch.zeros(1, 3))
    naive = torch.zeros(1, 3, requires_grad=True)
    (1 - naive.square().sum(1).sqrt()).clamp(min=0).square().mean().backward()
    assert naive.grad.isnan().all()


@pytest.mark.parametrize("squared", [True, False])
def test_gradients(squared):
    three = [numbers(4, 3, seed=i).double().requires_grad_() for i in range(3)]
    assert torch.autograd.gradcheck(lambda a, p, n: triplet(a, p, n, 1.0, squared=squared), three)
    label = torch.tensor([0, 1, 1, 0])
    assert torch.autograd.gradcheck(lambda a, b: contrastive(a, b, label, 3.0), three[:2])


@pytest.mark.parametrize("negatives", ["all", "hardest", "semi-hard"])
@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("margin", [0.3, 2.0])
def test_choice_equals_the_reference(negatives, squared, margin):
    points, labels = numbers(15, 4, seed=3), torch.arange(15) % 4
    ours = choose_triplets(points, labels, margin, negatives=negatives, squared=squared)
    slow = choose_triplets_reference(points, labels, margin, negatives=negatives, squared=squared)
    assert torch.equal(ours, slow)
    if negatives == "semi-hard" and margin == 2.0:
        assert len(ours)


@pytest.mark.parametrize("negatives", ["hardest", "semi-hard"])
def test_who_is_nearest_does_not_depend_on_the_margin_in_a_heap_of_points(negatives):
    """Squared distances of 1e-8 vanish beside a margin of 1 in float32, in which the loss is margin - gap."""
    points, labels = numbers(30, 2), torch.arange(30) % 3
    wide = choose_triplets(points, labels, 100.0, negatives=negatives)  # nothing is beyond the margin, as below
    assert torch.equal(choose_triplets(points / 2**13, labels, 1.0, negatives=negatives), wide)


@pytest.mark.parametrize("negatives", ["random", "semi-hard"])
def test_random_choices_are_allowed_ones_and_differ(negatives):
    points, labels, margin = numbers(20, 3), torch.arange(20) % 4, 1.5

    def chosen(seed):
        generator = torch.Generator().manual_seed(seed)
        return choose_triplets(points, labels, margin, negatives=negatives, generator=generator)

    assert torch.equal(chosen(1), chosen(1)) and not torch.equal(chosen(1), chosen(2))
    a, p, n = chosen(1).unbind(1)
    distance = pairwise_distances(points, squared=True)
    loss = distance[a, p] - distance[a, n] + margin
    assert (labels[a] == labels[p]).all() and (labels[a] != labels[n]).all() and (a < p).all() and (loss > 0).all()
    if negatives == "semi-hard":
        assert (loss < margin).all()
    else:
        assert (loss > margin).any()


def test_nothing_to_choose_costs_nothing_and_can_be_differentiated():
    points = numbers(4, 2).requires_grad_()
    for loss in (online_triplet(points, torch.arange(4)), online_triplet(points, torch.zeros(4).long()),
                 online_contrastive(points[:1], torch.zeros(1).long())):  # fmt: skip
        assert loss == 0
        loss.backward()
    assert choose_triplets(points, torch.arange(4)).shape == (0, 3)
    assert torch.equal(points.grad, torch.zeros(4, 2))


def test_hardest_pairs_are_the_nearest_of_other_classes():
    points = torch.tensor([[0.0], [1], [1.5], [4], [5]])
    chosen, same = choose_pairs(points, torch.tensor([0, 0, 1, 1, 0]), "hardest")
    assert chosen.tolist() == [[0, 1], [0, 4], [1, 4], [2, 3], [1, 2], [3, 4], [0, 2], [1, 3]]
    assert same.tolist() == [True] * 4 + [False] * 4


def test_distances_keep_near_points_apart_far_from_the_origin():
    """|a|^2 + |b|^2 - 2ab has lost them at 1000: in float32 its steps are 0.06 there."""
    points = torch.tensor([[1000.0, 0], [1000.01, 0]])
    assert pairwise_distances(points)[0, 1].item() == pytest.approx(0.01, rel=0.01)
    squares = points.square().sum(1)
    naive = squares[:, None] + squares - 2 * points @ points.T
    assert not 0.5e-4 < naive[0, 1] < 2e-4
    assert pairwise_distances(points, squared=True)[0, 1].item() == pytest.approx(1e-4, rel=0.02)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: triplet(numbers(3, 2), numbers(3, 2), numbers(4, 2)), ShapeError, r"negative \(4, 2\)"),
        (lambda: triplet(*[numbers(0, 2)] * 3), ShapeError, "at least 1"),
        (lambda: contrastive(numbers(3, 2), numbers(3, 2), torch.ones(3, 1)), ShapeError, "one per pair"),
        (lambda: contrastive(numbers(3, 2), numbers(3, 2), torch.ones(3), convention="lecun"), CourseError, "hadsell"),
        (lambda: choose_triplets(numbers(3, 2), torch.zeros(2)), ShapeError, "one per point"),
        (lambda: choose_triplets(numbers(3, 2), torch.zeros(3), negatives="easy"), CourseError, "semi-hard"),
        (lambda: choose_pairs(numbers(3, 2), torch.zeros(3), "easy"), CourseError, "hardest"),
    ],
)
def test_refuses(call, error, message):
    with pytest.raises(error, match=message):
        call()
