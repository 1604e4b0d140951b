import json
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import CourseError, DataError, ShapeError
from course_lib.video_depth import measures
from course_lib.video_depth.calibration import scale_of_path
from course_lib.video_depth.geometry import (
    disparity_loss,
    masked_mean,
    meet,
    pair_loss,
    ratio_loss,
    spatial_loss,
    trusted,
)  # fmt: skip
from course_lib.video_depth.pairs import frame_pairs

FIXTURES = Path(__file__).parents[1] / "fixtures"
SAMPLED = json.loads((FIXTURES / "cvd_frame_sampling.json").read_text())


@pytest.fixture(scope="module")
def still():
    return SceneWorld(36, 48, noise=0.0).video(6, seed=1)


def met(video, i, j, depth=None):
    depth = video.depth if depth is None else depth
    pair = depth[i : i + 1], depth[j : j + 1], video.flow(i, j)
    return meet(*pair, video.K, video.K, video.poses[i], video.poses[j])


@pytest.mark.parametrize("frames", [n for n in SAMPLED if n.isdigit()])
def test_pairs_equal_the_public_code(frames):
    known = SAMPLED[frames]
    for rule, name in (
        ("cvd", "hierarchical2_oneway"),
        ("robust", "hierarchical_oneway"),
        ("consecutive", "consecutive_oneway"),
    ):
        pairs = frame_pairs(int(frames), rule)
        assert len(pairs) == known[f"{name}_count"]
        if name in known:
            assert [list(pair) for pair in pairs] == known[name]


def test_pairs_of_nothing():
    with pytest.raises(CourseError, match="at least 2"):
        frame_pairs(1)
    with pytest.raises(CourseError, match="cvd, robust, consecutive"):
        frame_pairs(5, "all")


def test_true_depth_cameras_and_flow_agree(still):
    meeting, mask = met(still, 0, 3), still.visible(0, 3)
    assert masked_mean(spatial_loss(meeting), mask) < 0.02
    smooth = mask & (ratio_loss(meeting.depth, meeting.flow_depth) < 0.05)  # depth is interpolated across edges
    assert smooth.sum() > 0.9 * mask.sum()
    assert masked_mean(disparity_loss(meeting, 40.0), smooth) < 0.05


def test_by_hand():
    """A wall 4 m away, the camera steps 0.5 m to the right, f = 40: it is seen 5 pixels further left."""
    depth, K = torch.full((1, 8, 10), 4.0), torch.tensor([[40.0, 0, 4], [0, 40, 3], [0, 0, 1]])
    other = torch.eye(4)
    other[0, 3] = 0.5
    flow = torch.zeros(1, 2, 8, 10)
    flow[:, 0] = -3
    meeting = meet(depth, torch.full((1, 8, 10), 5.0), flow, K, K, torch.eye(4), other)
    assert torch.allclose(spatial_loss(meeting), torch.full((1, 8, 10), 2.0), atol=1e-4)
    assert torch.allclose(disparity_loss(meeting, 40.0), torch.full((1, 8, 10), 40 * (1 / 4 - 1 / 5)), atol=1e-4)
    everywhere = torch.ones(1, 8, 10, dtype=torch.bool)
    assert pair_loss(meeting, everywhere, torch.tensor([40.0]), 0.1).item() == pytest.approx(2 + 0.1 * 2, abs=1e-4)
    assert masked_mean(spatial_loss(meeting), ~everywhere) == 0


def test_pairs_count_alike_however_many_pixels_they_share():
    depth, K, pose = torch.full((3, 2, 4), 4.0), torch.eye(3), torch.eye(4)
    flow = torch.zeros(3, 2, 2, 4)
    flow[0, 0], flow[1, 0] = 1.0, 5.0
    mask = torch.zeros(3, 2, 4, dtype=torch.bool)
    mask[0], mask[1, 0, 0] = True, True  # eight pixels, one, and none
    loss = pair_loss(meet(depth, depth, flow, K, K, pose, pose), mask, 1.0)
    assert loss.item() == pytest.approx((1 + 5 + 0) / 3, abs=1e-5)


def test_a_scaled_scene_has_the_same_ratio_and_less_disparity():
    examples = json.loads((FIXTURES / "rcvd.json").read_text())["scalar_L_ratio_examples"]
    for a, b, value in examples:
        assert ratio_loss(torch.tensor(a), torch.tensor(b)).item() == pytest.approx(value, abs=1e-6)
    known = np.load(FIXTURES / "rcvd.npz")
    for way in ("01", "10"):
        found = ratio_loss(torch.tensor(known[f"za_{way}"]), torch.tensor(known[f"zb_{way}"]))
        assert torch.allclose(found, torch.tensor(known[f"L_ratio_{way}"]), atol=1e-5)
    a, b = torch.rand(2, 50) + 0.5
    assert torch.allclose(ratio_loss(3 * a, 3 * b), ratio_loss(a, b), atol=1e-5)


