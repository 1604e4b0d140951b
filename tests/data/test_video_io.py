import base64
import gc
import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("av", reason="video needs PyAV: pip install av")

import av
from video_samples import (
    number_of,
    numbered_frame,
    numbers_of,
    remux,
    set_display_matrix,
    slow_reference,
    write_numbered,
    write_sound,
)

from course_lib.data.video import file as video_file
from course_lib.data.video import index as video_index
from course_lib.data.video import reader as video_reader
from course_lib.data.video import write as video_write
from course_lib.data.video.layout import Layout
from course_lib.data.video_io import (
    VideoReader,
    dense_clips,
    iter_frames,
    keyframes,
    probe,
    read_clip,
    read_frames,
    show_video,
    write_video,
)
from course_lib.errors import ShapeError, VideoError


def x264(**options):
    return {"preset": "fast", "x264-params": ":".join(f"{key.replace('_', '-')}={v}" for key, v in options.items())}


def irregular(frames, first=0):
    choose = random.Random(5)
    stamps = [first]
    for _ in range(frames - 1):
        stamps.append(stamps[-1] + choose.choice([10, 20, 33, 40, 200]))
    return stamps


X265 = {"x265-params": "keyint=12:bframes=3:open-gop=1:log-level=none"}
VP9 = {"deadline": "realtime", "cpu-used": "8", "g": "12"}
INTERLACED = {"interlaced": 1, "tff": 1, "keyint": 12, "bframes": 2}
OPEN_GOP = {"open_gop": 1, "keyint": 12, "bframes": 3, "scenecut": 0, "b_adapt": 0}
FILES = {  # file name: how it is written
    "every_frame_key.mp4": dict(options=x264(keyint=1)),
    "gop12_b_frames.mp4": dict(frames=90, options=x264(keyint=12, bframes=3)),
    "gop250.mp4": dict(frames=300, options=x264(keyint=250, bframes=3)),
    "no_b_frames.mp4": dict(frames=90, options=x264(keyint=30, bframes=0)),
    "open_gop.mp4": dict(frames=90, options=x264(**OPEN_GOP)),
    "open_gop.mkv": dict(frames=90, options=x264(**OPEN_GOP)),
    "intra_refresh.mp4": dict(frames=90, options=x264(intra_refresh=1, keyint=12)),
    "interlaced.mp4": dict(frames=60, options=x264(**INTERLACED)),
    "fragmented.mp4": dict(frames=60, options=x264(keyint=12), container_options={"movflags": "frag_keyframe"}),
    "hevc.mp4": dict(codec="libx265", frames=60, height=128, options=X265),
    "mpeg4.avi": dict(codec="mpeg4", frames=60),
    "mpeg4_b_frames.avi": dict(codec="mpeg4", frames=60, b_frames=2),
    "mpeg4_b_frames.mp4": dict(codec="mpeg4", frames=60, b_frames=2),
    "h264.avi": dict(frames=60, options=x264(keyint=12, bframes=3)),
    "variable_rate.mkv": dict(frames=90, stamps=irregular(90), options=x264(keyint=12)),
    "variable_rate.mp4": dict(frames=90, stamps=irregular(90, first=5000), options=x264(keyint=12)),
    "one_frame.mp4": dict(frames=1),
    "odd_size.mp4": dict(height=97, width=131, pix_fmt="yuv444p", options=x264(keyint=12)),
    "vp9.webm": dict(codec="libvpx-vp9", options=VP9),
    "vp8_hidden_frames.webm": dict(codec="libvpx", options={"auto-alt-ref": "1", "lag-in-frames": "16", "g": "12"}),
    "animation.gif": dict(codec="gif", pix_fmt="rgb8", frames=30, rate=20),
    "motion_jpeg.avi": dict(codec="mjpeg", pix_fmt="yuvj420p"),
    "grey.mkv": dict(codec="ffv1", pix_fmt="gray"),
    "ten_bit.mp4": dict(pix_fmt="yuv420p10le", options=x264(keyint=12)),
    "chroma_422.mkv": dict(pix_fmt="yuv422p", options=x264(keyint=12)),
    "alpha.mkv": dict(codec="ffv1", pix_fmt="bgra"),
    "broadcast.ts": dict(codec="mpeg2video", frames=60, b_frames=2, gop=12),
    "h264.ts": dict(frames=60, options=x264(keyint=12, bframes=3)),
    "raw.h264": dict(frames=60, options=x264(keyint=12, bframes=3)),
    "flash.flv": dict(frames=60, options=x264(keyint=12, bframes=3)),
}
DERIVED = {  # file name: (written like this one, then its packets copied so)
    "cut_in_open_gop.mkv": ("open_gop.mkv", dict(first_key=3)),
    "cut_in_open_gop.mp4": ("open_gop.mp4", dict(first_key=3)),
    "edit_list.mp4": ("gop12_b_frames.mp4", dict(shift=-20 * 512)),
    "late_start.mp4": ("gop12_b_frames.mp4", dict(shift=5000)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def video(folder):
    """A function from the name in one of the tables to the written file."""

    def written(name):
        path = folder / name
        if path.exists():
            return path
        if name in DERIVED:
            source, how = DERIVED[name]
            return remux(written(source), path, **how)
        how = FILES[name]
        try:
            av.codec.Codec(how.get("codec", "libx264"), "w")
        except av.error.FFmpegError:
            pytest.skip(f"this FFmpeg has no encoder {how['codec']}")
        return write_numbered(path, **how)

    return written


@pytest.fixture
def plain(video):
    return video("gop12_b_frames.mp4")


@pytest.mark.parametrize("name", [*FILES, *DERIVED])
def test_every_clip_equals_the_slow_reference(video, name):
    path = video(name)
    reference = slow_reference(path)
    if name not in DERIVED:
        assert [number_of(frame) for frame in reference] == list(range(FILES[name].get("frames", 40)))
    choose = random.Random(name)
    for _ in range(8):
        start, stride = choose.randrange(len(reference)), choose.choice([1, 1, 2, 3, 7, 20])
        frames = min(choose.choice([1, 4, 16]), (len(reference) - 1 - start) // stride + 1)
        clip = read_clip(path, start, frames, stride)
        expected = np.stack([reference[start + stride * t] for t in range(frames)], 1)
        assert numbers_of(clip) == numbers_of(expected)
        assert np.array_equal(clip.numpy(), expected), f"pixels differ at start={start} stride={stride}"
    assert probe(path).frames == len(reference)
    assert [number_of(frame) for frame in iter_frames(path)] == [number_of(frame) for frame in reference]


def test_a_clip_is_a_contiguous_uint8_tensor(plain):
    clip = read_clip(plain, 5, 4)
    assert clip.shape == (3, 4, 96, 128) and clip.dtype == torch.uint8 and clip.is_contiguous()


@pytest.mark.parametrize("name", ["gop12_b_frames.mp4", "open_gop.mp4", "open_gop.mkv", "vp9.webm", "flash.flv"])
def test_the_decoder_gets_no_packet_that_the_clip_does_not_need(video, name, monkeypatch):
    path = video(name)
    fed = []
    packets_from = VideoReader._packets_from

    def counted(self, key):
        for packet in packets_from(self, key):
            fed.append(packet)
            yield packet

    monkeypatch.setattr(VideoReader, "_packets_from", counted)
    keys = keyframes(path)
    for start in (30, 33, 37):
        fed.clear()
        read_clip(path, start, 2)
        key = max(key for key in keys if key <= start)
        assert len(fed) <= start + 2 - key + 4, "4: the most that B-frames can be moved ahead"


def test_a_large_stride_seeks_instead_of_decoding_everything_between(video, monkeypatch):
    path = video("every_frame_key.mp4")
    fed = []
    packets_from = VideoReader._packets_from
    monkeypatch.setattr(
        VideoReader, "_packets_from", lambda self, key: (fed.append(p) or p for p in packets_from(self, key))
    )
    assert numbers_of(read_clip(path, 0, 4, stride=12)) == [0, 12, 24, 36]
    assert len(fed) == 4


def test_keyframes_are_frame_numbers(video):
    assert keyframes(video("open_gop.mp4")) == list(range(0, 90, 12))
    assert keyframes(video("every_frame_key.mp4")) == list(range(40))
    assert keyframes(video("mpeg4_b_frames.avi"))[0] == 0


def test_frames_can_come_in_any_order_with_repeats(plain):
    assert numbers_of(read_frames(plain, torch.tensor([80, 3, 3, 41]))) == [80, 3, 3, 41]


def test_an_open_reader_gives_many_clips(plain):
    with VideoReader(plain) as reader:
        assert len(reader) == 90
        assert [numbers_of(reader.clip(start, 2)) for start in (70, 0, 33)] == [[70, 71], [0, 1], [33, 34]]


def test_clips_that_overlap_and_one_that_is_too_short(plain):
    clips = [numbers_of(clip) for clip in dense_clips(plain, clip_len=32, step=16)]
    assert clips == [list(range(start, start + 32)) for start in (0, 16, 32, 48)]  # of 90 frames
    assert [numbers_of(clip) for clip in dense_clips(plain, 100, 8)] == [[*range(90), *[89] * 10]]


def test_iterating_from_the_middle_with_a_stride(plain):
    assert [number_of(frame) for frame in iter_frames(plain, start=50, stride=13)] == [50, 63, 76, 89]


@pytest.mark.parametrize("name", ["gop12_b_frames.mp4", "edit_list.mp4", "cut_in_open_gop.mkv"])
def test_a_wrong_table_of_time_stamps_is_noticed_and_replaced(video, name, monkeypatch):
    path = video(name)
    reference = [number_of(frame) for frame in slow_reference(path)]
    right = video_index._read_packets

    def wrong(*arguments):
        index = right(*arguments)
        return video_index.replace(index, pts=np.sort(np.append(index.pts, index.pts[4] + 1)), seekable=True)

    monkeypatch.setattr(video_index, "_read_packets", wrong)
    video_index._indexes.clear()
    assert numbers_of(read_clip(path, 3, 4)) == reference[3:7]
    assert [number_of(frame) for frame in iter_frames(path, 2)] == reference[2:]
    video_index._indexes.clear()


def test_a_file_that_changes_gets_a_new_table(tmp_path):
    path = tmp_path / "film.mp4"
    write_numbered(path, frames=10)
    assert probe(path).frames == 10
    write_numbered(path, frames=12)
    assert probe(path).frames == 12


# ---- geometry and colour


QUARTER_TURN = (0, -1, 1, 0)  # counter-clockwise, as the display matrix of MP4
MATRICES = [  # display matrix, quarter turns counter-clockwise, then mirrored
    (QUARTER_TURN, 1, False), ((-1, 0, 0, -1), 2, False), ((0, 1, -1, 0), 3, False), ((-1, 0, 0, 1), 0, True),
    ((0, 1, 1, 0), 3, True), ((0, -1, -1, 0), 1, True), ((1, 0, 0, -1), 2, True),
]  # fmt: skip


@pytest.mark.parametrize("matrix, turns, mirrored", MATRICES)
def test_turning_and_mirroring_are_applied(tmp_path, matrix, turns, mirrored):
    path = set_display_matrix(write_numbered(tmp_path / "phone.mp4", frames=3), *matrix)
    stored = slow_reference(path)[2]
    info, clip = probe(path), read_clip(path, 2, 1)
    expected = np.rot90(stored, turns, (1, 2))
    assert info.rotation == (360 - 90 * turns) % 360
    assert (info.height, info.width) == ((128, 96) if turns % 2 else (96, 128))
    assert np.array_equal(clip[:, 0].numpy(), expected[:, :, ::-1] if mirrored else expected)
    a, b, c, d = matrix  # by the formula, one pixel: where does the stored (x, y) = (5, 9) go?
    x, y = a * 5 + c * 9, b * 5 + d * 9
    x, y = x + (info.width - 1) * (a + c < 0), y + (info.height - 1) * (b + d < 0)
    assert np.array_equal(clip[:, 0, y, x].numpy(), stored[:, 9, 5])


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "yuv444p", "gray", "rgba"])
def test_every_width_and_height_converts_to_the_last_pixel(pixel_format):
    noise = np.random.default_rng(0)
    for height, width in [
        (16, 32),
        (17, 32),
        (34, 33),
        (16, 340),
        (18, 41),
        *((16, 32 + extra) for extra in range(16)),
    ]:
        frame = av.VideoFrame(width, height, pixel_format)
        for plane in frame.planes:
            plane.update(noise.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
        expected = frame.to_ndarray(format="rgb24").transpose(2, 0, 1)
        assert np.array_equal(Layout(frame, None, None, "noise").picture(frame), expected), (height, width)


def test_size_is_applied_before_crop(plain):
    small = read_clip(plain, 40, 2, size=(48, 60))
    assert small.shape == (3, 2, 48, 60) and numbers_of(small) == [40, 41]
    cropped = read_clip(plain, 40, 2, size=(48, 60), crop=(3, 7, 40, 50))
    assert torch.equal(cropped, small[:, :, 3:43, 7:57])
    assert torch.equal(read_clip(plain, 40, 1, crop=(90, 120, 6, 8)), read_clip(plain, 40, 1)[:, :, 90:, 120:])


def test_shrinking_does_not_alias(tmp_path):
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    path = tmp_path / "stripes.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = 64, 64, "gray"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(stripes, format="rgb24")))
        container.mux(stream.encode(None))
    small = read_clip(path, 0, 1, size=(16, 16))[:, 0, 2:-2, 2:-2].float()
    assert small.min() > 90 and small.max() < 165, "taking every fourth column would give black or white"


def test_size_and_crop_of_a_rotated_video_refer_to_what_is_shown(tmp_path):
    path = set_display_matrix(write_numbered(tmp_path / "phone.mp4", frames=1), *QUARTER_TURN)
    clip = read_clip(path, 0, 1, size=(80, 40))
    assert clip.shape == (3, 1, 80, 40)
    assert number_of(np.rot90(clip[:, 0].numpy(), -1, (1, 2))) == 0
    assert read_clip(path, 0, 1, crop=(100, 0, 28, 96)).shape == (3, 1, 28, 96)


def test_probe_describes_the_file(video):
    info = probe(video("gop12_b_frames.mp4"))
    assert (info.frames, info.height, info.width, info.codec, info.pixel_format) == (90, 96, 128, "h264", "yuv420p")
    assert info.fps == 25 and info.duration == pytest.approx(90 / 25) and not info.variable_rate and not info.has_audio
    assert info.size_bytes == info.path.stat().st_size and info.damage == ""
    varying = probe(video("variable_rate.mp4"))
    stamps = irregular(90, first=5000)
    assert varying.variable_rate and varying.fps == pytest.approx(1000 * 89 / (stamps[-1] - stamps[0]), rel=0.01)


# ---- errors


@pytest.mark.parametrize("start, frames, stride, words", [
    (90, 1, 1, "90 frames, numbered 0 to 89"),
    (85, 16, 1, "frames 90 to 100"),
    (0, 16, 6, "frame 90 asked"),
    (-1, 4, 1, "negative"),
    (0, 0, 1, "at least 1"),
    (0, -2, 1, "at least 1"),
    (0, 2, 0, "stride=0"),
    (0, 2, -1, "flip"),
    (1.5, 2, 1, "whole number"),
])  # fmt: skip
def test_impossible_clips_are_refused(plain, start, frames, stride, words):
    with pytest.raises(VideoError, match=words):
        read_clip(plain, start, frames, stride)


@pytest.mark.parametrize("name", ["raw.h264", "animation.gif", "vp8_hidden_frames.webm"])
def test_the_end_is_known_also_where_frames_are_counted(video, name):
    frames = FILES[name].get("frames", 40)
    assert numbers_of(read_clip(video(name), frames - 1, 1)) == [frames - 1]
    with pytest.raises(VideoError, match=f"has {frames} frames"):
        read_clip(video(name), frames, 1)


@pytest.mark.parametrize("how, words", [
    (dict(size=(0, 4)), "at least 1 pixel"),
    (dict(size=112), r"\(height, width\)"),
    (dict(crop=(0, 0, 97, 10)), "does not fit into the 96 x 128"),
    (dict(size=(50, 50), crop=(0, 0, 51, 10)), "does not fit into the 50 x 50"),
    (dict(crop=(1, 2)), "top, left, height, width"),
    (dict(on_error="ignore"), "keep"),
])  # fmt: skip
def test_bad_options_are_refused(plain, how, words):
    with pytest.raises(VideoError, match=words):
        read_clip(plain, 0, 1, **how)


def test_a_missing_file_suggests_its_neighbours(plain):
    with pytest.raises(VideoError, match="gop12_b_frames.mp4"):
        probe(plain.with_name("gop12_b_frame.mp4"))
    with pytest.raises(VideoError, match="another working folder"):
        probe(plain.parent / "nowhere" / "film.mp4")


def test_what_is_no_video_is_named(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "page.mp4").write_text("<!DOCTYPE html>\n<title>404</title>\n" * 20)
    (tmp_path / "notes.txt").write_text("just text\n" * 50)
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    write_sound(tmp_path / "sound.mkv")
    for name, words in {
        "empty.mp4": "empty",
        "page.mp4": "text that starts with",
        "notes.txt": "text that starts with",
        "noise.mp4": "not a video",
        "sound.mkv": "sound but no video",
        ".": "is a folder",
    }.items():
        with pytest.raises(VideoError, match=words):
            read_clip(tmp_path / name, 0, 1)
    with pytest.raises(VideoError, match="expected the path"):
        probe(3)


def test_without_pyav_the_message_says_how_to_install_it(plain, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(VideoError, match="pip install av"):
        probe(plain)


@pytest.mark.parametrize("name, options", [
    ("cut.mp4", {"movflags": "+faststart"}), ("cut.mkv", {}), ("cut.avi", {}),
])  # fmt: skip
def test_a_truncated_file_is_refused_unless_its_good_frames_are_wanted(tmp_path, name, options):
    whole = tmp_path / f"whole{name[-4:]}"
    codec = dict(codec="mpeg4") if name.endswith("avi") else dict(options=x264(keyint=12, bframes=3))
    write_numbered(whole, frames=90, container_options=options, **codec)
    data = whole.read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * 0.6)])
    with pytest.raises(VideoError, match='on_error="keep"'):
        read_clip(path, 0, 4)
    with pytest.raises(VideoError, match="truncated"):
        probe(path)
    info = probe(path, on_error="keep")
    assert 10 < info.frames < 85 and info.damage
    with pytest.warns(UserWarning, match="of 90 frames"):
        kept = read_clip(path, 0, 90, on_error="keep")
    assert numbers_of(kept) == list(range(info.frames))
    assert [number_of(frame) for frame in iter_frames(path, on_error="keep")] == list(range(info.frames))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numbers_of(read_clip(path, 3, 4, on_error="keep")) == [3, 4, 5, 6]


