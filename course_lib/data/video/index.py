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

from course_lib.data.video.faults import B_FRAME, early_end, frames_of, listed, lost_frames, packets_of
from course_lib.data.video.file import codec_name, open_container, signature

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
        damage: what is missing and where, empty if the file is whole.
        clock: (frames,) int64, when they are due in units of `time_base`, ascending, also where only the spacing can be
            relied on; empty where not even that.
        lost: numbers of frames that the file lists and nobody can decode, or that show what is left of such a frame.
    """

    pts: np.ndarray
    key_pts: np.ndarray
    key_dts: np.ndarray
    time_base: Fraction
    seekable: bool
    counted: bool
    damage: str
    clock: np.ndarray
    lost: frozenset = frozenset()

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
    return _remember(signature(path), _decode_all(path, index_of(path), doubted=False))


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
    read, marked, trouble = [], [], False
    for packet in packets_of(container, stream):
        if packet is None:
            trouble = True
        elif packet.size:  # the last packet of all is empty: it tells the decoder that the end is reached
            read.append((packet.pts, packet.dts, packet.is_keyframe, not packet.is_discard))
            marked.append(packet.is_corrupt)
    damage = early_end(path, container, stream, read, marked)
    packets = read[:-1] if damage and marked[-1:] == [True] else read
    trusted = _is_trusted(container, stream, packets)
    if trusted and damage:
        # Later packets are lost, and none of them is shown before it is decoded: up to here no frame is missing.
        reached = next((dts for _, dts, *_ in reversed(packets) if dts is not None), -1)
        packets = [packet for packet in packets if packet[0] <= reached]
    if trusted:
        pts = np.array(sorted(pts for pts, _, _, shown in packets if shown), np.int64)
    else:
        pts = np.arange(sum(shown for *_, shown in packets), dtype=np.int64)  # a first estimate of the length
    keys = [(pts, pts if dts is None else dts) for pts, dts, key, _ in packets if key and pts is not None]
    clock = pts if trusted else _clock(packets)
    index = VideoIndex(pts, *_columns(keys), stream.time_base, trusted and len(pts) > 0, False, damage, clock)
    last = packets[-1][1] if packets else None
    uncounted = container.format.name == "avi" and stream.frames and last is not None and last + 1 != stream.frames
    doubted = trouble or any(marked[: len(packets)]) or (uncounted and not damage)
    if doubted or (trusted and stream.codec_context.has_b_frames and _is_never_reordered(packets)):
        return _decode_all(path, index, doubted)
    return index


def _clock(packets):
    """The times at which frames are decoded, which are also those at which they are shown, but for a shift."""
    dts = [dts for _, dts, _, shown in packets if shown]
    rises = None not in dts and all(first < second for first, second in zip(dts, dts[1:], strict=False))
    return np.array(dts if rises else [], np.int64)


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


def _decode_all(path, index, doubted):
    """The table as decoding the whole file shows it.

    `doubted`: the container showed signs of a fault, so that a listed frame that does not come out is lost. Without a
    fault it never was a frame.
    """
    came, keys, good, gaps = {}, [], [], []  # time stamp: whether it is a B-frame; numbers; time stamps; numbers
    in_order = True
    with open_container(path) as (container, stream):
        stream.thread_type = "AUTO"
        for frame, is_good in frames_of(container, stream):
            if is_good:
                keys += [len(good)] if frame.key_frame else []
                good.append(frame.pts)
            elif not gaps or gaps[-1] != len(good):
                gaps.append(len(good))
            if frame is not None:
                in_order = in_order and frame.pts is not None and (not came or next(reversed(came)) < frame.pts)
                came[frame.pts] = frame.pict_type == B_FRAME
    if index.damage and index.seekable:  # of what comes out beyond the table, the frames between may be lost
        came = {stamp: is_b for stamp, is_b in came.items() if stamp is None or stamp <= index.pts[-1]}
    known = in_order and index.seekable and set(came) <= set(index.pts.tolist())
    if known and (doubted or gaps or index.damage):
        return _with_losses(index, came, good)
    if gaps:
        places = [f"frames are missing after frame {number - 1}" for number in gaps if number]  # 0: see frames_of
        index = replace(index, damage=listed([index.damage, *places]))
    if in_order and not gaps and len(index.key_pts) and good and index.key_pts[0] <= good[0]:
        pts = np.array(good, np.int64)
        return replace(index, pts=pts, clock=pts, seekable=True, counted=True)
    numbers, keys = np.arange(len(good)), np.array(keys, np.int64)
    return replace(index, pts=numbers, key_pts=keys, key_dts=keys, seekable=False, counted=True)


def _with_losses(index, came, good):
    """A table that is right, less what is lost. `came`: {time stamp: is a B-frame}, `good`: the time stamps to keep.

    Where something is lost, containers seek by an index that no longer fits: frames are counted from the start.
    """
    good = np.isin(index.pts, good)
    end = len(good)
    if index.damage:  # it ends early: what it lists beyond the last good frame is no more there than the rest
        end = int(good.nonzero()[0].max(initial=-1)) + 1
    keys, lost, broken = set(index.keys.tolist()), set(), False
    for number, stamp in enumerate(index.pts[:end].tolist()):
        if stamp not in came and not broken:
            broken, before = True, number - 1
            while before >= 0 and came.get(int(index.pts[before])):  # as in frames_of
                lost.add(before)
                before -= 1
        elif good[number] and number in keys:
            broken = False
        if broken or not good[number]:
            lost.add(number)
    damage = listed([index.damage, *lost_frames(index, sorted(lost))])
    pts, seekable = index.pts[:end], index.seekable and not lost
    return replace(index, pts=pts, clock=pts, seekable=seekable, counted=True, damage=damage, lost=frozenset(lost))
