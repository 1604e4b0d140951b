"""Endpoint error and outliers against numbers done by hand."""

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.metrics import endpoint_error, flow_outliers


def by_hand():
    """Four vectors whose errors are 5, 0, 4 and 13 pixels long."""
    truth = torch.tensor([[100.0, 0.0], [1.0, 2.0]]), torch.tensor([[0.0, 0.0], [1.0, 2.0]])
    error = torch.tensor([[3.0, 0.0], [0.0, 5.0]]), torch.tensor([[4.0, 0.0], [-4.0, 12.0]])
    truth, error = torch.stack(truth)[None], torch.stack(error)[None]
    return truth + error, truth


def test_endpoint_error_is_the_mean_length():
    flow, truth = by_hand()
    assert endpoint_error(flow, truth) == (5 + 0 + 4 + 13) / 4


def test_only_valid_pixels_count():
    flow, truth = by_hand()
    valid = torch.tensor([[[True, False], [False, True]]])
    flow[:, :, 0, 1] = torch.nan
    assert endpoint_error(flow, truth, valid) == (5 + 13) / 2


def test_an_outlier_is_wrong_by_three_pixels_and_five_percent():
    flow, truth = by_hand()
    assert flow_outliers(flow, truth) == 2 / 4  # the first error, 5 pixels, is just 5 % of 100
    assert flow_outliers(flow, truth, share=0.01) == 3 / 4


@pytest.mark.parametrize(
    ("flow", "truth", "valid", "message"),
    [
        ((1, 2, 4, 5), (1, 2, 8, 10), None, "multiplied by the same factor"),
        ((1, 4, 5, 2), (1, 4, 5, 2), None, "permute"),
        ((1, 2, 4, 5), (1, 2, 4, 5), (4, 5), "B, H, W"),
        ((1, 2, 4, 5), (1, 2, 4, 5), (1, 4, 5), "turned around"),
        ((1, 2, 4, 5), (1, 2, 4, 5), (1, 5, 4), "as flow has"),
    ],
)
def test_errors_name_the_cause(flow, truth, valid, message):
    valid = None if valid is None else torch.zeros(valid, dtype=torch.bool)
    with pytest.raises(ShapeError, match=message):
        endpoint_error(torch.zeros(flow), torch.zeros(truth), valid)