def test_an_mp4_without_its_index_is_recognised(plain, tmp_path):
    data = plain.read_bytes()
    path = tmp_path / "half.mp4"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(VideoError, match="moov"):
        read_clip(path, 0, 1, on_error="keep")


def test_whole_files_promise_nothing_beyond_their_end(video):
    for name in ("gop12_b_frames.mp4", "open_gop.mkv", "vp9.webm", "mpeg4.avi", "fragmented.mp4", "raw.h264"):
        assert video_file.missing_bytes(video(name)) == 0


# ---- threads


def test_threads_are_capped_and_one_in_a_worker(monkeypatch):
    monkeypatch.setattr(video_reader.os, "sched_getaffinity", lambda _: range(64), raising=False)
    assert video_reader._default_threads() == video_reader.MAX_THREADS
    monkeypatch.setattr(torch.utils.data, "get_worker_info", lambda: object())
    assert video_reader._default_threads() == 1


def test_reading_leaves_no_threads_and_no_frames_behind(plain):
    threads = Path("/proc/self/task")
    if not threads.is_dir():
        pytest.skip("needs /proc to count threads")
    read_clip(plain, 0, 2)
    gc.collect()
    before = len(list(threads.iterdir()))
    gc.disable()
    try:
        for start in range(0, 80, 10):
            read_clip(plain, start, 2, size=(48, 64))
            read_clip(plain, start, 2)
        assert len(list(threads.iterdir())) <= before + 1
        assert not any(isinstance(thing, av.VideoFrame) for thing in gc.get_objects()), "a frame lies in a cycle"
    finally:
        gc.enable()


