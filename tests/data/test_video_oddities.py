"""Whole files with something odd about them, as users of FFmpeg's readers have reported: they read like any other."""

import re
import struct
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from video_samples import number_of, numbered_frame, numbers_of, restamp, write_numbered

from course_lib.data.video_io import iter_frames, probe, read_clip, write_video
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


ENDS_EARLY = """
import sys, av
av.logging.set_level(av.logging.TRACE)
from course_lib.data.video.reader import VideoReader
frames = VideoReader(sys.argv[1], threads=4).iterate()
next(frames)  # the decoder's threads are at work, and log, while the program ends
print("done")
"""


@pytest.mark.parametrize("name, program", [
    ("raw.h264", LEAVES_EARLY), ("frames.avi", LEAVES_EARLY), *[("frames.avi", ENDS_EARLY)] * 3,
])  # fmt: skip
def test_a_reader_that_is_left_early_does_not_hang_when_pyav_logs(tmp_path, name, program):
    path = write_numbered(tmp_path / name, frames=120, height=240, width=320, options=B_FRAMES)
    ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, timeout=120)
    assert ran.stdout == "done\n", ran.stderr


# ---- facts about a file


@pytest.mark.parametrize("suffix", ["h264", "ts"])
@pytest.mark.parametrize("first", [6, 40])
def test_every_clip_has_the_size_of_the_first_frame(tmp_path, suffix, first):
    options = {"preset": "fast", "x264-params": "keyint=12:bframes=0"}
    one = write_numbered(tmp_path / f"one.{suffix}", frames=first, options=options)
    two = write_numbered(tmp_path / f"two.{suffix}", frames=20, height=48, width=64, options=options)
    path = tmp_path / f"both.{suffix}"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    info = probe(path)
    assert (info.height, info.width, info.frames) == (96, 128, first + 20)
    assert {frame.shape for frame in iter_frames(path)} == {(3, 96, 128)}
    for start in (0, first - 2, first - 1, first, first + 9):
        clip = read_clip(path, start, 2)
        assert clip.shape == (3, 2, 96, 128)
        assert numbers_of(clip) == [n if n < first else n - first for n in (start, start + 1)]


def test_the_rate_is_the_mean_where_a_recorder_dropped_frames(tmp_path):
    for name, how in (("film.avi", dict(codec="mpeg4")), ("film.mp4", dict(options=B_FRAMES))):
        source = write_numbered(tmp_path / f"all_{name}", **how)
        path = restamp(source, tmp_path / name, lambda n, pts, dts: (pts + pts // 5, dts + dts // 5))
        info = probe(path)
        assert info.frames == 40 and info.variable_rate
        assert info.fps == pytest.approx(39 / (46 / 25), rel=0.01)
        assert info.duration == pytest.approx(info.frames / info.fps, rel=0.01)


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(25), Fraction(24000, 1001), Fraction(7)])
@pytest.mark.parametrize("suffix", ["mkv", "ts", "mp4", "flv"])
def test_rounded_time_stamps_are_no_variable_rate(tmp_path, rate, suffix):
    info = probe(write_numbered(tmp_path / f"film.{suffix}", rate=rate, options=B_FRAMES))
    assert not info.variable_rate and info.fps == pytest.approx(float(rate), rel=1e-3)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
@pytest.mark.parametrize("still_first", [True, False])
@pytest.mark.parametrize("flag", ["cover", "default", "none"])
def test_a_still_is_not_the_film(tmp_path, suffix, still_first, flag):
    path = tmp_path / f"film.{suffix}"
    with av.open(str(path), "w") as container:
        streams = {}
        for still in (still_first, not still_first):
            stream = container.add_stream("mjpeg" if still else "libx264", rate=25)
            stream.height, stream.width = (64, 96) if still else (96, 128)
            stream.pix_fmt = "yuvj420p" if still else "yuv420p"
            streams[still] = stream
        if flag == "cover" and suffix == "mp4":
            streams[True].disposition = av.stream.Disposition.attached_pic
        if flag == "default":
            streams[True].disposition = av.stream.Disposition.default
        for number in range(20):
            for still, stream in streams.items():
                if not still or number == 0:
                    picture = numbered_frame(number, stream.height, stream.width)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        for stream in streams.values():
            container.mux(stream.encode(None))
    info = probe(path)
    assert (info.frames, info.height, info.width) == (20, 96, 128)


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


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.h264"])
def test_a_tag_before_the_film(tmp_path, name):
    path = write_numbered(tmp_path / name, options=B_FRAMES)
    whole = path.read_bytes()
    path.write_bytes(b"ID3\4\0\0\0\0\1\x0a" + bytes(138) + whole)
    if name in ("film.ts", "film.h264"):
        assert_whole(path)
        return
    with pytest.raises(VideoError, match="starts with an ID3 tag") as error:
        probe(path)
    start = int(re.search(r"tail -c \+(\d+)", str(error.value))[1]) - 1
    assert path.read_bytes()[start:] == whole


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


@pytest.mark.parametrize("fps", [
    25, 29.97, Fraction(30000, 1001), np.float64(29.97), np.float32(25), np.int32(30), torch.tensor(25.0),
    torch.tensor(12),
    0.5, 1 / 3, 1 / 60, 1 / 3600, 240,
])  # fmt: skip
def test_rates_of_every_type_and_size(tmp_path, fps):
    path = write_video(tmp_path / "film.mp4", torch.zeros(3, 6, 32, 32, dtype=torch.uint8), fps)
    assert probe(path).fps == pytest.approx(float(fps), rel=0.001)


@pytest.mark.parametrize("fps", ["25", None, True, float("nan"), float("inf"), -1, torch.ones(2), 1j])
def test_what_is_no_rate(tmp_path, fps):
    with pytest.raises(VideoError, match="fps="):
        write_video(tmp_path / "film.mp4", torch.zeros(3, 6, 32, 32, dtype=torch.uint8), fps)


def test_an_animated_webp_is_unsupported_and_not_damaged(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="makes a WebP picture: pip install pillow")
    frames = [image.fromarray(numbered_frame(number)) for number in range(4)]
    frames[0].save(tmp_path / "film.webp", save_all=True, append_images=frames[1:], duration=40)
    with pytest.raises(VideoError, match="animated WebP.*Convert it") as error:
        probe(tmp_path / "film.webp")
    assert "fetch it again" not in str(error.value).lower()
    remedy = str(error.value).split("first: ")[1].replace("film.webp", str(tmp_path / "film.webp"))
    exec(remedy.replace("film.gif", str(tmp_path / "film.gif")))
    assert probe(tmp_path / "film.gif").frames == 4
