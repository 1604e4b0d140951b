"""I3D at its published size, equal to the public reference for the same weights; every layout; inflation."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.errors import CourseError, ShapeError
from course_lib.models.i3d import (
    I3D,
    Inception,
    InceptionV1,
    SamePool,
    inflate,
    preprocess,
    preprocess_flow,
    same_padding,
)
from course_lib.models.i3d_layouts import from_tensorflow
from course_lib.models.tensor_bundle import read_index
from tests.models.test_tensor_bundle import write_checkpoint
from tests.reference import FIXTURES, distance, fill, reference

TO_HASSONY = json.loads((FIXTURES / "i3d_keymap_piergiaj_to_hassony2.json").read_text())["map"]
TENSORFLOW = json.loads((FIXTURES / "i3d_tf_checkpoint_index.json").read_text())["checkpoints"]
KEYS = [key for key, _ in json.loads((FIXTURES / "i3d_rgb.json").read_text())["keys"]]


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    "channels, scale, expected", [(3, True, 12_697_264), (2, True, 12_675_312), (3, False, 12_689_984)]
)
def test_published_size(channels, scale, expected):
    with torch.device("meta"):
        assert parameters(I3D(400, channels, scale=scale)) == expected


@pytest.fixture(scope="module")
def published():
    keys, clip, outputs = reference("i3d_rgb")
    return I3D.from_published(fill(keys)), clip, outputs


@torch.no_grad()
def test_equals_the_public_reference(published):
    model, clip, outputs = published
    seen = {}
    for name in ("conv1a", "mixed3b", "mixed5c"):
        getattr(model.trunk, name).register_forward_hook(lambda _, __, out, name=name: seen.update({name: out}))
    assert distance(model.logits_in_time(clip), outputs["logits_mt"]) < 1e-5
    assert distance(model(clip), outputs["logits_mt"].mean(2)) < 1e-5
    for ours, theirs in (("conv1a", "Conv3d_1a_7x7"), ("mixed3b", "Mixed_3b"), ("mixed5c", "Mixed_5c")):
        values = seen[ours].flatten()
        places = np.unique(np.linspace(0, len(values) - 1, 64).round().astype(int))
        assert distance(values[places], outputs[f"ep_{theirs}"]) < 1e-5, ours


@torch.no_grad()
def test_even_padding_of_conv1_alone_would_be_noticed(published):
    model, clip, outputs = published
    conv1a = model.trunk.conv1a
    conv1a.even, conv1a.conv.padding = True, (3, 3, 3)
    wrong = distance(model(clip), outputs["logits_mt"].mean(2))
    conv1a.even, conv1a.conv.padding = False, (0, 0, 0)
    assert wrong == pytest.approx(0.018, rel=0.1)


@pytest.mark.parametrize(
    "clip, maps",
    [((10, 57, 75), (2, 2, 3)), ((1, 32, 32), (1, 1, 1)), ((17, 33, 64), (3, 2, 2)), ((64, 8, 8), (8, 1, 1))],
)
def test_any_length_and_odd_sizes(clip, maps):
    model = I3D.mini(5, 2).eval()
    x = torch.randn(2, 2, *clip)
    assert model.features(x).shape == (2, 104, *maps)
    in_time = model.logits_in_time(x)
    assert in_time.shape == (2, 5, max(maps[0] - 1, 1)) and torch.allclose(model(x), in_time.mean(2))


@pytest.mark.parametrize(
    "size, kernel, stride, expected",
    [(224, 7, 2, (2, 3)), (225, 7, 2, (3, 3)), (57, 3, 2, (1, 1)), (56, 3, 2, (0, 1)), (5, 2, 2, (0, 1)),
     (6, 2, 2, (0, 0)), (9, 3, 1, (1, 1)), (8, 1, 3, (0, 0))],
)  # fmt: skip
def test_same_padding(size, kernel, stride, expected):
    assert same_padding(size, kernel, stride) == expected
    before, after = expected
    assert (size + before + after - kernel) // stride + 1 == -(-size // stride)


def test_padding_never_wins_a_pool():
    pool = SamePool((3, 3, 3), (2, 2, 2))
    assert torch.equal(pool(torch.full((1, 1, 4, 5, 6), -3.0)), torch.full((1, 1, 2, 3, 3), -3.0))


def tiny(channels=3, scale=True):
    """A narrow I3D with weights that differ from the first ones."""
    model = I3D(7, channels, scale=scale, trunk={"divide": 8})
    with torch.no_grad():
        for value in [*model.parameters(), *model.buffers()]:
            if value.is_floating_point():
                value.copy_(torch.rand_like(value) + 0.5)
    return model


OURS_TO_PIERGIAJ = {  # by order: the public manifest lists the last layer first
    ours: theirs for ours, theirs in zip(I3D(7, trunk={"divide": 8}).state_dict(), [*KEYS[2:], *KEYS[:2]], strict=True)
}


def as_piergiaj(model):
    return {OURS_TO_PIERGIAJ[key]: value for key, value in model.state_dict().items()}


def as_hassony(model):
    return {TO_HASSONY[key]: value for key, value in as_piergiaj(model).items()}


def tensorflow_name(key, scope):
    """The name of piergiaj's key in DeepMind's checkpoint; branch 2 of Mixed_5b has their slip."""
    if key.startswith("logits"):
        return f"{scope}Logits/Conv3d_0c_1x1/conv_3d/{'w' if key.endswith('weight') else 'b'}"
    layer, kind, what = key.rsplit(".", 2)
    unit = {
        "b0": "Branch_0/Conv3d_0a_1x1", "b1a": "Branch_1/Conv3d_0a_1x1", "b1b": "Branch_1/Conv3d_0b_3x3",
        "b2a": "Branch_2/Conv3d_0a_1x1", "b2b": "Branch_2/Conv3d_0b_3x3", "b3b": "Branch_3/Conv3d_0b_1x1",
    }  # fmt: skip
    if "." in layer:
        mixed, branch = layer.split(".")
        slip = mixed == "Mixed_5b" and branch == "b2b"
        layer = f"{mixed}/Branch_2/Conv3d_0a_3x3" if slip else f"{mixed}/{unit[branch]}"
    last = {"bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}
    return f"{scope}{layer}/conv_3d/w" if kind == "conv3d" else f"{scope}{layer}/batch_norm/{last[what]}"


def as_tensorflow(model, scope="RGB/inception_i3d/", five_axes=False):
    variables = {}
    for key, value in as_piergiaj(model).items():
        if key.endswith(("bn.weight", "num_batches_tracked")):
            continue
        value = value.detach()
        if value.ndim == 5:
            value = value.permute(2, 3, 4, 1, 0)
        elif five_axes and ".bn." in key:
            value = value.view(1, 1, 1, 1, -1)
        variables[tensorflow_name(key, scope)] = value.contiguous().numpy()
    return variables


def is_equal(loaded, model):
    loaded, state = loaded.state_dict(), model.state_dict()
    assert list(loaded) == list(state)
    return [key for key, value in state.items() if not torch.equal(loaded[key], value)] == []


@pytest.fixture
def narrow(monkeypatch):
    """`I3D(...)` as narrow as the weights of these tests."""
    monkeypatch.setattr(I3D, "__init__", lambda self, *args, _init=I3D.__init__, **kw: _init(
        self, *args, **{"trunk": {"divide": 8}, **kw}
    ))  # fmt: skip


@pytest.mark.parametrize("channels", [3, 2])
@pytest.mark.parametrize("layout", [as_piergiaj, as_hassony, lambda model: model.state_dict()])
def test_loads_every_pytorch_layout(narrow, tmp_path, layout, channels):
    model = tiny(channels)
    state = layout(model)
    assert is_equal(I3D.from_published(state), model)
    state = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}  # files of 2018
    state = {f"module.{k}": v.view(1, -1) if v.ndim == 1 and "bn" in k else v for k, v in state.items()}
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "i3d.pt")
    loaded = I3D.from_published(tmp_path / "i3d.pt", 7, channels)
    assert all(torch.equal(v, model.state_dict()[k]) for k, v in loaded.state_dict().items() if v.is_floating_point())
    assert not loaded.training


@pytest.mark.parametrize("scope, five", [("RGB/inception_i3d/", False), ("Flow/inception_i3d/", False), ("", True)])
def test_loads_tensorflow_checkpoints(narrow, tmp_path, scope, five):
    model = tiny(2 if scope.startswith("Flow") else 3)
    for key, value in model.state_dict().items():
        if key.endswith("bn.weight"):
            value.fill_(1)  # these files have no scales
        if key.endswith("num_batches_tracked"):
            value.fill_(0)
    variables = as_tensorflow(model, scope, five)
    assert is_equal(I3D.from_published({k: torch.from_numpy(v) for k, v in variables.items()}), model)
    momentum = {f"{name}/Momentum": value + 1 for name, value in variables.items()}
    write_checkpoint(tmp_path / "model.ckpt", variables | momentum | {"global_step": np.array(9)}, 16, 16)
    for source in (tmp_path / "model.ckpt", tmp_path / "model.ckpt.index", str(tmp_path)):
        assert is_equal(I3D.from_published(source), model)
    assert read_index(tmp_path / "model.ckpt.index").keys() == variables.keys() | momentum.keys() | {"global_step"}


@pytest.mark.parametrize("name, variables", TENSORFLOW.items())
def test_every_name_of_deepminds_checkpoints_is_known(name, variables):
    shaped = {key: torch.empty(shape, device="meta") for key, (shape, _) in variables.items()}
    found = {key: tuple(value.shape) for key, value in from_tensorflow(shaped).items()}
    classes, channels = 600 if "600" in name else 400, 2 if "flow" in name else 3
    with torch.device("meta"):
        model = I3D(classes, channels)
    expected = {k: tuple(v.shape) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    assert found == expected


def test_says_which_keys_do_not_fit():
    with torch.device("meta"):
        state = as_piergiaj(I3D(400))
    state = {key: torch.zeros(value.shape) for key, value in state.items()}
    with pytest.raises(CourseError, match=r"logits.weight: checkpoint \(400, 1024, 1, 1, 1\), model \(157, 1024"):
        I3D.from_published(state, 157)
    del state["Mixed_4c.b1b.conv3d.weight"], state["Conv3d_2b_1x1.bn.weight"]
    state["Mixed_9x.b0.conv3d.weight"] = torch.zeros(2)
    missing = "missing: trunk.conv2b.bn.weight, trunk.mixed4c.b1b.conv.weight"
    with pytest.raises(CourseError, match=rf"{missing}\n  unexpected: trunk.mixed9x.b0"):
        I3D.from_published(state)
    with pytest.raises(CourseError, match="missing: trunk.conv1a"):
        I3D.from_published({"layer1.weight": torch.zeros(3)})


def conv(kernel=(3, 5), **how):
    return nn.Conv2d(4, 6, kernel, **how)


@pytest.mark.parametrize(
    "how", [{}, {"stride": (2, 1), "padding": (1, 2)}, {"groups": 2, "bias": False}, {"padding": "same", "dilation": 2}]
)
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_an_inflated_layer_answers_a_boring_video_as_the_old_one_its_frame(how, frames):
    layer = conv(**how)
    frame = torch.randn(2, 4, 9, 11)
    inflated = inflate(layer, frames)
    assert inflated.kernel_size == (frames, 3, 5)
    answers = inflated(frame.unsqueeze(2).expand(-1, -1, frames + 3, -1, -1))
    assert answers.shape[2] == 4
    assert torch.allclose(answers, layer(frame).unsqueeze(2).expand_as(answers), atol=1e-5)


def test_padding_in_time_spoils_the_ends_alone():
    layer = conv(bias=False)
    frame = torch.randn(1, 4, 6, 7)
    answers = inflate(layer, 3, padding=1)(frame.unsqueeze(2).repeat(1, 1, 5, 1, 1))
    right = [torch.allclose(answers[:, :, t], layer(frame), atol=1e-5) for t in range(5)]
    assert right == [False, True, True, True, False]
    assert torch.allclose(answers[:, :, 0], layer(frame) * 2 / 3, atol=1e-5)


@torch.no_grad()
def test_the_whole_network_passes_the_boring_video_test_far_from_the_ends():
    """Zero padding in time reaches 50 frames into the clip: no step of a 64-frame clip is exact, some of 160 are."""
    torch.manual_seed(0)
    flat = InceptionV1(7, trunk={"divide": 8}).eval()
    for module in flat.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    deep = I3D(7, trunk={"divide": 8}).eval()
    deep.trunk.start_from(flat.trunk)
    frame = torch.randn(1, 3, 40, 33)
    expected = flat.trunk(frame)

    def exact(frames):
        maps = deep.features(frame.unsqueeze(2).expand(-1, -1, frames, -1, -1))
        return [distance(maps[:, :, t], expected) < 1e-5 for t in range(maps.shape[2])]

    assert not any(exact(64))
    middle = exact(160)
    assert len(middle) == 20 and all(middle[7:13]) and not middle[0] and not middle[-1]


def test_inflation_for_flow_keeps_the_sum_over_channels():
    flat = InceptionV1.mini(5)
    flow, ten = I3D.mini(4, 2), InceptionV1.mini(4, 20)
    assert flow.trunk.start_from(flat.trunk) is flow.trunk
    ten.trunk.start_from(flat.trunk)
    weight, old = flow.trunk.conv1a.conv.weight, flat.trunk.conv1a.conv.weight
    stacked = ten.trunk.conv1a.conv.weight
    assert weight.shape == (8, 2, 7, 7, 7) and torch.allclose(stacked.sum(1), old.sum(1), atol=1e-5)
    assert torch.allclose(weight.sum((1, 2)), old.sum(1), atol=1e-5) and torch.equal(weight[:, 0], weight[:, 1])
    assert torch.allclose(flow.trunk.conv2c.conv.weight.sum(2), flat.trunk.conv2c.conv.weight, atol=1e-6)


@pytest.mark.parametrize(
    "layer, frames, words",
    [
        (nn.Conv1d(2, 2, 3), 3, "Conv1d"),
        (conv(), 0, "at least 1"),
        (conv(), 2.0, "whole number"),
        (conv((2, 3), padding="same"), 3, "even"),
    ],
)
def test_inflate_refuses(layer, frames, words):
    with pytest.raises(CourseError, match=words):
        inflate(layer, frames)


def test_other_shapes_and_sizes_are_refused():
    with pytest.raises(ShapeError, match="permute"):
        I3D.mini(3)(torch.zeros(2, 16, 32, 32, 3))
    with pytest.raises(CourseError, match="2 or 3"):
        Inception(dims=1)
    with pytest.raises(CourseError, match="1, 2, 4 or 8"):
        Inception(divide=3)
    with pytest.raises(CourseError, match="among them 4b and 5b"):
        Inception(mixed=("3b", "4b"))


def test_preprocess():
    clip = torch.zeros(3, 2, 240, 320, dtype=torch.uint8)
    clip[0] = 255
    out = preprocess(clip)
    assert out.shape == (3, 2, 224, 224) and out.dtype == torch.float32
    assert out[0].min() == 1 and out[1:].max() == -1
    with pytest.raises(ShapeError, match="3"):
        preprocess(clip[:2])


def test_preprocess_flow_cuts_off_and_scales():
    flow = torch.zeros(2, 3, 256, 340)
    flow[0], flow[1, :, 16:, 58:] = 35.0, -5.0  # from here on lies the centre
    out = preprocess_flow(flow)
    assert out.shape == (2, 3, 224, 224)
    assert (out[0] == 1).all() and (out[1] == -0.25).all()
    with pytest.raises(ShapeError, match="at least 224"):
        preprocess_flow(torch.zeros(2, 3, 200, 300))


@pytest.mark.parametrize("build", [partial(I3D.mini, 4), partial(InceptionV1.mini, 4)])
def test_mini_overfits_one_batch(build):
    torch.manual_seed(0)
    model, labels = build(), torch.arange(8) % 4
    clips = torch.randn(8, 3, *((8,) if isinstance(model, I3D) else ()), 32, 32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(clips), labels).backward()
        optimizer.step()
    assert (model(clips).argmax(1) == labels).all()