class Clips(torch.utils.data.Dataset):
    def __init__(self, path):
        self.path = path

    def __len__(self):
        return 8

    def __getitem__(self, place):
        return read_clip(self.path, 10 * place, 4, size=(48, 64))


def test_workers_of_a_data_loader_read_the_same(plain):
    clips = Clips(plain)
    expected = torch.stack([clips[place] for place in range(8)])
    loader = torch.utils.data.DataLoader(clips, batch_size=2, num_workers=2, timeout=60)
    assert torch.equal(torch.cat(list(loader)), expected)


def test_the_number_of_threads_does_not_change_the_frames(plain):
    with VideoReader(plain, threads=1) as one, VideoReader(plain, threads=4) as four:
        assert torch.equal(one.clip(31, 16, 2), four.clip(31, 16, 2))


# ---- writing and showing


def numbered_clip(frames=6, height=96, width=128):
    return torch.from_numpy(np.stack([numbered_frame(t, height, width) for t in range(frames)])).permute(3, 0, 1, 2)


def test_what_is_written_reads_back(tmp_path):
    clip = numbered_clip()
    path = write_video(tmp_path / "clip.mp4", clip, fps=30000 / 1001)
    info, back = probe(path), read_clip(path, 0, 6)
    assert (info.codec, info.pixel_format, info.frames) == ("h264", "yuv420p", 6)
    assert info.fps == pytest.approx(30000 / 1001)
    assert numbers_of(back) == list(range(6))
    assert (back.float() - clip.float()).abs().mean() < 3
    assert list(tmp_path.iterdir()) == [path], "nothing is left beside it"
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat"), "faststart: the index comes first"


