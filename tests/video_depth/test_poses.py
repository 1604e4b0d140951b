"""Cameras by optimisation: the residuals of the released code, and paths that are found."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, DataError
from course_lib.metrics.trajectories import absolute_error, path_length
from course_lib.ops.camera import rigid, rotation_from_axis_angle
from course_lib.video_depth.deformation import handles, scale_map
from course_lib.video_depth.pairs import frame_pairs
from course_lib.video_depth.poses import Matches, cauchy, find_matches, residuals, solve

FIXTURES = Path(__file__).parents[1] / "fixtures"
KNOWN = json.loads((FIXTURES / "rcvd.json").read_text())


@pytest.fixture(scope="module")
def still():
    """A video of 8 frames of a still room, with flow between its pairs."""
    world = SceneWorld(24, 32, noise=0.0, travel=1.0)
    video = world.video(15, seed=1)
    numbers = list(range(0, 15, 2))
    pairs = frame_pairs(8)
    ends = [[numbers[pair[side]] for pair in pairs] for side in (0, 1)]
    flows = dict(zip(pairs, video.flow(*ends), strict=True))
    masks = dict(zip(pairs, video.visible(*ends), strict=True))
    return video.depth[numbers], video.poses[numbers], video.K, flows, masks


@pytest.fixture
def example():
    """The two frames of the fixture, in the course's axes: y down, z forward, pixels."""
    known = KNOWN["static_scene_residual_example"]
    height, width = 48, 64
    assert known["aspect"] == pytest.approx(width / height)
    focal = height / 2 / known["vFocal=tan(vfov/2)"]
    K = torch.tensor([[focal, 0, 31.5], [0, focal, 23.5], [0, 0, 1]], dtype=torch.float64)
    flip = torch.tensor([1.0, -1, -1], dtype=torch.float64)
    cameras = [torch.tensor(known[name], dtype=torch.float64) for name in ("pose0(pos,angleaxis)", "pose1")]
    poses = torch.stack([rigid(rotation_from_axis_angle(c[3:] * flip), c[:3] * flip) for c in cameras])
    places = [
        torch.tensor([[31.5 + x * width / 2, 23.5 - y * height / 2]], dtype=torch.float64)
        for x, y in (known["ndc0"], known["ndc1"])
    ]
    depth = [torch.tensor([known[name]], dtype=torch.float64) for name in ("z0", "z1")]
    matches = Matches(torch.tensor([0]), torch.tensor([1]), *places, *depth, (height, width), 2)
    return matches, K.expand(2, 3, 3), poses, known


@pytest.mark.parametrize("kind, name", [("ratio", "ReproDepthRatio_z"), ("log", "ReproLogDepth_z")])
def test_depth_residuals_equal_the_released_codes(example, kind, name):
    matches, K, poses, known = example
    found = residuals(matches, K, poses, *torch.ones(2, 1, dtype=torch.float64), kind)[0]
    x, y, disparity = known["ReproDisparity"]
    assert found[:2].tolist() == pytest.approx([x, -y], rel=1e-6)  # y goes down here
    assert found[2].item() == pytest.approx(known[name], rel=1e-6)
    found = residuals(matches, K, poses, *torch.ones(2, 1, dtype=torch.float64), "disparity")[0]
    assert found[2].item() == pytest.approx(disparity, rel=1e-6)


def test_scaling_the_scene_changes_what_it_should(example):
    matches, K, poses, _ = example
    half = torch.full((1,), 0.5, dtype=torch.float64)
    smaller = poses.clone()
    smaller[:, :3, 3] *= 0.5
    for kind, factor in (("ratio", 1.0), ("log", 1.0), ("disparity", 2.0), ("euclidean", 0.5)):
        before = residuals(matches, K, poses, half / half, half / half, kind)[0]
        after = residuals(matches, K, smaller, half, half, kind)[0]
        assert after[2].item() == pytest.approx(factor * before[2].item())
        assert after[0].item() == pytest.approx((0.5 if kind == "euclidean" else 1.0) * before[0].item())


def test_cauchy_equals_the_released_codes():
    data = np.load(FIXTURES / "rcvd.npz")
    found = cauchy(torch.tensor(data["ceres_cauchy_s"]), 0.5)
    assert torch.allclose(found, torch.tensor(data["ceres_cauchy_rho_a0.5"]))


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (4, 1), (3, 5)])
def test_handles_give_the_factor_of_the_map(shape):
    generator = torch.Generator().manual_seed(0)
    nodes = torch.rand(1, *shape, generator=generator) + 0.5
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(7.0), indexing="ij")
    numbers, weights = handles(torch.stack([x, y], -1).view(-1, 2), (9, 7), shape)
    found = (nodes.flatten()[numbers] * weights).sum(1).view(9, 7)
    assert torch.allclose(found, scale_map(nodes, (9, 7))[0], atol=1e-6)
    assert torch.allclose(weights.sum(1), torch.ones(63)) and (weights >= 0).all()


