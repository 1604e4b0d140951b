"""Two-stream fusion at its published size, its fusions against stored numbers, and every public layout of a tower."""

import json

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.nn.functional import max_pool3d

from course_lib.errors import CourseError, ShapeError
from course_lib.models.towers import Tower
from course_lib.models.two_stream import CNN_M_2048
from course_lib.models.two_stream_fusion import (
    FUSIONS,
    Bilinear,
    Concatenate,
    Convolution,
    Max,
    Sum,
    TwoStreamFusion,
    bilinear,
    fusion_weight,
    gaussian,
    meet,
    preprocess,
)
from tests.reference import FIXTURES, distance, fill

TWO_CNN_M = {"towers": ("cnn_m", "cnn_m"), "in_channels": (20, 20), "over_time": None, "keep_temporal": False}


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def stored():
    arrays = np.load(FIXTURES / "conv_twostream_fusion.npz")
    return {name: torch.from_numpy(arrays[name]) for name in arrays}


@pytest.mark.parametrize(
    "fusion, expected",
    [("scores", 181_415_562), ("sum", 97_316_389), ("max", 97_316_389), ("concatenation", 172_813_861)],
)
def test_counts_of_two_cnn_m_towers_are_the_printed_ones(fusion, expected):
    with torch.device("meta"):
        assert parameters(TwoStreamFusion(101, fusion, **TWO_CNN_M)) == expected


def test_bilinear_count_is_that_of_one_towers_convolutions():
    with torch.device("meta"):
        network = TwoStreamFusion(101, "bilinear", **TWO_CNN_M)
    assert parameters(network.spatial) == parameters(network.temporal) == 6_608_608
    assert parameters(network) == 2 * 6_608_608 + 512 * 512 * 101 + 101


@pytest.mark.parametrize("at, expected", [("relu2", 91_547_941), ("relu3", 93_121_573), ("relu4", 95_481_381)])
def test_a_fusion_further_down_keeps_fewer_layers_twice(at, expected):
    with torch.device("meta"):
        assert parameters(TwoStreamFusion(101, at=at, **TWO_CNN_M)) == expected


def test_the_final_network_takes_clips():
    with torch.device("meta"):
        network = TwoStreamFusion()
        fusing = 3 * 3 * 3 * 1024 * 512 + 512
        assert parameters(network) == 134_674_341 + 134_684_133 + fusing
        assert network(torch.zeros(2, 3, 5, 224, 224), torch.zeros(2, 20, 5, 224, 224)).shape == (2, 101)


def test_a_map_of_13_meets_one_of_14():
    with torch.device("meta"):
        network = TwoStreamFusion(towers=("vgg16", "cnn_m"))
        frames, flow = torch.zeros(1, 3, 5, 224, 224), torch.zeros(1, 20, 5, 224, 224)
        spatial, temporal = network.maps(frames, flow)
        assert spatial.shape == (1, 512, 5, 14, 14) and temporal.shape == (1, 512, 5, 13, 13)
        assert [scores.shape for scores in network.streams(spatial, temporal)] == [(1, 101)] * 2
    met = meet(torch.zeros(1, 2, 3, 4), torch.ones(1, 2, 2, 3))
    assert met[0, 0].tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    with pytest.raises(ShapeError, match="Exchange the towers"):
        meet(torch.zeros(1, 2, 2, 3), torch.zeros(1, 2, 3, 3))


def test_fusions_equal_the_stored_numbers():
    known = stored()
    a, b = known["xa"][:, :, 0], known["xb"][:, :, 0]
    assert distance(Sum()(a, b), known["sum"]) < 1e-6
    assert distance(Max()(a, b), known["max"]) < 1e-6
    assert distance(Concatenate()(a, b), known["concat"]) < 1e-6
    assert distance(bilinear(a, b), known["bilinear_DxD"]) < 1e-5
    conv = Convolution(4)
    conv.conv.load_state_dict({"weight": known["conv1x1_weight"], "bias": known["conv1x1_bias"]})
    assert distance(conv(a, b), known["conv1x1"]) < 1e-5


def test_fusing_convolution_starts_as_a_blurred_weighted_sum():
    known = stored()
    assert distance(gaussian((3, 3, 3)), known["gauss3"]) < 1e-12
    assert gaussian((3, 3, 3))[1, 1, 1].item() == pytest.approx(0.0922613, abs=1e-7)
    assert distance(fusion_weight(4, (3, 3, 3)), known["kernel"]) < 1e-6
    fused = Convolution(4, (3, 3, 3))(known["xa"], known["xb"]).relu()
    assert distance(fused, known["conv3d_relu"]) < 1e-5
    assert distance(max_pool3d(fused, (5, 2, 2), 2), known["pool3d"]) < 1e-5
    a, b = torch.rand(2, 4, 3, 5), torch.rand(2, 4, 3, 5)
    assert torch.allclose(Convolution(4)(a, b), 0.25 * a + 0.75 * b, atol=1e-6)


