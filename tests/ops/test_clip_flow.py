"""Flow of whole clips."""

import pytest
import torch

from course_lib.data.worlds.actions import ActionWorld
from course_lib.errors import CourseError
from course_lib.metrics import endpoint_error
from course_lib.ops.clip_flow import clip_flow
from course_lib.ops.flow import pyramidal_lucas_kanade


@pytest.fixture(scope="module")
def batch():
    return ActionWorld("direction", 40, 48, 5, size=12, travel=4, camera=(1.0, 0.0)).sample(6, seed=1)


def test_it_measures_the_motion(batch):
    flow = clip_flow(batch.clips)
    assert flow.shape == batch.flow.shape == (6, 4, 2, 40, 48)
    error = endpoint_error(flow.flatten(0, 1), batch.flow.flatten(0, 1))
    assert error < 0.3 < 0.9 * batch.flow.norm(dim=2).mean()


def test_backward_is_the_flow_of_the_clip_played_backwards(batch):
    backward = clip_flow(batch.clips, backward=True)
    assert torch.allclose(backward, clip_flow(batch.clips.flip(2)).flip(1), atol=1e-5)
    assert (backward + clip_flow(batch.clips)).mean().abs() < 0.1


def test_how_many_pairs_at_once_changes_nothing(batch):
    assert torch.allclose(clip_flow(batch.clips, pairs=5), clip_flow(batch.clips, pairs=1000), atol=1e-5)


def test_settings_reach_the_solver(batch):
    grey = (batch.clips * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1, 1)).sum(1, keepdim=True)
    settings = {"levels": 1, "iterations": 3, "sigma": 2.0, "median": 1}
    expected = pyramidal_lucas_kanade(grey[:, :, 2], grey[:, :, 3], **settings)
    assert torch.allclose(clip_flow(batch.clips, **settings)[:, 2], expected, atol=1e-4)
    assert not torch.allclose(clip_flow(batch.clips)[:, 2], expected, atol=1e-2)


def test_a_single_frame_has_no_flow(batch):
    with pytest.raises(CourseError, match="at least 2"):
        clip_flow(batch.clips[:, :, :1])
    with pytest.raises(CourseError, match="clips"):
        clip_flow(batch.clips[0])
