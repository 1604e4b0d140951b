"""CNN-M-2048 at its published size, its fusion and its two heads."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from course_lib.errors import ShapeError
from course_lib.metrics import accuracy
from course_lib.models import two_stream as ts
from course_lib.train import fit, scores
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
    assert ts.CNN_M_2048.mini(5, 20)(torch.zeros(2, 20, 48, 48)).shape == (2, 5)
    assert ts.CNN_M_2048.mini(5, 20, crop=64)(torch.zeros(2, 20, 64, 64)).shape == (2, 5)
    with pytest.raises(ShapeError, match="20"):
        ts.CNN_M_2048.mini(5, 20)(torch.zeros(2, 3, 48, 48))


@pytest.mark.parametrize("crop", [46, 48, 64, 97, 224])
def test_full6_fits_what_the_pools_leave(crop):
    with torch.device("meta"):
        stream = ts.CNN_M_2048(5, 2, widths=(2, 2, 2), hidden=(4, 3), crop=crop)
        assert stream(torch.zeros(1, 2, crop, crop)).shape == (1, 5)


def test_all_layers_learn_from_the_start():
    """With He's weights, no layer's gradient is lost on the way down: one step of descent lowers the loss at once."""
    torch.manual_seed(0)
    stream = ts.CNN_M_2048.mini(4, 6).eval()
    x, labels = torch.randn(32, 6, 48, 48), torch.arange(32) % 4
    cross_entropy(stream(x), labels).backward()
    sizes = [m.weight.grad.norm() / m.weight.norm() for m in stream.children() if hasattr(m, "weight")]
    assert len(sizes) == 8 and min(sizes) > 1e-4


def test_overfits_one_batch():
    torch.manual_seed(0)
    stream = ts.CNN_M_2048.mini(4, 6)
    x, labels = torch.randn(16, 6, 48, 48), torch.arange(16) % 4
    fit(stream, lambda step: (x, labels), 60, lr=2e-3)
    assert accuracy(scores(stream, x), labels) == 1


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


def test_two_heads_share_a_stream():
    torch.manual_seed(0)
    stream = ts.CNN_M_2048.mini(3, 2).eval()
    both = ts.TwoHeads(stream, 5)
    x = torch.randn(4, 2, 48, 48)
    scores = both(x)
    assert scores.shape == (4, 8) and torch.equal(scores[:, :3], stream(x))
    first, second = torch.tensor([0, 2]), torch.tensor([1, 4])
    expected = cross_entropy(scores[:2, :3], first) + cross_entropy(scores[2:, 3:], second)
    assert torch.allclose(both.loss(scores, torch.cat([first, second + 3])), expected)


def test_a_head_learns_from_its_own_clips_alone():
    both = ts.TwoHeads(ts.CNN_M_2048.mini(3, 2).eval(), 5)
    both.loss(both(torch.randn(4, 2, 48, 48)), torch.tensor([0, 1, 2, 0])).backward()
    assert both.second.weight.grad.abs().max() == 0 and both.stream.fc8.weight.grad.abs().max() > 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_agrees_on_a_gpu(dtype):
    torch.manual_seed(0)
    stream = ts.CNN_M_2048(101, 20).eval().cuda()
    x = torch.randn(2, 20, 224, 224, device="cuda")
    with torch.no_grad():
        expected = stream(x)
        with torch.autocast("cuda", dtype):
            half = stream(x).float()
    assert (half - expected).norm() / expected.norm() < 0.03


def test_scores_that_differ_in_shape_are_not_fused():
    with pytest.raises(ShapeError, match="not the same"):
        ts.fuse_average(torch.zeros(2, 3), torch.zeros(2, 4))
