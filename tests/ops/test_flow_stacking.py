"""The ways to stack flow into channels."""

import pytest
import torch

from course_lib.data.worlds.actions import ActionWorld
from course_lib.errors import CourseError
from course_lib.ops import flow_stacking as stacking
from course_lib.ops.clip_flow import clip_flow


def fields(frames=6, height=7, width=9, seed=0):
    return torch.rand(2, frames, 2, height, width, generator=torch.Generator().manual_seed(seed)) - 0.5


def test_stack_flow_interleaves_u_and_v():
    flow = fields()
    stack = stacking.stack_flow(flow, start=1, length=3)
    assert stack.shape == (2, 6, 7, 9)
    for k in range(3):
        assert torch.equal(stack[:, 2 * k], flow[:, 1 + k, 0]) and torch.equal(stack[:, 2 * k + 1], flow[:, 1 + k, 1])


def test_trajectories_follow_a_moving_point():
    flow = torch.zeros(1, 3, 2, 5, 8)
    for t in range(3):
        flow[0, t, 0, 2, 1 + t] = 1.0  # one pixel moves right by 1 per frame; only where it is, there is motion
    followed = stacking.stack_trajectories(flow, 0, 3)
    assert followed[0, 0::2, 2, 1] == pytest.approx([1.0, 1.0, 1.0])
    assert stacking.stack_flow(flow, 0, 3)[0, 0::2, 2, 1].tolist() == [1.0, 0.0, 0.0]


def test_for_constant_fields_both_stackings_agree():
    flow = torch.ones(1, 4, 2, 6, 6) * torch.tensor([0.3, -0.2]).view(1, 1, 2, 1, 1)
    assert torch.allclose(stacking.stack_trajectories(flow, 0, 4), stacking.stack_flow(flow, 0, 4), atol=1e-6)


def test_bidirectional_goes_both_ways_from_the_middle():
    forward, backward = fields(seed=0), fields(seed=1)
    stack = stacking.stack_bidirectional(forward, backward, middle=3, length=4).unflatten(1, (4, 2))
    expected = [forward[:, 3], forward[:, 4], backward[:, 2], backward[:, 1]]
    assert all(torch.equal(stack[:, k], field) for k, field in enumerate(expected))


def test_mean_subtraction_removes_a_pan():
    flow = fields()
    pan = flow + torch.tensor([3.0, -2.0]).view(1, 1, 2, 1, 1)
    ours, panned = (stacking.subtract_mean_flow(stacking.stack_flow(f, 0, 4)) for f in (flow, pan))
    assert torch.allclose(ours, panned, atol=1e-5)
    assert panned.mean((2, 3)).abs().max() < 1e-5


def test_a_mirrored_stack_is_the_flow_of_the_mirrored_clip():
    clips = ActionWorld("direction", 32, 40, 5, size=10, travel=4).sample(4, seed=0).clips
    stack = stacking.stack_flow(clip_flow(clips), 0, 4)
    mirrored = stacking.stack_flow(clip_flow(clips.flip(-1)), 0, 4)
    assert torch.allclose(stacking.mirror_stack(stack), mirrored, atol=1e-4)
    assert not torch.allclose(stack.flip(-1), mirrored, atol=0.1)
    assert torch.equal(stacking.mirror_stack(stacking.mirror_stack(stack)), stack)


@pytest.mark.parametrize(
    "call",
    [
        lambda: stacking.stack_flow(fields(), 4, 3),
        lambda: stacking.stack_trajectories(fields(), -1, 3),
        lambda: stacking.stack_bidirectional(fields(), fields(), 3, 3),
        lambda: stacking.stack_bidirectional(fields(), fields(), 1, 4),
        lambda: stacking.stack_flow(torch.zeros(2, 2, 6, 7, 9), 0, 3),
    ],
)
def test_what_cannot_be_stacked_is_refused(call):
    with pytest.raises(CourseError):
        call()
