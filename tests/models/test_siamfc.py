"""SiamFC at its published size, equal to the public reference for the same weights; layouts; full convolutionality."""

import json

import numpy as np
import pytest
import torch
from scipy.io import savemat

from course_lib.errors import CourseError, ShapeError
from course_lib.models.siamfc import SiamFC, preprocess
from course_lib.ops.response_maps import balanced_weights, label_map, logistic_loss
from tests.hash_fill import hash_fill
from tests.reference import FIXTURES

STORED = np.load(FIXTURES / "siamfc_AlexNetV1.npz")
KEYS = json.loads((FIXTURES / "siamfc_AlexNetV1.manifest.json").read_text())["keys"]


def near(ours, theirs):
    """Largest difference, relative to the largest number."""
    theirs = torch.from_numpy(theirs)
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


@pytest.mark.parametrize(
    ("backbone", "expected"), [("v1", 2_336_320), ("v2", 1_949_024), ("v3", 14_921_856), ("pysot", 3_749_952)]
)
def test_published_size(backbone, expected):
    with torch.device("meta"):
        assert sum(p.numel() for p in SiamFC(backbone).parameters()) == expected


@pytest.mark.parametrize(("backbone", "cells", "stride"), [("v1", 17, 8), ("v2", 33, 4), ("v3", 17, 8)])
def test_size_of_the_response(backbone, cells, stride):
    with torch.device("meta"):
        model = SiamFC(backbone)
        assert model(torch.empty(2, 3, 127, 127), torch.empty(4, 3, 255, 255)).shape == (4, 1, cells, cells)
    assert model.stride == stride


@pytest.fixture(scope="module")
def published():
    return SiamFC.from_published(hash_fill(KEYS))


@torch.no_grad()
def test_equals_the_public_reference(published):
    z, x = torch.from_numpy(STORED["z"]), torch.from_numpy(STORED["x"])
    assert near(published.features(z), STORED["feat_z_hash"]) < 1e-4
    assert near(published(z, x), STORED["response_hash"]) < 1e-4


@torch.no_grad()
def test_moving_the_image_by_the_stride_moves_the_response_by_one_cell(published):
    """h(L_k x) = L h(x): exact without padding; with padding, features near the border know where they are."""
    wide = torch.from_numpy(STORED["x"])
    whole = published.features(wide)
    moved = published.features(wide[:, :, 8:, 16:])  # one cell down, two to the right
    assert torch.allclose(moved, whole[:, :, 1:, 2:], rtol=1e-4, atol=1e-4 * whole.abs().max())
    between = published.features(wide[:, :, 4:])  # half a cell down: neither the one nor the other
    for cells in (whole[:, :, :-1], whole[:, :, 1:]):
        assert (between[:, :, :21] - cells).norm() > 0.03 * cells.norm()


@pytest.mark.parametrize("backbone", ["v1", "v2", "v3"])
@pytest.mark.parametrize("prefix", ["backbone.", "module.backbone.", ""])
def test_finds_the_backbone_by_itself(backbone, prefix):
    model = SiamFC(backbone)
    state = {key.replace("backbone.", prefix): value for key, value in model.state_dict().items()}
    loaded = SiamFC.from_published(state)
    assert all(torch.equal(a, b) for a, b in zip(loaded.state_dict().values(), state.values(), strict=True))
    assert not loaded.training


def pysot_key(key, layout):
    _, block, number, kind = key.split(".")
    block, number = int(block[-1]), int(number)
    if layout == "layers":
        return f"backbone.layer{block}.{number}.{kind}"
    return f"backbone.features.{[0, 4, 8, 11, 14][block - 1] + number}.{kind}"


@pytest.mark.parametrize("layout", ["layers", "features"])
def test_loads_the_layouts_of_pysot(layout, tmp_path):
    model = SiamFC("pysot")
    state = {pysot_key(key, layout): value for key, value in model.state_dict().items()}
    torch.save({"state_dict": state | {"rpn_head.cls.head.0.weight": torch.zeros(3)}}, tmp_path / "model.pth")
    loaded = SiamFC.from_published(tmp_path / "model.pth")
    assert loaded.backbone.conv1[1].eps == 1e-5 and model.stride == 8
    assert all(torch.equal(a, b) for a, b in zip(loaded.state_dict().values(), state.values(), strict=True))
    bare = {key.removeprefix("backbone."): value for key, value in state.items()}
    image = torch.rand(1, 3, 95, 95)
    with torch.no_grad():
        assert torch.equal(SiamFC.from_published(bare).features(image), loaded.features(image))


