"""Which frame has which time stamp: the table that makes seeking exact to the frame.

A container stores packets in *decoding* order and seeks by *time*, but a learner asks for frame 137. Multiplying 137 by
the frame period is wrong for a variable frame rate, for edit lists and for streams that do not start at zero. So all
packets are read once, without decoding them (about a millisecond per thousand), and their presentation time stamps
(pts) are sorted: the frame number is the place in that list. Every later seek in the file uses the table.

Some files carry no pts that can be trusted (MPEG-4 in AVI with B-frames, VP8 with invisible frames, GIF), or pts that
lie (a copy of a raw stream with pts = dts although there are B-frames, recordings put together one behind the other).
There the decoder's own output order is the truth, and frames are counted while decoding from the start.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from course_lib.data.video.file import codec_name, load_av, missing_bytes, open_container, signature

# In these codecs every packet of a well-made file becomes exactly one frame, and the pts of the packet is the frame's.
ONE_FRAME_PER_PACKET = frozenset(
    "h264 hevc mpeg4 mpeg1video mpeg2video vp9 av1 mjpeg png ffv1 huffyuv ffvhuff rawvideo prores dnxhd qtrle".split()
)
LONG_WITHOUT_B = 8  # packets after a keyframe; no B-frame among so many is odd enough to decode the file once
REMEMBERED = 256  # tables kept in memory; each takes 16 bytes per frame


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """Frames of one file in presentation order.

    Attributes:
        pts: (frames,) int64, time stamps in units of `time_base`, ascending. If not `seekable`, merely 0, 1, 2, ...
        key_pts: (K,) int64, time stamps of the keyframes, ascending; some may lie outside an MP4 edit list: those are
            never shown, but decoding can start there.
        key_dts: (K,) int64, decoding time stamps of the same packets, for containers that seek by those.
        time_base: seconds per unit of pts.
        seekable: whether a decoded frame's pts tells its number. If not, frames must be counted from the start.
        counted: whether the whole file was decoded to make sure of the number of frames.
        damage: what is wrong with the file, empty if it is whole.
    """

    pts: np.ndarray
    key_pts: np.ndarray
    key_dts: np.ndarray
    time_base: Fraction
    seekable: bool
    counted: bool
    damage: str

    @property
    def frames(self) -> int:
        return len(self.pts)

    @property
    def keys(self) -> np.ndarray:
        """(<= K,) int64, frame numbers of the keyframes that are shown, ascending."""
        return np.flatnonzero(np.isin(self.pts, self.key_pts))

    def key_before(self, number: int) -> int:
        """Place in `key_pts` of the last keyframe that is shown at or before frame `number`.

        Decoding from there gives the frame also in open GOPs: what is broken after such a seek are the pictures that
        follow the keyframe in the file but are *shown before* it, and they belong to the keyframe before.
        """
        return max(0, int(np.searchsorted(self.key_pts, self.pts[number], side="right")) - 1)


_indexes: OrderedDict[tuple, VideoIndex] = OrderedDict()
_lock = threading.Lock()


def index_of(path, opened=None) -> VideoIndex:
    """The table of a file, remembered until the file changes.

    Args:
        path: an existing file (`video_file.resolve`).
        opened: its (container, stream) just opened, if there is one; its packets are used up then.
    """
    key = signature(path)
    with _lock:
        index = _indexes.get(key)
    if index is None:
        if opened is None:
            with open_container(path) as opened:
                index = _read_packets(path, *opened)
        else:
            index = _read_packets(path, *opened)
        _remember(key, index)
    return index


def is_known(path) -> bool:
    """Whether the table of a file is remembered."""
    return signature(path) in _indexes


def counted_index_of(path) -> VideoIndex:
    """As `index_of`, with the exact number of frames: decodes the whole file once where only that tells."""
    index = index_of(path)
    return index if index.seekable or index.counted else distrust(path)


def distrust(path) -> VideoIndex:
    """Replace a table that decoding has contradicted by one made by decoding the whole file."""
    return _remember(signature(path), _decode_all(path, index_of(path)))


def forbid_seeking(path) -> VideoIndex:
    """Never seek in this file again: its time stamps cannot be relied on even after decoding all of it."""
    return _remember(signature(path), replace(index_of(path), seekable=False, counted=True))


def forget_keyframes(path) -> VideoIndex:
    """Start decoding at the first frame only: the other "keyframes" need pictures before them (intra refresh)."""
    index = index_of(path)
    return _remember(signature(path), replace(index, key_pts=index.key_pts[:1], key_dts=index.key_dts[:1]))


def _remember(key, index):
    with _lock:
        _indexes[key] = index
        _indexes.move_to_end(key)
        while len(_indexes) > REMEMBERED:
            _indexes.popitem(last=False)
    return index


def _read_packets(path, container, stream):
    packets, damage = [], ""
    try:
        for packet in container.demux(stream):
            if packet.is_corrupt:
                damage = "its last packet is incomplete"
                break
            if packet.size:  # the last packet of all is empty: it tells the decoder that the end is reached
                packets.append((packet.pts, packet.dts, packet.is_keyframe, not packet.is_discard))
    except load_av().error.FFmpegError as error:
        damage = f"reading stopped after {len(packets)} packets ({error.strerror})"
    lost = missing_bytes(path)
    if lost:
        damage = f"the container promises {lost:,} bytes more than the file has"
    trusted = _is_trusted(container, stream, packets)
    time_base = stream.time_base
    if not trusted:
        pts = np.arange(sum(shown for *_, shown in packets), dtype=np.int64)  # a first estimate of the length
        keys = [(pts, pts if dts is None else dts) for pts, dts, key, _ in packets if key and pts is not None]
        return VideoIndex(pts, *_columns(keys), time_base, False, False, damage)
    if damage:
        # Later packets are lost, and none of them is shown before it is decoded: up to here no frame is missing.
        reached = next((dts for _, dts, *_ in reversed(packets) if dts is not None), -1)
        packets = [packet for packet in packets if packet[0] <= reached]
    keys = [(pts, pts if dts is None else dts) for pts, dts, key, _ in packets if key]
    pts = np.array(sorted(pts for pts, _, _, shown in packets if shown), np.int64)
    index = VideoIndex(pts, *_columns(keys), time_base, len(pts) > 0, False, damage)
    doubtful = stream.codec_context.has_b_frames and _is_never_reordered(packets)
    return _decode_all(path, index) if doubtful else index


def _columns(pairs):
    first, second = zip(*sorted(pairs), strict=True) if pairs else ((), ())
    return np.array(first, np.int64), np.array(second, np.int64)


def _is_trusted(container, stream, packets):
    """Whether the packets' time stamps are those of the frames, one for one."""
    pts = [packet[0] for packet in packets]
    if not packets or codec_name(stream) not in ONE_FRAME_PER_PACKET or None in pts or len(set(pts)) < len(pts):
        return False
    if not packets[0][2] or min(pts) < pts[0]:
        return False  # it starts in the middle of a GOP: only decoding tells which frames come out
    if container.format.name == "avi":
        return all(pts == dts for pts, dts, *_ in packets)  # AVI has no pts: FFmpeg's guess holds without B-frames
    dts = [dts for _, dts, *_ in packets if dts is not None]
    if any(first >= second for first, second in zip(dts, dts[1:], strict=False)):
        return False  # packets lie in the order of decoding: where the clock runs back, recordings were put together
    if any(dts is not None and pts < dts for pts, dts, *_ in packets):
        return False  # shown before it is decoded
    return True


