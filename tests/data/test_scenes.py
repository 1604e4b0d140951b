import pytest
import torch
from torch.nn.functional import max_pool2d

from course_lib.data.worlds.scenes import SceneWorld
from course_lib.errors import DataError
from course_lib.ops.camera import backproject, project, reproject, transform
from course_lib.ops.warp import pixel_grid, warp


@pytest.fixture(scope="module")
def still():
    return SceneWorld(48, 64, noise=0.0).video(6, seed=1)


@pytest.fixture(scope="module")
def moving():
    return SceneWorld(48, 64, movers=2, noise=0.0).video(6, seed=3)


def test_shapes_and_seeds(moving):
    assert moving.frames.shape == moving.normals.shape == (6, 3, 48, 64)
    assert moving.depth.shape == moving.instances.shape == moving.moving.shape == (6, 48, 64)
    again = SceneWorld(48, 64, movers=2, noise=0.0).video(6, seed=3)
    assert torch.equal(moving.frames, again.frames) and torch.equal(moving.depth, again.depth)
    assert not torch.equal(moving.depth, SceneWorld(48, 64, movers=2).video(6, seed=4).depth)
    assert moving.depth.isfinite().all() and 0.3 < moving.depth.min()


def test_a_long_video_is_rendered_in_parts():
    world = SceneWorld(12, 16, noise=0.0)
    assert world.video(40, seed=2).depth.shape == (40, 12, 16)


def test_normals_are_unit_and_face_the_camera(moving):
    assert torch.allclose(moving.normals.norm(dim=1), torch.ones(6, 48, 64), atol=1e-5)
    assert (moving.normals * backproject(moving.depth, moving.K)).sum(1).max() < 1e-4


def test_normals_agree_with_the_slope_of_depth(moving):
    """On a flat face the difference of neighbouring points is at right angles to the normal."""
    points = backproject(moving.depth, moving.K)
    step = points[..., 1:] - points[..., :-1]
    same = (moving.instances[..., 1:] == moving.instances[..., :-1]) & (
        (moving.normals[..., 1:] - moving.normals[..., :-1]).norm(dim=1) < 1e-4
    )
    cosine = (step * moving.normals[..., 1:]).sum(1) / step.norm(dim=1)
    assert same.float().mean() > 0.7 and cosine[same].abs().max() < 2e-3


@pytest.mark.parametrize("end", [1, 5])
def test_in_a_still_room_flow_is_reprojection(still, end):
    pixels, _ = reproject(still.depth[:1], still.K, still.poses[0], still.K, still.poses[end])
    assert torch.allclose(still.flow(0, end), pixels - pixel_grid(48, 64), atol=1e-2)
    assert still.flow(0, end).norm(dim=1).mean() > 0.3


def test_what_moves_goes_elsewhere_than_reprojection_says(moving):
    pixels, _ = reproject(moving.depth[:1], moving.K, moving.poses[0], moving.K, moving.poses[5])
    apart = (moving.flow(0, 5) - pixels + pixel_grid(48, 64)).norm(dim=1)[0]
    assert apart[~moving.moving[0]].max() < 1e-2 and apart[moving.moving[0]].mean() > 1
    assert set(moving.instances[moving.moving].tolist()) <= set(moving.movers)


def test_a_frame_fetched_along_flow_looks_the_same_where_visible(moving):
    visible = moving.visible(0, 2)
    fetched = warp(moving.frames[2:3], moving.flow(0, 2))
    error = (fetched - moving.frames[:1]).abs().mean(1)
    assert 0.5 < visible.float().mean() < 1
    assert error[visible].mean() < 0.05 < error[~visible].mean()


def test_visible_agrees_with_the_depth_of_the_other_frame(still):
    """Where all pixels about the place are much nearer than the point, it is hidden; where one is as far, seen."""
    pixels, z = reproject(still.depth[:1], still.K, still.poses[0], still.K, still.poses[5])
    x, y = pixels.round().long().unbind(1)
    within = (x >= 0) & (x < 64) & (y >= 0) & (y < 48)
    there = still.depth[5][y.clamp(0, 47), x.clamp(0, 63)]
    visible = still.visible(0, 5)
    farthest = max_pool2d(still.depth[5][None], 3, stride=1, padding=1)[0][y.clamp(0, 47), x.clamp(0, 63)]
    hidden = within & (farthest < 0.8 * z)
    assert hidden.any() and not visible[hidden].any()
    clear = within & ((there - z).abs() < 0.02 * z) & (x > 0) & (x < 63) & (y > 0) & (y < 47)
    assert visible[clear].float().mean() > 0.97


def test_flow_there_and_back(moving):
    there, back = moving.flow(0, 3), moving.flow(3, 0)
    visible = moving.visible(0, 3)
    assert ((there + warp(back, there)).norm(dim=1)[visible]).median() < 0.05


def test_several_pairs_at_once(moving):
    pairs = moving.flow([0, 2], [1, 4])
    assert torch.equal(pairs[1:], moving.flow(2, 4)) and moving.visible([0, 2], [1, 4]).shape == (2, 48, 64)


def test_a_larger_world_gives_the_same_picture():
    one, three = (SceneWorld(24, 32, scale=(s, s), noise=0.0).video(3, seed=5) for s in (1.0, 3.0))
    assert torch.equal(one.frames, three.frames) and torch.equal(one.normals, three.normals)
    assert torch.allclose(three.depth, 3 * one.depth)
    assert torch.allclose(three.poses[:, :3, 3], 3 * one.poses[:, :3, 3])
    assert torch.allclose(three.flow(0, 2), one.flow(0, 2), atol=1e-3)
    assert torch.equal(three.visible(0, 2), one.visible(0, 2))


def test_points_of_a_still_thing_stay_in_the_world(still):
    first, last = (transform(backproject(still.depth[t : t + 1], still.K), still.poses[t]) for t in (0, 5))
    fetched = warp(last, still.flow(0, 5))
    near = (first - fetched).norm(dim=1)[still.visible(0, 5)]
    assert near.median() < 0.01
    assert project(first, still.K).isfinite().all()


def test_pictures():
    frames, depth, normals = SceneWorld(24, 32).pictures(5, seed=1)
    assert frames.shape == normals.shape == (5, 3, 24, 32) and depth.shape == (5, 24, 32)
    assert depth.std(0).mean() > 0.1


def test_errors():
    with pytest.raises(DataError, match="frames 0 to 2"):
        SceneWorld(12, 16).video(3).flow(0, 3)
    with pytest.raises(DataError, match="must not be negative"):
        SceneWorld(boxes=-1)