def test_wrong_depth_costs_and_its_gradient_points_back(still):
    wrong = (still.depth * 1.2).requires_grad_()
    mask = still.visible(0, 3)
    loss = pair_loss(met(still, 0, 3, wrong), mask, 40.0)
    assert loss > pair_loss(met(still, 0, 3), mask, 40.0) + 0.05
    loss.backward()
    assert wrong.grad[0][mask[0]].mean() > 0 and wrong.grad[1:3].abs().sum() == 0


def test_trusted_flow():
    video = SceneWorld(36, 48, movers=1, noise=0.0).video(5, seed=2)
    there, back = video.flow(0, 4), video.flow(4, 0)
    mask, visible = trusted(there, back), video.visible(0, 4)
    assert (mask & visible).sum() > 0.85 * visible.sum()
    assert (mask & ~visible).float().sum() < 0.3 * (~visible).sum()


def test_scale_of_the_path():
    measured = torch.rand(3, 10, 10) + 1
    network = measured * torch.tensor([2.0, 3.0, 7.0])[:, None, None]
    measured[2, :8] = 0  # too little is known of the last frame
    scale, each = scale_of_path(network, measured)
    assert scale == pytest.approx(2.5, rel=1e-5) and each[2].isnan()
    network[0, 0] = 1000.0  # the median does not mind
    assert scale_of_path(network, measured)[0] == pytest.approx(2.5, rel=1e-5)
    with pytest.raises(DataError, match="at least 90%"):
        scale_of_path(network, measured * (torch.rand(3, 10, 10) < 0.5), enough=0.9)


def test_points_of_a_still_scene_stay(still):
    x, y = torch.meshgrid(torch.arange(8.0, 40, 6), torch.arange(8.0, 30, 6), indexing="xy")
    start = torch.stack([x, y], -1).view(-1, 2)
    along = [still.flow(0, t)[0].permute(1, 2, 0)[start[:, 1].long(), start[:, 0].long()] for t in range(6)]
    tracks = start[:, None] + torch.stack(along, 1)
    seen = torch.stack([still.visible(0, t)[0][start[:, 1].long(), start[:, 0].long()] for t in range(6)], 1)
    paths = measures.tracks_in_space(tracks, still.depth, still.K, still.poses)
    shaken = still.depth * (1 + 0.1 * torch.randn(6, 1, 1, generator=torch.Generator().manual_seed(0)))
    worse = measures.tracks_in_space(tracks, shaken, still.K, still.poses)
    near = seen & ((paths - paths[:, :1]).norm(dim=-1) < 0.3)  # not those that are interpolated across an edge
    assert measures.instability(paths, near) < 0.05 < measures.instability(worse, near)
    assert measures.drift(paths, near) < 0.002 < measures.drift(worse, near)


def test_measures_by_hand():
    paths = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [1, 2, 0]], [[5.0, 5, 5]] * 3])
    assert measures.instability(paths) == pytest.approx((1 + 2 + 0 + 0) / 4)
    covariance = np.cov(paths[0, :, :2].numpy().T, bias=True)
    assert measures.drift(paths) == pytest.approx(np.linalg.eigvalsh(covariance)[-1] / 2, rel=1e-5)
    assert measures.drift(paths, unbiased=True) == pytest.approx(1.5 * measures.drift(paths), rel=1e-5)
    seen = torch.tensor([[True, True, False], [True] * 3])
    assert measures.instability(paths, seen) == pytest.approx(1 / 3)


def test_photometric_error(still):
    meeting, visible = met(still, 0, 2), still.visible(0, 2)
    right = measures.photometric_error(still.frames[:1], still.frames[2:3], meeting.pixels, visible)
    wrong = measures.photometric_error(still.frames[:1], still.frames[2:3], meeting.pixels + 4, visible)
    assert right < 0.05 and 1.3 * right < wrong


def test_errors():
    with pytest.raises(ShapeError, match="must share"):
        meet(
            torch.ones(1, 4, 5),
            torch.ones(1, 4, 5),
            torch.zeros(1, 2, 5, 4),
            torch.eye(3),
            torch.eye(3),
            torch.eye(4),
            torch.eye(4),
        )
