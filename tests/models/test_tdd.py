"""Trajectory pooling and both normalisations equal to the public code's numbers; streams of the published size."""

import json

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models import tdd
from course_lib.models.two_stream import CNN_M_2048, Convolutions, pooled_size
from course_lib.ops.trajectories import Trajectories
from tests.caffe_files import write_caffemodel
from tests.reference import FIXTURES, distance


@pytest.fixture(scope="module")
def stored():
    arrays = np.load(FIXTURES / "tdd_pooling.npz")
    return json.loads((FIXTURES / "tdd_pooling.json").read_text()), {k: torch.from_numpy(arrays[k]) for k in arrays}


def as_maps(array):
    """(H, W, C, T) as stored -> (T, C, H, W)."""
    return array.permute(3, 2, 0, 1)


@pytest.mark.parametrize("name", ["spatiotemporal", "channel"])
def test_normalisation_and_pooling_equal_the_public_code(stored, name):
    about, arrays = stored
    number = {"spatiotemporal": "1", "channel": "2"}[name]
    maps = tdd.NORMALIZATIONS[name](as_maps(arrays["feat"]))
    assert distance(maps, as_maps(arrays[f"norm{number}"])) < 1e-7
    points = arrays["tra_xy"] - 1  # MATLAB's first pixel is 1
    start = arrays["end_frame"] - points.shape[1]  # frames count from 1 there, and the last one is named
    video = [int(ratio * size) for ratio, size in zip(about["scale"][::-1], maps.shape[2:], strict=True)]
    pooled = tdd.trajectory_pool(maps, points, start, video)
    assert distance(pooled, arrays[f"tdd_norm{number}"].T) < 1e-7
    assert distance(tdd.trajectory_pool_reference(maps, points, start, video), pooled) < 1e-12
    assert distance(tdd.trajectory_pool(maps, points.flip(2), start, video), pooled) > 1e-2  # x is not y
    assert distance(tdd.trajectory_pool(maps, points, (start - 1).clamp_min(0), video), pooled) > 1e-2


def test_pooling_equals_its_reference_off_the_map():
    torch.manual_seed(0)
    maps, points = torch.rand(9, 4, 5, 7), 60 * torch.rand(20, 6, 2) - 8
    start = torch.arange(20) % 4
    for video in ((40, 56), (37, 64), (100, 21)):
        pooled = tdd.trajectory_pool(maps, points, start, video)
        assert pooled.shape == (20, 4)
        assert torch.allclose(pooled, tdd.trajectory_pool_reference(maps, points, start, video), atol=1e-6)
    assert tdd.trajectory_pool(maps, points[:0], start[:0], (40, 56)).shape == (0, 4)


def test_pooling_refuses_frames_that_are_not_there():
    maps, points = torch.rand(9, 4, 5, 7), torch.rand(2, 6, 2)
    for start in ([0, 4], [-1, 0]):
        with pytest.raises(ShapeError, match="counts? from 1"):
            tdd.trajectory_pool(maps, points, torch.tensor(start), (40, 56))
    with pytest.raises(ShapeError, match="K, P, 2"):
        tdd.trajectory_pool(maps, points[0], torch.tensor([0]), (40, 56))


def test_normalisations_do_what_they_say():
    maps = torch.rand(6, 5, 4, 3) * torch.tensor([0.1, 1, 10, 100, 0]).view(1, 5, 1, 1)
    over_video = tdd.spatiotemporal_normalised(maps)
    assert torch.allclose(over_video.amax((0, 2, 3)), torch.tensor([1.0, 1, 1, 1, 0]), atol=1e-5)
    over_channels = tdd.channel_normalised(maps)
    assert torch.allclose(over_channels.amax(1), torch.ones(6, 4, 3), atol=1e-5)
    assert torch.allclose(tdd.spatiotemporal_normalised(7 * maps), over_video, atol=1e-5)  # contrast of a video is gone


SIZES = [(30, 40), (21, 28), (15, 20), (10, 14), (7, 10)]  # of the maps


@pytest.mark.parametrize("scale, expected", list(zip(tdd.SCALES, SIZES, strict=True)))
def test_maps_have_the_published_sizes(scale, expected):
    with torch.device("meta"):
        maps = Convolutions(3, padded=True).maps(torch.zeros(1, 3, *scale))
    assert {name: tuple(maps[name].shape[1:]) for name in ("conv3", "conv4", "conv5")} == {
        name: (512, *expected) for name in ("conv3", "conv4", "conv5")
    }


def test_published_size():
    with torch.device("meta"):
        model = tdd.TDD()
    counts = [sum(p.numel() for p in stream.parameters()) for stream in (model.spatial, model.temporal)]
    assert counts == [6_528_640, 6_608_608]
    assert pooled_size(224, padded=True) == 7