def test_loads_the_older_layout():
    model = SiamFC("v1")
    state = {
        pysot_key(key, "features").replace("backbone.features", "feature"): value
        for key, value in model.state_dict().items()
    }
    assert "feature.14.bias" in state
    loaded = SiamFC.from_published(state)
    assert all(torch.equal(a, b) for a, b in zip(loaded.state_dict().values(), state.values(), strict=True))


def test_loads_what_the_course_has_trained():
    model = SiamFC("v3", bias=True)
    torch.nn.init.constant_(model.bias, -1.5)
    assert SiamFC.from_published({"step": 7, "model": model.state_dict()}).bias.item() == -1.5


def matlab_network(model, gain=1e-3):
    """`model` as MatConvNet's DagNN saves it: norms with the deviation instead of the variance."""
    parameters = {"adjust_f": gain, "adjust_b": model.bias.item()}
    for i, block in enumerate(model.backbone, 1):
        parameters[f"conv{i}f"] = block[0].weight.detach().permute(2, 3, 1, 0).numpy()
        parameters[f"conv{i}b"] = block[0].bias.detach().numpy()[:, None]
        if i < 5:
            deviation = (block[1].running_var.double() + block[1].eps).sqrt()
            parameters[f"bn{i}m"] = block[1].weight.detach().numpy()[:, None]
            parameters[f"bn{i}b"] = block[1].bias.detach().numpy()[:, None]
            parameters[f"bn{i}x"] = np.stack([block[1].running_mean.numpy(), deviation.numpy()], 1)
    structs = np.empty((1, len(parameters)), dtype=[("name", object), ("value", object)])
    for i, both in enumerate(parameters.items()):
        structs[0, i] = both
    return {"net": {"params": structs}}


@torch.no_grad()
def test_loads_the_authors_file(tmp_path):
    model = SiamFC("v1", bias=True)
    filled = hash_fill(KEYS)
    model.load_state_dict(filled | {"bias": torch.tensor(-0.25)})
    savemat(tmp_path / "2016-08-17.net.mat", matlab_network(model))
    loaded = SiamFC.from_published(tmp_path / "2016-08-17.net.mat")
    assert loaded.bias.item() == -0.25 and not loaded.training
    assert near(loaded.features(torch.from_numpy(STORED["z"])), STORED["feat_z_hash"]) < 1e-4
    savemat(tmp_path / "gain.mat", matlab_network(model, gain=0.1))
    with pytest.raises(CourseError, match="multiplies the response by 0.1"):
        SiamFC.from_published(tmp_path / "gain.mat")
    savemat(tmp_path / "other.mat", {"layers": np.zeros(3)})
    with pytest.raises(CourseError, match="no `net.params`"):
        SiamFC.from_published(tmp_path / "other.mat")


def test_norms_have_the_eps_of_the_reference():
    """With a variance near 0, 1e-6 and the common 1e-5 are different functions."""
    norms = [m for m in SiamFC("v1").modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert [(n.eps, n.momentum) for n in norms] == [(1e-6, 0.05)] * 4


def test_says_which_keys_do_not_fit():
    state = SiamFC("v2").state_dict()
    del state["backbone.conv3.0.bias"]
    with pytest.raises(CourseError, match=r"missing: backbone.conv3.0.bias(.|\n)*unexpected: head.weight"):
        SiamFC.from_published(state | {"head.weight": torch.zeros(1)})


def test_refuses():
    with pytest.raises(CourseError, match="'v1', 'v2'"):
        SiamFC("v4")
    with pytest.raises(ShapeError, match="exchanged"):
        SiamFC.mini()(torch.zeros(1, 3, 79, 79), torch.zeros(1, 3, 47, 47))


def test_preprocess():
    image = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1)
    assert preprocess(image).tolist() == preprocess(image / 255).tolist() == [[[0.0]], [[51.0]], [[255.0]]]


def test_mini_overfits_one_batch():
    torch.manual_seed(0)
    model = SiamFC.mini()
    search = 255 * torch.rand(4, 3, 79, 79)
    exemplar = search[:, :, 16:63, 16:63]  # the middle
    labels = label_map((9, 9), model.stride, 4)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(60):
        optimizer.zero_grad()
        logistic_loss(model(exemplar, search), labels, balanced_weights(labels)).backward()
        optimizer.step()
    responses = model.eval()(exemplar, search)
    assert (responses.flatten(1).argmax(1) == 40).all()  # the middle of 9 x 9
