"""FlowNet 2 at its published sizes, equal to the public reference for the same weights, and its loaders."""

import re

import pytest
import torch
from torch.nn.functional import interpolate

from course_lib.errors import CourseError, ShapeError
from course_lib.models.flownet import estimate
from course_lib.models.flownet2 import MINI, THIN, FlowNet2, FlowNetFusion, FlowNetSD, begin_as
from course_lib.models.flownet2_inputs import Stage, brightness_error, fused_input, fusion_input, stacked_input
from course_lib.models.flownet2_layouts import our_weights
from course_lib.ops.warp import warp
from tests.caffe_files import write_caffemodel
from tests.flow_reference import arrays, fill, gap, reference


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    "variant, expected",
    [
        ("full", 162_518_834),
        ("css+sd", 162_518_834),
        ("c", 39_175_298),
        ("s", 38_676_506),
        ("sd", 45_371_666),
        ("cs", 77_870_620),
        ("css", 116_565_942),
    ],
)
def test_published_sizes(variant, expected):
    with torch.device("meta"):
        assert parameters(FlowNet2(variant)) == expected


@pytest.mark.parametrize(
    "variant, expected",
    [("s", 5_462_666), ("c", 5_768_758), ("ss", 10_932_388), ("cs", 11_238_480), ("css", 16_708_202)],
)
def test_thin_sizes(variant, expected):
    with torch.device("meta"):
        assert parameters(FlowNet2(variant, widths=THIN)) == expected


def test_sizes_of_the_parts():
    with torch.device("meta"):
        assert parameters(FlowNetSD()) == 45_371_666
        assert parameters(FlowNetFusion()) == 581_226


def as_pair(clip):
    """The reference's input (B, 3, 2, H, W), 0..255, as (B, 6, H, W), 0..1."""
    return clip.transpose(1, 2).flatten(1, 2) / 255


@torch.no_grad()
def test_stack_equals_the_public_reference():
    about, stored = reference("nv_FlowNet2CS")
    model = FlowNet2.from_published(fill(about["keys"]))
    pair = as_pair(stored["input"])
    assert model.variant == "cs" and model.names == ["flownetc", "flownets_1"]
    ours = model(pair)
    assert gap(ours, stored["out_hash"]) < 1e-4
    for change in ({"upsampling": "corners"}, {"outside": "cut"}, {"mean": "caffe"}):
        name, value = next(iter(change.items()))
        kept = getattr(model, name)
        setattr(model, name, value)
        assert gap(model(pair), stored["out_hash"]) > 1e-3, change  # each of the three is seen
        setattr(model, name, kept)


@torch.no_grad()
def test_small_displacements_equal_the_public_reference():
    about, stored = reference("nv_FlowNet2SD")
    model = FlowNet2.from_published(fill(about["keys"]))
    pair = as_pair(stored["input"])
    assert model.variant == "sd"
    assert gap(model(pair), stored["out_hash"]) < 1e-4
    expert = FlowNetSD.from_published(fill(about["keys"]))
    assert gap(estimate(expert, *pair.split(3, 1)), stored["out_hash"]) < 1e-4
    for level, flow in zip(range(2, 7), expert(model.prepare(pair)), strict=True):
        assert gap(flow, stored[f"train_flow{level}_hash"]) < 1e-4


@torch.no_grad()
def test_fusion_equals_the_public_reference():
    about, stored = reference("nv_FlowNetFusion")
    weights = {f"flownetfusion.{key}": value for key, value in fill(about["keys"]).items()}
    small = FlowNet2.mini("s+sd").state_dict()
    kept = {key: value for key, value in small.items() if not key.startswith("flownetfusion")}
    model = FlowNet2.mini("s+sd")
    model.flownetfusion = FlowNetFusion()
    model.load_state_dict(kept | our_weights(weights)[0])
    assert gap(model.flownetfusion(stored["input"])[0], stored["out_hash"]) < 1e-4


# The full network is too large for a test on two cores; a mini of the same class must be composed in the same way.