def test_colours_survive(tmp_path):
    colours = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [30, 60, 90]], dtype=torch.uint8)
    clip = colours.T[:, :, None, None].expand(3, 5, 32, 32)
    for path in (write_video(tmp_path / "colours.mp4", clip, fps=5), write_video(tmp_path / "a.mp4", clip / 255, 5)):
        middle = read_clip(path, 0, 5)[:, :, 16, 16].float()
        assert (middle - clip[:, :, 0, 0].float()).abs().max() <= 4


def test_the_same_clip_gives_the_same_bytes(tmp_path):
    clip = numbered_clip(20)
    first = write_video(tmp_path / "a.mp4", clip, 25).read_bytes()
    assert write_video(tmp_path / "b.mp4", clip.clone(), 25).read_bytes() == first
    assert write_video(tmp_path / "c.mp4", clip.numpy(), 25).read_bytes() == first
    assert len(write_video(tmp_path / "d.mp4", clip, 25, crf=40).read_bytes()) < len(first)


def test_odd_sides_are_padded_by_repeating_the_edge(tmp_path):
    clip = numbered_clip(2, 95, 127)
    back = read_clip(write_video(tmp_path / "odd.mp4", clip, 25, crf=0), 0, 2)
    assert back.shape == (3, 2, 96, 128) and numbers_of(back) == [0, 1]
    assert (back[:, :, -1].float() - back[:, :, -2].float()).abs().max() < 12


