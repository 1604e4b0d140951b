"""Correlation against the public codes' outputs in eight configurations, its definition and its gradients."""

import json

import numpy as np
import pytest
import torch

from course_lib.errors import CourseError, ShapeError
from course_lib.ops.correlation import correlation, correlation_reference, displacements
from tests.reference import FIXTURES

CASES = json.loads((FIXTURES / "op_correlation.json").read_text())
STORED = np.load(FIXTURES / "op_correlation.npz")
NAMES = ("pad", "kernel_size", "max_displacement", "stride_1", "stride_2")


def stored(name):
    return torch.from_numpy(STORED[name])


@pytest.mark.parametrize("convention", ["caffe", "nvidia"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"case{case['idx']}")
def test_equals_the_public_codes(case, convention):
    i, options = case["idx"], {name: case[name] for name in NAMES}
    expected = stored(f"c{i}_{convention}")
    ours = correlation(stored(f"c{i}_a"), stored(f"c{i}_b"), **options, convention=convention)
    assert ours.shape == expected.shape
    assert (ours - expected).abs().max() < 1e-6
    other = correlation(stored(f"c{i}_a"), stored(f"c{i}_b"), **options, convention="caffe")
    if convention == "nvidia" and not case["caffe_equals_nvidia"]:
        assert (ours - other).abs().max() > 0.01


@pytest.mark.parametrize("convention", ["caffe", "nvidia"])
@pytest.mark.parametrize("case", [case for case in CASES if case["idx"] != 6], ids=lambda case: f"case{case['idx']}")
def test_reference_is_the_same(case, convention):
    i, options = case["idx"], {name: case[name] for name in NAMES}
    slow = correlation_reference(stored(f"c{i}_a"), stored(f"c{i}_b"), **options, convention=convention)
    assert (slow - stored(f"c{i}_{convention}")).abs().max() < 1e-6


def test_gradients_equal_the_public_codes():
    a, b = stored("c0_a").requires_grad_(), stored("c0_b").requires_grad_()
    correlation(a, b, max_displacement=4).backward(stored("c0_gradout"))
    assert (a.grad - stored("c0_grad_a")).abs().max() < 1e-6
    assert (b.grad - stored("c0_grad_b")).abs().max() < 1e-6


@pytest.mark.parametrize(
    "options",
    [
        {"max_displacement": 3, "stride_2": 2},
        {"max_displacement": 2, "stride_2": 1, "kernel_size": 3, "stride_1": 2, "convention": "nvidia"},
        {"max_displacement": 2, "stride_2": 1, "stride_1": 2, "pad": 1},
    ],
)
def test_gradcheck(options):
    torch.manual_seed(0)
    maps = (torch.randn(2, 3, 5, 7, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(lambda a, b: correlation(a, b, **options), tuple(maps))


def test_a_moved_map_is_found_where_it_went():
    torch.manual_seed(0)
    first = torch.nn.functional.normalize(torch.randn(1, 32, 12, 16), dim=1)
    second = first.roll((2, -3), (2, 3))  # moved down by 2 and left by 3
    volume = correlation(first, second, max_displacement=4, stride_2=1)
    best = displacements(4, 1)[volume.argmax(1)]  # (1, H, W, 2)
    assert (best[0, :9, 4:] == torch.tensor([-3, 2])).all()


def test_memory_does_not_grow_with_displacements_times_channels():
    """Forward and backward keep the two maps; a copy for every displacement would be 25 or 625 times as much."""
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (kept.append(t.numel()), t)[1], lambda t: t):
        maps = [torch.randn(1, 64, 16, 16, requires_grad=True) for _ in range(2)]
        correlation(*maps, max_displacement=12, stride_2=1)
    assert sum(kept) < 64 * (16 * 16 + 40 * 40) + 1


def test_errors():
    maps = torch.zeros(1, 2, 5, 6), torch.zeros(1, 2, 5, 6)
    with pytest.raises(ShapeError, match="must be equal"):
        correlation(maps[0], torch.zeros(1, 2, 6, 5))
    with pytest.raises(ShapeError, match="no position"):
        correlation(*maps, max_displacement=4, pad=0)
    with pytest.raises(CourseError, match="odd"):
        correlation(*maps, kernel_size=2)
    with pytest.raises(CourseError, match="convention"):
        correlation(*maps, convention="mmcv")
