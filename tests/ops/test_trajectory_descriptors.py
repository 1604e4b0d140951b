"""HOG, HOF and MBH: sizes, what each bin means, and what a moving camera does to them."""

import math

import pytest
import torch

from course_lib.errors import ShapeError
from course_lib.ops import trajectory_descriptors as td
from course_lib.ops.trajectories import Trajectories


def some(number=6, length=15, frames=20, height=40, width=50, clips=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    begin = torch.rand(number, 1, 2, generator=generator) * torch.tensor([width - 1.0, height - 1.0])
    steps = torch.randn(number, length, 2, generator=generator)
    points = torch.cat([begin, begin + steps.cumsum(1)], 1)  # some leave the frame
    start = torch.randint(frames - length + 1, (number,), generator=generator)
    return Trajectories(points, start, torch.arange(number) % clips, steps)


def test_published_sizes():
    trajectories = some()
    grey, flow = torch.rand(2, 20, 40, 50), torch.randn(2, 20, 2, 40, 50)
    sizes = [f.shape for f in (td.hog(grey, trajectories), td.hof(flow, trajectories), td.mbh(flow, trajectories))]
    assert sizes == [(6, 96), (6, 108), (6, 192)]
    for f, arrays in ((td.hog, grey), (td.hof, flow), (td.mbh, flow)):
        found = f(arrays, trajectories)
        lengths = found.unflatten(1, (2, 96)).norm(dim=2) if f is td.mbh else found.norm(dim=1)
        assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-4)


@pytest.mark.parametrize("length, tube, shortest", [(15, 32, 0), (8, 12, 0.8), (5, 6, 0), (3, 2, 1.0)])
def test_equal_to_the_loops(monkeypatch, length, tube, shortest):
    monkeypatch.setattr(td, "PIXELS", 2 * length * tube * tube)  # two trajectories at once, then one
    trajectories = some(number=3, length=length, frames=16, height=20, width=17)
    vectors = torch.randn(2, 16, 2, 20, 17, generator=torch.Generator().manual_seed(1)).double()
    fast = td.tube_histograms(vectors, trajectories, tube, shortest)
    assert fast.shape == (3, 12 * (9 if shortest else 8))
    assert torch.allclose(fast, td.tube_histograms_reference(vectors, trajectories, tube, shortest), atol=1e-9)


@pytest.mark.parametrize(
    "angle, expected", [(0, {0: 2}), (90, {2: 2}), (22.5, {0: 1, 1: 1}), (-45, {7: 2}), (180, {4: 2})]
)
def test_directions(angle, expected):
    """Clockwise on the screen from the x axis, shared by neighbours."""
    angle = math.radians(angle)
    bins, votes = td.direction_votes(2 * torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64))
    got = torch.zeros(8, dtype=torch.float64).index_add_(0, bins, votes)
    assert torch.allclose(got, torch.tensor([expected.get(i, 0) for i in range(8)]).double(), atol=1e-6)


def test_small_flow_votes_for_none():
    bins, votes = td.direction_votes(torch.tensor([[0.1, 0.1], [3.0, 0.0]]), shortest=0.4)
    assert bins[0].tolist() == [8, 8] and votes[0].tolist() == [1, 0]
    assert bins[1, 0] == 0 and votes[1].tolist() == [3, 0]


def test_a_pan_changes_hof_and_not_mbh():
    trajectories = some()
    flow = torch.randn(2, 20, 2, 40, 50)
    panned = flow + torch.tensor([1.5, -2.0]).view(2, 1, 1)
    assert torch.allclose(td.mbh(flow, trajectories), td.mbh(panned, trajectories), atol=1e-3)
    assert (td.hof(flow, trajectories) - td.hof(panned, trajectories)).abs().max() > 0.1


def test_cells_lie_where_they_should():
    """A vector in the last third, above and to the right of the point, fills cell (time 2, row 0, column 1)."""
    points = torch.tensor([[10.0, 8.0]]).expand(1, 7, 2)
    trajectory = Trajectories(points, torch.tensor([1]), torch.tensor([0]), torch.zeros(1, 6, 2))
    vectors = torch.zeros(1, 9, 2, 20, 24)
    vectors[0, 5, 1, 5, 13] = 1  # down, in frame 5, which is number 4 of 6
    found = td.tube_histograms(vectors, trajectory, tube=8)[0].view(3, 2, 2, 8)
    assert found.nonzero().tolist() == [[2, 0, 1, 2]]


def test_nothing_there_is_nothing():
    assert td.hog(torch.zeros(2, 20, 40, 50), some()).abs().max() == 0
    assert td.hof(torch.zeros(2, 20, 2, 40, 50), some()).view(6, 12, 9)[..., :8].abs().max() == 0
    assert td.mbh(torch.zeros(2, 20, 2, 40, 50), some()[:0]).shape == (0, 192)


def test_refuses():
    with pytest.raises(ShapeError, match="even"):
        td.tube_histograms(torch.zeros(2, 20, 2, 40, 50), some(), tube=7)
    with pytest.raises(ShapeError, match="other clips"):
        td.hog(torch.zeros(2, 10, 40, 50), some())
