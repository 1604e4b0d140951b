"""`course train 15` and `16` on a tiny data set in FlyingChairs' layout."""

import pytest
import torch

from course_lib import cli
from course_lib.data.sets.flow import flying_chairs
from course_lib.errors import DataError
from course_lib.models.embedding_net import EmbeddingNet
from course_lib.models.ucn import UCN
from course_lib.recipes import correspondence
from course_lib.recipes.correspondence import Matches, PatchMatches, map_pck, mean_over, patch_recall
from tests.recipes.test_flow_recipes import chairs  # noqa: F401

TINY = {"15": {"EmbeddingNet": EmbeddingNet.mini}, "16": {"UCN": lambda: UCN.mini(3)}}
SMALL = {"crop": (60, 96)}


@pytest.mark.parametrize(
    "lecture, name, said",
    [("15", "EmbeddingNet", "of the test patches find their match first"), ("16", "UCN", "points within 10 px")],
)
def test_the_command_trains_saves_and_resumes(chairs, tmp_path, monkeypatch, capsys, lecture, name, said):  # noqa: F811
    monkeypatch.setattr(correspondence, "NETWORKS", TINY)
    monkeypatch.setattr(Matches.__init__, "__kwdefaults__", Matches.__init__.__kwdefaults__ | SMALL)
    monkeypatch.setattr(correspondence, "POINTS", 20)
    arguments = ["train", lecture, "--data", str(chairs), "--dataset", "flying_chairs", "--batch", "2", "--every", "2"]
    for steps in ("2", "4"):
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--steps", steps, "--workers", "0", "--checkpoint", str(tmp_path / "c.pt")])
        assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"{name}: 4 training pairs, 2 test pairs" in out
    assert out.count("step       2:") == 2 and out.count("step       4:") == 1 and said in out


def test_matches_show_the_same_point(chairs):  # noqa: F811
    """The pictures of the world are its flow's: a match has one colour in both, but where a shape hides it."""
    image1, image2, points1, points2 = Matches(flying_chairs(chairs), 200, **SMALL)[3]
    for points in (points1, points2):
        assert points.min() >= 0 and points[:, 0].max() <= 95 and points[:, 1].max() <= 59
    colors = [
        torch.nn.functional.grid_sample(
            image[None], (2 * points / torch.tensor([95.0, 59]) - 1).view(1, 1, -1, 2), align_corners=True
        )[0, :, 0]
        for image, points in ((image1, points1), (image2, points2))
    ]
    elsewhere = (colors[0] - colors[1].roll(7, dims=1)).abs().mean()
    assert (colors[0] - colors[1]).abs().mean() < 0.3 * elsewhere
    again = Matches(flying_chairs(chairs), 200, **SMALL)[3]
    assert torch.equal(again[3], points2) and (points1 - points2).norm(dim=1).max() > 1


def test_patches_of_a_match_are_alike_though_seen_anew(chairs):  # noqa: F811
    first, second = PatchMatches(flying_chairs(chairs), 30, **SMALL)[0]
    assert first.shape == second.shape == (30, 1, 28, 28)
    likeness = (first.flatten(1) @ second.flatten(1).T) / 784  # (30, 30) correlations
    assert likeness.diagonal().mean() > 2 * likeness.abs().mean()
    assert likeness.diagonal().median() < 0.95


class Pixels(torch.nn.Module):
    """Describes a cell, or a patch, by its own pixels."""

    stride = 1

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def forward(self, pictures):
        described = pictures.flatten(1) if pictures.shape[1] == 1 else pictures
        return torch.nn.functional.normalize(self.weight * described, dim=1)


def test_measures_count_what_is_found():
    torch.manual_seed(0)
    patches = torch.randn(8, 1, 28, 28)
    assert mean_over(Pixels(), patch_recall, [(patches, patches)], 1) == 1
    assert mean_over(Pixels(), patch_recall, [(patches, patches.roll(1, 0)), (patches, patches)], 2) == 0.5
    picture, points = torch.rand(3, 24, 32), torch.tensor([[3.0, 4], [20, 10], [30, 22]])
    moved = picture.roll((2, 5), (1, 2))
    assert map_pck(Pixels(), (picture, moved, points[:2], points[:2] + torch.tensor([5.0, 2]))) == 1
    assert map_pck(Pixels(), (picture, moved, points[:2], points[:2] - torch.tensor([15.0, 2]))) == 0


def test_pairs_without_truth_are_explained(chairs):  # noqa: F811
    class Unknown:
        name = "no truth"

        def __init__(self, pairs):
            self.pairs = pairs

        def __len__(self):
            return len(self.pairs)

        def __getitem__(self, number):
            image1, image2, flow, known = self.pairs[number]
            return image1, image2, flow, known & False

    with pytest.raises(DataError, match="no truth: 20 crops show no point"):
        Matches(Unknown(flying_chairs(chairs)), 5, **SMALL)[0]