def composed(model, pair):
    """FlowNet 2 as the released code has it, step by step, from the networks of `model`: all of its flows."""
    images = model.prepare(pair)
    size = images.shape[2:]

    def bilinear(flow):
        return interpolate(flow, size, mode="bilinear", align_corners=model.upsampling == "corners")

    def stacked(flow):
        warped = warp(images[:, 3:], flow, model.outside)
        difference = (images[:, :3] - warped).square().sum(1, keepdim=True).sqrt()
        return torch.cat([images[:, :3], images[:, 3:], warped, flow / 20, difference], 1)

    first = bilinear(20 * model.flownetc(images)[0])
    second = bilinear(20 * model.flownets_1(stacked(first))[0])
    third = interpolate(20 * model.flownets_2(stacked(second))[0], scale_factor=4, mode="nearest")
    small = interpolate(model.flownets_d(images)[0] / 20, scale_factor=4, mode="nearest")
    lengths = [flow.square().sum(1, keepdim=True).sqrt() for flow in (small, third)]
    gone = [images[:, :3] - warp(images[:, 3:], flow, model.outside) for flow in (small, third)]
    errors = [x.square().sum(1, keepdim=True).sqrt() for x in gone]
    fused = model.flownetfusion(torch.cat([images[:, :3], small, third, *lengths, *errors], 1))[0]
    return first, second, third, small, fused


@pytest.mark.parametrize("convention", ["nvidia", "caffe"])
@pytest.mark.parametrize("other", [{}, {"upsampling": "corners"}, {"outside": "cut"}, {"upsampling": "half-pixel"}])
@torch.no_grad()
def test_full_network_is_composed_as_released(convention, other):
    torch.manual_seed(0)
    model, pair = FlowNet2("full", convention, widths=MINI, **other), torch.rand(2, 6, 48, 64)
    expected = composed(model, pair)
    found = model.stages(pair)
    assert [stage.name for stage in found] == ["flownetc", "flownets_1", "flownets_2", "flownets_d", "flownetfusion"]
    for stage, flow in zip(found, expected, strict=True):
        assert torch.allclose(stage.flow, flow, atol=1e-4, rtol=1e-4), stage.name
    assert torch.equal(model(pair), found[-1].flow)
    assert torch.allclose(found[2].error, brightness_error(model.prepare(pair)[:, :3], found[2].warped))


@torch.no_grad()
def test_conventions_differ_where_they_should():
    torch.manual_seed(0)
    models, pair = {}, torch.rand(1, 6, 48, 64)
    for upsampling in ("half-pixel", "corners"):
        for outside in ("border", "cut"):
            torch.manual_seed(1)
            made = FlowNet2("css", upsampling=upsampling, outside=outside, widths=MINI)
            models[upsampling, outside] = made(pair)
    flows = list(models.values())
    assert all(gap(a, b) > 1e-4 for i, a in enumerate(flows) for b in flows[:i])
    caffe, nvidia = FlowNet2("c", "caffe", widths=MINI), FlowNet2("c", widths=MINI)
    assert (caffe.upsampling, caffe.outside, caffe.mean) == ("corners", "cut", "caffe")
    assert (nvidia.upsampling, nvidia.outside, nvidia.mean) == ("half-pixel", "border", "pair")


@torch.no_grad()
def test_mmflow_multiplies_always_and_repeats_only_before_fusion():
    with torch.device("meta"):
        assert FlowNet2("full", "mmflow").flownets_d.scale == 20
    model, coarse = FlowNet2("css", "mmflow", widths=MINI, scale=1.0), torch.rand(1, 2, 3, 4)
    bilinear = interpolate(coarse, scale_factor=4, mode="bilinear", align_corners=False)
    repeated = interpolate(coarse, scale_factor=4, mode="nearest")
    assert torch.equal(model.enlarge("flownets_2", coarse, (12, 16)), bilinear)
    full = FlowNet2("full", "mmflow", widths=MINI, scale=1.0)
    assert torch.equal(full.enlarge("flownets_2", coarse, (12, 16)), repeated)
    assert torch.equal(FlowNet2("css", widths=MINI, scale=1.0).enlarge("flownets_2", coarse, (12, 16)), repeated)
    pair = torch.rand(1, 6, 48, 64)
    assert torch.equal(model.prepare(pair), pair)  # no mean


@torch.no_grad()
def test_alone_the_expert_multiplies_and_in_the_full_network_it_divides():
    with torch.device("meta"):
        assert FlowNet2("sd").flownets_d.scale == 20 and FlowNet2("full").flownets_d.scale == 1 / 20


