"""Whole files with something odd about them, as users of FFmpeg's readers have reported: they read like any other."""

import re
import struct
import subprocess
import sys

import pytest
from video_samples import number_of, numbers_of, write_numbered

from course_lib.data.video_io import iter_frames, probe, read_clip
from course_lib.errors import VideoError

B_FRAMES = {"preset": "fast", "x264-params": "keyint=12:bframes=3"}


def assert_whole(path, frames=40):
    assert probe(path).damage == "" and probe(path).frames == frames
    assert [number_of(frame) for frame in iter_frames(path)] == list(range(frames))
    assert numbers_of(read_clip(path, frames - 4, 4)) == list(range(frames - 4, frames))


@pytest.mark.parametrize("name", ["tag.avi", "tag.mkv", "tag.mp4"])
def test_tags_in_another_encoding(tmp_path, name):
    codec = "mpeg4" if name == "tag.avi" else "libx264"
    path = write_numbered(tmp_path / name, codec=codec, tags={"title": "ABCDEFGH"})
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


# ---- whole in spite of a hint


def test_a_riff_size_is_only_a_hint(tmp_path):
    data = write_numbered(tmp_path / "good.avi", codec="mpeg4").read_bytes()
    for size in (2**32 - 1, 0, 1, len(data) - 78, len(data) + 992, 2 * len(data)):
        path = tmp_path / f"{size}.avi"
        path.write_bytes(data[:4] + struct.pack("<I", size) + data[8:])
        assert_whole(path)
    path.write_bytes(data + b"RIFF" + struct.pack("<I", 40) + b"AVIX" + bytes(10))
    assert_whole(path)


@pytest.mark.parametrize("flags", ["+faststart", "frag_keyframe+empty_moov", "+write_colr"])
@pytest.mark.parametrize("tail", [
    b"TAG" + b"Title".ljust(125), bytes(1000), b"\n", b"\0\0\1\0mdat", b"\x7f\xff\xff\xfffree", b"ab12" * 9,
])  # fmt: skip
def test_what_was_appended_to_an_mp4_is_not_missed(tmp_path, flags, tail):
    if b"mdat" in tail and "frag" in flags:
        pytest.skip("a fragment may follow: its frames are really missing")
    path = write_numbered(tmp_path / "film.mp4", options=B_FRAMES, container_options={"movflags": flags})
    path.write_bytes(path.read_bytes() + tail)
    assert_whole(path)


def test_a_matroska_file_may_lack_what_follows_its_frames(tmp_path):
    path = write_numbered(tmp_path / "film.mkv", options=B_FRAMES)
    data = path.read_bytes()
    cues = data.rindex(b"\x1c\x53\xbb\x6b")
    path.write_bytes(data[: cues + 6])
    assert_whole(path)


def test_a_transport_stream_put_together_with_cat(tmp_path):
    options = {"preset": "fast", "x264-params": "keyint=12:bframes=0"}
    path = write_numbered(tmp_path / "part.ts", options=options)
    path.write_bytes(2 * path.read_bytes())
    assert probe(path).damage == ""
    assert [number_of(frame) for frame in iter_frames(path)] == 2 * list(range(40))
    assert numbers_of(read_clip(path, 37, 6)) == [37, 38, 39, 0, 1, 2]


def test_a_broadcast_that_was_cut_in_the_middle_of_a_group(tmp_path):
    for codec in (dict(options=B_FRAMES), dict(codec="mpeg2video", gop=12, b_frames=2)):
        data = write_numbered(tmp_path / "film.ts", height=192, width=256, **codec).read_bytes()
        path = tmp_path / "cut.ts"
        path.write_bytes(data[: 3 * 188] + data[len(data) // 2 // 188 * 188 :])
        assert probe(path).damage == ""
        numbers = [number_of(frame) for frame in iter_frames(path)]
        assert numbers == list(range(numbers[0], 40)) and numbers[0] < 37


# ---- damaged in the middle


def with_hole(path, start, length):
    data = path.read_bytes()
    start = int(start * len(data)) // 188 * 188
    path.write_bytes(data[:start] + (bytes(length) + data[start + length :] if length else data[start + 188 :]))
    return path


def in_noise(path, **how):
    """Frames with numbers, large in bytes: a hole hits a picture and not the container."""
    return write_numbered(path, frames=60, height=192, width=256, **how)


@pytest.mark.parametrize("name, how", [
    ("film.mp4", dict(options={**B_FRAMES, "crf": "5"}, container_options={"movflags": "+faststart"})),
    ("film.avi", dict(codec="mpeg4", gop=12, b_frames=0)),
    ("film.ts", dict(options={**B_FRAMES, "crf": "5"})),
    ("mpeg2.ts", dict(codec="mpeg2video", gop=12, b_frames=2)),
    ("film.h264", dict(options={**B_FRAMES, "crf": "5"})),
])  # fmt: skip
def test_a_gap_is_named_and_what_follows_is_read(tmp_path, name, how):
    path = with_hole(in_noise(tmp_path / name, **how), 0.5, 0 if name.endswith("ts") else 400)
    with pytest.raises(VideoError, match=r"(frames? \d+.* cannot be decoded|missing after frame \d+).*on_error=.keep"):
        list(iter_frames(path))
    kept = [number_of(frame) for frame in iter_frames(path, on_error="keep")]
    assert kept == sorted(set(kept)) and kept[0] == 0 and kept[-1] == 59 and 40 < len(kept) < 60
    info = probe(path, on_error="keep")
    place = int(re.search(r"frames? (\d+)", info.damage)[1])
    assert 10 < place < 50
    last = info.frames - 1
    assert numbers_of(read_clip(path, last - 3, 4, on_error="keep")) == [56, 57, 58, 59]
    with pytest.warns(UserWarning, match="of 60"):
        assert numbers_of(read_clip(path, 0, 60, on_error="keep")) == kept
