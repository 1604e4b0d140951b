"""FlowNetS and FlowNetC at their published sizes, equal to the public codes for the same weights, in every layout."""

import json

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.flownet import FlowNetC, FlowNetS, estimate, from_published, preprocess
from tests.caffe_files import write_caffemodel
from tests.hash_fill import hash_fill
from tests.reference import FIXTURES

KEYS = json.loads((FIXTURES / "flownet.json").read_text())
STORED = np.load(FIXTURES / "flownet.npz")
MODELS = {"S": FlowNetS, "C": FlowNetC}


def stored(name):
    return torch.from_numpy(STORED[name])


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def gap(ours, theirs):
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()


@pytest.mark.parametrize(
    "build, expected",
    [
        (FlowNetS, 38_676_506),
        (lambda: FlowNetS(12), 38_695_322),
        (lambda: FlowNetS(norm=True), 38_681_306),
        (FlowNetC, 39_175_298),
        (lambda: FlowNetS(bias=False), 38_675_536),
        (lambda: FlowNetS(norm=True, bias=False), 38_680_336),
        (lambda: FlowNetC(bias=False, upsampled_bias=False), 39_174_320),
        (lambda: FlowNetC(norm=True, bias=False, upsampled_bias=False), 39_179_152),
    ],
)
def test_published_sizes(build, expected):
    with torch.device("meta"):
        assert parameters(build()) == expected


@pytest.mark.parametrize("name", ["S", "C"])
def test_equals_nvidias_code(name):
    model = MODELS[name].from_published(hash_fill(KEYS[name]))
    with torch.no_grad():
        flows = model(stored("input"))
    assert len(flows) == 5
    for level, flow in enumerate(flows, start=2):
        assert gap(flow, stored(f"{name}_flow{level}")) < 1e-5


def test_equals_clement_pinards_code_on_a_size_that_64_does_not_divide():
    model = FlowNetS.from_published({"state_dict": {f"module.{k}": v for k, v in hash_fill(KEYS["pinard"]).items()}})
    with torch.no_grad():
        flow = model(stored("pinard_odd_input"))[0]
    assert flow.shape == (1, 2, 25, 35)
    assert gap(flow, stored("pinard_odd_flow2")) < 1e-5


def public(model):
    """The weights of a model of ours in NVIDIA's names."""
    names = {}
    for key in model.state_dict():
        part, *rest = key.split(".")
        if part == "deep":
            pair, which, *rest = rest
            names[key] = ".".join([f"conv{int(pair) + 4}" + ("_1" if which == "1" else ""), *rest])
        elif part == "refinement":
            kind, number, *rest = rest
            level = (6 if kind in ("predict", "upsample") else 5) - int(number)
            layer = {"deconv": f"deconv{level}", "predict": f"predict_flow{level}"}
            names[key] = ".".join([layer.get(kind, f"upsampled_flow{level}_to_{level - 1}"), *rest])
        else:
            names[key] = key
    return {names[key]: value for key, value in model.state_dict().items()}


def mmflow_name(key, correlated):
    layer, *rest = key.split(".")
    last = rest[-1]
    kind = "bn" if layer.startswith("conv") and rest[0] == "1" else "conv"
    if layer == "conv_redir":
        return f"corr_encoder.conv_redir.{kind}.{last}"
    if layer.startswith("conv"):
        level, second = int(layer[4]), layer.endswith("_1")
        if correlated and (level > 3 or second):
            part = 1 if second and level > 3 else 0
            return f"corr_encoder.layers.{level - 3}.layers.{part}.{kind}.{last}"
        return f"encoder.layers.{level - 1}.layers.{int(second)}.{kind}.{last}"
    if layer.startswith("predict"):
        return f"decoder.decoders.level{layer[-1]}.pred_out.{last}"
    if layer.startswith("deconv"):
        return f"decoder.decoders.level{int(layer[-1]) + 1}.deconv_out.deconvs.0.{last}"
    return f"decoder.decoders.level{layer[14]}.upsample_pred.deconvs.0.{last}"