def test_grey_clips_are_written(tmp_path):
    back = read_clip(write_video(tmp_path / "grey.mp4", numbered_clip()[:1], 25), 0, 6)
    assert numbers_of(back) == list(range(6))


@pytest.mark.parametrize("clip, error, words", [
    (torch.zeros(4, 16, 16, 3, dtype=torch.uint8), ShapeError, r"permute\(3, 0, 1, 2\)"),
    (torch.zeros(16, 16, 3, dtype=torch.uint8), ShapeError, "C, T, H, W"),
    (torch.zeros(3, 0, 16, 16), VideoError, "nothing to write"),
    (torch.full((3, 2, 16, 16), 1.5), VideoError, "0..1"),
    (torch.full((3, 2, 16, 16), float("nan")), VideoError, "0..1"),
    (torch.zeros(3, 2, 16, 16, dtype=torch.int64), VideoError, "int64"),
    ("film.mp4", ShapeError, "str"),
])  # fmt: skip
def test_what_is_no_clip_is_not_written(tmp_path, clip, error, words):
    with pytest.raises(error, match=words):
        write_video(tmp_path / "clip.mp4", clip, 25)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, fps, crf, words", [
    ("clip.avi", 25, 18, ".mp4"), ("no/clip.mp4", 25, 18, "does not exist"),
    ("clip.mp4", 0, 18, "fps"), ("clip.mp4", 25, 99, "crf"),
])  # fmt: skip
def test_bad_targets_are_refused(tmp_path, name, fps, crf, words):
    with pytest.raises(VideoError, match=words):
        write_video(tmp_path / name, numbered_clip(2), fps, crf)


