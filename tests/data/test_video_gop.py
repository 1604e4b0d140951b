"""`write_video(gop=...)` sets the distance between keyframes exactly, and keyframes cost bytes."""

import pytest
import torch

from course_lib.data.video_io import keyframes, write_video
from course_lib.errors import VideoError


def moving_square():
    clip = torch.zeros(3, 24, 32, 48, dtype=torch.uint8)
    for t in range(24):
        clip[:, t, 8:20, t : t + 12] = 200 - 4 * t
    clip[:, 13:] = 255 - clip[:, 13:]  # a cut, which must not become a keyframe
    return clip


@pytest.mark.parametrize(("gop", "expected"), [(1, list(range(24))), (5, [0, 5, 10, 15, 20]), (100, [0])])
def test_keyframes_are_where_they_were_asked_for(tmp_path, gop, expected):
    assert keyframes(write_video(tmp_path / "a.mp4", moving_square(), 25, gop=gop)) == expected


def test_more_keyframes_take_more_bytes(tmp_path):
    sizes = [write_video(tmp_path / f"{g}.mp4", moving_square(), 25, gop=g).stat().st_size for g in (1, 6, 24)]
    assert sizes == sorted(sizes, reverse=True)


def test_a_distance_below_one_is_refused(tmp_path):
    with pytest.raises(VideoError, match="gop=0"):
        write_video(tmp_path / "a.mp4", moving_square(), 25, gop=0)