def _is_never_reordered(packets):
    """Whether a group of pictures, or the whole file, is shown as it is stored: seldom, where a codec may reorder.

    Either the encoder chose no B-frame there, or somebody wrote the decoding times for both. Decoding tells.
    """
    groups = []
    for pts, _, key, _ in packets:
        if key or not groups:
            groups.append([])
        groups[-1].append(pts)
    rising = [group == sorted(group) for group in groups]
    longest = max((len(group) - 1 for group, rises in zip(groups, rising, strict=True) if rises), default=0)
    return longest >= LONG_WITHOUT_B or (all(rising) and longest > 1)


def _decode_all(path, index):
    av = load_av()
    pts, keys, damage = [], [], index.damage
    with open_container(path) as (container, stream):
        stream.thread_type = "AUTO"
        try:
            for frame in container.decode(stream):
                if frame.is_corrupt:
                    damage = damage or f"frame {len(pts)} is damaged"
                    break
                if frame.key_frame:
                    keys.append(len(pts))
                pts.append(frame.pts)
        except av.error.FFmpegError as error:
            damage = damage or f"decoding stopped after {len(pts)} frames ({error.strerror})"
    increasing = None not in pts and all(a < b for a, b in zip(pts, pts[1:], strict=False))
    if increasing and len(index.key_pts) and pts and index.key_pts[0] <= pts[0]:
        counted = np.array(pts, np.int64)
        return replace(index, pts=counted, seekable=True, counted=True, damage=damage)
    numbers = np.array(keys, np.int64)
    return VideoIndex(np.arange(len(pts)), numbers, numbers, index.time_base, False, True, damage)