@pytest.mark.parametrize("channels", [3, 20])
def test_the_unpadded_stream_is_lecture_05s(channels):
    """The same weights: padding and k are all that differs, and they change what comes out."""
    torch.manual_seed(0)
    plain, padded = (Convolutions(channels, widths=(6, 8, 8), padded=p).eval() for p in (False, True))
    padded.load_state_dict(plain.state_dict())
    x = torch.randn(1, channels, 64, 80)
    assert plain.maps(x)["conv3"].shape != padded.maps(x)["conv3"].shape
    stream = CNN_M_2048.mini(4, channels).eval()
    frame = torch.randn(2, channels, 48, 48)
    top = stream.pool(stream.maps(frame)["conv5"]).flatten(1)
    assert torch.allclose(stream.fc8(stream.fc7(stream.fc6(top).relu()).relu()), stream(frame), atol=1e-6)


def video(frames=9, height=48, width=60):
    torch.manual_seed(1)
    points = torch.rand(7, 5, 2) * torch.tensor([width - 1.0, height - 1.0])
    trajectories = Trajectories(points, torch.arange(7) % 5, torch.zeros(7).long(), points.diff(dim=1))
    return torch.randn(frames, 3, height, width), torch.randn(frames - 1, 2, height, width), trajectories


def test_descriptors_of_a_video():
    model = tdd.TDD.mini(4, length=3, scales=((96, 120), (48, 60))).eval()
    frames, flow, trajectories = video()
    with torch.no_grad():
        found = model(frames, flow, trajectories)
    assert set(found) == {
        (stream, layer, norm)
        for stream, layers in tdd.LAYERS.items() for layer in layers for norm in ("spatiotemporal", "channel")
    }  # fmt: skip
    assert all(descriptors.shape == (2 * 7, 48) for descriptors in found.values())
    with torch.no_grad():
        maps = model.maps(frames, flow, (48, 60))["temporal", "conv3"]
        stack = model.temporal.maps(flow[4:7].flatten(0, 1).unsqueeze(0))["conv3"][0]
    assert torch.allclose(maps[4], stack, atol=1e-5)
    assert torch.equal(maps[8], maps[5])  # the last three frames have no complete stack of their own
    wanted = tdd.trajectory_pool(tdd.channel_normalised(maps), trajectories.points[:, :4], trajectories.start, (48, 60))
    assert torch.allclose(found["temporal", "conv3", "channel"][7:], wanted, atol=1e-5)


def test_refuses_what_cannot_be():
    with pytest.raises(CourseError, match="spatiotemporal, channel, none"):
        tdd.TDD.mini(normalizations=("l2",))
    frames, flow, trajectories = video(frames=4)
    with pytest.raises(CourseError, match="3 flow fields"):
        tdd.TDD.mini(length=4)(frames, flow, trajectories)


def test_preparation_for_the_released_weights():
    frame = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    frame[:, 0] = 200
    assert tdd.prepare_frames(frame)[0, :, 0, 0].tolist() == pytest.approx([-103.939, -116.779, 200 - 123.68])
    assert tdd.prepare_flow(torch.tensor([[-50.0, 10]]).view(1, 2, 1, 1)).flatten().tolist() == [-127.5, 63.75]


# ---- published weights ----

SMALL = {"widths": (4, 6, 6), "padded": True}


@pytest.fixture
def small(monkeypatch):
    """Streams that are too small to be published."""
    first = Convolutions.__init__
    monkeypatch.setattr(Convolutions, "__init__", lambda self, channels, **_: first(self, channels, **SMALL))


def state(channels):
    torch.manual_seed(channels)
    weights = Convolutions(channels).state_dict()
    return {key: torch.randn_like(value) for key, value in weights.items()} | {"fc8.weight": torch.zeros(5, 4)}


def arrays_of(weights):
    """A state dict as Caffe keeps it: {layer: [weight, bias]}."""
    names = dict.fromkeys(key.rsplit(".", 1)[0] for key in weights)
    return {name: [weights[key] for key in (f"{name}.weight", f"{name}.bias") if key in weights] for name in names}


@pytest.mark.parametrize("layout", ["state dict", "wrapped file", "caffemodel", "old caffemodel"])
def test_loads_every_public_layout(small, tmp_path, layout):
    states = state(3), state(8)
    sources = states
    if layout == "wrapped file":
        sources = tmp_path / "s.pth", tmp_path / "t.pth"
        for path, weights in zip(sources, states, strict=True):
            torch.save({"state_dict": {f"module.{key}": value for key, value in weights.items()}}, path)
    elif layout.endswith("caffemodel"):
        sources = tmp_path / "s.caffemodel", tmp_path / "t.caffemodel"
        for path, weights in zip(sources, states, strict=True):
            write_caffemodel(path, arrays_of(weights), layout.startswith("old"))
    model = tdd.TDD.from_published(*sources)
    assert model.length == 4
    for stream, weights in zip((model.spatial, model.temporal), states, strict=True):
        loaded = stream.state_dict()
        assert len(loaded) == 10 and all(torch.equal(loaded[key], weights[key]) for key in loaded)


def test_says_which_keys_do_not_fit(small):
    spatial, temporal = state(3), state(8)
    del spatial["conv3.bias"]
    with pytest.raises(CourseError, match="missing: conv3.bias"):
        tdd.TDD.from_published(spatial, temporal)
    with pytest.raises(CourseError, match="unexpected: classifier.0.weight"):
        tdd.TDD.from_published(state(3), temporal | {"classifier.0.weight": torch.zeros(2)})
