import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.pointnet import FLAVOURS, PointNet, TNet, orthogonality
from tests.reference_waves import wave_value

FIXTURES = Path(__file__).parents[1] / "fixtures"
TABLES = json.loads((FIXTURES / "pointnet_fxia22.json").read_text())
OUTPUTS = np.load(FIXTURES / "pointnet_fxia22.npz")
NAMES = ("cls40_ft", "cls40_noft", "seg50_ft", "seg50_noft")


def count(network):
    return sum(p.numel() for p in network.parameters())


def published(name):
    return {key: wave_value(i, key, shape) for i, key, shape in TABLES[name]["table"]}


@pytest.mark.parametrize("name", NAMES)
def test_equal_to_the_public_reference(name):
    network = PointNet.from_published({f"module.{key}": value for key, value in published(name).items()})
    assert count(network) == TABLES[name]["params"]
    with torch.no_grad():
        scores, encoding = network(torch.tensor(OUTPUTS["x"]).transpose(1, 2), details=True)
    expected = torch.tensor(OUTPUTS[f"{name}_out"])
    assert (scores.log_softmax(-1) - expected).norm() < 1e-5 * expected.norm()
    assert torch.allclose(encoding.turns[0], torch.tensor(OUTPUTS[f"{name}_trans"]), atol=1e-5)
    if name.endswith("_ft"):
        assert orthogonality(encoding.turns[1], "pytorch").item() == pytest.approx(
            float(OUTPUTS[f"{name}_reg_loss"]), rel=1e-5
        )
        value = float(OUTPUTS[f"{name}_tf_l2_loss_charlesq34"])
        assert orthogonality(encoding.turns[1], "original").item() == pytest.approx(value, rel=1e-5)


def test_published_sizes():
    assert count(PointNet()) == 3_480_049
    assert count(PointNet(input_tnet=False, feature_tnet=False)) == 819_624
    assert count(TNet(3)) == 803_081 and count(TNet(64)) == 1_857_344
    assert count(PointNet.mini(40)) < count(PointNet()) / 12


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_order_does_not_matter_and_critical_points_are_enough(flavour):
    torch.manual_seed(0)
    network = PointNet.mini(5, flavour=flavour).eval()
    points = torch.randn(2, 60, 3)
    scores, encoding = network(points, details=True)
    assert torch.allclose(network(points[:, torch.randperm(60)]), scores, atol=1e-5)
    without = PointNet.mini(5, flavour=flavour, input_tnet=False, feature_tnet=False).eval()
    scores, encoding = without(points[:1], details=True)
    kept = encoding.critical[0].unique()
    assert len(kept) < 60 and torch.allclose(without(points[:1, kept]), scores, atol=1e-5)


def test_tnets_begin_with_the_identity():
    assert torch.equal(TNet(3).eval()(torch.randn(2, 3, 9)), torch.eye(3).expand(2, 3, 3))
    assert orthogonality(torch.eye(5).expand(2, 5, 5)) == 0


def test_a_few_sets_are_learnt_by_heart():
    torch.manual_seed(0)
    network = PointNet.mini(3)
    points, labels = torch.randn(6, 40, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(points), labels)
        loss.backward()
        optimizer.step()
    assert loss < 0.2


def test_errors():
    with pytest.raises(ShapeError, match="points"):
        PointNet.mini(3)(torch.zeros(2, 3, 50))
    with pytest.raises(CourseError, match="original, pytorch"):
        PointNet(flavour="keras")
    with pytest.raises(CourseError, match="no PointNet"):
        PointNet.from_published({"conv1.weight": torch.zeros(3)})
    short = published("cls40_ft")
    short.pop("feat.bn2.weight")
    with pytest.raises(CourseError, match="missing: second.1.weight"):
        PointNet.from_published(short)
