"""Dense trajectories: where they start, how they go, which are thrown away, and what the camera has to do with it."""

import math

import pytest
import torch

from course_lib.data.worlds.actions import ActionWorld
from course_lib.errors import CourseError, ShapeError
from course_lib.ops import trajectories as tr
from course_lib.ops.clip_flow import LUMA, clip_flow
from course_lib.ops.trajectories import Trajectories


def textured(batch, frames, height, width, seed=0):
    return torch.rand(batch, frames, height, width, generator=torch.Generator().manual_seed(seed))


def constant_flow(batch, fields, height, width, u, v):
    return torch.tensor([u, v]).view(1, 1, 2, 1, 1).expand(batch, fields, 2, height, width).clone()


def test_points_start_where_there_are_corners():
    grey = torch.zeros(1, 1, 40, 60)
    grey[..., 20:, 30:] = 1  # one corner; its two edges are no corners
    found = tr.grid_corners(grey, spacing=5, quality=0.1)
    assert found.shape == (1, 8, 12)
    assert {(j * 5 + 2, i * 5 + 2) for _, i, j in found.nonzero().tolist()} == {(32, 22)}


def test_a_step_reads_the_median_where_the_point_is():
    flow = torch.zeros(2, 2, 6, 8)
    flow[1, 0, 2:5, 3:6] = 2.0
    flow[1, 1, 2:5, 3:6] = -1.0
    flow[1, :, 3, 4] = 50.0  # one wrong pixel: the median of its window does not see it
    points = torch.tensor([[4.4, 2.6], [4.4, 2.6], [0.0, 0.0], [-3.0, 9.0]])
    moved = tr.tracking_step(points, torch.tensor([1, 0, 1, 1]), flow)
    assert torch.allclose(moved, torch.tensor([[6.4, 1.6], [4.4, 2.6], [0, 0], [-3, 9]]))


def test_tracks_follow_a_constant_flow_exactly():
    grey, flow = textured(2, 9, 30, 40), constant_flow(2, 8, 30, 40, 0.75, -0.5)
    found = tr.track(grey, flow, length=4)
    assert len(found) and set(found.clip.tolist()) == {0, 1}
    steps = torch.arange(5).view(1, 5, 1) * torch.tensor([0.75, -0.5])
    assert torch.allclose(found.points, found.points[:, :1] + steps, atol=1e-5)
    assert torch.allclose(found.steps, torch.tensor([0.75, -0.5]).expand_as(found.steps), atol=1e-5)
    assert found.start.max() == 4 and found.start.min() == 0
    assert (found.points >= 0).all() and (found.points[..., 0] <= 39).all() and (found.points[..., 1] <= 29).all()


def test_clips_of_a_batch_do_not_mix():
    grey = textured(3, 8, 30, 40)
    flow = torch.nn.functional.interpolate(textured(42, 2, 4, 5, seed=1) * 3 - 1.5, size=(30, 40)).unflatten(0, (3, 14))
    flow = flow[:, :7]
    together = tr.track(grey, flow, length=5)
    for number in range(3):
        alone = tr.track(grey[number : number + 1], flow[number : number + 1], length=5)
        mine = together[together.clip == number]
        assert torch.equal(alone.points, mine.points) and torch.equal(alone.start, mine.start)


