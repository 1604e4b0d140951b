import math
import pickle

import numpy as np
import pytest
import torch
from torch.nn.functional import conv2d, pad

from course_lib.errors import CourseError, ShapeError
from course_lib.models.array_pickles import read_array_pickles
from course_lib.models.point_set import (
    FLAVOURS,
    PointDecoder,
    PointSetNetwork,
    TwoBranchDecoder,
    _Doubled,
    _Halved,
    preprocess,
)
from course_lib.ops.points import chamfer

SMALL = {"size": (32, 48), "widths": (4, 6, 8, 12), "dense": (20, 10), "loose": 5, "head": 2}


def count(network):
    return sum(p.numel() for p in network.parameters())


def conv(kernel, inputs, outputs):
    return kernel * kernel * inputs * outputs + outputs


def public_count(hourglass):
    """The layer table of the public code, written down again: kernels and channels."""
    five = 5 if hourglass else 3
    encoder = [(3, 4, 16), (3, 16, 16), (3, 16, 32), *[(3, 32, 32)] * 2, (3, 32, 64), *[(3, 64, 64)] * 2]
    encoder += [(3, 64, 128), *[(3, 128, 128)] * 2, (five, 128, 256), *[(3, 256, 256)] * 2]
    encoder += [(five, 256, 512), *[(3, 512, 512)] * 3, (5, 512, 512)]
    dense = 12 * 512 * 2048 + 2048 + 2048 * 1024 + 1024 + 1024 * 768 + 768
    ups = [(5, 512, 256), (3, 256, 256), (5, 256, 128), (3, 128, 128), (5, 128, 64), (3, 64, 64)]
    end = [(3, 64, 64), (3, 64, 3)]
    if not hourglass:
        skips = [(3, 512, 256), (3, 256, 128), (3, 128, 64)]
        return sum(conv(*c) for c in encoder + ups + skips + end) + dense
    first = [*ups, (5, 64, 32), (3, 32, 32), (5, 32, 16), (3, 16, 16)]
    first += [(3, 512, 256), (3, 256, 128), (3, 128, 64), (3, 64, 32), (3, 32, 16)]
    down = [(3, 16, 32), *[(3, 32, 32)] * 2, (3, 32, 64), *[(3, 64, 64)] * 2]
    down += [(5, 64, 128), *[(3, 128, 128)] * 2, (5, 128, 256), *[(3, 256, 256)] * 2, (5, 256, 512)]
    skips = [(3, 256, 256), (3, 128, 128), (3, 64, 64)]
    dense += 2048 * 2048 + 2048 + 12 * 512 * 2048 + 2048
    return sum(conv(*c) for c in encoder + first + down + ups + skips + end) + dense


@pytest.mark.parametrize(("flavour", "parameters"), [("two_branch", 38_910_019), ("hourglass", 70_154_419)])
def test_published_size(flavour, parameters):
    with torch.device("meta"):
        network = PointSetNetwork(flavour)
        points, placed = network(torch.zeros(1, 4, 192, 256), details=True)
    assert count(network) == parameters == public_count(flavour == "hourglass")
    assert points.shape == (1, 1024, 3) and placed.shape == (1, 3, 24, 32)


def test_decoders_of_occupancy_networks():
    assert count(TwoBranchDecoder()) == 9_801_734 and count(PointDecoder()) == 2_232_832
    torch.manual_seed(0)
    decoder = TwoBranchDecoder(32, 800)
    maps = [torch.randn(2, 4, 24, 32), torch.randn(2, 8, 12, 16), torch.randn(2, 16, 6, 8)]
    points = decoder(torch.randn(2, 32, 3, 4), maps)
    assert points.shape == (2, 800, 3) and (points[:, :32] >= 0).all() and (points[:, 32:] < 0).any()
    for whole in (decoder, PointDecoder(6, 10, 7)):
        weights = {f"module.decoder.{key}": value for key, value in whole.state_dict().items()}
        again = type(whole).from_published({"model": weights | {"module.encoder.conv.weight": torch.zeros(3)}})
        assert all(torch.equal(value, again.state_dict()[key]) for key, value in whole.state_dict().items())
    assert PointDecoder(6, 10, 7)(torch.randn(2, 6)).shape == (2, 10, 3)
    with pytest.raises(CourseError, match="fc_branch"):
        TwoBranchDecoder.from_published({"a": torch.zeros(1)})
    with pytest.raises(CourseError, match="fc_out"):
        PointDecoder.from_published({"a": torch.zeros(1)})


