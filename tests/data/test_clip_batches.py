"""Batches of clips from video files."""

from dataclasses import replace

import pytest
import torch

from course_lib.data.sets.clip_batches import ClipBatches
from course_lib.data.sets.readers import LabelledVideos
from course_lib.data.video_io import write_video
from course_lib.errors import CourseError, DataError


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


def test_segments_are_snippets_from_each_part_of_the_video(videos):
    batches = ClipBatches(videos, 3, 16, crop=20, prepare=lambda clips: clips, segments=4, mirror=False)
    moments = (batches(0)[0][:, 0, :, 10, -2].float() / 10).unflatten(1, (4, 3))  # (16, 4, 3)
    assert ((moments.diff(dim=2) - 1).abs() < 0.5).all()
    first = moments[:, :, 0]
    assert ((first > 4.5 * torch.arange(4) - 1) & (first < 4.5 * torch.arange(1, 5) + 1)).all()
    assert (first.round().unique(dim=0, return_counts=True)[1] < 4).all()  # drawn anew for every video


def test_the_same_step_gives_the_same_batch(videos):
    batches = ClipBatches(videos, 5, 4, crop=20, prepare=lambda clips: clips.float())
    other, first = batches(4), batches(3)
    again = ClipBatches(videos, 5, 4, crop=20, prepare=lambda clips: clips.float())(3)
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_worker_processes_give_the_same_batches_from_any_step_on(videos):
    alone = ClipBatches(videos, 5, 4, crop=20, prepare=lambda clips: clips)
    helped = ClipBatches(videos, 5, 4, crop=20, prepare=lambda clips: clips, workers=2)
    for step in (4, 5, 0):
        assert torch.equal(helped(step)[0], alone(step)[0]) and torch.equal(helped(step)[1], alone(step)[1])


def test_half_of_the_clips_are_mirrored_each_by_itself(videos):
    inputs, _ = ClipBatches(videos, 2, 48, crop=24, prepare=lambda clips: clips[..., :2].float())(0)
    mirrored = (inputs.mean((1, 2, 3, 4)) > 20).sum().item()
    assert 12 <= mirrored <= 36


def test_an_epoch_has_every_video_once_in_an_order_of_its_own(videos):
    batches = ClipBatches(videos, 2, 2, crop=20, prepare=lambda clips: clips)
    orders = [tuple(batches(step)[1].tolist()) for step in range(12)]
    assert set(orders) == {(0, 1), (1, 0)}


def test_processes_share_a_batch_without_overlap(videos):
    def batch(**share):
        return ClipBatches(videos, 2, 4, crop=20, prepare=lambda clips: clips, **share)(5)[0]

    parts = [batch(share=(rank, 2)) for rank in (0, 1)]
    assert torch.equal(batch()[0::2], parts[0]) and torch.equal(batch()[1::2], parts[1])
    with pytest.raises(CourseError, match="shared equally by 3"):
        batch(share=(0, 3))


def test_a_short_video_repeats_its_last_frame(videos):
    inputs, _ = ClipBatches(videos, 24, 2, crop=20, prepare=lambda clips: clips)(0)
    assert torch.equal(inputs[:, :, 20], inputs[:, :, 23])


def test_a_crop_larger_than_the_frames_is_refused(videos):
    with pytest.raises(DataError, match="enlarge"):
        ClipBatches(videos, 5, 4, crop=25, prepare=lambda clips: clips)


def test_videos_smaller_than_the_crop_are_named(videos):
    several = replace(videos, size=None)
    with pytest.raises(DataError, match=r"\d.mp4: its frames of 24 x 32 .*size="):
        ClipBatches(several, 2, 2, crop=26, prepare=lambda clips: clips)(0)
