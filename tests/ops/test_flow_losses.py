"""The multi-scale losses, equal to what the two public codes gave."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.flow_losses import distances, multiscale_loss, smaller_flow, strongest_flow
from tests.reference import FIXTURES

STORED = np.load(FIXTURES / "loss_multiscale_flow.npz")


def stored(name):
    return torch.from_numpy(STORED[name])


@pytest.fixture(scope="module")
def flows():
    return [stored(f"flow{level}") for level in range(2, 7)]


@pytest.mark.parametrize(
    "options, name",
    [
        ({"scale": 1.0}, "cp_multiscaleEPE"),
        ({"code": "nvidia", "norm": 1}, "nv_MultiScale_L1_loss"),
        ({"code": "nvidia", "norm": 2}, "nv_MultiScale_L2_loss"),
    ],
)
def test_equals_the_public_codes(flows, options, name):
    ours = multiscale_loss(flows, stored("target"), **options)
    assert ours.item() == pytest.approx(stored(name).item(), rel=1e-5)


def test_sparse_truth_by_clement_pinards_rule(flows):
    truth = stored("target")
    known = torch.from_numpy(np.unpackbits(STORED["known"]).astype(bool)).view(len(truth), *truth.shape[2:])
    ours = multiscale_loss(flows, truth, scale=1.0, valid=known, sparse="strongest")
    assert ours.item() == pytest.approx(stored("cp_multiscaleEPE_sparse").item(), rel=1e-5)


def test_unknown_pixels_do_not_count():
    truth, known = torch.zeros(1, 2, 4, 4), torch.zeros(1, 4, 4, dtype=torch.bool)
    truth[0, :, 0, 0], known[0, 0, 0] = torch.tensor([3.0, 4.0]), True
    truth[0, :, 1, 1] = 1e6  # not known
    average, there = smaller_flow(truth, (2, 2), known)
    assert average[0, :, 0, 0].tolist() == [3, 4] and there.tolist() == [[[True, False], [False, False]]]
    assert multiscale_loss([torch.zeros(1, 2, 2, 2)], truth, weights=(1.0,), scale=1.0, valid=known) == 5
    both = torch.tensor([[[[3.0, -2.0], [0.0, 1.0]]] * 2])  # in one cell, u and v alike
    assert strongest_flow(both, (1, 1))[0].flatten().tolist() == [1, 1]  # 3 - 2


def test_gradient_where_flow_and_truth_agree():
    flow = torch.zeros(1, 2, 3, 3, requires_grad=True)
    distances(flow, torch.zeros(1, 2, 3, 3)).sum().backward()
    assert flow.grad.isfinite().all()


def test_errors(flows):
    truth = stored("target")
    with pytest.raises(CourseError, match="5 flows and 2 weights"):
        multiscale_loss(flows, truth, weights=(1, 2))
    with pytest.raises(CourseError, match="nvidia"):
        multiscale_loss(flows, truth, code="caffe")
    with pytest.raises(ShapeError, match="multiples of 64"):
        multiscale_loss([torch.zeros(2, 2, 32, 47)], truth, code="nvidia")