@pytest.mark.parametrize("kernel", [3, 5])
def test_halving_reads_the_cells_that_tensorflow_reads(kernel):
    """SAME with stride 2: k - 2 cells of padding, the smaller half in front."""
    layer = _Halved(1, 1, kernel)
    row = torch.arange(1.0, 9).expand(1, 1, 8, 8)
    torch.nn.init.ones_(layer.weight), torch.nn.init.zeros_(layer.bias)
    before = (kernel - 2) // 2
    reads = [range(2 * i - before, 2 * i - before + kernel) for i in range(4)]
    expected = [kernel * sum(x + 1 for x in cells if 0 <= x < 8) for cells in reads]
    inside = layer(row)[0, 0, 1:-1]
    assert inside[0].tolist() == expected


def test_doubling_is_the_transpose_of_halving():
    torch.manual_seed(0)
    layer, wide, narrow = _Doubled(2, 3), torch.randn(1, 3, 6, 8, requires_grad=True), torch.randn(1, 2, 3, 4)
    torch.nn.init.zeros_(layer.bias)
    halved = conv2d(pad(wide, (1, 2, 1, 2)), layer.weight, stride=2)
    (back,) = torch.autograd.grad(halved, wide, narrow)
    assert torch.allclose(layer(narrow), back, atol=1e-5)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_points_of_the_map_come_row_by_row_after_the_loose_ones(flavour):
    torch.manual_seed(0)
    network = PointSetNetwork(flavour, **SMALL).eval()
    points, placed = network(torch.rand(2, 4, 32, 48), details=True)
    assert points.shape == (2, 5 + 8 * 12, 3) and placed.shape == (2, 3, 8, 12)
    assert torch.equal(points[1, 5 + 12 * 3 + 7], placed[1, :, 3, 7])


def public(network):
    """Arrays in the authors' layout that hold a network's weights."""
    rows, columns = network.size[0] // 16, network.size[1] // 16
    arrays, state = {}, network.state_dict()
    for name, (key, _) in network.public_names().items():
        value = state[key].numpy()
        if value.ndim == 4:
            value = value.transpose(2, 3, 1, 0)
        elif value.ndim == 2:
            if key in ("dense.weight", "dense_bottom.weight"):
                value = value.reshape(len(value), -1, rows, columns).transpose(0, 2, 3, 1).reshape(len(value), -1)
            value = value.T
        arrays[name] = value
    return arrays


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_authors_layout(flavour, monkeypatch, tmp_path):
    torch.manual_seed(0)
    small = PointSetNetwork(flavour, **SMALL)
    arrays = public(small) | {"Variable:0": np.int32(7), "is_training:0": np.array(True)}
    assert len(arrays) == len(small.state_dict()) + 2
    path = tmp_path / "twobranch_v1.pkl"
    with path.open("wb") as file:
        for pair in arrays.items():
            pickle.dump(pair, file, protocol=2)
    monkeypatch.setattr("course_lib.models.point_set.WIDTHS", SMALL["widths"])
    built = PointSetNetwork.__init__
    monkeypatch.setattr(PointSetNetwork, "__init__", lambda self, flavour: built(self, flavour, **SMALL))
    pictures = torch.rand(1, 4, 32, 48)
    for source in (path, arrays, small.state_dict()):
        network = PointSetNetwork.from_published(source, flavour)
        assert torch.equal(network(pictures), small.eval()(pictures))
    for name, message in (("Conv2D_3/W:0", "missing"), ("FullyConnected/b:0", "missing: dense.bias")):
        with pytest.raises(CourseError, match=message):
            PointSetNetwork.from_published({key: value for key, value in arrays.items() if key != name}, flavour)
    with pytest.raises(CourseError, match="unexpected: Conv3D/W:0"):
        PointSetNetwork.from_published(arrays | {"Conv3D/W:0": np.zeros(3)}, flavour)


