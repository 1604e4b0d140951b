"""Depth networks: published sizes, equality with the public MiDaS blocks, loading, and one batch learnt by heart."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, ShapeError
from course_lib.models.depth_fcn import DepthFCN
from course_lib.models.eigen_depth import SIZE, EigenDepth, coarse_size, coarsest_size
from course_lib.models.midas import (
    FeatureFusionBlock,
    MidasNet,
    ResidualConvUnit,
    input_size,
    inverse_depth,
    preprocess,
)
from course_lib.ops.depth import scale_invariant_loss
from course_lib.train import fit

FIXTURES = Path(__file__).parents[1] / "fixtures"
STORED = {key: torch.from_numpy(value) for key, value in np.load(FIXTURES / "depth.npz").items()}
EXPECTED = json.loads((FIXTURES / "depth.json").read_text())


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def wave_filled(module):
    """The rule by which the reference's weights were filled: sine waves in the order of the state dict."""
    with torch.no_grad():
        for i, tensor in enumerate(module.state_dict().values()):
            wave = torch.sin(torch.arange(tensor.numel(), dtype=torch.float64) * 0.37 + i * 1.7)
            fan_in = tensor.numel() / tensor.shape[0]
            tensor.copy_((wave * (2 / fan_in) ** 0.5 if tensor.ndim > 1 else 0.01 * wave).view(tensor.shape))
    return module


def test_midas_has_its_published_size():
    with torch.device("meta"):
        state = MidasNet().state_dict()
    assert sum(v.numel() for k, v in state.items() if "running" not in k and "num_b" not in k) == 105_362_945
    assert len(state) == EXPECTED["midas_v2_large_n_tensors"] == 666
    parts = Counter(key.split(".")[0] if key[0] == "s" else ".".join(key.split(".")[:2]) for key in state)
    assert parts == EXPECTED["midas_key_prefix_counts"]
    for key, shape in EXPECTED["midas_v2_nonbackbone_keys"]:
        assert list(state[key].shape) == shape, key
    assert set(EXPECTED["midas_v2_backbone_key_examples"]) <= set(state)


def test_midas_blocks_equal_the_public_ones():
    block, unit = wave_filled(FeatureFusionBlock(4)), wave_filled(ResidualConvUnit(4))
    with torch.no_grad():
        both = block(STORED["midas_ffb_a"], STORED["midas_ffb_b"])
        alone = block(STORED["midas_ffb_a"])
        refined = unit(STORED["midas_rcu_in"])
    for ours, name in ((both, "midas_ffb_out2"), (alone, "midas_ffb_out1"), (refined, "midas_rcu_out")):
        assert (ours - STORED[name]).norm() / STORED[name].norm() < 1e-5, name


def test_the_skip_adds_the_rectified_input():
    """What the ReLU in place does to the public unit: the form with x itself is off by as much as x is negative."""
    unit, x = wave_filled(ResidualConvUnit(4)), STORED["midas_rcu_in"]
    with torch.no_grad():
        usual = x + unit.conv2(unit.conv1(x.relu()).relu())
    off = (usual - STORED["midas_rcu_out"]).abs().max().item()
    assert off == pytest.approx(EXPECTED["midas_rcu_skip_is_x_maxdiff"], rel=1e-4)


def test_a_unit_leaves_its_input_alone():
    x = torch.randn(1, 4, 5, 6)
    before = x.clone()
    ResidualConvUnit(4)(x)
    assert torch.equal(x, before)


def test_midas_loads_and_says_what_does_not_fit(monkeypatch, tmp_path):
    monkeypatch.setattr(MidasNet, "__init__", lambda self, _init=MidasNet.__init__: _init(
        self, blocks=(1, 1, 1, 1), groups=1, group_width=4, features=8))  # fmt: skip
    torch.manual_seed(0)
    model = MidasNet()
    state = {f"module.{k}": v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "midas.pt")
    loaded = MidasNet.from_published(tmp_path / "midas.pt")
    assert not loaded.training
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    del state["module.scratch.layer3_rn.weight"]
    with pytest.raises(CourseError, match="missing: scratch.layer3_rn.weight"):
        MidasNet.from_published(state)


