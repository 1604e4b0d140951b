"""Training on a data set on disk: the batches, the frames they come from, and the command, with a tiny network."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy, interpolate

from course_lib import cli
from course_lib.data.sets.readers import LabelledVideos, ucf101
from course_lib.data.video_io import write_video
from course_lib.errors import CourseError
from course_lib.models.two_stream_fusion import TwoStreamFusion
from course_lib.recipes import clips, lectures, training
from course_lib.recipes.clips import NETWORKS, ClipRecipe, _middle, middle_accuracy
from course_lib.train import fit

CLASSES = ("Dark", "Bright")


@pytest.fixture(scope="module")
def ucf(tmp_path_factory):
    """A data set in UCF101's layout, of dark and of bright videos."""
    root = tmp_path_factory.mktemp("data")
    lists = root / "ucfTrainTestlist"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 Dark\n2 Bright\n")
    names = {"train": [], "test": []}
    for number, (kind, level) in enumerate(zip(CLASSES, (40, 200), strict=True), 1):
        for video in range(3):
            clip = torch.full((3, 12, 24, 32), level, dtype=torch.uint8)
            name = f"{kind}/v_{kind}_g0{video + 1}_c01.mp4"
            (root / "UCF-101" / kind).mkdir(parents=True, exist_ok=True)
            write_video(root / "UCF-101" / name, clip, fps=10)
            names["test" if video == 0 else "train"].append(f"{name} {number}")
    (lists / "trainlist01.txt").write_text("\n".join(names["train"]))
    (lists / "testlist01.txt").write_text("\n".join(names["test"]))
    return root / "UCF-101"


def build(classes):
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool3d(1), torch.nn.Flatten(), torch.nn.Linear(3, classes))


TINY = ClipRecipe(build, frames=4, resized=(20, 24), crop=16, prepare=lambda clips: (clips.float() - 120) / 64)


@pytest.mark.parametrize(
    ("lecture", "name"), [(lecture, name) for lecture, networks in NETWORKS.items() for name in networks]
)
def test_every_recipe_fits_its_network_of_published_size(lecture, name):
    recipe = NETWORKS[lecture][name]
    frame = torch.randint(256, (1, 3, 1, recipe.crop, recipe.crop), dtype=torch.uint8)
    inputs = recipe.prepare(frame.expand(-1, -1, recipe.frames * recipe.segments, -1, -1))
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    for each in inputs:  # numbers around 1, as He's weights want them
        assert each.dtype == torch.float32 and each.abs().max() < 3
    with torch.device("meta"):
        assert recipe.build(7)(*(torch.empty(each.shape) for each in inputs)).shape == (1, 7)


def test_a_crop_is_the_same_part_of_the_frame_in_all_fusions():
    assert {name: recipe.resized for name, recipe in NETWORKS["03"].items()} == {
        **dict.fromkeys(("SlowFusion", "SingleFrame", "EarlyFusion", "LateFusion"), (200, 200)),
        "MultiResolution": (209, 209),
    }


def test_networks_of_several_frames_get_the_ones_that_they_look_at():
    prepare = NETWORKS["03"]["LateFusion"].prepare
    clips = torch.arange(16, dtype=torch.uint8).view(1, 1, 16, 1, 1).expand(1, 3, 16, 178, 178)
    assert (prepare(clips)[0, 0, :, 0, 0] * 64 + 117).tolist() == [0.0, 15.0]


def test_segments_become_snippets():
    """Three snippets of six frames, frame t all of brightness t: every difference is 1."""
    recipe = NETWORKS["08"]["rgbdiff"]
    clips = torch.arange(18, dtype=torch.uint8).view(1, 1, 18, 1, 1).expand(1, 3, 18, 4, 4)
    snippets = recipe.prepare(clips)
    assert snippets.shape == (1, 3, 18, 4, 4) and recipe.segments == 3
    red = snippets[0].unflatten(1, (6, 3))[:, :, 2, 0, 0] * 64 + 128  # BGR: the last channel is red
    assert red.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11], [12, 13, 14, 15, 16, 17]]
    assert _middle(75, recipe).tolist() == [t + first for first in (11, 35, 58) for t in range(6)]
    assert _middle(4, recipe).tolist() == [0, 1, 2, 3, 3, 3] * 3


def test_accuracy_is_measured_on_middle_clips(ucf):
    videos = ucf101(ucf, train=False)
    network = build(2)
    with torch.no_grad():
        network[2].weight.copy_(torch.tensor([[-1.0] * 3, [1.0] * 3]))
        network[2].bias.zero_()
    network.train()
    assert middle_accuracy(network, videos, TINY, most=10) == 1.0
    swapped = LabelledVideos("swapped", videos.classes, tuple((p, 1 - k) for p, k in videos.videos))
    assert middle_accuracy(network, swapped, TINY, most=10) == 0.0
    assert network.training


