"""The networks that lecture 18 gets ready made, and how a stack, a pyramid and a fusion are trained."""

import pytest
import torch

from course_lib.metrics import endpoint_error
from course_lib.models.flownet2 import FlowNet2
from course_lib.recipes.flow_experts import (
    NEW,
    batches,
    expert,
    learn,
    learn_fusion,
    seen_by,
    spynet,
    up_and_down,
    world,
)


def drawn(name, number=4):
    pairs = world(name, NEW).sample(number, seed=7)
    return torch.cat([pairs.image1, pairs.image2], 1), pairs.flow


@pytest.mark.parametrize("name, variant", [("usual", "s"), ("small", "sd")])
@torch.no_grad()
def test_what_ships_is_trained(name, variant):
    model, (pair, flow) = FlowNet2.mini(variant), drawn(name, 16)
    setattr(model, model.names[0], expert(name))
    assert not any(p.requires_grad for p in model.parameters())
    assert endpoint_error(model(pair), flow) < 0.6 * endpoint_error(0 * flow, flow)


@torch.no_grad()
def test_the_pyramid_has_one_trained_level_and_a_copy_of_it():
    model, (pair, flow) = spynet(), drawn("usual", 16)
    states = [level.state_dict() for level in model.levels]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert [all(p.requires_grad for p in level.parameters()) for level in model.levels] == [False, True]
    coarse = torch.nn.functional.interpolate(2 * model.pyramid(pair)[0], scale_factor=2, mode="bilinear")
    assert endpoint_error(coarse, flow) < 0.7 * endpoint_error(0 * flow, flow)


def test_training_one_network_leaves_the_others_as_they_are():
    torch.manual_seed(0)
    model, (pair, flow) = FlowNet2.mini("ss+sd"), drawn("usual")
    for name, train in (("flownets_1", learn), ("flownetfusion", None)):
        before = {key: value.clone() for key, value in model.state_dict().items()}
        history = train(model, name, pair, flow, 2) if train else learn_fusion(model, pair, flow, 2)
        changed = {
            key.split(".")[0] for key, value in model.state_dict().items() if not torch.equal(before[key], value)
        }
        assert changed == {name} and len(history.loss) == 2


@torch.no_grad()
def test_a_stacked_network_sees_what_the_one_before_found():
    torch.manual_seed(0)
    model, (pair, _) = FlowNet2.mini("ss"), drawn("usual")
    inputs, start = seen_by(model, "flownets_1", pair)
    first = model.stages(pair)[0]
    assert inputs.shape == (4, 12, 48, 64) and torch.equal(start, first.flow)
    assert torch.allclose(inputs[:, 9:11] * model.flownets.scale, first.flow, atol=1e-5)
    images, nothing = seen_by(model, "flownets", pair)
    assert nothing is None and torch.equal(images, model.prepare(pair))


def test_batches_and_rates_are_the_same_for_the_same_step():
    pair, flow = drawn("tiny")
    one, two = batches(pair, flow, 3), batches(pair, flow, 3)
    assert all(torch.equal(a, b) for a, b in zip(one(5), two(5), strict=True))
    assert not torch.equal(one(5)[1], one(6)[1])
    factor = up_and_down(100, warm=10)
    assert factor(0) == pytest.approx(0.5) and factor(10) == 1 and factor(99) < 0.001