@pytest.mark.parametrize(
    "build",
    [
        FlowNetS,
        FlowNetC,
        lambda: FlowNetS(12, norm=True),
        lambda: FlowNetS(norm=True, bias=False),  # ClementPinard's flownets_bn
        lambda: FlowNetC(norm=True, bias=False, upsampled_bias=False),  # flownetc_bn
    ],
)
def test_loads_nvidias_and_mmflows_layout(build):
    model = build()
    correlated = isinstance(model, FlowNetC)
    weights = public(model)
    theirs = {mmflow_name(key, correlated): value for key, value in weights.items()}
    assert len(theirs) == len(weights)
    if correlated:  # their correlation is the sum over 256 channels, so their weights are that much smaller
        key = "corr_encoder.layers.0.layers.0.conv.weight"
        theirs[key] = torch.cat([theirs[key][:, :32], theirs[key][:, 32:] / 256], 1)
    for load, source in ((type(model).from_published, weights), (from_published, theirs)):
        network = load(source)
        assert type(network) is type(model)
        loaded = network.state_dict()
        assert list(loaded) == list(model.state_dict())
        for key, value in model.state_dict().items():
            assert torch.equal(loaded[key], value), key


def caffe_name(key, standalone):
    layer, *_, last = key.split(".")
    if layer.startswith("predict"):
        level = int(layer[-1])
        return (f"Convolution{7 - level}" if standalone else f"predict_conv{level}"), last
    if layer.startswith("upsampled"):
        return f"upsample_flow{layer[14]}to{layer[-1]}", last
    return layer, last


@pytest.mark.parametrize("prefix, channels", [("", 6), ("net2_", 12)])
def test_caffes_layout_is_bgr(monkeypatch, tmp_path, prefix, channels):
    small = (4, 4, 4, 4, 4, 4)  # the file is written number by number
    monkeypatch.setattr(FlowNetS, "__init__", lambda self, *args, _init=FlowNetS.__init__, **kw: _init(
        self, *args, **kw | {"widths": small}
    ))  # fmt: skip
    model = FlowNetS(channels, upsampled_bias=True)
    layers = {}
    for key, value in public(model).items():
        layer, last = caffe_name(key, standalone=not prefix)
        again = prefix if layer.startswith("upsample") else ""
        layers.setdefault(prefix + again + layer, {})[last] = value
    first = layers[f"{prefix}conv1"]["weight"]
    order = [2, 1, 0, 5, 4, 3] + ([8, 7, 6, 9, 10, 11] if channels == 12 else [])
    layers[f"{prefix}conv1"]["weight"] = first[:, order]
    path = write_caffemodel(
        tmp_path / "flownet.caffemodel", {name: [kinds["weight"], kinds["bias"]] for name, kinds in layers.items()}
    )
    loaded = FlowNetS.from_published(path).state_dict()
    for key, value in model.state_dict().items():
        assert torch.equal(loaded[key], value), key


def test_says_which_keys_do_not_fit():
    weights = {name: torch.zeros(shape) for name, shape in KEYS["S"] if name != "conv4_1.0.bias"}
    with pytest.raises(CourseError, match=r"missing: deep.0.1.0.bias(.|\n)*unexpected: conv9"):
        FlowNetS.from_published(weights | {"conv9.weight": torch.zeros(1)})
    with pytest.raises(CourseError, match="does not fit FlowNetC"):
        FlowNetC.from_published({name: torch.zeros(shape) for name, shape in KEYS["S"]})


def test_mini_has_the_same_parts_and_learns_one_batch():
    """A pair and its flow, again and again: a network with a broken refinement or correlation stays at its start."""
    torch.manual_seed(0)
    pictures = torch.rand(4, 3, 48, 64)
    truth = torch.tensor([[0.0, 0.0], [8.0, 0.0], [0.0, -8.0], [-8.0, 8.0]])  # (u, v) of each pair
    moved = torch.stack([p.roll((int(v), int(u)), (1, 2)) for p, (u, v) in zip(pictures, truth, strict=True)])
    images = preprocess(pictures, moved)
    for model in (FlowNetS.mini(), FlowNetC.mini()):
        optimizer = torch.optim.Adam(model.parameters(), 3e-3)
        for _ in range(60):
            optimizer.zero_grad()
            loss = sum((model.scale * flow - truth[:, :, None, None]).abs().mean() for flow in model(images))
            loss.backward()
            optimizer.step()
        error = (model.scale * model(images)[0] - truth[:, :, None, None]).norm(dim=1).mean()
        assert error < 3, type(model).__name__  # no motion at all is 6.8