@torch.no_grad()
def test_upsampling_equals_the_reference():
    stored = arrays("op_upsample4")
    for upsampling, key in (("half-pixel", "bilinear_ac_false"), ("corners", "bilinear_ac_true")):
        model = FlowNet2("s", upsampling=upsampling, widths=MINI, scale=1.0)
        assert torch.allclose(model.enlarge("flownets", stored["x"], (12, 16)), stored[key], atol=1e-5)
    fused = FlowNet2("s+sd", widths=MINI, scale=1.0)
    assert torch.equal(fused.enlarge("flownets", stored["x"], (12, 16)), stored["nearest"])


def published(model, layout):
    """Weights of `model` in NVIDIA's layout, Caffe's or mmflow's (those with images in BGR), made here by hand."""
    state = {}
    for key, value in model.state_dict().items():
        network, layer = key.split(".", 1)
        layer = nvidia_layer(layer, coarsest=2 if network == "flownetfusion" else 6)
        if layout == "nvidia":
            state[f"{network}.{layer}"] = value
        elif layout == "mmflow":
            name, value = mmflow_weight(network, layer, value)
            state[mmflow_place(network, model.variant) + name] = value
        else:
            name, value = caffe_weight(network, layer, value)
            state[name] = value
    return state


def nvidia_layer(layer, coarsest):
    deep = re.fullmatch(r"deep\.(\d)\.(\d)\.(.+)", layer)
    if deep:
        return f"conv{4 + int(deep[1])}{'_1' if deep[2] == '1' else ''}.{deep[3]}"
    part = re.fullmatch(r"refinement\.(\w+)\.(\d)\.(.+)", layer)
    if not part:
        return layer
    kind, level, rest = part[1], coarsest - int(part[2]), part[3]
    names = {
        "deconv": f"deconv{level - 1}",
        "inter": f"inter_conv{level - 1}.0",
        "predict": f"predict_flow{level}",
        "upsample": f"upsampled_flow{level}_to_{level - 1}",
    }
    return f"{names[kind]}.{rest}"


def mmflow_place(network, variant):
    if variant in ("c", "s", "sd"):
        return ""
    names = {"flownetc": "flownetC.", "flownets_1": "flownetS1.", "flownets_2": "flownetS2."}
    inside = "flownetCSS." if variant == "full" else ""
    return inside + names[network] if network in names else {"flownets_d": "flownetSD."}.get(network, "flownet_fusion.")


def mmflow_weight(network, layer, value):
    """A layer of NVIDIA's in mmflow's names: levels, fusion's from 1, and a second encoder behind the correlation."""
    name, last = layer.split(".")[0], layer.split(".")[-1]
    first = "conv0" if network in ("flownets_d", "flownetfusion") else "conv1"
    if name == first and last == "weight":
        value = in_bgr(value, network)
    if name == "conv3_1" and network == "flownetc" and last == "weight":
        redirected = value.shape[1] - 441
        value = torch.cat([value[:, :redirected], value[:, redirected:] / value.shape[0]], 1)  # conv3 is as wide
    shift = 1 if network == "flownetfusion" else 0
    if name == "conv_redir":
        return f"corr_encoder.conv_redir.conv.{last}", value
    if name == "conv0" and network == "flownets_d":
        return f"encoder.plugin_layer.conv.{last}", value
    convolution = re.fullmatch(r"conv(\d)(_1)?", name)
    if convolution:
        level, second = int(convolution[1]) + shift, bool(convolution[2])
        if network == "flownetc" and (level > 3 or second):
            return f"corr_encoder.layers.{level - 3}.layers.{int(second and level > 3)}.conv.{last}", value
        return f"encoder.layers.{level - 1}.layers.{int(second)}.conv.{last}", value
    kind, level = re.fullmatch(r"(deconv|inter_conv|predict_flow|upsampled_flow)(\d)\w*", name).groups()
    level = int(level) + shift
    has_inter = network in ("flownets_d", "flownetfusion") and level < (3 if shift else 6)
    part = {
        "deconv": "deconv_out.deconvs.0",
        "inter_conv": "pred_out.0",
        "predict_flow": "pred_out.1" if has_inter else "pred_out",
        "upsampled_flow": "upsample_pred.deconvs.0",
    }[kind]
    return f"decoder.decoders.level{level + (kind == 'deconv')}.{part}.{last}", value


