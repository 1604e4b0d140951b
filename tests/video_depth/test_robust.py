import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, ShapeError
from course_lib.video_depth import deformation as d
from course_lib.video_depth.filter import chained_flow, filter_video, neighbourhood, weighted_depth

FIXTURES = Path(__file__).parents[1] / "fixtures"
KNOWN = json.loads((FIXTURES / "rcvd.json").read_text())
DATA = {key: torch.tensor(array) for key, array in np.load(FIXTURES / "rcvd.npz").items()}
NODES = DATA["grid_params(gy,gx)"].flip(0)[None]  # the released code counts rows from the bottom


def test_the_factor_at_every_pixel_equals_the_released_codes():
    assert torch.allclose(d.scale_map(NODES, (9, 7))[0], DATA["grid_scale_map_9x7"], atol=1e-12)
    places = torch.tensor([[[0.0, 0], [6, 8], [3, 4], [1.5, 2.25]]], dtype=torch.float64)
    expected = d.scale_map(NODES, (9, 7))[0]
    found = d.at_pixels(NODES, places, (9, 7))[0]
    assert torch.allclose(found[:3], torch.stack([expected[0, 0], expected[8, 6], expected[4, 3]]))
    by_hand = (1 - 0.25) * (expected[2, 1:3].mean()) + 0.25 * expected[3, 1:3].mean()
    assert found[3].item() == pytest.approx(by_hand.item())


def test_finer_grids_equal_the_released_codes():
    for shape, name in (((5, 5), "grid_split_5x5"), ((6, 4), "grid_split_6x4")):
        assert torch.allclose(d.finer(NODES, shape)[0], DATA[name].flip(0), atol=1e-12)
    assert torch.allclose(d.scale_map(d.finer(NODES, (5, 5)), (9, 7)), d.scale_map(NODES, (9, 7)))


def test_the_steps_equal_the_released_codes():
    landscape = [(rows, columns) for columns, rows in KNOWN["coarse_to_fine_landscape(cols,rows)_numSteps4_ctf17x10"]]
    portrait = [(rows, columns) for columns, rows in KNOWN["coarse_to_fine_portrait(cols,rows)"]]
    assert d.coarse_to_fine((48, 64)) == landscape and d.coarse_to_fine((64, 48)) == portrait
    with pytest.raises(CourseError, match="at least 2"):
        d.coarse_to_fine((48, 64), steps=1)


def test_unevenness_equals_the_released_codes():
    found, expected = d.unevenness(NODES)[0].abs().sort().values, DATA["deform_residuals"].abs().sort().values
    assert torch.allclose(found, expected) and len(found) == KNOWN["deform_num_residuals"]
    assert found.square().sum().item() == pytest.approx(KNOWN["deform_sum_sq"])
    assert d.unevenness(torch.full((1, 4, 6), 2.0)).abs().max() == 0


def test_weighted_depth_equals_the_released_codes():
    others = DATA["filter_zs"].view(-1, 1, 1)
    own = torch.full((1, 1), KNOWN["filter_zref"], dtype=torch.float64)
    assert weighted_depth(own, others).item() == pytest.approx(KNOWN["filter_out_weighted_mean"], rel=1e-6)


def test_a_constant_depth_survives_and_nobody_trusted_changes_nothing():
    own = torch.full((4, 5), 3.0)
    assert torch.allclose(weighted_depth(own, own.expand(3, 4, 5)), own)
    others = torch.rand(3, 4, 5) + 1
    assert torch.equal(weighted_depth(own, others, torch.zeros(3, 4, 5, dtype=torch.bool)), own)
    assert torch.allclose(weighted_depth(own, others, sharpness=0.0), others.mean(0), atol=1e-6)
    far = torch.stack([own, 100 * own])
    assert (weighted_depth(own, far) - own).abs().max() < 1e-3  # what disagrees wildly does not count