def test_midas_runs_from_frames_to_inverse_depth():
    torch.manual_seed(0)
    network = MidasNet.mini().eval()
    frames = torch.randint(256, (2, 3, 50, 90), dtype=torch.uint8)
    found = inverse_depth(network, frames, size=96)
    assert found.shape == (2, 50, 90) and (found >= 0).all() and not found.requires_grad
    assert network(preprocess(frames, 96)).shape == (2, 64, 96)
    with pytest.raises(ShapeError, match="preprocess"):
        network(torch.zeros(1, 3, 50, 96))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((480, 640), (288, 384)), ((640, 480), (384, 288)), ((384, 384), (384, 384)), ((1080, 1920), (224, 384)),
     ((376, 1241), (128, 384)), ((10, 800), (32, 384)), ((100, 101), (384, 384))],
)  # fmt: skip
def test_sizes_are_multiples_of_32_and_keep_the_shape(size, expected):
    assert input_size(*size) == expected


def test_preprocessing_standardises_bytes_and_floats_alike():
    frames = torch.randint(256, (1, 3, 64, 96), dtype=torch.uint8)
    assert torch.allclose(preprocess(frames, 96), preprocess(frames.float() / 255, 96), atol=1e-5)
    grey = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    assert preprocess(grey, 64).abs().max() < 1e-5


def test_eigen_sizes_are_those_of_the_paper():
    assert coarse_size(SIZE) == (55, 74) and coarsest_size(SIZE) == (6, 8)
    with torch.device("meta"):
        network = EigenDepth()
        output = network(torch.zeros(2, 3, *SIZE))
        maps = network.coarse.convs[:3](torch.zeros(1, 3, *SIZE))
        deeper = network.coarse.convs[:6](torch.zeros(1, 3, *SIZE))
    assert output.shape == (2, 55, 74) and maps.shape[2:] == (27, 37) and deeper.shape[2:] == (13, 18)
    assert network.coarse.full[1].in_features == 256 * 6 * 8 == 12288
    assert parameters(network) == 70_877_171


@pytest.mark.parametrize("size", [(76, 100), (92, 76), SIZE])
def test_eigen_parts_agree_in_size(size):
    with torch.device("meta"):
        network = EigenDepth(size=size)
        assert network(torch.zeros(1, 3, *size)).shape[1:] == coarse_size(size)


def test_the_coarse_part_rests_while_the_fine_part_learns():
    network = EigenDepth.mini()
    network(torch.rand(2, 3, 76, 100)).sum().backward()
    assert all(p.grad is None for p in network.coarse.parameters())
    assert all(p.grad is not None for p in network.fine.parameters())
    with pytest.raises(ShapeError, match=r"made for 76 x 100"):
        network(torch.rand(1, 3, 100, 76))


def test_fully_convolutional_network_takes_any_size_in_steps_of_16():
    network = DepthFCN.mini(3)
    assert network(torch.rand(2, 3, 48, 80)).shape == (2, 3, 48, 80)
    with pytest.raises(ShapeError, match="divisible by 16"):
        network(torch.rand(1, 3, 40, 64))
    with pytest.raises(CourseError, match="at least 1 output"):
        DepthFCN(0)
    with pytest.raises(CourseError, match="multiples of 8"):
        DepthFCN(widths=(8, 12))
    assert parameters(DepthFCN.mini()) == 130_337


def test_small_networks_learn_a_batch_by_heart():
    torch.manual_seed(0)
    frames, depth, _ = SceneWorld(48, 64).pictures(4, seed=1)
    network = DepthFCN.mini()

    def loss(network, batch):
        return scale_invariant_loss(network(batch[0])[:, 0], batch[1])

    before = loss(network, (frames, depth)).item()
    fit(network, lambda step: (frames, depth), 60, loss=loss, lr=5e-3)
    assert loss(network, (frames, depth)).item() < 0.15 * before
