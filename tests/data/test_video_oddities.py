"""Whole files with something odd about them, as users of FFmpeg's readers have reported: they read like any other."""

import subprocess
import sys

import pytest
from video_samples import number_of, numbers_of, write_numbered

from course_lib.data.video_io import iter_frames, probe, read_clip

B_FRAMES = {"preset": "fast", "x264-params": "keyint=12:bframes=3"}


def assert_whole(path, frames=40):
    assert probe(path).damage == "" and probe(path).frames == frames
    assert [number_of(frame) for frame in iter_frames(path)] == list(range(frames))
    assert numbers_of(read_clip(path, frames - 4, 4)) == list(range(frames - 4, frames))


@pytest.mark.parametrize("name", ["tag.avi", "tag.mkv", "tag.mp4"])
def test_tags_in_another_encoding(tmp_path, name):
    path = write_numbered(tmp_path / name, codec="mpeg4" if name == "tag.avi" else "libx264", tags={"title": "ABCDEFGH"})
    data = path.read_bytes()
    assert b"ABCDEFGH" in data
    path.write_bytes(data.replace(b"ABCDEFGH", b"caf\xe9 \x8c\xff!"))
    assert_whole(path)


LEAVES_EARLY = """
import sys, av
av.logging.set_level(av.logging.ERROR)  # as torchvision 0.21 to 0.25 do on import
from course_lib.data.video_io import VideoReader, iter_frames, read_clip
for again in range(12):
    for number, frame in enumerate(iter_frames(sys.argv[1])):
        if number == 2:
            break
    read_clip(sys.argv[1], again, 1)
    unclosed = VideoReader(sys.argv[1])
    unclosed.clip(again, 2)
print("done")
"""


@pytest.mark.parametrize("name", ["raw.h264", "frames.avi"])
def test_a_reader_that_is_left_early_does_not_hang_when_pyav_logs(tmp_path, name):
    path = write_numbered(tmp_path / name, frames=120, height=240, width=320, options=B_FRAMES)
    ran = subprocess.run([sys.executable, "-c", LEAVES_EARLY, path], capture_output=True, text=True, timeout=120)
    assert ran.stdout == "done\n", ran.stderr