def test_bilinear_features_have_length_one_and_a_gradient_at_zero():
    a, b = torch.randn(2, 3, 4, 5, requires_grad=True), torch.zeros(2, 3, 4, 5)
    features = Bilinear()(a, torch.randn(2, 3, 4, 5))
    assert features.shape == (2, 9) and torch.allclose(features.norm(dim=1), torch.ones(2))
    Bilinear()(a, b).sum().backward()
    assert a.grad.isfinite().all()


def manifest(name):
    return json.loads((FIXTURES / f"manifest_vgg16_{name}.json").read_text())["keys"]


@pytest.mark.parametrize("name, channels", [("rgb", 3), ("flow", 20)])
def test_loads_the_two_stream_layout(name, channels):
    state = fill(manifest(name))
    tower = Tower.from_published({f"module.{key}": value for key, value in state.items()})
    ours = list(tower.state_dict().values())
    assert len(ours) == len(state)
    for mine, theirs in zip(ours, state.values(), strict=True):
        assert torch.equal(mine, theirs)
    assert tower[0].layer.in_channels == channels


def test_torchvision_weights_give_torchvisions_scores(tmp_path):
    torch.manual_seed(0)
    theirs = torchvision.models.vgg16(num_classes=7).eval()
    torch.save({"state_dict": theirs.state_dict()}, tmp_path / "vgg16.pth")
    picture = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert distance(Tower.from_published(tmp_path / "vgg16.pth")(picture), theirs(picture)) < 1e-5


def test_a_cnn_m_tower_is_lecture_05s_stream():
    torch.manual_seed(0)
    for channels in (3, 20):
        stream = CNN_M_2048(5, channels).eval()
        tower = Tower.from_published(stream.state_dict())
        x = torch.randn(1, channels, 224, 224)
        with torch.no_grad():
            assert distance(tower(x), stream(x)) < 1e-5


def test_says_what_does_not_fit():
    state = {key: torch.zeros(shape) for key, shape in manifest("rgb") if key != "features.24.bias"}
    with pytest.raises(CourseError, match="missing: conv5_1.layer.bias"):
        Tower.from_published(state)
    with pytest.raises(CourseError, match="unexpected: features.1.weight"):
        Tower.from_published({key: torch.zeros(shape) for key, shape in manifest("rgb")} | {
            "features.1.weight": torch.zeros(64)})  # fmt: skip
    with pytest.raises(CourseError, match="no tower that is known"):
        Tower.from_published({"encoder.weight": torch.zeros(3)})


def test_published_towers_become_one_network(monkeypatch):
    """With small towers in place of the published ones: which layers keep their weights, and which start afresh."""
    small = [Tower.mini(4, channels) for channels in (3, 6)]
    monkeypatch.setattr(Tower, "from_published", classmethod(lambda cls, source: source))
    same = TwoStreamFusion.from_published(*small, over_time="3d conv", frames=3)
    assert torch.equal(same.above.fc8.layer.weight, small[0].fc8.layer.weight)
    assert torch.equal(same.temporal_above.fc8.layer.weight, small[1].fc8.layer.weight)
    assert torch.equal(same.fusion.conv.weight, fusion_weight(32, (3, 3, 3)))
    other = TwoStreamFusion.from_published(*small, num_classes=9, over_time="3d conv", frames=3)
    assert torch.equal(other.temporal.conv1_1.layer.weight, small[1].conv1_1.layer.weight)
    assert other(torch.rand(2, 3, 3, 32, 32), torch.rand(2, 6, 3, 32, 32)).shape == (2, 9)


@pytest.mark.parametrize("fusion", [*FUSIONS, "scores"])
@pytest.mark.parametrize("at", ["relu1", "relu3_1", None, "relu6", "relu7"])
def test_every_fusion_at_every_place(fusion, at):
    for keep in (False, True):
        network = TwoStreamFusion.mini(5, fusion, at=at, keep_temporal=keep, flow_channels=4, crop=48)
        assert network(torch.rand(2, 3, 48, 48), torch.rand(2, 4, 48, 48)).shape == (2, 5)


@pytest.mark.parametrize("fusion", ["sum", "max", "concatenation", "convolution"])
@pytest.mark.parametrize("over_time, steps", [("2d pool", 6), ("3d pool", 2)])
def test_over_time(fusion, over_time, steps):
    network = TwoStreamFusion.mini(5, fusion, over_time=over_time, keep_temporal=True, frames=3)
    frames, flow = torch.rand(2, 3, 6, 32, 32), torch.rand(2, 2, 6, 32, 32)
    assert network(frames, flow).shape == (2, 5)
    spatial, _ = network.maps(frames, flow)
    assert network.pool(spatial).shape[2:] == (steps, 2, 2)


