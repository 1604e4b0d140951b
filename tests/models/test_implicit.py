import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.models.implicit import DeepSDF, NormedLinear, OccupancyNetwork, clamped_distance_loss
from tests.reference_waves import wave_value

FIXTURES = Path(__file__).parents[1] / "fixtures"
TABLES = json.loads((FIXTURES / "implicit_decoders.json").read_text())
DATA = {key: torch.tensor(array) for key, array in np.load(FIXTURES / "implicit_decoders.npz").items()}


def count(network):
    return sum(p.numel() for p in network.parameters())


def published(name, prefix=""):
    return {prefix + key: wave_value(i, key, shape) for i, key, shape in TABLES[name]}


def distance(ours, theirs):
    return ((ours - theirs).norm() / theirs.norm()).item()


def test_published_sizes():
    assert count(OccupancyNetwork()) == TABLES["onet_DecoderCBatchNorm(c256,z0,h256)_params"] == 2_106_625
    assert (
        count(OccupancyNetwork(128, 128, conditional=False)) == TABLES["onet_Decoder(z0,c128,h128)_params"] == 182_273
    )
    assert count(DeepSDF()) == 1_843_195 and count(DeepSDF(normalized=False)) == 1_839_358
    shapes = {key: list(value.shape) for key, value in DeepSDF().state_dict().items()}
    assert shapes == dict(TABLES["deepsdf_keys_this_torch"])


@pytest.mark.parametrize(
    "table, output", [("onet_cbn_small_table", "onet_cbn_logits"), ("onet_simple_small_table", "onet_simple_logits")]
)
@pytest.mark.parametrize("prefix", ["", "module.", "decoder."])
def test_occupancy_equal_to_the_public_reference(table, output, prefix):
    weights = published(table, prefix)
    if prefix == "decoder.":  # whole checkpoints hold the encoder as well
        weights = {"model": {**weights, "encoder.fc.weight": torch.zeros(3, 3)}, "epoch_it": 7}
    network = OccupancyNetwork.from_published(weights)
    with torch.no_grad():
        assert distance(network(DATA["onet_p"], DATA["onet_c"]), DATA[output]) < 1e-5


@pytest.mark.parametrize(
    "table, output", [("deepsdf_small_table", "sdf_out"), ("deepsdf_small_wn_table", "sdf_wn_out")]
)
def test_deepsdf_equal_to_the_public_reference(table, output):
    weights = published(table, "module.")
    network = DeepSDF.from_published({"epoch": 2001, "model_state_dict": weights})
    with torch.no_grad():
        found = network(DATA["sdf_in"][:, None, 5:], DATA["sdf_in"][:, :5])
    assert distance(found, DATA[output]) < 1e-5
    assert not torch.equal(network.train()(DATA["sdf_in"][:, None, 5:], DATA["sdf_in"][:, :5]), found)  # drops out


def test_newer_names_of_weight_normalisation():
    weights = published("deepsdf_small_wn_table")
    names = {"weight_g": "parametrizations.weight.original0", "weight_v": "parametrizations.weight.original1"}
    renamed = {".".join([key.split(".")[0], names.get(key.split(".")[1], key.split(".")[1])]): value
               for key, value in weights.items()}  # fmt: skip
    assert torch.equal(DeepSDF.from_published(renamed).lin1.weight_g, weights["lin1.weight_g"])


def test_loss_as_published():
    assert clamped_distance_loss(DATA["sdf_out"], DATA["sdf_gt"]).item() == pytest.approx(
        TABLES["deepsdf_clamped_l1_sum_over_n"]
    )


def test_a_normed_layer_begins_as_the_plain_one():
    torch.manual_seed(0)
    layer, x = NormedLinear(4, 3), torch.randn(2, 4)
    assert torch.allclose(layer(x), x @ layer.weight_v.T + layer.bias, atol=1e-6)


@pytest.mark.parametrize("family", [OccupancyNetwork, DeepSDF])
def test_a_ball_is_learnt(family):
    torch.manual_seed(0)
    network, generator = family.mini(hidden=32), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(200):
        points = torch.rand(1, 256, 3, generator=generator) - 0.5
        near = 0.35 * torch.nn.functional.normalize(points, dim=-1) + 0.1 * points.flip(1)
        points = torch.cat([points, near], 1)
        true = points.norm(dim=-1) - 0.35
        answers = network(points)
        if family is DeepSDF:
            loss = clamped_distance_loss(answers, true)
        else:
            loss = torch.nn.functional.binary_cross_entropy_with_logits(answers, (true < 0).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    inside = answers < 0 if family is DeepSDF else answers > 0
    assert (inside & (true < 0)).sum() > 0.8 * (inside | (true < 0)).sum()


def test_errors():
    with pytest.raises(ShapeError, match=r"expected \(2, 8\)"):
        OccupancyNetwork(8, 16)(torch.zeros(2, 5, 3), torch.zeros(2, 7))
    with pytest.raises(ShapeError, match="code is none"):
        DeepSDF(8, 16)(torch.zeros(2, 5, 3))
    weights = published("onet_cbn_small_table")
    weights.pop("fc_out.bias")
    with pytest.raises(CourseError, match="missing: out.bias"):
        OccupancyNetwork.from_published(weights)
