"""`course train 13` on a tiny data set in VOT's layout."""

from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from course_lib import cli
from course_lib.data.sets.tracking import vot
from course_lib.data.worlds.targets import TargetWorld
from course_lib.errors import CourseError, DataError
from course_lib.models.mdnet import MDNet
from course_lib.recipes import lectures, mdnet
from course_lib.recipes.mdnet import Parts, right_crops
from course_lib.recipes.training import Run

TINY = {"13": {"MDNet": MDNet.mini, "SDNet": lambda sequences: MDNet.mini(1)}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("vot")
    names = ["ball", "bag", "fish"]
    for name, video in zip(names, TargetWorld().videos(3, 10, seed=1), strict=True):
        (root / name).mkdir()
        for number, frame in enumerate(video.frames, 1):
            Image.fromarray((255 * frame.permute(1, 2, 0)).byte().numpy()).save(root / name / f"{number:08d}.jpg")
        lines = [",".join(f"{value:.2f}" for value in box) for box in video.boxes.tolist()]
        (root / name / "groundtruth.txt").write_text("\n".join(lines) + "\n")
    (root / "list.txt").write_text("\n".join(names) + "\n")
    return root


def test_the_command_trains_saves_and_resumes(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mdnet, "NETWORKS", TINY)
    checkpoint = tmp_path / "mdnet.pt"
    arguments = ["train", "13", "--data", str(folder), "--batch", "16", "--every", "3", "--workers", "0", "--test", "2"]
    for steps in ("3", "6"):
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--steps", steps, "--checkpoint", str(checkpoint)])
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "MDNet: 3 training videos, 2 test videos" in said
    assert said.count("step       3:") == 2 and said.count("step       6:") == 1
    weights = torch.load(checkpoint, weights_only=False)["model"]
    assert len({key.split(".")[1] for key in weights if key.startswith("branches.")}) == 3  # one for each video


def run_of(folder, **other):
    plain = {"lecture": "13", "network": None, "data": str(folder), "dataset": None, "missing": "raise", "batch": 16,
             "steps": 1, "lr": 1e-3, "every": 1, "test": 3, "workers": 0, "compile": False, "seed": 0,
             "checkpoint": None}  # fmt: skip
    return Run(**(plain | other))


def test_a_step_is_one_video_and_the_published_share_of_targets(folder, monkeypatch):
    monkeypatch.setattr(mdnet, "NETWORKS", TINY)
    made = mdnet.training(run_of(folder, dataset="vot"), "MDNet")
    batches = made.batches(batch_size=16, device=torch.device("cpu"), workers=0, seed=0, share=(0, 1))
    for step in (0, 1, 4):
        crops, labels, domain = batches(step)
        assert crops.shape == (16, 3, 43, 43) and labels.sum() == 4 and domain == step % 3
    single = mdnet.training(run_of(folder, dataset="vot"), "SDNet")
    assert single.batches(batch_size=16, device="cpu", workers=0, seed=0, share=(0, 1))(4)[2] == 0
    with pytest.raises(CourseError, match="one process"):
        made.batches(batch_size=16, device="cpu", workers=0, seed=0, share=(0, 2))
    with pytest.raises(CourseError, match="MDNet, SDNet"):
        lectures.train(run_of(folder, network="GOTURN"))


def test_what_is_tested_was_not_learnt_from(folder):
    sequences = vot(folder)
    learnt, tested = (Parts(sequences, held_out)[1] for held_out in (False, True))
    whole = sequences[1]
    assert torch.equal(torch.cat([learnt.boxes, tested.boxes]), whole.boxes) and len(tested.boxes) == 2
    assert torch.equal(tested.frames[0], whole.frames[8]) and torch.equal(learnt.frames[7], whole.frames[7])
    alone = SimpleNamespace(name="alone", boxes=whole.boxes[:1], frames=whole.frames[:1])
    with pytest.raises(DataError, match="a single frame"):
        Parts([alone])[0]


def test_both_kinds_of_crops_count_half():
    class Always(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def forward(self, crops, domain):
            return torch.tensor([0.0, 1.0]).expand(len(crops), 2) + self.weight  # "target", whatever it is shown

    batch = torch.zeros(4, 3, 8, 8), torch.tensor([1, 0, 0, 0]), 0
    assert right_crops(Always(), lambda number: batch, [0, 1]) == 0.5
