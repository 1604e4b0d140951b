"""C3D at its published size, equal to the public reference for the same weights."""

import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.c3d import C3D, C3DSearch, pooled_size, preprocess, video_descriptor
from tests.reference import distance, fill, reference

PORT = {"conv1": 0, "conv2": 3, "conv3a": 6, "conv3b": 8, "conv4a": 11, "conv4b": 13, "conv5a": 16, "conv5b": 18}


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("classes, expected", [(487, 79_991_015), (101, 78_409_573)])
def test_published_size(classes, expected):
    with torch.device("meta"):
        assert parameters(C3D(classes)) == expected


def test_published_size_of_the_search_network():
    with torch.device("meta"):
        assert parameters(C3DSearch()) == 17_444_965
        increasing, decreasing = C3DSearch(depths=(3, 3, 5, 5, 7)), C3DSearch(depths=(7, 5, 5, 3, 3))
    assert parameters(increasing) > parameters(decreasing) > 17_444_965


@pytest.mark.parametrize("pool5, name", [("caffe", "logits_caffe_pool5_mt"), ("padded", "logits_pad_pool5_mt")])
def test_equals_the_public_reference(pool5, name):
    keys, clip, outputs = reference("c3d_sports1m")
    model = C3D.from_published(fill(keys), pool5=pool5)
    with torch.no_grad():
        ours = model(clip)
    assert distance(ours, outputs[name]) < 1e-5
    other = outputs["logits_pad_pool5_mt" if pool5 == "caffe" else "logits_caffe_pool5_mt"]
    assert distance(ours, other) > 0.1  # the two pools are not the same network


def tiny_state(rename):
    """Weights of a C3D that is too small to be published, under the names of a public layout."""
    model = C3D.mini(5)
    return model, {rename(key): value for key, value in model.state_dict().items()}


def port_key(key):
    name, kind = key.split(".")
    return f"features.{PORT[name]}.{kind}" if name in PORT else f"classifier.{ {'fc6': 0, 'fc7': 3}.get(name) }.{kind}"


def lab_key(key):
    name, kind = key.split(".")
    if name == "fc8":
        return f"cls_head.fc_cls.{kind}"
    name = {"conv1": "conv1a", "conv2": "conv2a"}.get(name, name)
    return f"module.backbone.{name}.conv.{kind}" if name.startswith("conv") else f"backbone.{name}.{kind}"


@pytest.mark.parametrize("layout", ["plain", "wrapped", "port", "lab"])
def test_loads_every_public_layout(monkeypatch, tmp_path, layout):
    monkeypatch.setattr(C3D, "__init__", lambda self, *args, _init=C3D.__init__, **kw: _init(
        self, 5, widths=(8, 16, 32, 32, 64, 64, 64, 64), hidden=128, clip=(16, 32, 32), pool5=kw.get("pool5", "caffe")
    ))  # fmt: skip
    model, state = tiny_state({"port": port_key, "lab": lab_key}.get(layout, lambda key: key))
    if layout == "port":
        state = {key: value for key, value in state.items() if "None" not in key}  # this layout has no fc8
    if layout == "wrapped":
        torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "c3d.pth")
        state = tmp_path / "c3d.pth"
    loaded = C3D.from_published(state, 5).state_dict()
    for key, value in model.state_dict().items():
        if not (layout == "port" and key.startswith("fc8")):
            assert torch.equal(loaded[key], value), key


def test_says_which_keys_do_not_fit():
    keys, _, _ = reference("c3d_sports1m")
    state = {name: torch.zeros(shape) for name, shape in keys if name != "conv3b.bias"}
    state["conv9.weight"] = torch.zeros(2)
    with pytest.raises(CourseError, match="missing: conv3b.bias(.|\n)*unexpected: conv9.weight"):
        C3D.from_published(state)
    state = {name: torch.zeros(shape) for name, shape in keys}
    with pytest.raises(CourseError, match=r"fc8.weight: checkpoint \(487, 4096\), model \(101, 4096\)"):
        C3D.from_published(state, 101)


