"""What the two streams look at."""

import pytest
import torch

from course_lib.data.worlds.actions import ActionWorld
from course_lib.errors import CourseError
from course_lib.ops import stream_inputs
from course_lib.ops.clip_flow import clip_flow
from course_lib.ops.flow_stacking import stack_flow, subtract_mean_flow
from course_lib.ops.sampling import uniform_indices


def test_inputs_from_clips():
    world = ActionWorld("direction", 48, 56, 11, size=14, travel=8, camera=(0.5, 0.0))
    batch = world.sample(3, seed=0)
    clips = (255 * batch.clips).round().to(torch.uint8)
    frame, stack = stream_inputs.spatial_input(clips), stream_inputs.temporal_input(clips)
    assert torch.allclose(frame[:, 1], clips[:, 1, 5].float() - stream_inputs.MEAN[1])
    assert stack.shape == (3, 20, 48, 56) and stack.mean((2, 3)).abs().max() < 1e-4
    moving = batch.mask[:, :-1] & ((batch.flow - batch.camera.view(3, 1, 2, 1, 1)).norm(dim=2) > 0.5)  # (3, 10, H, W)
    measured = stack.unflatten(1, (10, 2)).transpose(1, 2)[:, :, moving[0]][0]  # (2, N) in the first clip
    truth = subtract_mean_flow(batch.flow.flatten(1, 2)).unflatten(1, (10, 2)).transpose(1, 2)[:, :, moving[0]][0]
    assert (measured - truth).norm(dim=0).mean() < 0.5 * truth.norm(dim=0).mean()


def test_moments_are_spread_over_the_clip_and_their_flow_begins_there():
    world = ActionWorld("direction", 48, 56, 9, size=14, travel=8, camera=(0.5, 0.0))
    clips = (255 * world.sample(2, seed=0).clips).round().to(torch.uint8)
    frames, flow = stream_inputs.spread_moments(clips, 3, length=4)
    fields = clip_flow(clips.float() / 255, **stream_inputs.VIDEO_FLOW)
    assert torch.equal(frames, clips[:, :, [0, 2, 4]].transpose(1, 2))
    assert flow.shape == (2, 3, 8, 48, 56)
    assert torch.allclose(flow[:, 2], stack_flow(fields, 4, 4), atol=1e-4)
    with pytest.raises(CourseError, match="9 frames, expected at least 10"):
        stream_inputs.spread_moments(clips, 3, length=9)


def test_spatial_views_are_25_frames_by_10_crops():
    video = torch.arange(40).view(1, 40, 1, 1).expand(3, 40, 24, 30).to(torch.uint8)
    views = stream_inputs.spatial_views(video, crop=20)
    assert views.shape == (250, 3, 20, 20)
    moments = (views[:, 0, 0, 0] + stream_inputs.MEAN[0]).round().view(25, 10)
    assert (moments == moments[:, :1]).all() and moments[:, 0].diff().unique().tolist() == [1, 2]
    ramp = torch.arange(30).view(1, 1, 1, 30).expand(3, 40, 24, 30).to(torch.uint8)
    columns = (stream_inputs.spatial_views(ramp, crop=20)[:10, 0, 0, 0] + stream_inputs.MEAN[0]).round().int()
    assert columns.tolist() == [0, 10, 0, 10, 5, 19, 29, 19, 29, 24]


def test_temporal_views_negate_u_where_they_mirror():
    flow = torch.randn(30, 2, 24, 30, generator=torch.Generator().manual_seed(0))
    views = stream_inputs.temporal_views(flow, moments=3, crop=20, length=4).view(3, 10, 8, 20, 20)
    starts = uniform_indices(30, 3, clip_len=4).tolist()
    stack = stack_flow(flow[None], starts[1], 4)[0, :, :20, :20]  # the second stack, top left
    centred = stack - stack.mean((1, 2), keepdim=True)
    assert torch.allclose(views[1, 0], centred, atol=1e-6)
    sign = torch.tensor([-1.0, 1.0]).repeat(4).view(8, 1, 1)
    assert torch.allclose(views[1, 5], sign * centred.flip(2), atol=1e-6)
    assert views.mean((3, 4)).abs().max() < 1e-5


def test_a_video_that_is_too_short_is_refused():
    with pytest.raises(CourseError, match="too short"):
        stream_inputs.temporal_views(torch.zeros(9, 2, 24, 24), crop=20)
