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


@pytest.mark.parametrize("length, tube", [(15, 32), (8, 12), (5, 6), (3, 2)])
def test_equal_to_the_loops(length, tube):
    trajectories = some(number=4, length=length, frames=16, height=20, width=17)
    votes = torch.rand(2, 16, 3, 20, 17, dtype=torch.float64)
    fast = td.tube_histograms(votes, trajectories, tube)
    assert torch.allclose(fast, td.tube_histograms_reference(votes, trajectories, tube), atol=1e-9)
    assert fast.shape == (4, 36)


@pytest.mark.parametrize("angle, bins", [(0, {0: 2}), (90, {2: 2}), (22.5, {0: 1, 1: 1}), (-45, {7: 2}), (180, {4: 2})])
def test_directions(angle, bins):
    """Clockwise on the screen from the x axis, shared by neighbours."""
    angle = math.radians(angle)
    vectors = 2 * torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64).view(1, 2, 1, 1)
    votes = td.orientation_votes(vectors).flatten()
    expected = torch.zeros(8, dtype=torch.float64)
    for number, value in bins.items():
        expected[number] = value
    assert torch.allclose(votes, expected, atol=1e-9)


def test_small_flow_votes_for_none():
    votes = td.orientation_votes(torch.tensor([[0.1, 3.0], [0.1, 0.0]]).view(1, 2, 1, 2), shortest=0.4)
    assert votes.shape == (1, 9, 1, 2)
    assert votes[0, :, 0, 0].tolist() == pytest.approx([0] * 8 + [1]) and votes[0, :, 0, 1].tolist()[0] == 3


def test_a_pan_changes_hof_and_not_mbh():
    trajectories = some()
    flow = torch.randn(2, 20, 2, 40, 50)
    panned = flow + torch.tensor([1.5, -2.0]).view(2, 1, 1)
    assert torch.allclose(td.mbh(flow, trajectories), td.mbh(panned, trajectories), atol=1e-3)
    assert (td.hof(flow, trajectories) - td.hof(panned, trajectories)).abs().max() > 0.1


def test_cells_lie_where_they_should():
    """Votes in the last third, above and to the right of the point, fill cell (time 2, row 0, column 1)."""
    points = torch.tensor([[10.0, 8.0]]).expand(1, 7, 2)
    trajectory = Trajectories(points, torch.tensor([1]), torch.tensor([0]), torch.zeros(1, 6, 2))
    votes = torch.zeros(1, 9, 1, 20, 24)
    votes[0, 5, 0, 5, 13] = 1  # frame 5 is number 4 of 6
    cell = td.tube_histograms(votes, trajectory, tube=8)[0].view(3, 2, 2)
    assert cell.nonzero().tolist() == [[2, 0, 1]]


def test_nothing_there_is_nothing():
    assert td.hog(torch.zeros(2, 20, 40, 50), some()).abs().max() == 0
    assert td.hof(torch.zeros(2, 20, 2, 40, 50), some()).view(6, 12, 9)[..., :8].abs().max() == 0
    assert td.mbh(torch.zeros(2, 20, 2, 40, 50), some()[:0]).shape == (0, 192)


def test_refuses():
    with pytest.raises(ShapeError, match="even"):
        td.tube_histograms(torch.zeros(2, 20, 8, 40, 50), some(), tube=7)
    with pytest.raises(ShapeError, match="other clips"):
        td.hog(torch.zeros(2, 10, 40, 50), some())
