"""ResNet-50 with any normalisation: its published size, the public layouts, and what freezing means."""

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from course_lib.errors import CourseError, ShapeError
from course_lib.models import resnet_gn
from course_lib.models.resnet_gn import NORMS, FrozenBatchNorm, ResNet50, ResNet101, preprocess
from tests.reference import distance


def torchvisions(norm="gn", make=torchvision.models.resnet50):
    """torchvision's network, in evaluation mode, with weights that matter everywhere."""
    torch.manual_seed(3)
    network = make(norm_layer=(lambda channels: nn.GroupNorm(32, channels)) if norm == "gn" else nn.BatchNorm2d)
    for name, values in network.state_dict().items():
        if values.dim() == 1 and values.is_floating_point():
            values.copy_(torch.rand_like(values) + (0.5 if "var" in name or name.endswith("weight") else -0.5))
    return network.eval()


@pytest.mark.parametrize("norm", [norm for norm in NORMS if norm != "frozen"])
def test_published_size_with_every_method(norm):
    with torch.device("meta"):
        assert sum(p.numel() for p in ResNet50(norm=norm).parameters()) == 25_557_032


@pytest.mark.parametrize("norm", ["gn", "bn", "frozen"])
def test_equals_torchvisions_network_with_that_norm(norm):
    theirs, picture = torchvisions(norm), torch.randn(1, 3, 67, 90)
    ours = ResNet50.from_published(theirs.state_dict(), norm=norm)
    with torch.no_grad():
        assert distance(ours(picture), theirs(picture)) < 1e-5


def test_the_authors_layout_is_wrapped(tmp_path):
    state = torchvisions().state_dict()
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, tmp_path / "model.pth")
    ours = ResNet50.from_published(tmp_path / "model.pth").state_dict()
    assert all(torch.equal(ours[key], value) for key, value in state.items())


def tensorpacks(state):
    """A state dict of torchvision's names as tensorpack writes it: other names, axes in another order, BGR first."""
    arrays = {"global_step": np.array(7)}
    for key, value in state.items():
        *scopes, kind = key.split(".")
        value = value.flip(1) if key == "conv1.weight" else value
        if scopes == ["fc"]:
            arrays[f"linear/{'W' if kind == 'weight' else 'b'}"] = (value.T if kind == "weight" else value).numpy()
            continue
        place = "" if len(scopes) == 1 else f"group{int(scopes[0][-1]) - 1}/block{scopes[1]}/"
        layer, is_norm = scopes[-1], value.dim() == 1
        if scopes[-2:-1] == ["downsample"]:
            layer = "convshortcut"
        elif len(scopes) == 1:
            layer = "conv0"
        name = layer.replace("bn", "conv") + ("/gn/" + {"weight": "gamma", "bias": "beta"}[kind] if is_norm else "/W")
        arrays[place + name] = value.numpy() if is_norm else value.permute(2, 3, 1, 0).numpy()
    return arrays


@pytest.mark.parametrize("name, ours", [("resnet50", ResNet50), ("resnet101", ResNet101)])
def test_loads_tensorpacks_file(tmp_path, name, ours):
    state = torchvisions(make=getattr(torchvision.models, name)).state_dict()
    np.savez(tmp_path / "GroupNorm.npz", **tensorpacks(state))
    loaded = ours.from_published(tmp_path / "GroupNorm.npz").state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_says_which_keys_do_not_fit(tmp_path):
    state = torchvisions().state_dict()
    del state["layer3.2.bn2.bias"]
    with pytest.raises(CourseError, match=r"missing: layer3\.2\.bn2\.bias"):
        ResNet50.from_published(state)
    with pytest.raises(CourseError, match=r"unexpected: .*running_mean"):
        ResNet50.from_published(torchvisions("bn").state_dict())  # weights of BN, a network of GN
    with pytest.raises(CourseError, match="unexpected: unknown/W"):
        ResNet50.from_published(tensorpacks(torchvisions().state_dict()) | {"unknown/W": np.zeros(2)})
    (tmp_path / "half.npz").write_bytes(b"not an archive")
    with pytest.raises(CourseError, match="cannot be read"):
        ResNet50.from_published(tmp_path / "half.npz")


def test_each_block_begins_as_the_identity():
    network, x = ResNet50.mini(4), torch.rand(2, 64, 8, 6)
    block = network.layer1[0].eval()
    assert torch.equal(block(x[:, :16]), block.downsample(x[:, :16]).relu())
    assert all(block.bn3.weight.eq(0).all() for block in network.modules() if isinstance(block, resnet_gn.Bottleneck))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dims, x", [(2, (3, 3, 24, 20)), (3, (3, 3, 5, 24, 20))])
def test_mini_takes_pictures_and_clips_and_learns_one_batch(norm, dims, x):
    torch.manual_seed(0)
    network, batch = ResNet50.mini(3, norm, dims=dims), torch.randn(x)
    assert isinstance(network, ResNet50)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(batch), torch.arange(3))
        loss.backward()
        optimizer.step()
    assert loss < 0.2


def test_group_norm_of_clips_averages_over_time():
    layer = resnet_gn.norm_layer("gn", 8, groups=2, dims=3)
    clip = torch.arange(6.0).view(1, 1, 6, 1, 1).expand(1, 8, 6, 4, 4)  # every frame is constant, and they differ
    assert layer(clip).std() > 0.9  # frame by frame, all of it would be 0


def test_frozen_norm_is_that_of_evaluation_and_nothing_of_it_is_trained():
    layer = nn.BatchNorm2d(6)
    for _ in range(3):
        layer(torch.randn(4, 6, 5, 3) * 2 + 1)
    frozen = FrozenBatchNorm(6)
    frozen.load_state_dict(layer.state_dict(), strict=False)
    x = torch.randn(2, 6, 5, 3)
    assert torch.allclose(frozen.train()(x), layer.eval()(x), atol=1e-6)
    assert not list(frozen.parameters())


def test_bad_arguments_are_explained():
    with pytest.raises(CourseError, match="'gn', 'bn'"):
        ResNet50(norm="wn")
    with pytest.raises(CourseError, match="7 groups do not divide 16"):
        ResNet50.mini(3, groups=7)
    with pytest.raises(CourseError, match='"small"'):
        ResNet50(3, blocks=(1,), stem="tiny")
    with pytest.raises(ShapeError, match="permute"):
        ResNet50.mini(3)(torch.zeros(2, 24, 24, 3))


def test_preprocess_keeps_the_centre_and_the_aspect_ratio():
    picture = torch.zeros(3, 300, 600, dtype=torch.uint8)
    picture[:, :, 200:400] = 255
    out = preprocess(picture)
    assert out.shape == (3, 224, 224)
    white, black = (1 - 0.485) / 0.229, -0.485 / 0.229
    assert out[0, 112, 112].item() == pytest.approx(white, abs=1e-4)
    assert out[0, 112, 10].item() == pytest.approx(black, abs=1e-4)
    assert preprocess(torch.zeros(3, 30, 41, dtype=torch.uint8)).shape == (3, 224, 224)
