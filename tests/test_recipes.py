"""Training on a data set on disk: the batches, the frames they come from, and the command, with a tiny network."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course_lib import recipes
from course_lib.data.sets.readers import LabelledVideos, ucf101
from course_lib.data.video_io import write_video
from course_lib.errors import CourseError
from course_lib.recipes import Recipe, find, main, middle_accuracy

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


TINY = Recipe(build, frames=4, resized=(20, 24), crop=16, prepare=lambda clips: (clips.float() - 120) / 64)


@pytest.mark.parametrize(
    ("lecture", "name"), [(lecture, name) for lecture, networks in recipes.RECIPES.items() for name in networks]
)
def test_every_recipe_fits_its_network_of_published_size(lecture, name):
    recipe = find(lecture, name)
    frame = torch.randint(256, (1, 3, 1, recipe.crop, recipe.crop), dtype=torch.uint8)
    inputs = recipe.prepare(frame.expand(-1, -1, recipe.frames, -1, -1))
    assert inputs.dtype == torch.float32 and inputs.abs().max() < 3  # numbers around 1, as He's weights want them
    with torch.device("meta"):
        assert recipe.build(7)(torch.empty(inputs.shape)).shape == (1, 7)


def test_networks_of_several_frames_get_the_ones_that_they_look_at():
    prepare = find("03", "LateFusion").prepare
    clips = torch.arange(16, dtype=torch.uint8).view(1, 1, 16, 1, 1).expand(1, 3, 16, 178, 178)
    assert (prepare(clips)[0, 0, :, 0, 0] * 64 + 117).tolist() == [0.0, 15.0]


def test_accuracy_is_measured_on_middle_clips(ucf):
    videos = ucf101(ucf, train=False)
    network = build(2)
    with torch.no_grad():
        network[2].weight.copy_(torch.tensor([[-1.0] * 3, [1.0] * 3]))
        network[2].bias.zero_()
    network.train()
    assert middle_accuracy(network, videos, TINY, most=10, dtype=torch.float32) == 1.0
    swapped = LabelledVideos("swapped", videos.classes, tuple((p, 1 - k) for p, k in videos.videos))
    assert middle_accuracy(network, swapped, TINY, most=10, dtype=torch.float32) == 0.0
    assert network.training


def test_the_command_trains_saves_and_resumes(ucf, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(recipes.RECIPES, "99", {"tiny": TINY})
    arguments = ["99", "--data", str(ucf), "--batch", "4", "--every", "15", "--learning-rate", "0.1"]
    arguments += ["--checkpoint", str(tmp_path / "tiny.pt")]
    half = main([*arguments, "--steps", "15"])
    whole = main([*arguments, "--steps", "30"])
    assert len(half.loss) == 15 and len(whole.loss) == 30 and whole.loss[:15] == half.loss
    assert whole.metrics[-1] == (30, 1.0)
    assert "4 training videos, 2 test videos" in capsys.readouterr().out


def test_unknown_lectures_and_networks_are_explained():
    with pytest.raises(CourseError, match="There are recipes for: 03, 05, 06"):
        find("01")
    with pytest.raises(CourseError, match="spatial, temporal"):
        find("05", "audio")


def test_the_module_prints_a_message_instead_of_a_traceback(tmp_path):
    command = [sys.executable, "-m", "course_lib.train", "06", "--data", str(tmp_path / "nothing")]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert ran.returncode == 1 and "is not there" in ran.stderr and "Traceback" not in ran.stderr