def shown(monkeypatch):
    calls = []
    monkeypatch.setattr(video_write, "show_html", lambda html, text: calls.append((html, text)))
    return calls


def test_a_clip_is_shown_with_its_caption(monkeypatch):
    calls = shown(monkeypatch)
    show_video(numbered_clip(), fps=10, width=240, alt='a "barcode" <moving>')
    html, text = calls[0]
    assert "<video controls loop muted playsinline" in html and 'width="240"' in html
    assert "data:video/mp4;base64," in html
    assert "<figcaption>a &quot;barcode&quot; &lt;moving&gt;</figcaption>" in html
    assert text == '[video] a "barcode" <moving>'


def test_a_file_that_browsers_play_is_shown_as_it_is(plain, video, monkeypatch):
    calls = shown(monkeypatch)
    show_video(plain)
    assert base64.b64encode(plain.read_bytes()).decode() in calls[0][0]
    show_video(str(video("mpeg4.avi")), alt="converted")
    assert "data:video/mp4" in calls[1][0]


def test_a_video_too_large_for_a_notebook_is_refused(plain, monkeypatch):
    shown(monkeypatch)
    monkeypatch.setattr(video_write, "MAX_EMBEDDED_BYTES", 1000)
    with pytest.raises(VideoError, match="size="):
        show_video(plain)