def test_true_depth_gives_the_true_path(still):
    depth, poses, K, flows, masks = still
    found = solve(find_matches(depth, flows, masks, 60), K, steps=100)
    assert absolute_error(found.poses, poses) < 0.02 * path_length(poses)  # depth is read across edges, too
    assert found.poses.dtype == torch.float32 and torch.equal(found.poses[0], torch.eye(4))
    assert (found.nodes / found.nodes.mean() - 1).abs().max() < 0.03


def test_each_frames_own_factor_is_found(still):
    depth, poses, K, flows, masks = still
    factors = torch.linspace(0.7, 1.4, 8)
    found = solve(find_matches(depth * factors[:, None, None], flows, masks, 60), K, steps=150)
    assert absolute_error(found.poses, poses) < 0.02 * path_length(poses)
    ratio = found.nodes[:, 0, 0] * factors
    assert (ratio / ratio.mean() - 1).abs().max() < 0.05
    assert found.nodes.log().mean().abs() < 0.05  # the unit is held


def test_a_grid_mends_what_one_factor_cannot(still):
    depth, poses, K, flows, masks = still
    bent = depth * (0.25 * torch.linspace(-1, 1, 32) * torch.tensor([1.0, -1] * 4)[:, None, None]).exp()
    found = solve(find_matches(bent, flows, masks, 60), K, ((1, 1), (2, 3)), steps=120)
    coarse = found.stages[0]
    assert len(found.stages) == 1 and coarse.nodes.shape == (8, 1, 1) and found.nodes.shape == (8, 2, 3)
    assert found.loss < 0.5 * coarse.loss
    assert absolute_error(found.poses, poses) < 0.5 * absolute_error(coarse.poses, poses)
    assert found.deformed(bent).shape == bent.shape


def test_a_stiff_grid_does_not_bend(still):
    depth, _, K, flows, masks = still
    bent = depth * torch.linspace(0.8, 1.2, 32)
    matches = find_matches(bent, flows, masks, 40)
    spread = [
        (solve(matches, K, ((1, 1), (2, 2)), steps=60, stiffness=s).nodes.flatten(1).std(1)).mean() for s in (0.1, 100)
    ]
    assert spread[1] < 0.1 * spread[0]


def test_a_wrong_focal_length_is_mended(still):
    depth, poses, K, flows, masks = still
    wrong = K.clone()
    wrong[0, 0], wrong[1, 1] = 1.2 * K[0, 0], 1.2 * K[1, 1]
    matches = find_matches(depth, flows, masks, 60)
    held, free = (solve(matches, wrong, steps=150, free_focal=focal) for focal in (False, True))
    assert torch.equal(held.K[3], wrong) and free.loss < 0.9 * held.loss
    assert (free.K[:, 0, 0] / K[0, 0] - 1).abs().max() < 0.1
    assert torch.allclose(free.K[:, 0, 0] / free.K[:, 1, 1], (K[0, 0] / K[1, 1]).expand(8))
    assert torch.equal(free.K[:, :2, 2], wrong[:2, 2].expand(8, 2))


@pytest.mark.parametrize("kind, low, high", [("euclidean", 0, 0.1), ("ratio", 0.7, 1.4), ("disparity", 1.5, math.inf)])
def test_the_unit_runs_away_unless_the_loss_does_not_see_it(still, kind, low, high):
    depth, _, K, flows, masks = still
    field = torch.randn(8, 3, 4, generator=torch.Generator().manual_seed(1))
    bent = depth * scale_map((0.2 * field).exp(), (24, 32))
    found = solve(find_matches(bent, flows, masks, 40), K, kind=kind, steps=60, hold_scale=0.0)
    assert low <= found.nodes.log().mean().exp() < high


def test_matches_are_drawn_from_the_mask_alone(still):
    depth, _, _, flows, masks = still
    left = {pair: mask & (torch.arange(32) < 10) for pair, mask in masks.items()}
    matches = find_matches(depth, flows, left, 30, seed=2)
    assert (matches.pixels[:, 0] < 10).all() and len(matches) <= 30 * len(flows)
    assert torch.equal(matches.pixels, find_matches(depth, flows, left, 30, seed=2).pixels)
    row, column = matches.pixels[0, 1].long(), matches.pixels[0, 0].long()
    pair = matches.start[0].item(), matches.end[0].item()
    assert matches.depth[0] == depth[pair[0], row, column].double()
    assert torch.allclose(matches.other_pixels[0] - matches.pixels[0], flows[pair][:, row, column].double())


def test_what_cannot_be_solved_is_told(still):
    depth, _, K, flows, masks = still
    lonely = {pair: mask if 7 not in pair else torch.zeros_like(mask) for pair, mask in masks.items()}
    with pytest.raises(DataError, match=r"\[7\] have no trusted match"):
        find_matches(depth, flows, lonely)
    with pytest.raises(DataError, match="no trusted match"):
        find_matches(depth, {}, {})
    with pytest.raises(DataError, match="Is it log depth"):
        find_matches(depth - 5, flows, masks)
    with pytest.raises(CourseError, match="ratio, log, disparity, euclidean"):
        solve(find_matches(depth, flows, masks, 5), K, kind="squared")
