"""FlowNetS and FlowNetC at their published sizes, equal to the public codes for the same weights, in every layout."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

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


def shapes_of_the_paper(channels=6, correlated=False, norm=False, bias=True, upsampled_bias=False):
    """Keys and shapes in NVIDIA's names, from the paper's table of layers and not from our model."""
    first = 3 if correlated else channels
    after = 32 + 441 if correlated else 256
    convs = {"conv1": (64, first, 7), "conv2": (128, 64, 5), "conv3": (256, 128, 5)}
    convs |= {"conv_redir": (32, 256, 1)} if correlated else {}
    convs |= {"conv3_1": (256, after, 3), "conv4": (512, 256, 3), "conv4_1": (512, 512, 3), "conv5": (512, 512, 3)}
    convs |= {"conv5_1": (512, 512, 3), "conv6": (1024, 512, 3), "conv6_1": (1024, 1024, 3)}
    shapes = {}
    for name, (outputs, inputs, kernel) in convs.items():
        shapes[f"{name}.0.weight"] = (outputs, inputs, kernel, kernel)
        parts = ("1.weight", "1.bias", "1.running_mean", "1.running_var") if norm else ("0.bias",)
        shapes |= {f"{name}.{part}": (outputs,) for part in parts}
    for level, inputs, outputs in ((5, 1024, 512), (4, 1026, 256), (3, 770, 128), (2, 386, 64)):
        shapes[f"deconv{level}.0.weight"] = (inputs, outputs, 4, 4)
        shapes[f"upsampled_flow{level + 1}_to_{level}.weight"] = (2, 2, 4, 4)
        shapes |= {f"deconv{level}.0.bias": (outputs,)} if bias else {}
        shapes |= {f"upsampled_flow{level + 1}_to_{level}.bias": (2,)} if upsampled_bias else {}
    for level, inputs in ((6, 1024), (5, 1026), (4, 770), (3, 386), (2, 194)):
        shapes[f"predict_flow{level}.weight"] = (2, inputs, 3, 3)
        shapes |= {f"predict_flow{level}.bias": (2,)} if bias else {}
    return shapes


def random_weights(shapes):
    torch.manual_seed(0)
    weights = {}
    for key, shape in shapes.items():
        noise = torch.randn(shape)
        if len(shape) > 1:
            weights[key] = noise * (2 * shape[0] / noise.numel()) ** 0.5
        else:
            weights[key] = 0.1 * noise + (0 if key.endswith(("bias", "mean")) else 1)
    return weights


def flows_of_the_paper(w, images):
    """The forward pass in functions alone, from weights in NVIDIA's names: flow2 ... flow6."""

    def layer(name, x, stride=1):
        kernel, norm = w[f"{name}.0.weight"], f"{name}.1.weight" in w
        x = F.conv2d(x, kernel, w.get(f"{name}.0.bias"), stride, kernel.shape[-1] // 2)
        if norm:
            mean, variance, gain, bias = (w[f"{name}.1.{k}"] for k in ("running_mean", "running_var", "weight", "bias"))
            x = F.batch_norm(x, mean, variance, gain, bias)
        return F.leaky_relu(x, 0.1)

    conv2 = layer("conv2", layer("conv1", images[:, :3] if "conv_redir.0.weight" in w else images, 2), 2)
    x = layer("conv3", conv2, 2)
    if "conv_redir.0.weight" in w:
        other = layer("conv3", layer("conv2", layer("conv1", images[:, 3:], 2), 2), 2)
        shifted = F.unfold(other, 21, dilation=2, padding=20).view(len(x), 256, 441, *x.shape[2:])
        volume = (x.unsqueeze(2) * shifted).mean(1)
        x = torch.cat([layer("conv_redir", x), F.leaky_relu(volume, 0.1)], 1)
    skips = {2: conv2, 3: layer("conv3_1", x)}
    for level in (4, 5, 6):
        skips[level] = layer(f"conv{level}_1", layer(f"conv{level}", skips[level - 1], 2))
    x, flows = skips[6], {}
    for level in (6, 5, 4, 3, 2):
        flows[level] = F.conv2d(x, w[f"predict_flow{level}.weight"], w.get(f"predict_flow{level}.bias"), padding=1)
        if level > 2:
            up = f"upsampled_flow{level}_to_{level - 1}"
            flow = F.conv_transpose2d(flows[level], w[f"{up}.weight"], w.get(f"{up}.bias"), 2, 1)
            features = F.conv_transpose2d(x, w[f"deconv{level - 1}.0.weight"], w.get(f"deconv{level - 1}.0.bias"), 2, 1)
            skip = skips[level - 1]
            rows, columns = skip.shape[2:]
            x = torch.cat([skip, F.leaky_relu(features, 0.1)[:, :, :rows, :columns], flow[:, :, :rows, :columns]], 1)
    return [flows[level] for level in (2, 3, 4, 5, 6)]


@pytest.mark.parametrize(
    "options",
    [
        {"channels": 12},
        {"channels": 12, "norm": True},  # NVIDIA's, with biases behind the normalised part
        {"norm": True, "bias": False},  # ClementPinard's flownets_bn
        {"correlated": True, "upsampled_bias": True},
        {"correlated": True, "norm": True, "bias": False},  # ClementPinard's flownetc_bn
    ],
    ids=["S12", "S12 norm", "S norm, no bias", "C", "C norm, no bias"],
)
@torch.no_grad()
def test_every_variant_equals_the_paper_in_plain_functions(options):
    """On 100 x 140, which is no multiple of 64."""
    weights = random_weights(shapes_of_the_paper(**options))
    if options.get("correlated"):  # positive kernels and a negative image 2: some correlations are below 0, some above
        for layer in ("conv1", "conv2", "conv3"):
            weights[f"{layer}.0.weight"].abs_().mul_(0.1)
    model = from_published({"epoch": 3, "state_dict": {f"module.{key}": value for key, value in weights.items()}})
    assert isinstance(model, FlowNetC if options.get("correlated") else FlowNetS)
    image = torch.rand(1, options.get("channels", 6) // 2, 100, 140)
    images = torch.cat([image, -image], 1)
    if options.get("correlated"):
        volume = model.compare(*(model.features(x)[1] for x in images.split(3, 1)))
        assert (volume < 0).any() and (volume > 0).any()
    expected = flows_of_the_paper(weights, images)
    assert expected[0].shape == (1, 2, 25, 35)
    for ours, theirs in zip(model(images), expected, strict=True):
        assert gap(ours, theirs) < 1e-5


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
    first = "encoder.layers.0.layers.0.conv.weight"  # mmflow reads pictures as BGR
    theirs[first] = torch.cat([three.flip(1) for three in theirs[first][:, :9].split(3, 1)] + [theirs[first][:, 9:]], 1)
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
    assert torch.equal(preprocess(image1, image2, "none"), torch.cat([image1, image2], 1))
    with pytest.raises(CourseError, match="pair"):
        preprocess(image1, image2, "imagenet")
    with pytest.raises(ShapeError, match="batch axis"):
        preprocess(image1[0], image2[0])


def test_errors():
    with pytest.raises(CourseError, match="at least four"):
        FlowNetS(widths=(8, 8, 8))
    with pytest.raises(ShapeError, match="6"):
        FlowNetC.mini()(torch.zeros(1, 12, 48, 64))
