"""Training of PointNet on files in ModelNet40's layout: batches, loss, accuracy, and the command from start to end."""

from functools import partial

import numpy as np
import pytest
import torch

from course_lib import cli
from course_lib.models.pointnet import PointNet, orthogonality
from course_lib.recipes import points as recipe
from course_lib.recipes.points import SetBatches, loss_of, share_right, turned_and_shaken


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Six training and two test models of two kinds: flat and tall boxes of 1,030 points."""
    root, generator = tmp_path_factory.mktemp("modelnet40"), np.random.default_rng(0)
    (root / "modelnet40_shape_names.txt").write_text("flat\ntall\n")
    lists = {"train": [], "test": []}
    for kind, size in (("flat", (1, 0.1, 1)), ("tall", (0.1, 1, 0.1))):
        (root / kind).mkdir()
        for number in range(4):
            rows = np.hstack([generator.normal(size=(1030, 3)) * size, np.zeros((1030, 3))])
            np.savetxt(root / kind / f"{kind}_{number:04}.txt", rows, delimiter=",", fmt="%.4f")
            lists["train" if number < 3 else "test"].append(f"{kind}_{number:04}")
    for split, names in lists.items():
        (root / f"modelnet40_{split}.txt").write_text("\n".join(names))
    return root


def test_a_set_is_turned_about_y_and_hardly_shaken():
    points = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    moved = turned_and_shaken(points, torch.Generator().manual_seed(1))
    level = lambda cloud: cloud[:, [0, 2]].norm(dim=1)  # noqa: E731
    assert (moved[:, 1] - points[:, 1]).abs().max() <= 0.05 + 1e-6
    assert (level(moved) - level(points)).abs().max() < 0.08 and (moved - points).abs().max() > 0.3


def test_the_same_step_gives_the_same_batch():
    sets, labels = torch.randn(5, 20, 3), torch.arange(5)
    first, again = SetBatches(sets, labels, 4)(1), SetBatches(sets, labels, 4)(1)
    assert first[0].shape == (4, 20, 3) and all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    halves = [SetBatches(sets, labels, 4, share=(rank, 2))(1)[1] for rank in (0, 1)]
    assert torch.equal(torch.stack(halves, 1).flatten(), first[1])


def test_the_loss_has_a_penalty_only_with_a_feature_t_net():
    torch.manual_seed(0)
    batch = torch.randn(4, 30, 3), torch.tensor([0, 1, 0, 1])
    for tnet in (False, True):
        network = PointNet.mini(2, feature_tnet=tnet).eval()
        if tnet:
            torch.nn.init.normal_(network.feature_tnet.decide[-1].bias)
        scores, encoding = network(batch[0], details=True)
        plain = torch.nn.functional.cross_entropy(scores, batch[1])
        penalty = 0.001 * orthogonality(encoding.turns[-1]) if tnet else 0
        assert torch.isclose(loss_of(network, batch), plain + penalty) and (not tnet or penalty > 0.001)


def test_accuracy_of_a_network_that_knows_some():
    class Knowing(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(()))

        def forward(self, sets):
            return torch.nn.functional.one_hot(sets[:, 0, 0].long(), 3).float()

    sets, labels = torch.zeros(4, 2, 3), torch.tensor([0, 1, 2, 0])
    sets[:, 0, 0] = torch.tensor([0.0, 1, 0, 1])
    network = Knowing().train()
    assert share_right(network, sets, labels, most=10) == 0.5 and network.training
    assert share_right(network, sets, labels, most=1) == 1


@pytest.mark.parametrize("name", recipe.NETWORKS["21"])
def test_the_command_trains(models, tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    small = partial(PointNet.mini, **recipe.NETWORKS["21"][name].keywords) if "vanilla" in name else PointNet.mini
    monkeypatch.setitem(recipe.NETWORKS, "21", {name: small})
    arguments = ["train", "21", "--data", str(models), "--batch", "4", "--steps", "4", "--every", "2", "--workers", "0"]
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code in (0, None)
    said = capsys.readouterr()
    assert "6 training models, 2 test models" in said.out + said.err and "of the test models" in said.out + said.err
    assert (tmp_path / "runs" / f"21_{name}.pt").is_file()
