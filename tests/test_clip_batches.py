"""Batches of clips from video files."""

import pytest
import torch

from course_lib.data.clip_batches import ClipBatches
from course_lib.data.readers import LabelledVideos
from course_lib.data.video_io import write_video
from course_lib.errors import DataError


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Two videos of 20 frames of 24 x 32: frame t of video i is evenly 10 t + 4 i, but dark in its left half."""
    folder = tmp_path_factory.mktemp("films")
    paths = []
    for i in range(2):
        clip = (torch.arange(20) * 10 + 4 * i).byte().view(1, 20, 1, 1).repeat(3, 1, 24, 32)
        clip[..., :16] = 0
        paths.append((write_video(folder / f"{i}.mp4", clip, fps=10), i))
    return LabelledVideos("films", ("a", "b"), tuple(paths), size=(24, 32))


def test_clips_are_consecutive_frames_with_their_labels(videos):
    inputs, labels = ClipBatches(videos, 5, 16, crop=20, prepare=lambda clips: clips, mirror=False)(0)
    assert inputs.shape == (16, 3, 5, 20, 20) and inputs.dtype == torch.uint8
    assert set(labels.tolist()) == {0, 1}
    bright = inputs[:, 0, :, 10, -2].float()
    assert ((bright.diff(dim=1) - 10).abs() < 4).all()
    assert len(set((bright[:, 0] / 10).round().tolist())) > 4  # they begin at different moments


def test_the_same_step_gives_the_same_batch(videos):
    batches = ClipBatches(videos, 5, 4, crop=20, prepare=lambda clips: clips.float())
    first, again, other = batches(3), batches(3), batches(4)
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_half_of_the_batches_are_mirrored(videos):
    batches = ClipBatches(videos, 2, 1, crop=24, prepare=lambda clips: clips[..., :2].float().mean() > 30)
    mirrored = sum(bool(batches(step)[0]) for step in range(24))
    assert 4 <= mirrored <= 20


def test_a_short_video_repeats_its_last_frame(videos):
    inputs, _ = ClipBatches(videos, 24, 2, crop=20, prepare=lambda clips: clips)(0)
    assert torch.equal(inputs[:, :, 20], inputs[:, :, 23])


def test_a_crop_larger_than_the_frames_is_refused(videos):
    with pytest.raises(DataError, match="enlarge"):
        ClipBatches(videos, 5, 4, crop=25, prepare=lambda clips: clips)
