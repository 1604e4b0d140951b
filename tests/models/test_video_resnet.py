"""R3D, MC3 and R(2+1)D: published counts, equal to torchvision and to a port that differs, every layout."""

import pytest
import torch
from torch.nn.functional import cross_entropy
from torchvision.models import video

from course_lib.errors import CourseError, ShapeError
from course_lib.models.video_resnet import VideoResNet, preprocess, width_between
from tests.reference import distance, fill, reference

PUBLISHED = {
    ("r3d", "torchvision", 400): 33_371_472, ("mc3", "torchvision", 400): 11_695_440,
    ("r2plus1d", "torchvision", 400): 31_505_325, ("r3d", "jfzhang", 101): 33_227_557,
    ("r2plus1d", "jfzhang", 101): 33_226_750,
}  # fmt: skip


@pytest.mark.parametrize("which, expected", PUBLISHED.items(), ids=str)
def test_published_size(which, expected):
    kind, port, classes = which
    with torch.device("meta"):
        assert sum(p.numel() for p in VideoResNet(classes, kind, port=port).parameters()) == expected


@torch.no_grad()
@pytest.mark.parametrize("kind", ["r3d", "mc3", "r2plus1d"])
def test_equals_torchvision(kind, tmp_path):
    peer = getattr(video, f"{kind}_18")().eval()
    filled = fill([[key, list(value.shape)] for key, value in peer.state_dict().items()])
    peer.load_state_dict(filled)
    torch.save({"state_dict": {f"module.{key}": value for key, value in filled.items()}}, tmp_path / "weights.pth")
    model = VideoResNet.from_published(tmp_path / "weights.pth", 400)
    assert list(model.state_dict()) == list(filled) and not model.training
    clip = torch.randn(2, 3, 5, 39, 50)
    assert distance(model(clip), peer(clip)) < 1e-5
    assert model.features(clip).shape == (2, 512, 5 if kind == "mc3" else 1, 3, 4)


@torch.no_grad()
@pytest.mark.parametrize("name", ["r3d_jfzhang", "r2plus1d_jfzhang"])
def test_equals_the_port_that_differs(name):
    keys, clip, outputs = reference(name)
    model = VideoResNet.from_published(fill(keys))
    assert model.fc.out_features == 101
    assert distance(model(clip), outputs["logits_mt"]) < 1e-5


def test_the_two_small_kernels_have_as_many_parameters_as_the_large_one():
    assert [width_between(64, 64), width_between(64, 128), width_between(64, 128, 1)] == [144, 230, 42]
    small, large = 64 * 144 * 9 + 144 * 64 * 3, 64 * 64 * 27
    assert small == large


def test_says_what_does_not_fit():
    with torch.device("meta"):
        state = VideoResNet(7).state_dict()
    state = {key: torch.zeros(value.shape) for key, value in state.items()}
    with pytest.raises(CourseError, match=r"fc.weight: checkpoint \(7, 512\), model \(400, 512\)"):
        VideoResNet.from_published(state, 400)
    state["res3d.conv3.block2.bn9.weight"] = state.pop("layer2.0.conv1.1.weight")
    with pytest.raises(CourseError, match=r"unexpected: .*res3d.conv3.block2.bn9.weight"):
        VideoResNet.from_published(state)
    with pytest.raises(CourseError, match="missing: stem.0.weight"):
        VideoResNet.from_published({"layer2.0.conv1.0.weight": torch.zeros(3)})


@pytest.mark.parametrize("kind, port", [("r4d", "torchvision"), ("r3d", "mine"), ("mc3", "jfzhang")])
def test_only_known_networks_are_built(kind, port):
    with pytest.raises(CourseError, match="expected one of r3d, mc3, r2plus1d"):
        VideoResNet(5, kind, port=port)


def test_preprocess_is_torchvisions():
    clip = torch.randint(0, 256, (3, 4, 120, 170), dtype=torch.uint8)
    peer = video.R3D_18_Weights.KINETICS400_V1.transforms()(clip.transpose(0, 1))
    ours = preprocess(clip)
    assert ours.shape == (3, 4, 112, 112)
    assert (ours - peer).abs().max() < 0.51 / 255 / 0.21  # torchvision rounds to whole levels after the resize
    with pytest.raises(ShapeError, match="3"):
        preprocess(clip[:2])


@pytest.mark.parametrize("kind", ["r3d", "mc3", "r2plus1d"])
def test_mini_overfits_one_batch(kind):
    torch.manual_seed(0)
    model, clips, labels = VideoResNet.mini(3, kind), torch.randn(6, 3, 4, 16, 16), torch.arange(6) % 3
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(25):
        optimizer.zero_grad()
        cross_entropy(model(clips), labels).backward()
        optimizer.step()
    assert (model(clips).argmax(1) == labels).all()
    with pytest.raises(ShapeError, match="permute"):
        model(clips.permute(0, 2, 3, 4, 1))