def test_no_second_trajectory_starts_beside_one_that_is_under_way():
    still = tr.track(textured(1, 12, 30, 40), constant_flow(1, 11, 30, 40, 0.0, 0.0), length=5)
    squares = [(s, *(p // 5).long().tolist()) for s, p in zip(still.start.tolist(), still.points[:, 0], strict=True)]
    assert len(set(squares)) == len(squares)
    assert set(still.start.tolist()) == {0, 5}  # when one is complete, the next begins at its place


@pytest.mark.parametrize("length", [5, 15])
def test_trajectories_that_leave_the_frame_end(length):
    found = tr.track(textured(1, 20, 30, 40), constant_flow(1, 19, 30, 40, 3.0, 0.0), length=length)
    assert (found.points[..., 0] <= 39).all()
    assert length == 5 or len(found) == 0  # 45 pixels do not fit


def one(steps):
    steps = torch.tensor(steps).view(1, -1, 2)
    points = torch.cat([torch.zeros(1, 1, 2), steps.cumsum(1)], 1)
    return Trajectories(points, torch.zeros(1).long(), torch.zeros(1).long(), steps)


@pytest.mark.parametrize(
    "steps, kept",
    [
        ([[0.1, 0.0]] * 6, False),  # stands
        ([[0.1, 0.0]] * 5 + [[0.8, 0.8]], True),  # one step of 1.13 pixels
        ([[1.0, 1.0]] * 6, True),
        ([[0.5, 0.0]] * 5 + [[24.0, 0.0]], False),  # jumps: 24 of 26.5 pixels at once
        ([[3.0, 0.0]] * 5 + [[24.0, 0.0]], True),  # 24 of 39: fast
        ([[0.1, 0.0]] * 5 + [[12.0, 0.0]], True),  # most of the path at once, but not far
    ],
)
def test_what_stands_or_jumps_is_thrown_away(steps, kept):
    assert tr.moving(one(steps)).tolist() == [kept]


def test_the_shape_is_the_path_divided_by_its_length():
    shape = one([[3.0, 4.0], [0.0, -5.0]]).shape
    assert shape[0].tolist() == pytest.approx([0.3, 0.4, 0, -0.5])
    assert one([[0.0, 0.0]] * 2).shape.tolist() == [[0, 0, 0, 0]]


def turned(angle, shift, zoom=1.0, perspective=0.0):
    c, s = zoom * math.cos(angle), zoom * math.sin(angle)
    return torch.tensor([[c, -s, shift[0]], [s, c, shift[1]], [perspective, 0, 1.0]], dtype=torch.float64)


def flow_of(homography, height, width):
    grid = tr.pixel_grid(height, width, dtype=torch.float64).permute(1, 2, 0)
    return (tr.project(homography, grid) - grid).permute(2, 0, 1)


def test_what_moves_with_the_camera_stands():
    homography = turned(0.02, (1.5, -0.5), 1.01, 1e-4)
    flow = flow_of(homography, 30, 40)[None, None]
    left = tr.stabilised(flow, homography[None, None])
    assert left.abs().max() < 1e-9
    flow[..., 1, 10, 20] += 2  # something moves down by 2 in the second frame, which the camera has turned
    left = tr.stabilised(flow, homography[None, None])
    assert left[0, 0, 1, 10, 20].item() == pytest.approx(2, abs=0.1)


def test_ransac_finds_the_camera_among_things_that_move():
    homography = turned(0.03, (2.0, -1.0), 0.99, 2e-4)
    flow = flow_of(homography, 60, 80)
    flow[:, 20:40, 30:55] += torch.tensor([4.0, 3.0], dtype=torch.float64).view(2, 1, 1)
    grey = textured(1, 2, 60, 80)
    found = tr.camera_homographies(grey, flow.float()[None, None])
    corners = torch.tensor([[0.0, 0], [79, 0], [0, 59], [79, 59]], dtype=torch.float64)
    assert (tr.project(found[0, 0].double(), corners) - tr.project(homography, corners)).norm(dim=1).max() < 0.05
    assert torch.equal(found, tr.camera_homographies(grey, flow.float()[None, None]))  # the same samples
    assert torch.equal(tr.camera_homographies(torch.zeros(1, 2, 60, 80), flow.float()[None, None])[0, 0], torch.eye(3))


def test_in_a_world_with_a_moving_camera_what_is_kept_lies_on_the_sprite():
    clips = ActionWorld("direction", 80, 100, 24, camera=1.0, travel=20, size=18, duration=20).sample(3, seed=3)
    grey = torch.einsum("bcthw,c->bthw", clips.clips, torch.tensor(LUMA))
    flow = clip_flow(clips.clips, levels=3, iterations=3, sigma=2.0, median=2)
    shares = {}
    for name, camera in (("stabilised", tr.camera_homographies(grey, flow)), ("raw", None)):
        found = tr.track(grey, flow, quality=0.03, homographies=camera)
        kept = found[tr.moving(found, still=0.7)]
        boxes = clips.boxes[kept.clip, kept.start]
        first = kept.points[:, 0]
        on = ((first >= boxes[:, :2] - 4) & (first <= boxes[:, 2:] + 4)).all(1)
        shares[name] = on.float().mean().item()
        assert name == "raw" or on.sum() > 20
    assert shares["stabilised"] > 0.8 > 0.4 > shares["raw"]


def test_a_steady_camera_is_found_from_all_frames_together():
    homography = turned(0.0, (1.0, -0.5))
    flow = flow_of(homography, 60, 80).float().expand(2, 5, 2, 60, 80)
    found = tr.camera_homographies(textured(2, 6, 60, 80), flow, steady=True)
    assert torch.allclose(found, homography.float().expand(2, 5, 3, 3), atol=1e-3)


def test_refuses():
    grey, flow = textured(1, 9, 30, 40), constant_flow(1, 8, 30, 40, 0.0, 0.0)
    with pytest.raises(CourseError, match="16 frames"):
        tr.track(grey, flow)
    with pytest.raises(ShapeError, match="one field less"):
        tr.track(grey, flow[:, :7], length=3)
    with pytest.raises(ShapeError, match="N, 2"):
        tr.tracking_step(torch.zeros(3), torch.zeros(1), flow[:, 0])
