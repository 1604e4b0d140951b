"""Early fusion and 3D convolution in small: one difference, and what follows from it."""

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.models.temporal_toys import TemporalToy


def toy(early):
    torch.manual_seed(0)
    return TemporalToy(classes=4, frames=8, early=early).eval()


def test_only_the_connections_in_time_differ():
    early, moving = (
        [tuple(m.weight.shape) for m in toy(early).features if isinstance(m, torch.nn.Conv3d)]
        for early in (True, False)
    )
    assert [(s[0], s[1], *s[3:]) for s in early] == [(s[0], s[1], *s[3:]) for s in moving]
    assert [s[2] for s in early] == [8, 1, 1] and [s[2] for s in moving] == [3, 3, 3]


def test_3d_with_a_maximum_over_time_does_not_care_about_the_moment():
    """Away from the ends of a clip, where padding is seen."""
    clip = torch.full((1, 3, 8, 16, 16), 0.5)  # what the network turns into zero, as its padding
    clip[:, :, 3:5, 4:9, 6:12] = torch.rand(1, 3, 2, 5, 6, generator=torch.Generator().manual_seed(1))
    later = clip.roll(1, dims=2)
    with torch.no_grad():
        moving, early = toy(False), toy(True)
        for network in (moving, early):  # without biases, an empty frame and a padded one are the same
            for module in network.features:
                if getattr(module, "bias", None) is not None:
                    module.bias.zero_()
        torch.testing.assert_close(moving(later), moving(clip))
        assert (early(later) - early(clip)).abs().max() > 1e-3


def test_early_fusion_needs_its_length_and_3d_does_not():
    clip = torch.rand(2, 3, 9, 16, 12)
    assert toy(False)(clip).shape == (2, 4)
    with pytest.raises(ShapeError, match="8"):
        toy(True)(clip)
