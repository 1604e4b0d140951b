"""UCN and open-ucn's network: sizes, the transformer's identity, both public layouts, and sub-cell alignment."""

import pytest
import torch
from torch.nn.functional import conv2d

from course_lib.data.worlds.parts import PARTS, AnimalParts
from course_lib.errors import CourseError, DataError, ShapeError
from course_lib.models.ucn import UCN, PatchTransformer, ResUNet, preprocess, preprocess_grey
from course_lib.ops.spatial_transformer import expanded
from tests.caffe_files import write_caffemodel


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_published_sizes():
    with torch.device("meta"):
        # conv1, conv2's two, 3a, 3b, 4a: GoogLeNet's own, biases included
        assert parameters(UCN()) == 9_472 + 4_160 + 110_784 + 163_696 + 388_736 + 376_176
        assert parameters(ResUNet()) == 3_683_744


def test_descriptors_have_length_1_and_the_stride_that_is_said():
    model, pictures = UCN.mini().eval(), torch.rand(2, 1, 37, 50)
    features = model(pictures)
    assert features.shape == (2, 32, 19, 25) and model.stride == 2
    assert torch.allclose(features.norm(dim=1), torch.ones(2, 19, 25), atol=1e-5)
    assert UCN.mini(3, transform=True)(torch.rand(1, 3, 16, 24)).shape == (1, 32, 8, 12)
    with torch.device("meta"):
        assert UCN()(torch.empty(1, 3, 64, 93)).shape == (1, 512, 16, 24)


def test_features_move_with_the_picture():
    """Shifted by 4 pixels, the map moves by one cell: cell (i, j) lies at (4 i, 4 j), whatever the padding."""
    model = UCN.mini().eval()
    picture = torch.rand(1, 1, 64, 64)
    ours, moved = model.maps(picture), model.maps(picture.roll((4, 8), (2, 3)))
    assert torch.allclose(moved[..., 12:-10, 14:-10], ours[..., 10:-12, 10:-14], atol=1e-4)


def test_transformer_starts_as_its_plain_convolution():
    torch.manual_seed(0)
    layer = PatchTransformer(3, 5, 5)
    layer.start_at_identity()
    x = torch.randn(2, 3, 7, 6)
    assert torch.allclose(layer(x), layer.conv(x), atol=1e-5)


def test_transformer_turns_each_patch():
    """A quarter turn of the taps reads the patch's neighbours in turned order."""
    x = torch.randn(1, 2, 6, 6)
    turn = torch.tensor([[0.0, -1], [1, 0]]).expand(1, 6, 6, 2, 2)  # the right tap, (1, 0), goes to (0, 1), below
    weight = torch.randn(4, 2, 3, 3)
    turned = conv2d(expanded(x, turn, 3), weight, stride=3)
    assert torch.allclose(turned, conv2d(x, weight.rot90(-1, (2, 3)), padding=1), atol=1e-4)


def test_transformer_leaves_the_trained_weights_valid():
    torch.manual_seed(0)
    plain, other = UCN.mini().eval(), UCN.mini(transform=True).eval()
    state = plain.state_dict()
    for branch in ("blocks.4a.three.2.", "blocks.4a.five.2."):
        state |= {f"{branch}conv.{kind}": state.pop(branch + kind) for kind in ("weight", "bias")}
    missing = other.load_state_dict(state, strict=False).missing_keys
    assert missing and all(".localisation." in key for key in missing)
    x = torch.rand(1, 1, 24, 20)
    assert torch.allclose(plain(x), other(x), atol=1e-5)


def googlenet_key(ours):
    """Our key of `UCN` in GoogLeNet's own names."""
    names = {"conv1": "conv1/7x7_s2", "conv2_reduce": "conv2/3x3_reduce", "conv2": "conv2/3x3"}
    branches = {"one.0": "1x1", "three.0": "3x3_reduce", "three.2": "3x3", "five.0": "5x5_reduce", "five.2": "5x5",
                "pool.1": "pool_proj"}  # fmt: skip
    layer, kind = ours.rsplit(".", 1)
    if layer in names:
        return f"{names[layer]}.{kind}"
    _, block, branch = layer.split(".", 2)
    return f"inception_{block}/{branches[branch]}.{kind}"


@pytest.mark.parametrize("transform", [False, True])
def test_loads_googlenet_and_leaves_its_top_out(transform):
    source = {googlenet_key(key): torch.randn(value.shape) for key, value in UCN().state_dict().items()}
    state = source | {"inception_4b/1x1.weight": torch.zeros(1), "loss3/classifier.bias": torch.zeros(1)}
    loaded = UCN.from_published({"model": state}, transform=transform).state_dict()
    inner = ".conv" if transform else ""
    assert torch.equal(loaded[f"blocks.4a.five.2{inner}.weight"], source["inception_4a/5x5.weight"])
    assert torch.equal(loaded["conv2.bias"], source["conv2/3x3.bias"])
    del state["inception_3b/5x5.bias"]
    with pytest.raises(CourseError, match=r"missing: blocks\.3b\.five\.2\.bias"):
        UCN.from_published(state, transform=transform)


