"""`course train 14` on a tiny data set in GOT-10k's layout."""

from functools import partial

import pytest
import torch
from PIL import Image

from course_lib import cli
from course_lib.data.worlds.targets import TargetWorld
from course_lib.errors import CourseError
from course_lib.models.siamfc import SiamFC
from course_lib.recipes import lectures, siamfc
from course_lib.recipes.training import Run
from course_lib.trackers.siamfc_training import PairBatches, pair_hits


@pytest.fixture(scope="module")
def got(tmp_path_factory):
    root = tmp_path_factory.mktemp("got10k")
    for split, seed in (("train", 1), ("val", 2)):
        names = [f"GOT-10k_{split}_{i:06d}" for i in range(1, 3)]
        for name, video in zip(names, TargetWorld().videos(2, 5, seed=seed), strict=True):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number, frame in enumerate(video.frames, 1):
                pixels = (255 * frame.permute(1, 2, 0)).byte().numpy()
                Image.fromarray(pixels).save(folder / f"{number:08d}.jpg")
            lines = [",".join(f"{value:.2f}" for value in box) for box in video.boxes.tolist()]
            (folder / "groundtruth.txt").write_text("\n".join(lines) + "\n")
        (root / split / "list.txt").write_text("\n".join(names) + "\n")
    return root


def test_the_command_trains_saves_and_resumes(got, tmp_path, monkeypatch, capsys):
    tiny = {"14": {"v1": partial(SiamFC, "mini", bias=True, gain=1e-2)}}
    monkeypatch.setattr(siamfc, "NETWORKS", tiny)
    arguments = ["train", "14", "--data", str(got), "--batch", "2", "--every", "2", "--lr", "1e-3", "--workers", "0"]
    arguments += ["--test", "4", "--checkpoint", str(tmp_path / "siamfc.pt")]
    for steps in ("2", "4"):
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--steps", steps])
        assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "v1: 2 training videos, 2 test videos" in said
    assert said.count("step       2: the peak is a hit in") == 2 and said.count("step       4:") == 1


def test_what_does_not_fit_is_explained(got):
    plain = {"missing": "raise", "batch": 2, "steps": 1, "lr": 1e-3, "every": 1, "test": 2, "workers": 0,
             "compile": False, "seed": 0, "checkpoint": None}  # fmt: skip
    with pytest.raises(CourseError, match="v1, v2, v3"):
        lectures.train(Run("14", "v9", str(got), None, **plain))
    with pytest.raises(CourseError, match="videos with boxes: got10k, ilsvrc_vid, not ucf101"):
        lectures.train(Run("14", None, str(got), "ucf101", **plain))


def test_processes_share_a_batch(got):
    sequences = siamfc.DATASETS["got10k"](got, "train")
    whole = PairBatches(sequences, batch=4, exemplar=31, search=63)(3)
    parts = [PairBatches(sequences, batch=4, exemplar=31, search=63, share=(rank, 2)) for rank in (0, 1)]
    for side in (0, 1):
        assert torch.equal(torch.stack([part(3)[side] for part in parts], 1).flatten(0, 1), whole[side])
    assert parts[0].shared
    with pytest.raises(CourseError, match="shared equally by 3"):
        PairBatches(sequences, batch=4, share=(0, 3))


def test_hits_count_peaks_near_the_middle():
    class Peaks(torch.nn.Module):
        stride = 4

        def forward(self, exemplars, searches):
            return searches

    searches = torch.zeros(4, 1, 9, 9)
    for row, (y, x) in enumerate([(4, 4), (5, 5), (4, 6), (0, 0)]):  # 0, 5.7, 8 and 22.6 pixels from the middle
        searches[row, 0, y, x] = 1
    assert pair_hits(Peaks(), (None, searches), radius=6) == 0.5