def test_names_of_the_published_network():
    with torch.device("meta"):
        names = PointSetNetwork("two_branch").public_names()
        hourglass = PointSetNetwork("hourglass").public_names()
    assert len(names) == 2 * (27 + 3 + 3) and names["Conv2D_18/W:0"][0] == "bottom.0.weight"
    assert names["FullyConnected_2/b:0"][0] == "place.2.bias" and names["Conv2D_26/W:0"][0] == "place_map.weight"
    assert len(hourglass) == 2 * (50 + 8 + 5) and hourglass["Conv2D_41/W:0"][0] == "bottom_again.0.weight"
    assert hourglass["FullyConnected_1/W:0"][0] == "dense_again.weight"


def test_a_pickle_that_asks_for_code_is_refused(tmp_path):
    path = tmp_path / "weights.pkl"
    path.write_bytes(pickle.dumps(("a", np.ones(2))) + pickle.dumps(("b", print)))
    with pytest.raises(CourseError, match="builtins.print"):
        read_array_pickles(path)
    path.write_bytes(pickle.dumps(("a", np.ones(2)))[:-9])
    with pytest.raises(CourseError, match="incomplete"):
        read_array_pickles(path)
    path.write_bytes(pickle.dumps(("a", np.ones(2)), protocol=2).replace(b"latin1", b"lXtin1"))  # one byte is damaged
    with pytest.raises(CourseError, match="incomplete"):
        read_array_pickles(path)
    with pytest.raises(CourseError, match="No weights at"):
        read_array_pickles(tmp_path / "none.pkl")
    path.write_bytes(pickle.dumps(("a", np.float32(2.5))) + pickle.dumps(("b", np.arange(6).reshape(2, 3)), protocol=2))
    found = read_array_pickles(path)
    assert found["a"] == 2.5 and found["b"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_preprocess():
    picture, silhouette = torch.zeros(1, 3, 1, 2), torch.tensor([[[True, False]]])
    picture[0, :, 0, 0] = torch.tensor([0.1, 0.2, 0.3])
    made = preprocess(picture, silhouette)
    assert torch.allclose(made[0, :, 0, 0], torch.tensor([0.3, 0.2, 0.1, 0.0]))
    assert torch.allclose(made[0, :, 0, 1], torch.tensor([191 / 255] * 3 + [1.0]))
    with pytest.raises(ShapeError, match="silhouettes"):
        preprocess(picture, silhouette[0])


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_batch_is_learnt_by_heart(flavour):
    torch.manual_seed(0)
    network = PointSetNetwork.mini(flavour, size=(32, 32))
    pictures, true = torch.rand(2, 4, 32, 32), torch.rand(2, 100, 3) - 0.5
    optimizer, losses = torch.optim.Adam(network.parameters(), 2e-3), []
    for _ in range(40):
        optimizer.zero_grad()
        loss = chamfer(network(pictures), true)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(p.grad is not None for p in network.parameters()) and losses[-1] < losses[0] / 4
    assert math.isfinite(losses[-1])


def test_errors():
    with pytest.raises(CourseError, match="two_branch, hourglass"):
        PointSetNetwork("tree")
    with pytest.raises(CourseError, match="multiples of 64"):
        PointSetNetwork(size=(100, 128))
    with pytest.raises(ShapeError, match="48 x 64"):
        PointSetNetwork.mini()(torch.zeros(1, 4, 64, 48))
    with pytest.raises(ShapeError, match="pictures"):
        PointSetNetwork.mini()(torch.zeros(1, 3, 48, 64))