def in_bgr(value, network):
    """A first layer for RGB as one for BGR."""
    images = {"flownetc": 1, "flownetfusion": 1, "flownets": 2, "flownets_d": 2}.get(network, 3)
    turned = [value[:, 3 * i : 3 * i + 3].flip(1) for i in range(images)]
    return torch.cat([*turned, value[:, 3 * images :]], 1)


def caffe_weight(network, layer, value):
    prefix = {"flownets_1": "net2_", "flownets_2": "net3_", "flownets_d": "netsd_", "flownetfusion": "fuse_"}
    prefix, stacked = prefix.get(network, ""), network in ("flownets_1", "flownets_2")
    name, kind = layer.split(".")[0], layer.split(".")[-1]
    if kind == "weight" and name == ("conv0" if network in ("flownets_d", "flownetfusion") else "conv1"):
        value = in_bgr(value, network)
    name = name.replace("inter_conv", "interconv")
    name = re.sub(r"upsampled_flow(\d)_to_(\d)", r"upsample_flow\1to\2", name)
    if name.startswith("upsample") and stacked:
        name = prefix + name
    level = re.fullmatch(r"predict_flow(\d)", name)
    if level and stacked:
        name = f"predict_conv{level[1]}"
    elif level and network == "flownetfusion":
        name = f"_Convolution{7 - int(level[1])}"
    elif level:
        name = f"Convolution{7 - int(level[1])}"
    return f"{prefix}{name}.{kind}", value


VARIANTS = ("full", "css", "cs", "c", "s", "sd")
LAYOUTS = [(layout, variant) for layout in ("nvidia", "caffe", "mmflow") for variant in VARIANTS]


@pytest.mark.parametrize("layout, variant", [*LAYOUTS, ("nvidia", "ss"), ("caffe", "ss")])
def test_loads_every_public_layout(layout, variant):
    torch.manual_seed(0)
    widths = (8, 8, 8, 8, 8, 8)
    model = FlowNet2(variant, widths=widths)
    state = published(model, layout)
    if layout == "nvidia" and len(model.names) == 1:
        state = {key.split(".", 1)[1]: value for key, value in state.items()}
    state = {"epoch": 1, "state_dict": {f"module.{key}": value for key, value in state.items()}}
    loaded = FlowNet2.from_published(state, widths=widths)
    assert (loaded.variant, loaded.convention) == (variant, layout)
    assert loaded.outside == ("cut" if layout == "caffe" else "border")
    ours = loaded.state_dict()
    assert all(torch.equal(ours[key], value) for key, value in model.state_dict().items())


def test_reads_the_original_files(tmp_path):
    torch.manual_seed(0)
    model, layers = FlowNet2("cs", widths=(4,) * 6), {}
    for key, value in published(model, "caffe").items():
        layers.setdefault(key.rsplit(".", 1)[0], []).append(value)
    path = write_caffemodel(tmp_path / "FlowNet2-CS_weights.caffemodel", layers)
    loaded = FlowNet2.from_published(path, widths=(4,) * 6)
    assert (loaded.variant, loaded.upsampling, loaded.outside) == ("cs", "corners", "cut")
    assert all(torch.equal(loaded.state_dict()[key], value) for key, value in model.state_dict().items())


def test_says_which_keys_do_not_fit():
    with torch.device("meta"):
        state = published(FlowNet2("cs", widths=MINI + (8, 8)), "nvidia")
    state = {key: torch.zeros(value.shape) for key, value in state.items() if key != "flownets_1.deconv4.0.bias"}
    state["flownets_1.conv9_7.0.weight"] = torch.zeros(1)
    with pytest.raises(CourseError, match="missing: flownets_1.refinement.deconv.1.0.bias(.|\n)*unexpected: .*conv9_7"):
        FlowNet2.from_published(state, widths=MINI + (8, 8))