def test_2d_pooling_averages_the_scores_of_moments():
    network = TwoStreamFusion.mini(5, "sum", over_time="2d pool").eval()
    frames, flow = torch.rand(2, 3, 4, 32, 32), torch.rand(2, 2, 4, 32, 32)
    single = torch.stack([network(frames[:, :, t : t + 1], flow[:, :, t : t + 1]) for t in range(4)])
    assert torch.allclose(network(frames, flow), single.mean(0), atol=1e-5)


def test_predictions_of_streams_are_averaged():
    scores = torch.tensor([[[2.0, 0.0]], [[0.0, 4.0]]])
    whole = TwoStreamFusion.mini(2, "scores")
    assert torch.allclose(whole.combine(list(scores)).softmax(1), scores.softmax(2).mean(0), atol=1e-6)
    assert TwoStreamFusion.mini(2, keep_temporal=True).combine(list(scores)).tolist() == [[1.0, 2.0]]


def test_freezing_stops_the_gradient_at_the_fusion():
    network = TwoStreamFusion.mini(3, keep_temporal=True).freeze_below()
    streams = network.streams(*network.maps(torch.rand(2, 3, 32, 32), torch.rand(2, 2, 32, 32)))
    network.loss(streams, torch.tensor([0, 2])).backward()
    learns = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None}
    assert learns == {"fusion", "above", "temporal_above"}


def test_towers_that_are_given_stay_as_they_are():
    towers = [Tower.mini(3, channels) for channels in (3, 2)]
    before = towers[0].fc6.layer.weight.clone()
    TwoStreamFusion.mini(3, "concatenation", towers=towers)
    assert torch.equal(towers[0].fc6.layer.weight, before) and len(towers[1]) == 7


def test_mini_overfits_one_batch():
    torch.manual_seed(0)
    network = TwoStreamFusion.mini(4)
    frames, flow, labels = torch.randn(8, 3, 32, 32), torch.randn(8, 2, 32, 32), torch.arange(8) % 4
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        network.loss(network.streams(*network.maps(frames, flow)), labels).backward()
        optimizer.step()
    assert (network.eval()(frames, flow).argmax(1) == labels).all()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"fusion": "product"}, "expected one of"),
        ({"over_time": "4d"}, "over_time"),
        ({"fusion": "sum", "over_time": "3d conv"}, "with 'convolution'"),
        ({"fusion": "bilinear", "over_time": "3d pool"}, "no map to pool"),
        ({"at": "relu9"}, "There are: relu1_1"),
        ({"at": "fc8"}, "There is no"),
        ({"at": ("relu3", "relu4")}, "24 channels there, the temporal one 32"),
        ({"at": "relu3", "over_time": "3d pool"}, "leave `at` out"),
        ({"towers": ("vgg11", "vgg16")}, "expected \"vgg16\""),
        ({"towers": (Tower.mini(2), Tower.mini(2))}, "has 2 classes, the network 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(CourseError, match=message):
        TwoStreamFusion.mini(3, **arguments)


def test_inputs_of_other_moments_are_refused():
    network = TwoStreamFusion.mini(3, over_time="3d pool")
    with pytest.raises(ShapeError, match="other moments"):
        network(torch.zeros(2, 3, 5, 32, 32), torch.zeros(2, 2, 4, 32, 32))
    with pytest.raises(ShapeError, match="flow"):
        network(torch.zeros(2, 3, 5, 32, 32), torch.zeros(2, 3, 5, 32, 32))


def test_preprocess():
    frames = torch.full((1, 3, 2, 2), 100, dtype=torch.uint8)
    flow = torch.tensor([-50.0, -20.0, 0.0, 20.0]).view(1, 4, 1, 1).expand(1, 4, 2, 2)
    picture, stack = preprocess(frames, flow)
    assert picture[0, :, 0, 0].tolist() == pytest.approx([-23.68, -16.779, -3.939], abs=1e-4)
    assert stack[0, :, 0, 0].tolist() == [-128, -128, 0, 127]
    standard, _ = preprocess(frames, flow, "torchvision")
    assert standard[0, 0, 0, 0].item() == pytest.approx((100 / 255 - 0.485) / 0.229)
    with pytest.raises(CourseError, match="caffe"):
        preprocess(frames, flow, "jax")


def test_a_stage_of_a_tower_ends_in_a_relu():
    tower = Tower.mini(3)
    x = torch.randn(2, 3, 32, 32)
    for name, stage in tower.named_children():
        x = stage(x)
        assert (x >= 0).all() != (name == "fc8") or isinstance(stage.relu, nn.Identity)