def test_loads_googlenets_caffemodel(tmp_path):
    blobs = {}
    for key, value in UCN().state_dict().items():
        name, kind = googlenet_key(key).rsplit(".", 1)
        blobs.setdefault(name, {})[kind] = torch.randn(value.shape)
    path = tmp_path / "bvlc_googlenet.caffemodel"
    write_caffemodel(path, {name: [both["weight"], both["bias"]] for name, both in blobs.items()})
    loaded = UCN.from_published(path).state_dict()
    assert torch.equal(loaded["blocks.3a.pool.1.weight"], blobs["inception_3a/pool_proj"]["weight"])


def open_ucn_key(ours):
    """Our key of `ResUNet` in open-ucn's names."""
    parts = ours.split(".")
    if parts[0] in ("down", "up"):
        number = int(parts[1]) + 1 if parts[0] == "down" else 4 - int(parts[1])
        return ".".join([f"{parts[2]}{number}{'_tr' if parts[0] == 'up' else ''}", *parts[3:]])
    return ours.replace("mix", "conv1_tr")


@pytest.mark.parametrize("size", [{}, {"features": 32, "up_widths": (32, 64, 64, 128), "channels": 3},
                                  {"widths": (16, 32, 64, 128), "depths": (2,) * 7}])  # fmt: skip
def test_reads_every_size_from_open_ucns_layout(size):
    torch.manual_seed(0)
    model = ResUNet(**size).eval()
    state = {f"module.{open_ucn_key(key)}": value for key, value in model.state_dict().items()}
    assert "module.conv4_tr.weight" in state and "module.blocks2.0.bn1.running_mean" in state
    loaded = ResUNet.from_published({"state_dict": state, "epoch": 100})
    picture = torch.rand(1, size.get("channels", 1), 21, 30) - 0.5
    with torch.no_grad():
        assert torch.equal(loaded(picture), model(picture))
        unit = ResUNet.from_published(state, normalized=True)(picture)
    assert torch.equal(torch.nn.functional.normalize(loaded(picture), dim=1), unit)
    assert not torch.allclose(loaded(picture).norm(dim=1), torch.ones(1, 21, 30), atol=0.01)  # open-ucn's default
    state.pop("module.norm3_tr.bias")
    with pytest.raises(CourseError, match=r"missing: up\.1\.norm\.bias"):
        ResUNet.from_published(state)


@pytest.mark.parametrize("size", [(48, 64), (37, 50), (8, 9)])
def test_resunet_is_as_dense_as_any_picture(size):
    assert ResUNet.mini()(torch.rand(1, 1, *size)).shape == (1, 32, *size)


def test_preprocessing():
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    assert preprocess(red).flatten().tolist() == pytest.approx([-104, -117, 132])
    assert preprocess_grey(red).item() == pytest.approx(0.299 - 0.5)
    assert preprocess_grey(torch.full((1, 1, 1, 1), 0.75)).item() == pytest.approx(0.25)
    with pytest.raises(ShapeError, match="1 .grey. or 3"):
        preprocess_grey(torch.zeros(1, 2, 4, 4))


def test_animals_have_their_parts_where_the_truth_says():
    animals = AnimalParts().sample(64, seed=2)
    assert animals.pictures.shape == (64, 3, 48, 64) and animals.points.shape == (64, len(PARTS), 2)
    assert 0 <= animals.pictures.min() and animals.pictures.max() <= 1
    place = dict(zip(PARTS, animals.points.unbind(1), strict=True))
    upright = AnimalParts(turn=0).sample(64, seed=2)
    parts = dict(zip(PARTS, upright.points.unbind(1), strict=True))
    assert (parts["nose"][:, 0] > parts["hip"][:, 0]).all() and (parts["front foot"][:, 1] > parts["belly"][:, 1]).all()
    x, y = place["shoulder"].round().long().unbind(1)
    hide = animals.pictures[torch.arange(64), :, y, x]  # shoulder and hip share the hide's colour, up to its texture
    x, y = place["hip"].round().long().unbind(1)
    assert (hide - animals.pictures[torch.arange(64), :, y, x]).abs().mean() < 0.15
    assert torch.allclose(animals.boxes, animals.points.amax(1) - animals.points.amin(1))
    with pytest.raises(DataError, match="at least 24"):
        AnimalParts(16, 64)
