"""Cross-correlation: as the public reference, as the loop, and with gradients."""

import numpy as np
import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.ops.cross_correlation import cross_correlation, cross_correlation_reference
from tests.reference import FIXTURES

STORED = {name: torch.from_numpy(values) for name, values in np.load(FIXTURES / "op_xcorr.npz").items()}


def test_equals_the_public_reference():
    ours = cross_correlation(STORED["z"], STORED["x"])
    for name in ("xcorr_fast", "xcorr_slow"):
        assert (ours - STORED[name]).abs().max() < 1e-5 * STORED[name].abs().max()
    channels = cross_correlation(STORED["z"], STORED["x"], each_channel=True)
    assert (channels - STORED["xcorr_depthwise"]).abs().max() < 1e-5 * STORED["xcorr_depthwise"].abs().max()
    assert torch.allclose(channels.sum(1, keepdim=True), ours, atol=1e-5)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 3), (2, 2), (2, 6)])
def test_equals_the_loop(n, m):
    generator = torch.Generator().manual_seed(n + m)
    z, x = (torch.randn(k, 5, h, w, generator=generator) for k, h, w in ((n, 2, 3), (m, 7, 9)))
    ours = cross_correlation(z, x)
    assert ours.shape == (m, 1, 6, 7)
    assert torch.allclose(ours, cross_correlation_reference(z, x), atol=1e-5)


def test_gradients():
    z, x = (torch.randn(2, 3, k, k + 1, dtype=torch.float64, requires_grad=True) for k in (2, 4))
    assert torch.autograd.gradcheck(cross_correlation, (z, x))


@pytest.mark.parametrize(
    ("z", "x", "message"),
    [
        ((1, 3, 2, 2), (1, 4, 5, 5), "same network"),
        ((2, 3, 2, 2), (3, 3, 5, 5), "as many for each"),
        ((1, 3, 5, 5), (1, 3, 5, 4), "exchanged"),
        ((3, 2, 2), (1, 3, 5, 5), "3 axes, not 4"),
    ],
)
def test_refuses(z, x, message):
    with pytest.raises(ShapeError, match=message):
        cross_correlation(torch.zeros(z), torch.zeros(x))
