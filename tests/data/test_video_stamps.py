"""Time stamps that lie: the decoder's order decides, and it is found out before a frame is given out."""

import av
import pytest
from video_samples import number_of, numbers_of, restamp, write_numbered

from course_lib.data.video import index as video_index
from course_lib.data.video_io import iter_frames, keyframes, probe, read_clip, read_frames

B_FRAMES = {"preset": "fast", "x264-params": "keyint=12:bframes=3:scenecut=0:b-adapt=0"}
NO_B_FRAMES = {"preset": "fast", "x264-params": "keyint=12:bframes=0"}


def joined(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def with_even_counters(path):
    """A transport stream whose joints show only in its time stamps: its packets' continuity counters are renumbered."""
    data, seen = bytearray(path.read_bytes()), {}
    for place in range(0, len(data), 188):
        pid = (data[place + 1] & 31) << 8 | data[place + 2]
        if data[place + 3] & 16:
            seen[pid] = (seen.get(pid, -1) + 1) & 15
            data[place + 3] = data[place + 3] & 240 | seen[pid]
    path.write_bytes(data)
    return path


def assert_in_order(path, frames):
    """Every way to read gives the numbers 0, 1, 2, ... that the frames carry."""
    assert [number_of(frame) for frame in iter_frames(path)] == list(range(frames))
    assert probe(path).frames == frames
    for start in (0, 1, 2, 3, frames // 2 + 1, frames - 5):
        video_index._indexes.clear()  # no reading profits from what another has found out
        assert numbers_of(read_clip(path, start, 5)) == list(range(start, start + 5))
    assert numbers_of(read_frames(path, [frames - 1, 2, 17])) == [frames - 1, 2, 17]


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "flv"])
def test_decoding_times_written_for_both(tmp_path, container):
    source = write_numbered(tmp_path / "true.mp4", options=B_FRAMES)
    path = restamp(source, tmp_path / f"copied.{container}", lambda place, pts, dts: (place, place))
    assert_in_order(path, 40)
    assert keyframes(path) == [0, 12, 24, 36]


def test_decoding_times_written_for_both_in_mpeg4(tmp_path):
    source = write_numbered(tmp_path / "true.mp4", codec="mpeg4", b_frames=2)
    assert_in_order(restamp(source, tmp_path / "copied.mp4", lambda place, pts, dts: (place, place)), 40)


def test_decoding_times_written_for_both_in_a_part_of_the_file(tmp_path):
    source = write_numbered(tmp_path / "true.mp4", options=B_FRAMES)
    path = restamp(source, tmp_path / "half.mkv", lambda n, pts, dts: (pts, dts) if n < 24 else (n + 9, n + 9))
    assert_in_order(path, 40)


def test_decoding_times_with_gaps_between_them(tmp_path):
    source = write_numbered(tmp_path / "true.mp4", options=B_FRAMES)
    assert_in_order(restamp(source, tmp_path / "gaps.mp4", lambda n, pts, dts: (n + n // 7, n + n // 7)), 40)


def test_a_codec_that_may_reorder_and_does_not_is_decoded_once_and_then_seeks(tmp_path):
    source = write_numbered(tmp_path / "true.mp4", codec="mpeg2video", gop=12, b_frames=0)
    assert_in_order(source, 40)
    assert video_index.index_of(source).seekable


@pytest.mark.parametrize("starts", [(10, 10.8), (10, 50), (100, 200, 150), (10, 10), (30, 10)])
def test_transport_streams_put_together(tmp_path, starts):
    for b_frames in (NO_B_FRAMES, B_FRAMES):
        whole = write_numbered(tmp_path / "whole.ts", frames=24 * len(starts), options=b_frames)
        parts = []
        for k, start in enumerate(starts):
            path = tmp_path / f"{k}.ts"
            with av.open(str(whole)) as given, av.open(str(path), "w", options={"muxdelay": "0"}) as made:
                stream = given.streams.video[0]
                copy = made.add_stream_from_template(stream)
                packets = [packet for packet in given.demux(stream) if packet.size][24 * k : 24 * k + 24]
                shift = round(start * 90000) - packets[0].dts
                for packet in packets:
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, copy
                    made.mux(packet)
            parts.append(path)
        assert_in_order(with_even_counters(joined(tmp_path / "joined.ts", *parts)), 24 * len(starts))