def test_weights_of_another_network_are_refused_by_name():
    """VGG-16 has the port's key pattern at other numbers: the keys are listed, no KeyError escapes."""
    vgg = {"features.0.weight": torch.zeros(64, 3, 3, 3), "features.2.weight": torch.zeros(64, 64, 3, 3)}
    with pytest.raises(CourseError, match="unexpected: features.2.weight, classifier.6.bias"):
        C3D.from_published(vgg | {"classifier.6.bias": torch.zeros(1000)})


def test_a_missing_or_broken_file_is_explained(tmp_path):
    with pytest.raises(CourseError, match="No checkpoint"):
        C3D.from_published(tmp_path / "none.pth")
    (tmp_path / "half.pth").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(CourseError, match="incomplete"):
        C3D.from_published(tmp_path / "half.pth")


@pytest.mark.parametrize(
    "clip, padded, expected",
    [
        ((16, 112, 112), False, (1, 4, 4)),
        ((16, 112, 112), True, (1, 4, 4)),
        ((16, 32, 32), True, (1, 2, 2)),
        ((8, 64, 48), False, (1, 2, 2)),
    ],
)
def test_pooled_size_is_what_the_network_does(clip, padded, expected):
    assert pooled_size(clip, padded) == expected
    model = C3D(3, widths=(2,) * 8, hidden=4, clip=clip, pool5="padded" if padded else "caffe")
    assert model(torch.zeros(2, 3, *clip)).shape == (2, 3)


def test_mini_overfits_one_batch():
    torch.manual_seed(0)
    model, clips, labels = C3D.mini(4), torch.randn(4, 3, 16, 32, 32), torch.arange(4)
    optimizer = torch.optim.Adam(model.parameters(), 3e-4)
    for _ in range(80):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(clips), labels).backward()
        optimizer.step()
    assert (model.eval()(clips).argmax(1) == labels).all()


def test_even_depths_and_unknown_pools_are_refused():
    with pytest.raises(CourseError, match="odd"):
        C3DSearch.mini(3, depths=(3, 3, 2, 3, 3))
    with pytest.raises(CourseError, match="padded"):
        C3D(3, pool5="same")
    with pytest.raises(ShapeError, match="permute"):
        C3D.mini(3)(torch.zeros(2, 16, 32, 32, 3))


def test_preprocess_gives_centred_bgr():
    clip = torch.zeros(3, 16, 128, 171, dtype=torch.uint8)
    clip[0] = 200  # red
    out = preprocess(clip)
    assert out.shape == (3, 16, 112, 112)
    assert out[2].mean().item() == pytest.approx(200 - 101.41, abs=1e-3)
    assert out[0].mean().item() == pytest.approx(-90.25, abs=1e-3)


def test_video_descriptor_has_length_one():
    features = torch.rand(5, 7)
    descriptor = video_descriptor(features)
    assert descriptor.norm().item() == pytest.approx(1.0)
    assert torch.allclose(descriptor, features.mean(0) / features.mean(0).norm())


def test_the_search_network_has_features_and_takes_single_frames():
    torch.manual_seed(0)
    model, clips = C3DSearch.mini(4, clip=(8, 24, 24)).eval(), torch.rand(2, 3, 8, 24, 24)
    features = model.features(clips)
    assert features.shape == (2, 64) and (features >= 0).all()
    assert torch.allclose(model.head[2:](features), model(clips))
    assert C3DSearch.mini(4, (1,) * 5, clip=(1, 24, 24))(clips[:, :, :1]).shape == (2, 4)


def test_depth_one_cannot_tell_a_clip_from_its_reverse():
    """Reversing time keeps the pairs of frames that meet in a pool, and a maximum has no order: equal scores."""
    torch.manual_seed(0)
    clips = torch.rand(2, 3, 16, 24, 24)
    for depth, same in ((1, True), (3, False)):
        model = C3DSearch.mini(4, (depth,) * 5, clip=(16, 24, 24)).eval()
        assert torch.allclose(model(clips), model(clips.flip(2)), atol=1e-6) is same
