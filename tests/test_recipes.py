"""Training on a data set on disk: the batches, the frames they come from, and the command, with a tiny network."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from course_lib import recipes
from course_lib.data.readers import LabelledVideos, ucf101
from course_lib.data.video_io import write_video
from course_lib.errors import CourseError
from course_lib.models.two_stream import CNN_M_2048
from course_lib.recipes import FlowOfClip, PickFrames, RandomBatches, Recipe, Stream, find, main, middle_accuracy

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


TINY = Recipe(build, frames=4, resized=(20, 24), crop=16, mean=(120.0,) * 3, learning_rate=3e-3)


def test_every_recipe_builds_and_runs_at_its_published_shape():
    for lecture, networks in recipes.RECIPES.items():
        for name, recipe in networks.items():
            if name == "temporal":
                continue  # its flow needs real numbers: the next test
            with torch.device("meta"):
                out = recipe.build(7)(torch.zeros(2, 3, recipe.frames, recipe.crop, recipe.crop))
            assert out.shape == (2, 7), (lecture, name)


def test_the_temporal_stream_computes_its_own_flow():
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    frames = [127 + 60 * torch.sin((x - t * (y > 32)) / 4) * torch.cos(y / 5) for t in range(4)]  # the lower half moves
    clip = torch.stack(frames)[None, None].expand(1, 3, 4, 64, 64)
    network = FlowOfClip(CNN_M_2048.mini(5, 6))
    stack = network.stack(clip)
    assert stack.shape == (1, 6, 64, 64)
    assert stack.mean((2, 3)).abs().max() < 1e-4
    assert (stack[0, ::2, 40:56, 8:56].mean() - stack[0, ::2, 8:24, 8:56].mean()).item() == pytest.approx(1.0, abs=0.15)
    assert network(clip).shape == (1, 5)


def test_fusion_networks_get_the_frames_they_look_at():
    class Recorder(torch.nn.Module):
        @staticmethod
        def frame_indices(frames):
            return torch.tensor([1, frames - 1])

        def forward(self, clip):
            return clip

    clip = torch.arange(5.0).view(1, 1, 5, 1, 1)
    assert PickFrames(Recorder())(clip).flatten().tolist() == [1.0, 4.0]


def test_a_step_always_gives_the_same_batch_and_an_epoch_every_video(ucf):
    batches = RandomBatches(ucf101(ucf), TINY, batch=4)
    clips, labels = batches[3]
    again, same = RandomBatches(ucf101(ucf), TINY, batch=4)[3]
    assert clips.shape == (4, 3, 4, 16, 16) and torch.equal(clips, again) and torch.equal(labels, same)
    assert sorted(labels.tolist()) == [0, 0, 1, 1]  # four training videos: one epoch per step
    orders = {tuple(batches[step][1].tolist()) for step in range(8)}
    assert len(orders) > 1
    assert clips[labels == 1].mean().item() == pytest.approx(80, abs=8)


def test_processes_share_a_batch_without_overlap(ucf):
    videos = ucf101(ucf)
    whole = RandomBatches(videos, TINY, batch=4)[5]
    parts = [RandomBatches(videos, TINY, batch=4, rank=rank, processes=2)[5] for rank in (0, 1)]
    assert torch.equal(whole[0][0::2], parts[0][0]) and torch.equal(whole[0][1::2], parts[1][0])
    with pytest.raises(CourseError, match="shared equally"):
        RandomBatches(videos, TINY, batch=4, processes=3)


def test_a_stream_resumes_anywhere_also_from_worker_processes(ucf):
    batches = RandomBatches(ucf101(ucf), TINY, batch=2)
    for workers in (0, 2):
        stream = Stream(batches, workers)
        assert torch.equal(stream(4)[0], batches[4][0])
        assert torch.equal(stream(5)[0], batches[5][0])
        assert torch.equal(stream(0)[0], batches[0][0])


def test_short_videos_repeat_their_last_frame(ucf):
    long = replace(TINY, frames=20)
    assert RandomBatches(ucf101(ucf), long, batch=1)[0][0].shape[2] == 20


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
    arguments = ["99", "--data", str(ucf), "--batch", "4", "--every", "15", "--workers", "0"]
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