def test_chained_flow_is_the_flow_to_the_far_frame():
    video = SceneWorld(36, 48, noise=0.0).video(5, seed=1)
    steps = [video.flow(t, t + 1) for t in range(4)]
    masks = [video.visible(t, t + 1) for t in range(4)]
    chains, goods = chained_flow(steps, masks)
    far, seen = video.flow(0, 4), video.visible(0, 4)
    both = goods[-1] & seen
    assert both.float().mean() > 0.5
    assert (chains[-1] - far).norm(dim=1)[both].median() < 0.1
    assert torch.equal(chains[0], steps[0]) and goods[-1].sum() <= goods[0].sum()


@pytest.fixture(scope="module")
def filmed():
    """Six frames with their flows between neighbours, both ways, and where these can be trusted."""
    video = SceneWorld(36, 48, noise=0.0).video(6, seed=1)
    ways = [(list(range(5)), list(range(1, 6))), (list(range(1, 6)), list(range(5)))]
    return video, [video.flow(*way) for way in ways], [video.visible(*way) for way in ways]


def filtered(filmed, depth, **options):
    video, flows, masks = filmed
    return filter_video(depth, *flows, video.K, video.poses, *masks, **options)


def test_the_filter_leaves_true_depth_and_calms_noise(filmed):
    truth = filmed[0].depth
    assert ((filtered(filmed, truth) / truth) - 1).abs().median() < 1e-3
    noisy = truth * (0.1 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))).exp()
    error = [(depth / truth - 1).abs().mean().item() for depth in
             (noisy, filtered(filmed, noisy, reach=1), filtered(filmed, noisy), filtered(filmed, noisy, radius=1))]
    assert error[0] > 1.2 * error[1] > 1.2 * 1.1 * error[2] and error[2] > error[3]  # fmt: skip
    assert torch.equal(filtered(filmed, noisy, reach=0), noisy)


def test_the_filter_takes_the_reprojected_depth(filmed):
    """The camera walks towards a wall: what the other frame says must be seen from here."""
    wall = torch.full((2, 8, 10), 4.0)
    wall[1] = 3.0
    K = torch.tensor([[10.0, 0, 4.5], [0, 10, 3.5], [0, 0, 1]])
    poses = torch.eye(4).repeat(2, 1, 1)
    poses[1, 2, 3] = 1.0
    y, x = torch.meshgrid(torch.arange(8.0), torch.arange(10.0), indexing="ij")
    offset = torch.stack([x - 4.5, y - 3.5])
    forward, backward = (offset * (4 / 3 - 1))[None], (offset * (3 / 4 - 1))[None]
    assert torch.allclose(filter_video(wall, forward, backward, K, poses), wall, atol=1e-4)
    nearer = wall.clone()
    nearer[1] *= 1.1
    found = filter_video(nearer, forward, backward, K, poses)
    seen = 3.3 + 1  # of frame 1's wall from frame 0
    weight = np.exp(-3 * (seen / 4 - 1))
    assert found[0, 4, 5].item() == pytest.approx((4 + weight * seen) / (1 + weight), rel=1e-5)
    assert found[0, 0, 0] == 4  # its flow leaves the frame


def test_neighbourhood():
    maps = torch.arange(24.0).view(2, 3, 4)
    found = neighbourhood(maps, 1)
    assert found.shape == (18, 3, 4) and torch.equal(neighbourhood(maps, 0), maps)
    assert sorted(found[::2, 1, 1].tolist()) == sorted(maps[0, 0:3, 0:3].flatten().tolist())
    assert neighbourhood(maps > 3, 1).dtype == torch.bool


def test_filter_errors(filmed):
    video, flows, masks = filmed
    with pytest.raises(ShapeError, match="one for each step"):
        filter_video(video.depth, flows[0][:4], flows[1], video.K, video.poses)
    with pytest.raises(CourseError, match="0 or more"):
        filter_video(video.depth, *flows, video.K, video.poses, reach=-1)
