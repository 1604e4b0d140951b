"""Labels, weights and loss of SiamFC, and the way from a peak to a displacement."""

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError
from course_lib.ops.response_maps import (
    balanced_weights,
    binary_cross_entropy,
    enlarge,
    hann_window,
    label_map,
    logistic_loss,
    peak_displacement,
    windowed,
)
from tests.reference import FIXTURES

STORED = np.load(FIXTURES / "siamfc_labels_loss.npz")


@pytest.mark.parametrize("size", [15, 17])
def test_labels_and_weights_of_both_public_codes(size):
    labels = label_map((size, size), 8, 16)
    assert (labels > 0).sum() == 13
    assert torch.equal(labels, label_map((size, size), 8, 16, metric="manhattan"))
    assert torch.equal((labels > 0).float(), torch.from_numpy(STORED[f"labels{size}_manhattan"])[0, 0])
    assert np.array_equal(labels.numpy(), STORED[f"matlab_label{size}"])
    assert balanced_weights(labels).numpy() == pytest.approx(STORED[f"matlab_weight{size}"])


def test_loss_of_both_public_codes():
    labels, responses = label_map((15, 15), 8, 16), torch.from_numpy(STORED["resp"])
    weights = balanced_weights(labels)
    loss = logistic_loss(responses, labels, weights).item()
    assert loss == pytest.approx(float(STORED["balanced"]), rel=1e-6)
    assert loss == pytest.approx(STORED["matlab_logistic_loss_per_pair"].mean(), rel=1e-6)
    assert binary_cross_entropy(responses, labels, weights).item() == pytest.approx(loss, rel=1e-6)
    twice = logistic_loss(responses, labels, balanced_weights(labels, negative=2)).item()
    assert twice == pytest.approx(float(STORED["balanced_neg2"]), rel=1e-6)


def test_loss_of_large_responses_is_finite():
    """log(1 + exp(200)) overflows in float32 when it is written so."""
    labels = label_map((5, 5), 1, 1)
    assert logistic_loss(-200 * labels[None, None], labels, balanced_weights(labels)).item() == pytest.approx(200)


def test_labels_off_the_square():
    """Even and unequal sides: the centre lies between cells; a circle differs from a rhombus once it is large."""
    assert label_map((2, 4), 4, 3).tolist() == [[-1, 1, 1, -1]] * 2
    circle, rhombus = label_map((9, 9), 1, 3), label_map((9, 9), 1, 3, metric="manhattan")
    assert (circle > 0).sum() == 29 and (rhombus > 0).sum() == 25


def test_hann_window():
    window = hann_window((272, 272))
    assert window.sum().item() == pytest.approx(1)
    assert window[136].numpy() == pytest.approx(np.load(FIXTURES / "siamfc_tracker_bag.npz")["hann_row136"])
    assert hann_window((3, 5))[1, 2] == hann_window((3, 5)).max()


def test_windowed():
    response, window = torch.tensor([[1.0, 3.0], [2.0, 5.0]]), torch.full((2, 2), 0.25)
    assert torch.allclose(windowed(response, window, 0.0), (response - 1) / 7)
    assert torch.equal(windowed(response, window, 1.0), window)
    assert windowed(response, window, 0.3).sum().item() == pytest.approx(1)


def test_from_peak_to_displacement():
    response = torch.zeros(17, 17)
    response[10, 5] = 1  # two rows below the middle, three columns left of it
    assert peak_displacement(response, 8).tolist() == [-24, 16]
    fine = enlarge(response[None, None])[0, 0]
    assert fine.shape == (272, 272)
    assert peak_displacement(fine, 8 / 16).tolist() == pytest.approx([-24, 16], abs=0.3)
    assert peak_displacement(response, 8, (7, 8)).tolist() == [-16, 16]


def test_refuses():
    with pytest.raises(CourseError, match="manhattan"):
        label_map((5, 5), 1, 1, metric="chessboard")
    with pytest.raises(CourseError, match="balance"):
        balanced_weights(torch.ones(3, 3))