def test_the_command_trains_saves_and_resumes(ucf, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(NETWORKS, "99", {"tiny": TINY})
    histories = []
    monkeypatch.setattr(training, "fit", lambda *args, **how: histories.append(fit(*args, **how)) or histories[-1])
    arguments = ["train", "99", "--data", str(ucf), "--batch", "4", "--every", "15", "--lr", "0.1", "--workers", "0"]
    arguments += ["--checkpoint", str(tmp_path / "tiny.pt")]
    for steps in ("15", "30"):
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--steps", steps])
        assert ended.value.code == 0
    half, whole = histories
    assert len(half.loss) == 15 and len(whole.loss) == 30 and whole.loss[:15] == half.loss
    assert whole.metrics[-1] == (30, 1.0)
    said = capsys.readouterr().out
    assert "tiny: 4 training videos, 2 test videos" in said and "step      30: 100.0% of the test clips right" in said


def test_the_command_trains_a_network_of_two_inputs(ucf, tmp_path, monkeypatch, capsys):
    """Frames and flow of lecture 09, with its loss of two streams; the network is the miniature."""

    def build(classes):
        torch.manual_seed(0)
        return TwoStreamFusion.mini(classes, over_time="3d conv", keep_temporal=True, flow_channels=20, crop=16)

    recipe = replace(NETWORKS["09"]["fusion"], build=build, frames=12, resized=(16, 20), crop=16)
    monkeypatch.setitem(NETWORKS, "99", {"tiny": recipe})
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "99", "--data", str(ucf), "--batch", "4", "--steps", "20", "--every", "20", "--lr", "0.003",
                  "--workers", "0", "--checkpoint", str(tmp_path / "tiny.pt")])  # fmt: skip
    assert ended.value.code == 0 and "100.0% of the test clips right" in capsys.readouterr().out


def test_fusion_is_trained_by_both_streams():
    torch.manual_seed(0)
    network = TwoStreamFusion.mini(4, over_time="3d conv", keep_temporal=True)
    inputs, labels = (torch.rand(2, 3, 5, 32, 32), torch.rand(2, 2, 5, 32, 32)), torch.tensor([1, 3])
    fused, temporal = network.streams(*network.maps(*inputs))
    loss = NETWORKS["09"]["fusion"].loss(network, (inputs, labels))
    assert torch.allclose(loss, cross_entropy(fused, labels) + cross_entropy(temporal, labels))


def test_unknown_lectures_and_networks_are_explained():
    with pytest.raises(CourseError, match="There are recipes for: 03, 05, 06, .*, 13, .*, 22, 23\\."):
        lectures.find("01")
    with pytest.raises(CourseError, match="on one video, at test time: python -m course_lib.video_depth"):
        lectures.find("24")
    with pytest.raises(CourseError, match="spatial, temporal"):
        lectures.find("05", "audio")
    assert lectures.find("05") == (clips, "spatial") and lectures.find("05", "temporal") == (clips, "temporal")


def test_a_message_instead_of_a_traceback_also_where_torchrun_starts_the_command(tmp_path):
    command = [sys.executable, "-m", "course_lib.cli", "train", "06", "--data", str(tmp_path / "nothing")]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert ran.returncode == 1 and "is not there" in ran.stderr and "Traceback" not in ran.stderr


@pytest.mark.full("networks of published size")
@pytest.mark.parametrize(
    ("lecture", "name"), [("05", "spatial"), ("05", "temporal"), ("03", "MultiResolution"), ("09", "fusion")]
)
def test_training_starts_near_knowing_nothing(lecture, name):
    """With dropout on, the first loss is about log K: no network has to unlearn an accidental opinion first."""
    torch.manual_seed(0)
    recipe = NETWORKS[lecture][name]
    frame = interpolate(torch.rand(2, 3, 8, 8), size=(recipe.crop, recipe.crop), mode="bicubic").clamp(0, 1)
    clips = torch.stack([frame.roll((t, 2 * t), (2, 3)) for t in range(recipe.frames)], 2)
    network = recipe.build(101).train()
    with torch.no_grad():
        inputs = recipe.prepare((255 * clips).byte())
        inputs = inputs if isinstance(inputs, tuple) else (inputs,)
        losses = [cross_entropy(network(*inputs), torch.tensor([3, 77])) for _ in range(2)]
    assert sum(losses) / 2 < math.log(101) + 1
