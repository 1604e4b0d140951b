"""MDNet at its published size, equal to the public reference for the same weights."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat
from torch.nn.functional import cross_entropy

from course_lib.errors import CourseError, ShapeError
from course_lib.models.mdnet import CONVS, LRN, MDNet, conv3_side, response_norm
from tests.hash_fill import hash_fill

FIXTURES = Path(__file__).parents[1] / "fixtures"
STORED = {name: torch.from_numpy(value) for name, value in np.load(FIXTURES / "mdnet.npz").items()}
KEYS = json.loads((FIXTURES / "mdnet.json").read_text())["keys"]


def close(ours, theirs):
    return (ours - theirs).abs().max() <= 1e-4 * theirs.abs().max()


@pytest.mark.parametrize(("domains", "expected"), [(1, 4_432_514), (3, 4_434_566)])
def test_published_size(domains, expected):
    with torch.device("meta"):
        assert sum(p.numel() for p in MDNet(domains).parameters()) == expected


def test_equals_the_public_reference():
    model = MDNet.from_published(hash_fill(KEYS), domains=3)
    crops = STORED["input"].float()
    with torch.no_grad():
        features = model.features(crops)
        assert close(features, STORED["conv3_hash"])
        for domain in range(3):
            assert close(model.head(features, domain), STORED[f"fc6_branch{domain}_hash"])
            assert close(model(crops, domain), STORED[f"fc6_branch{domain}_hash"])
        other = MDNet.from_published(hash_fill(KEYS), domains=3, lrn="vgg-m")(crops)
    assert not close(other, STORED["fc6_branch0_hash"])


@pytest.mark.parametrize(("lrn", "name"), [("py-mdnet", "lrn_pymdnet_size2_k1"), ("vgg-m", "lrn_vggm_n5_k2_a1e-4")])
def test_response_normalisation(lrn, name):
    assert close(response_norm(STORED["lrn_in"], lrn), STORED[name])
    channels, alpha, k = LRN[lrn]
    x = 100 * torch.randn(2, 7, 3, 4, generator=torch.Generator().manual_seed(0))
    theirs = torch.nn.LocalResponseNorm(channels, alpha * channels, 0.75, k)(x)
    assert torch.allclose(response_norm(x, lrn), theirs, rtol=1e-5)


def test_loss_is_the_cross_entropy_with_target_in_column_1():
    scores = torch.cat([STORED["bce_pos"], STORED["bce_neg"]])
    labels = torch.tensor([1] * len(STORED["bce_pos"]) + [0] * len(STORED["bce_neg"]))
    assert cross_entropy(scores, labels).item() == pytest.approx(STORED["bce_avg"].item(), rel=1e-5)


def test_loads_the_shared_layers_alone(tmp_path):
    """The published file has no branches: new ones are there, and small."""
    state = hash_fill(KEYS)
    shared = {k.removeprefix("layers."): v for k, v in state.items() if k.startswith("layers.")}
    torch.save({"shared_layers": shared}, tmp_path / "mdnet_vot-otb.pth")
    model = MDNet.from_published(tmp_path / "mdnet_vot-otb.pth", domains=2)
    assert torch.equal(model.fc5.weight, state["layers.fc5.1.weight"])
    assert len(model.branches) == 2 and model.branches[1].weight.std() < 0.02 and not model.training
    plain = MDNet.from_published({f"module.{k}": v for k, v in model.state_dict().items()}, domains=2)
    assert all(torch.equal(v, plain.state_dict()[k]) for k, v in model.state_dict().items())


def matlab_layers(model, fields, upto=5):
    """Layers of a network as MatConvNet keeps them: kernels (rows, columns, inputs, outputs), ReLUs between."""
    kernels = {}
    for name in ("conv1", "conv2", "conv3", "fc4", "fc5")[:upto]:
        layer = getattr(model, name)
        side = {"fc4": 3}.get(name, 1)
        weight = layer.weight.detach() if name.startswith("conv") else layer.weight.detach().unflatten(
            1, (-1, side, side)
        )  # fmt: skip
        kernels[name] = weight.permute(2, 3, 1, 0).numpy(), layer.bias.detach().numpy()[None]
    layers = []
    for name, (kernel, bias) in kernels.items():
        if fields == "weights":
            both = np.empty((1, 2), dtype=object)
            both[0, 0], both[0, 1] = kernel, bias
            layers.append({"type": "conv", "name": name, "weights": both})
        else:
            layers.append({"type": "conv", "name": name, "filters": kernel, "biases": bias})
        layers.append({"type": "relu", "name": f"relu{name[-1]}"})
    layers.append({"type": "conv", "name": "fc6", "weights": np.zeros((1, 2))})
    cells = np.empty((1, len(layers)), dtype=object)
    for i, layer in enumerate(layers):
        cells[0, i] = layer
    return cells


@pytest.mark.parametrize("fields", ["weights", "filters"])
@pytest.mark.parametrize("nested", [False, True])
def test_loads_matconvnet(tmp_path, fields, nested):
    torch.manual_seed(0)
    model, path = MDNet(), tmp_path / "mdnet_vot-otb.mat"
    layers = matlab_layers(model, fields)
    savemat(path, {"net": {"layers": layers}} if nested else {"layers": layers})
    loaded = MDNet.from_published(path)
    for name in ("conv1.weight", "conv2.bias", "conv3.weight", "fc4.weight", "fc5.weight", "fc5.bias"):
        assert torch.equal(loaded.state_dict()[name], model.state_dict()[name]), name
    assert loaded.lrn == "vgg-m"


def test_loads_the_convolutions_of_vgg_m(tmp_path):
    model, path = MDNet(), tmp_path / "imagenet-vgg-m.mat"
    savemat(path, {"layers": matlab_layers(model, "weights", upto=3)})
    loaded = MDNet.from_published(path, domains=4)
    assert torch.equal(loaded.conv3.weight, model.conv3.weight) and len(loaded.branches) == 4
    assert not torch.equal(loaded.fc4.weight, model.fc4.weight)


def test_what_cannot_be_loaded_is_explained(tmp_path):
    with pytest.raises(CourseError, match="No file at"):
        MDNet.from_published(tmp_path / "none.mat")
    savemat(tmp_path / "other.mat", {"images": np.zeros(3)})
    with pytest.raises(CourseError, match="no `layers`"):
        MDNet.from_published(tmp_path / "other.mat")
    (tmp_path / "half.mat").write_bytes(b"MATLAB 5.0 MAT-file" + b" " * 105 + b"\x00\x01IM" + b"\x0f\x00\x00")
    with pytest.raises(CourseError, match="cannot be read"):
        MDNet.from_published(tmp_path / "half.mat")
    state = hash_fill([key for key in KEYS if key[0] != "layers.conv2.0.bias"])
    with pytest.raises(CourseError, match=r"missing: conv2.bias"):
        MDNet.from_published(state, domains=3)
    with pytest.raises(CourseError, match=r"unexpected: branches.1.weight"):
        MDNet.from_published(hash_fill(KEYS))


def test_a_branch_belongs_to_its_domain():
    torch.manual_seed(0)
    model = MDNet.mini(3).eval()
    crops = torch.randn(4, 3, 43, 43)
    model(crops, 1).sum().backward()
    touched = [name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert "branches.1.weight" in touched and "conv1.weight" in touched
    assert not any(name.startswith(("branches.0", "branches.2")) for name in touched)


def test_new_branches_know_nothing_and_leave_the_rest():
    model = MDNet.mini(3)
    before = model.fc5.weight.clone()
    model.new_branches()
    assert len(model.branches) == 1 and torch.equal(model.fc5.weight, before)
    scores = model.eval()(torch.randn(8, 3, 43, 43))
    assert scores.abs().max() < 1


def test_prepare_takes_the_grey_of_128_to_zero():
    model = MDNet.mini()
    assert model.prepare(torch.tensor([0.0, 128 / 255, 1.0])).tolist() == pytest.approx([-2.0, 0.0, 127 / 64], abs=1e-5)
    with torch.device("meta"):
        assert MDNet().unit == 1.0


@pytest.mark.parametrize(("crop", "convs", "side"), [(107, CONVS, 3), (43, ((1, 5, 2), (1, 3, 1), (1, 2, 1)), 2)])
def test_conv3_side(crop, convs, side):
    assert conv3_side(crop, convs) == side


def test_refuses():
    with pytest.raises(CourseError, match="vanishes at conv3"):
        conv3_side(60)
    with pytest.raises(CourseError, match="at least 1"):
        MDNet(0)
    with pytest.raises(CourseError, match="lrn is 'caffe'"):
        MDNet(lrn="caffe")
    with pytest.raises(ShapeError):
        MDNet.mini()(torch.zeros(2, 3, 32, 32))


def test_mini_overfits_one_batch():
    torch.manual_seed(0)
    model, crops, labels = MDNet.mini(), torch.randn(8, 3, 43, 43), torch.arange(8) % 2
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(60):
        optimizer.zero_grad()
        cross_entropy(model(crops), labels).backward()
        optimizer.step()
    assert (model.eval()(crops).argmax(1) == labels).all()