# ---- real files, and a peer


@pytest.mark.parametrize(
    "name", ["v_ApplyEyeMakeup_g01_c01.avi", "v_BaseballPitch_g01_c01.avi", "kinetics_arm_wrestling.mp4", "bag.avi"]
)
def test_real_clips_equal_the_slow_reference(name, request):
    samples = Path(os.environ.get("COURSE_SAMPLES") or request.config.rootpath.parent / "shared" / "data")
    path = samples / "video" / name
    if not path.exists():
        pytest.skip(f"no {path}: set COURSE_SAMPLES to the folder of real sample data")
    reference = slow_reference(path)
    assert probe(path).frames == len(reference)
    choose = random.Random(3)
    for _ in range(6):
        start, stride = choose.randrange(len(reference) - 32), choose.choice([1, 2])
        clip = read_clip(path, start, 16, stride)
        assert np.array_equal(clip.numpy(), np.stack(reference[start : start + 16 * stride : stride], 1))


def test_pixels_equal_those_of_opencv(plain):
    cv2 = pytest.importorskip("cv2", reason="compares with OpenCV: pip install opencv-python-headless")
    capture = cv2.VideoCapture(str(plain))
    frames = [capture.read()[1][:, :, ::-1].transpose(2, 0, 1) for _ in range(90)]
    capture.release()
    assert np.array_equal(read_clip(plain, 37, 16).numpy(), np.stack(frames[37:53], 1))