def test_inputs_by_hand():
    """Everything moves one pixel to the right, and one row of pixels says all of it."""
    first, second = torch.tensor([[0.0, 1, 3, 6]]).expand(3, 1, 4), torch.tensor([[9.0, 0, 1, 3]]).expand(3, 1, 4)
    images, flow = torch.cat([first, second])[None], torch.zeros(1, 2, 1, 4)
    flow[:, 0] = 1
    stage, opposite = (Stage("", some, images, "border") for some in (flow, -2 * flow))
    stacked = stacked_input(stage, scale=20.0)
    assert stacked.shape == (1, 12, 1, 4)
    assert stacked[0, 6, 0].tolist() == [0, 1, 3, 3]  # warped: the border is repeated
    assert stacked[0, 9, 0].tolist() == pytest.approx([0.05] * 4) and not stacked[0, 10].any()
    assert stacked[0, 11, 0].tolist() == pytest.approx([0, 0, 0, 3 * 3**0.5])
    fused = fused_input(stage, opposite)
    assert torch.equal(fused, fusion_input(images, flow, -2 * flow))
    assert fused.shape == (1, 11, 1, 4)
    assert fused[0, 3:7, 0, 0].tolist() == [1, 0, -2, 0] and fused[0, 7:9, 0, 0].tolist() == [1, 2]
    assert fused[0, 9, 0].tolist() == pytest.approx([0, 0, 0, 3 * 3**0.5])
    assert fused[0, 10, 0, 3].item() == pytest.approx(6 * 3**0.5)


@torch.no_grad()
def test_any_size_is_stretched_and_its_flow_shrunk():
    torch.manual_seed(0)
    model, pair = FlowNet2.mini("ss"), torch.rand(1, 6, 45, 60)
    stretched = interpolate(pair, (48, 64), mode="bilinear", align_corners=False)
    expected = interpolate(model(stretched), (45, 60), mode="bilinear", align_corners=False)
    expected = expected * torch.tensor([60 / 64, 45 / 48]).view(2, 1, 1)
    assert torch.allclose(model(pair), expected, atol=1e-5)
    with pytest.raises(ShapeError, match="multiples of 16"):
        model.stages(pair)


@torch.no_grad()
def test_a_stacked_network_can_begin_as_the_one_before():
    """One network that is asked twice: the second time with the warped image, and its answer is added."""
    torch.manual_seed(0)
    model, pair = FlowNet2.mini("ss"), torch.rand(2, 6, 48, 64)
    begin_as(model.flownets_1, model.flownets)
    images = model.prepare(pair)
    first, second = model.stages(pair)
    again = model.flownets(torch.cat([images[:, :3], warp(images[:, 3:], first.flow, "border")], 1))[0]
    rest = interpolate(4.0 * again, (48, 64), mode="bilinear", align_corners=False)
    assert torch.allclose(second.flow, first.flow + rest, atol=1e-5)
    model.residual = False
    assert torch.allclose(model.stages(pair)[1].flow, rest, atol=1e-5)


@torch.no_grad()
def test_a_mini_fusion_begins_at_the_flow_of_the_stack():
    torch.manual_seed(0)
    stages = FlowNet2.mini("ss+sd").stages(torch.rand(2, 6, 48, 64))
    assert [stage.name for stage in stages] == ["flownets", "flownets_1", "flownets_d", "flownetfusion"]
    assert torch.equal(stages[-1].flow, stages[1].flow)


@pytest.mark.parametrize("variant", ["ccs", "ssss", "sd+sd", "css+", "s+s", "FlowNet2"])
def test_refuses_variants(variant):
    with pytest.raises(CourseError, match="expected"):
        FlowNet2(variant)


@pytest.mark.parametrize("wrong", [{"convention": "torch"}, {"upsampling": "nearest"}])
def test_refuses_conventions(wrong):
    with pytest.raises(CourseError, match="expected"):
        FlowNet2("s", widths=MINI, **wrong)


@pytest.mark.parametrize("variant", ["s", "cs", "ss+sd"])
def test_mini_learns(variant):
    """Every network of a mini gets a gradient from the flow at the end, through the warps."""
    torch.manual_seed(0)
    model = FlowNet2.mini(variant)
    if "+" in variant:
        model.flownetfusion = FlowNetFusion(widths=(8, 16))  # a mini's first output is 0, and so is its gradient
    (model(torch.rand(1, 6, 48, 64)) - 1).square().mean().backward()
    for name in model.names:
        assert any(p.grad is not None and p.grad.any() for p in getattr(model, name).parameters()), name
