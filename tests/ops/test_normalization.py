"""Four normalisations that are one function, equal to the definition, to torch and to the reference."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.normalization import (
    METHODS,
    fixed_normalization,
    members,
    normalization,
    normalization_reference,
    running_statistics,
)

FIXTURE = Path(__file__).parents[1] / "fixtures" / "groupnorm_functional"
SHAPES = ((4, 6), (3, 6, 5), (2, 6, 5, 4), (2, 6, 3, 4, 5))


def affine(channels):
    generator = torch.Generator().manual_seed(5)
    return torch.randn(channels, generator=generator), torch.randn(channels, generator=generator)


@pytest.mark.parametrize("case", json.loads(FIXTURE.with_suffix(".json").read_text())["cases"], ids=lambda c: c["i"])
def test_equals_the_public_reference(case):
    arrays = {name: torch.from_numpy(values) for name, values in np.load(FIXTURE.with_suffix(".npz")).items()}
    x, weight, bias, expected = (arrays[f"{name}{case['i']}"] for name in ("x", "gamma", "beta", "y"))
    ours = normalization(x.double(), "group", weight.double(), bias.double(), groups=case["groups"], eps=case["eps"])
    assert torch.allclose(ours, expected, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_torch(shape):
    x, (weight, bias) = torch.randn(shape).double() * 3 + 2, [values.double() for values in affine(6)]
    theirs = {
        "batch": F.batch_norm(x, None, None, weight, bias, training=True),
        "layer": F.group_norm(x, 1, weight, bias),
        "instance": F.group_norm(x, 6, weight, bias),
        "group": F.group_norm(x, 3, weight, bias),
    }
    for method, expected in theirs.items():
        ours = normalization(x, method, weight, bias, groups=3)
        assert torch.allclose(ours, expected, atol=1e-12), method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_definition(method, shape):
    x, (weight, bias) = torch.randn(shape).double(), [values.double() for values in affine(6)]
    slow = normalization_reference(x, method, weight, bias, groups=2)
    assert torch.allclose(normalization(x, method, weight, bias, groups=2), slow, atol=1e-12)


def test_one_group_is_layer_and_one_channel_each_is_instance():
    x = torch.randn(2, 6, 5, 4)
    assert torch.equal(normalization(x, "group", groups=1), normalization(x, "layer"))
    assert torch.equal(normalization(x, "group", groups=6), normalization(x, "instance"))


def test_members_count_what_the_paper_says():
    sizes = {method: int(members(method, 1, 5, 4, 8, groups=2).sum()) for method in METHODS}
    assert sizes == {"batch": 4, "layer": 8, "instance": 1, "group": 4}
    assert members("group", 1, 5, 4, 8, groups=2)[1].tolist() == [False] * 4 + [True] * 4


def test_a_large_mean_costs_no_digits():
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    far = x + 3e4
    assert torch.allclose(normalization(far, "layer"), normalization(x, "layer"), atol=1e-2)
    in_one_pass = far.square().mean((1, 2, 3)) - far.mean((1, 2, 3)).square()
    assert (in_one_pass - 1).abs().max() > 1  # what the two passes are for: the true variance is about 1


def test_group_norm_does_not_see_the_rest_of_the_batch():
    x = torch.randn(3, 6, 5, 4)
    for method in METHODS:
        alone = normalization(x[:1], method, groups=3)
        together = normalization(x, method, groups=3)[:1]
        assert torch.allclose(alone, together, atol=1e-5) == (method != "batch"), method


@pytest.mark.parametrize("method", METHODS)
def test_gradients(method):
    x, (weight, bias) = torch.randn(3, 4, 2, 3, dtype=torch.float64, requires_grad=True), affine(4)
    parameters = [values.double().requires_grad_() for values in (weight, bias)]

    def ours(*inputs):
        return normalization(inputs[0], method, *inputs[1:], groups=2)

    assert torch.autograd.gradcheck(ours, (x, *parameters))


def test_running_statistics_and_evaluation_are_those_of_torch():
    layer = torch.nn.BatchNorm3d(5, momentum=0.2)
    with torch.no_grad():
        layer.weight.copy_(affine(5)[0])
        layer.bias.copy_(affine(5)[1])
    mean, variance = torch.zeros(5), torch.ones(5)
    for _ in range(4):
        x = torch.randn(2, 5, 3, 4, 2) * 2 + 1
        layer(x)
        mean, variance = running_statistics(x, mean, variance, momentum=0.2)
    assert torch.allclose(mean, layer.running_mean, atol=1e-6)
    assert torch.allclose(variance, layer.running_var, atol=1e-6)
    ours = fixed_normalization(x, mean, variance, layer.weight, layer.bias)
    assert torch.allclose(ours, layer.eval()(x), atol=1e-5)
    assert not torch.allclose(ours, layer.train()(x), atol=1e-2)


def test_bad_input_is_explained():
    with pytest.raises(CourseError, match="4 groups do not divide 6 channels"):
        normalization(torch.zeros(2, 6, 3), "group", groups=4)
    with pytest.raises(CourseError, match="'batch', 'layer'"):
        normalization(torch.zeros(2, 6, 3), "weight")
    with pytest.raises(ShapeError, match=r"weight has shape \(3,\), expected \(6,\)"):
        normalization(torch.zeros(2, 6, 3), "layer", torch.ones(3))
    with pytest.raises(ShapeError, match="samples first"):
        normalization(torch.zeros(6), "layer")
    with pytest.raises(ShapeError, match="at least two"):
        running_statistics(torch.zeros(1, 6), torch.zeros(6), torch.ones(6))
