"""CNN-M-2048 at its published size and the ways to stack flow."""

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.models import two_stream as ts
from tests.reference import distance, fill, reference


@pytest.mark.parametrize("channels, expected", [(3, 90_627_813), (20, 90_707_781)])
def test_published_size(channels, expected):
    with torch.device("meta"):
        assert sum(p.numel() for p in ts.CNN_M_2048(101, channels).parameters()) == expected


def test_equals_the_stored_output():
    keys, frame, outputs = reference("cnn_m_2048_spatial")
    model = ts.CNN_M_2048.from_published(fill(keys))
    with torch.no_grad():
        assert distance(model(frame), outputs["output_mt"]) < 1e-5
        model.norm2 = False
        assert distance(model(frame), outputs["output_mt"]) > 0.1


def test_mini_sees_smaller_frames():
    assert ts.CNN_M_2048.mini(5, 20)(torch.zeros(2, 20, 64, 64)).shape == (2, 5)
    with pytest.raises(ShapeError, match="20"):
        ts.CNN_M_2048.mini(5, 20)(torch.zeros(2, 3, 64, 64))


def test_fusion_and_svm_features():
    spatial, temporal = torch.tensor([[0.6, 0.4]]), torch.tensor([[0.1, 0.9]])
    assert ts.fuse_average(spatial, temporal)[0].tolist() == pytest.approx([0.35, 0.65])
    assert ts.fuse_average(spatial, temporal, weight=2 / 3)[0].tolist() == pytest.approx([0.8 / 3, 2.2 / 3])
    features = ts.svm_features(spatial, temporal)
    assert features.shape == (1, 4) and features[:, :2].norm().item() == pytest.approx(1.0)


def test_cross_modality_repeats_the_colour_mean():
    weight = torch.rand(4, 3, 7, 7)
    flow = ts.cross_modality_weight(weight, 20)
    assert flow.shape == (4, 20, 7, 7) and torch.allclose(flow[:, 11], weight.mean(1))


def test_scores_that_differ_in_shape_are_not_fused():
    with pytest.raises(ShapeError, match="not the same"):
        ts.fuse_average(torch.zeros(2, 3), torch.zeros(2, 4))