@pytest.mark.parametrize("build", [FlowNetS.mini, FlowNetC.mini])
def test_odd_sizes_are_cut_to_fit(build):
    """100 x 140: upconvolutions give a row or a column too many."""
    flows = build(norm=True).eval()(torch.zeros(1, 6, 100, 140))
    assert [tuple(flow.shape[2:]) for flow in flows] == [(25, 35), (13, 18), (7, 9)]


def test_negative_correlations_go_through_a_leaky_relu():
    """With the second image turned to its negative, cosines change their sign; a ReLU would let nothing through."""
    torch.manual_seed(0)
    model = FlowNetC(widths=(8, 8, 8, 8), displacement=2, stride=1).eval()
    first, second = torch.randn(2, 8, 6, 7)[:, None].expand(2, 1, 8, 6, 7)
    volume = model.compare(first, second)
    assert torch.allclose(model.compare(first, -second), -volume)
    seen = []
    model.conv3_1.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    images = torch.randn(1, 6, 64, 64)
    model(images)
    _, a = model.features(images[:, :3])
    _, b = model.features(images[:, 3:])
    raw = model.compare(a, b)
    assert (raw < 0).any()
    assert torch.allclose(seen[0][:, 32:], torch.where(raw > 0, raw, 0.1 * raw), atol=1e-6)


def test_estimate_is_in_pixels_of_the_picture():
    class Constant(torch.nn.Module):
        scale, deep = 20.0, (1, 2, 3)  # six halvings

        def forward(self, images):
            assert images.shape[2] % 64 == images.shape[3] % 64 == 0
            flow = torch.ones(len(images), 2, images.shape[2] // 4, images.shape[3] // 4)
            return (flow * torch.tensor([0.1, 0.2]).view(2, 1, 1),)

    flow = estimate(Constant(), torch.rand(2, 3, 96, 120), torch.rand(2, 3, 96, 120))
    assert flow.shape == (2, 2, 96, 120)
    assert torch.allclose(flow[:, 0], torch.tensor(20 * 0.1 * 120 / 128))
    assert torch.allclose(flow[:, 1], torch.tensor(20 * 0.2 * 96 / 128))


def test_preprocess_takes_the_means_that_each_code_takes():
    image1, image2 = torch.rand(2, 3, 8, 10), torch.rand(2, 3, 8, 10)
    pair = preprocess(image1, image2)
    assert pair.shape == (2, 6, 8, 10)
    both = torch.stack([pair[:, :3], pair[:, 3:]], 2)
    assert both.mean((2, 3, 4)).abs().max() < 1e-6  # each channel over both images of each pair
    assert not torch.allclose(pair[:, :3].mean((2, 3)), torch.zeros(2, 3), atol=1e-4)
    chairs = preprocess(image1, image2, "chairs")
    assert torch.allclose(chairs[:, 3], image2[:, 0] - 0.411)
    caffe = preprocess(image1, image2, "caffe")
    assert torch.allclose(caffe[:, 2], image1[:, 2] - 0.411451)  # blue has the darkest mean
    with pytest.raises(CourseError, match="pair"):
        preprocess(image1, image2, "none")
    with pytest.raises(ShapeError, match="batch axis"):
        preprocess(image1[0], image2[0])


def test_errors():
    with pytest.raises(CourseError, match="at least four"):
        FlowNetS(widths=(8, 8, 8))
    with pytest.raises(ShapeError, match="6"):
        FlowNetC.mini()(torch.zeros(1, 12, 48, 64))
