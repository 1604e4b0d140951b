"""The turns of cameras and training, on a video short enough for a test."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, ShapeError
from course_lib.metrics.trajectories import absolute_error, path_length
from course_lib.video_depth.geometry import Meeting, ratio_loss
from course_lib.video_depth.pairs import frame_pairs
from course_lib.video_depth.robust import fine_tune, released_loss, robust_depth, similarity_loss

FIXTURES = Path(__file__).parents[1] / "fixtures"


class Wrong(nn.Module):
    """A network that knows true depth up to a factor per frame and a tilt, which it can unlearn."""

    def __init__(self, depth, tilt):
        super().__init__()
        self.register_buffer("depth", depth)
        self.tilt = nn.Parameter(torch.tensor(tilt))

    def forward(self, numbers):
        return self.depth[numbers] * (self.tilt * torch.linspace(-1, 1, self.depth.shape[2])).exp()


def depth_of(network, frames):
    """The frames of this test carry their number in their first pixel."""
    return network(frames[:, 0, 0, 0].round().long())


@pytest.fixture(scope="module")
def scene():
    video = SceneWorld(24, 32, noise=0.0, travel=1.0).video(11, seed=1)
    numbers = list(range(0, 11, 2))
    pairs = frame_pairs(6)
    pairs += [(j, i) for i, j in pairs]
    ends = [[numbers[pair[side]] for pair in pairs] for side in (0, 1)]
    frames = torch.zeros(6, 3, 24, 32) + torch.arange(6.0).view(-1, 1, 1, 1)
    tables = [dict(zip(pairs, values, strict=True)) for values in (video.flow(*ends), video.visible(*ends))]
    return frames, video.depth[numbers], video.poses[numbers], video.K, *tables


def test_turns_unlearn_what_is_wrong_in_every_frame(scene):
    frames, truth, poses, K, flows, masks = scene
    network, lines = Wrong(truth * torch.linspace(0.8, 1.2, 6)[:, None, None], 0.2), []
    result = robust_depth(network, depth_of, frames, K, flows, masks, rounds=2, steps=15, lr=0.02, grids=[(1, 1)],
                          per_pair=30, reach=2, say=lines.append)  # fmt: skip
    assert network.tilt.abs() < 0.1 and len(result.rounds) == 3 and len(lines) == 5
    first, last = (absolute_error(found.poses, poses) for found in (result.rounds[0], result.solution))
    assert last < 0.7 * first and last < 0.03 * path_length(poses)
    assert torch.equal(result.unfiltered, result.solution.deformed(depth_of(network, frames)))
    ratio = result.depth / truth
    assert (ratio / ratio.median() - 1).abs().mean() < 0.05


def test_no_round_trains_nothing_and_moving_things_give_no_match(scene):
    frames, truth, _, K, flows, masks = scene
    network, moving = Wrong(truth, 0.1), torch.zeros(6, 24, 32, dtype=torch.bool)
    moving[..., 16:] = True
    lied = {pair: flow + 9 * (torch.arange(32) >= 16) for pair, flow in flows.items()}  # what moves says nonsense
    options = {"rounds": 0, "grids": [(1, 1)], "per_pair": 30, "reach": 0}
    result = robust_depth(network, depth_of, frames, K, lied, masks, moving, **options)
    believed = robust_depth(network, depth_of, frames, K, lied, masks, **options)
    assert network.tilt == torch.tensor(0.1) and torch.equal(result.depth, result.unfiltered)
    assert result.solution.loss < 0.2 * believed.solution.loss


def test_fine_tuning_leaves_cameras_and_grids_alone(scene):
    frames, truth, _, K, flows, masks = scene
    network = Wrong(truth, 0.2)
    solution = robust_depth(network, depth_of, frames, K, flows, masks, rounds=0, grids=[(1, 1), (2, 2)], per_pair=20,
                            reach=0).solution  # fmt: skip
    before = solution.poses.clone(), solution.nodes.clone()
    history = fine_tune(network, depth_of, frames, flows, masks, solution, 3, lr=0.01)
    assert len(history.loss) == 3 and network.tilt != torch.tensor(0.2)
    assert torch.equal(before[0], solution.poses) and torch.equal(before[1], solution.nodes)


def test_the_logarithm_of_the_released_loss():
    known = np.load(FIXTURES / "rcvd.npz")
    a, b = torch.tensor(known["za_01"]), torch.tensor(known["zb_01"])
    assert torch.allclose(ratio_loss(a, b).log1p(), torch.tensor(known["L_logratio_01"]), atol=1e-5)


def test_losses_by_hand():
    """Three pixels off to the right and two down in frames of 4 x 10; depth 3 where frame j has 2."""
    here = torch.zeros(1, 2, 4, 10)
    meeting = Meeting(here + torch.tensor([3.0, 4]).view(1, 2, 1, 1), torch.full((1, 4, 10), 3.0), here,
                      torch.full((1, 4, 10), 2.0))  # fmt: skip
    mask = torch.ones(1, 4, 10, dtype=torch.bool)
    assert similarity_loss(meeting, mask).item() == pytest.approx(5 / 5 + 0.5, rel=1e-5)
    assert released_loss(meeting, mask).item() == pytest.approx(5 + 100 * np.log(1.5), rel=1e-5)
    assert similarity_loss(meeting, ~mask) == 0


def test_bad_calls_are_told(scene):
    frames, truth, _, K, flows, masks = scene
    network = Wrong(truth, 0.0)
    with pytest.raises(CourseError, match="rounds is -1"):
        robust_depth(network, depth_of, frames, K, flows, masks, rounds=-1)
    with pytest.raises(ShapeError, match="as the frames have"):
        robust_depth(network, depth_of, frames, K, flows, masks, torch.zeros(6, 24, 30, dtype=torch.bool))
    one_way = {pair: flow for pair, flow in flows.items() if pair[0] < pair[1]}
    with pytest.raises(CourseError, match="both ways"):
        robust_depth(network, depth_of, frames, K, one_way, masks)
