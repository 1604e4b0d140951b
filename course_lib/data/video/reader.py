"""Decode chosen frames of a video, exact to the frame, and no more of the file than they need.

Four things make it as fast as the file allows:
    1. seek to the last keyframe shown at or before the wanted frame (`video_index`), and stop feeding the decoder at
       the last packet that is needed;
    2. on the way there, skip pictures that no other picture refers to (in H.264 these are marked, nal_ref_idc = 0,
       ITU-T H.264 Sec. 7.4.1; MPEG-2 and MPEG-4 call them B pictures): left out, they change nothing else;
    3. convert colour for the wanted frames only;
    4. convert straight to the layout of a tensor (`video_layout`).
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_lib.data.video.faults import frames_of
from course_lib.data.video.file import codec_name, load_av, open_container, resolve
from course_lib.data.video.index import (
    VideoIndex,
    counted_index_of,
    distrust,
    forbid_seeking,
    forget_keyframes,
    index_of,
    is_known,
)
from course_lib.data.video.layout import Layout
from course_lib.errors import VideoError
from course_lib.places import system_errors

MAX_THREADS = 4  # per open file: beyond that, frame threading gains little and 300 graders share the machine
WORTH_A_SEEK = 8  # frames: a nearer keyframe is reached sooner by decoding on than by flushing and seeking
ANNOUNCE_SIZE = frozenset(["mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi"])  # of the first frame, in a header
DISPOSABLE_PICTURES = frozenset(["h264", "mpeg4", "mpeg2video", "mpeg1video"])  # codecs where rule 2 is exact


class VideoReader:
    """An open video file, for several clips from one file; `read_clip` is the shorthand for one.

    Use it as a context manager, in one thread and one process at a time:

        with VideoReader("jump.mp4") as video:
            first, last = video.clip(0, 16), video.clip(len(video) - 16, 16)

    Args:
        path: any file that FFmpeg can decode.
        on_error: "raise", or "keep" to read what is good in a damaged file.
        threads: decoder threads; by default as many as this process may use, at most 4, and 1 in a DataLoader worker.
    Raises:
        VideoError: if the file is missing, empty, not a video or (unless kept) damaged.
    """

    def __init__(self, path, on_error: str = "raise", threads: int | None = None):
        if on_error not in ("raise", "keep"):
            raise VideoError(
                f'on_error={on_error!r} is unknown: use "raise", or "keep" for the good frames of a damaged file.'
            )
        self.path: Path = resolve(path)
        self.on_error = on_error
        self.threads = _default_threads() if threads is None else int(threads)
        self._stack = ExitStack()
        self._container = self._stream = None
        self._codec = ""
        self._announced = 0, 0  # width and height, before anything is decoded
        self._fresh = False  # whether nothing was read yet since opening
        self._latest = None  # pts of the last frame that came out since decoding started
        self._entry = None  # pts of the keyframe where decoding started, until it came out
        self.index: VideoIndex = self._index()

    @system_errors("a video cannot be read", VideoError)
    def _index(self):
        try:
            self._open()
            self._fresh = is_known(self.path)  # if not, the next line reads the file to its end
            index = index_of(self.path, (self._container, self._stream))
            self._refuse_damage(index)
        except BaseException:
            self.close()
            raise
        return index

    def _refuse_damage(self, index):
        if index.damage and self.on_error == "raise":
            raise VideoError(
                f'{self.path} is truncated or damaged: {index.damage}. Fetch it again, or pass on_error="keep" to '
                f"read its good frames (about {index.frames - len(index.lost)})."
            )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self) -> None:
        """Close the file. Reading again opens it again."""
        self._stack.close()
        self._container = self._stream = None

    def __len__(self) -> int:
        """Exact number of frames; a file without usable time stamps is decoded once to know it."""
        self._count()
        return self.index.frames

    def _count(self):
        self.index = counted_index_of(self.path)
        self._refuse_damage(self.index)

    def clip(self, start: int, num_frames: int, stride: int = 1, size=None, crop=None) -> Tensor:
        """Frames start, start + stride, ... as a uint8 tensor (C, T, H, W), RGB. See `video_io.read_clip`."""
        start, num_frames, stride = (
            _whole(value, name) for value, name in ((start, "start"), (num_frames, "num_frames"), (stride, "stride"))
        )
        if start < 0:
            raise VideoError(
                f"start={start} is negative, expected a frame number from 0. For the end of the video, "
                "count from its length: start = probe(path).frames - num_frames."
            )
        if num_frames < 1:
            raise VideoError(f"num_frames={num_frames}, expected at least 1.")
        if stride < 1:
            raise VideoError(
                f"stride={stride}, expected at least 1 (1 takes every frame). To play a clip backwards, "
                "read it and use clip.flip(1)."
            )
        return self.at(range(start, start + num_frames * stride, stride), size=size, crop=crop)

    def at(self, numbers, size=None, crop=None) -> Tensor:
        """Any frames, in any order, repeats allowed: uint8 (C, T, H, W), RGB. See `video_io.read_frames`."""
        numbers = [_whole(number, "number") for number in numbers]
        if not numbers or min(numbers) < 0:
            raise VideoError(f"expected at least one frame number from 0 on, got {numbers[:8]}.")
        wanted = sorted(set(numbers))
        wanted = self._check_end(wanted)
        pictures: dict[int, np.ndarray] = {}
        layout = None
        for number, frame in self._frames(wanted):
            layout = layout or self._layout(number, frame, size, crop)
            pictures[number] = layout.picture(frame)
        pictures = {number: pictures[number] for number in self._present(pictures)}
        missing = [number for number in wanted if number not in pictures]
        if missing and (self.on_error == "raise" or not pictures):
            self._count()  # so that the message gives the exact number of frames
            self._refuse(missing)
        numbers = [number for number in numbers if number in pictures]
        clip = np.empty((3, len(numbers), *next(iter(pictures.values())).shape[1:]), np.uint8)
        for place, number in enumerate(numbers):
            clip[:, place] = pictures[number]
        return torch.from_numpy(clip)

    def iterate(self, start: int = 0, stride: int = 1, size=None, crop=None) -> Iterator[Tensor]:
        """Frames from `start` to the end, one uint8 tensor (C, H, W) at a time. See `video_io.iter_frames`."""
        start, stride = _whole(start, "start"), _whole(stride, "stride")
        if start < 0 or stride < 1:
            raise VideoError(f"start={start} and stride={stride}: expected start >= 0 and stride >= 1.")
        if self.on_error == "keep" and not self.index.counted:
            self.index = distrust(self.path)  # a fault is seen too late, after B-frames that it has spoilt
        if start:
            self._check_end([start])
        layout, given = None, -1
        end = self.index.frames if self.index.seekable else sys.maxsize  # without time stamps, the end shows itself
        for number, frame in self._frames(range(start, end, stride)):
            if number > given:
                layout, given = layout or self._layout(number, frame, size, crop), number
                yield torch.from_numpy(layout.picture(frame))

    def _layout(self, number, frame, size, crop):
        """The layout of every clip of this file, whichever frame it begins with: sizes may change within a stream."""
        announced = self._container.format.name in ANNOUNCE_SIZE and (frame.width, frame.height) == self._announced
        if number and not announced:
            with VideoReader(self.path, self.on_error, threads=1) as other:
                frame = other.first_frame()
        return Layout(frame, size, crop, self.path)

    def first_frame(self):
        """PyAV's frame number 0, for what only a frame knows (rotation)."""
        for _ in range(2):  # the second time it is known which frames are lost
            for _, frame in self._frames([next(self._present(range(self.index.frames)), 0)]):
                return frame
        raise VideoError(f"{self.path}: not even its first frame can be decoded. Fetch the file again.")

    # ---- which frames are there

    def _check_end(self, wanted):
        if wanted[-1] >= self.index.frames:
            self._count()  # the number of packets may be an estimate; now it is exact
        outside = [number for number in wanted if number >= self.index.frames]
        if outside and (self.on_error == "raise" or len(outside) == len(wanted)):
            self._refuse(outside)
        return wanted[: len(wanted) - len(outside)]

    def _refuse(self, missing):
        frames = self.index.frames
        asked = f"frame {missing[0]}" if len(missing) == 1 else f"frames {missing[0]} to {missing[-1]}"
        if not frames:
            raise VideoError(f"{self.path} holds no frame that can be decoded. Fetch the file again.")
        if missing[0] < frames:
            raise VideoError(
                f"{self.path}: {asked} cannot be decoded although the file lists {frames} frames: it is damaged "
                f'({self.index.damage}). Fetch it again, or pass on_error="keep" to get the frames that are good.'
            )
        raise VideoError(
            f"{self.path} has {frames} frames, numbered 0 to {frames - 1}; {asked} asked for. Start earlier, take "
            'fewer frames or a smaller stride; or repeat the last frame: read_frames(path, clip_indices(..., "clamp")).'
        )

    # ---- decoding

    def _open(self):
        self.close()
        self._container, self._stream = self._stack.enter_context(open_container(self.path))
        self._codec = codec_name(self._stream)
        self._announced = self._stream.codec_context.width, self._stream.codec_context.height
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self.threads
        self._fresh = True

    def _frames(self, wanted: Sequence[int]):
        """Yield (number, PyAV frame), ascending. If the index proves wrong, all come again, rightly numbered."""
        error = load_av().error.FFmpegError
        for _ in range(4):  # packet time stamps, decoded time stamps, without keyframes, then counting
            if not self.index.seekable:
                break
            try:
                yield from self._seeking(wanted)
                return
            except _NotAKeyframe:
                self.index = forget_keyframes(self.path)
            except (_IndexIsWrong, error):
                self.index = forbid_seeking(self.path) if self.index.counted else distrust(self.path)
                self._refuse_damage(self.index)
                wanted = [number for number in wanted if number < self.index.frames]
        yield from self._counting(wanted)

    def _present(self, numbers):
        """Those of the numbers that are not known to be lost."""
        return (number for number in numbers if number not in self.index.lost)

    def _counting(self, wanted):
        if not len(wanted):
            return
        self._open()
        self._fresh = False
        last, wanted = wanted[-1], wanted if isinstance(wanted, range) else set(wanted)
        numbers = self._present(itertools.count())
        for frame, good in frames_of(self._container, self._stream):
            if good:
                number = next(numbers)
                if number in wanted:
                    yield number, frame
                if number == last:
                    return
            elif not self.index.counted and self.on_error == "raise":
                self._count()  # says where the gaps are

    def _seeking(self, wanted):
        for key, numbers in _runs(self.index, wanted):
            given = 0
            for number, frame in self._run(key, numbers):
                given += 1
                yield number, frame
            if given < len(numbers):
                raise _IndexIsWrong

    def _run(self, key, numbers):
        """Decode from one keyframe until every wanted frame came out, or cannot come any more."""
        stamps = self.index.pts
        wanted = {int(stamps[number]): number for number in numbers}
        unfed = set(wanted)
        self._latest = None
        skipping = None
        for packet in self._packets_from(key):
            context = self._stream.codec_context
            skip = self._codec in DISPOSABLE_PICTURES and packet.pts not in unfed
            if skip != skipping:
                context.skip_frame, skipping = "NONREF" if skip else "DEFAULT", skip
            unfed.discard(packet.pts)
            yield from self._shown(context.decode(packet), wanted)
            if not unfed:
                break
        yield from self._shown(self._stream.codec_context.decode(None), wanted)  # what the decoder still holds back

    def _shown(self, frames, wanted):
        """Of the decoded frames those that are wanted, after a check that they agree with the index."""
        for frame in frames:
            if self._entry is not None and frame.pts is not None and frame.pts >= self._entry:
                # The first frame shown must be the keyframe itself. Intra refresh marks pictures as keyframes that
                # repair the image over several frames; what comes out meanwhile, or after it, may be inexact.
                if frame.pts > self._entry or not (frame.pict_type == 1 or frame.key_frame and frame.interlaced_frame):
                    raise _NotAKeyframe
                self._entry = None
            place = -1 if frame.pts is None else int(np.searchsorted(self.index.pts, frame.pts))
            if not 0 <= place < self.index.frames or self.index.pts[place] != frame.pts:
                if self.index.damage and frame.pts is not None:
                    continue  # a frame beyond the good part
                raise _IndexIsWrong
            if self._latest is not None and frame.pts <= self._latest:
                raise _IndexIsWrong  # the decoder's order is right
            self._latest = frame.pts
            if frame.is_corrupt:
                raise _IndexIsWrong
            if frame.pts in wanted:
                yield wanted[frame.pts], frame

    def _packets_from(self, key):
        """Packets from keyframe `key` on, or from an earlier one where the container cannot land there."""
        index = self.index
        target = int(index.key_pts[key])
        for stamp in self._seek_stamps(key):
            packets = self._seek(stamp)
            for packet in packets:
                if packet.size and packet.is_keyframe and packet.pts is not None:
                    break
            else:
                continue
            if packet.pts <= target:
                check = self._codec == "h264" and packet.pts > index.pts[0]
                self._entry = packet.pts if check and not packet.is_discard else None
                yield packet
                yield from (packet for packet in packets if packet.size)
                return
        raise _IndexIsWrong

    def _seek_stamps(self, key):
        """Times to seek to, best first; None is the start of the file.

        MP4 and Matroska find a keyframe by the time at which it is shown. Other containers know only when it is
        decoded; there the first try can land too late, and the second is right.
        """
        index = self.index
        if key > 0 or not self._fresh:
            stamps = index.key_pts[key], index.key_dts[key], index.key_dts[max(0, key - 1)]
            yield from dict.fromkeys(int(stamp) for stamp in stamps)
        yield None

    def _seek(self, stamp):
        if self._container is None or (stamp is None and not self._fresh):
            self._open()
        if stamp is not None:
            try:
                self._container.seek(stamp, stream=self._stream, backward=True)
            except (load_av().error.FFmpegError, OSError):
                return iter(())  # this container cannot seek there: the next stamp is tried
        self._fresh = False
        return self._container.demux(self._stream)


class _IndexIsWrong(Exception):
    """Decoding contradicted the table of time stamps."""


class _NotAKeyframe(Exception):
    """A picture marked as keyframe needs the pictures before it."""


def _runs(index, wanted):
    """Cut ascending frame numbers into (place of keyframe, numbers): a new run where seeking is worth it."""
    key, run, last = 0, [], -1
    for number in wanted:
        nearest = index.key_before(number)
        far = run and np.searchsorted(index.pts, index.key_pts[nearest]) > last + WORTH_A_SEEK
        if far or not run:
            if run:
                yield key, run
            key, run = nearest, []
        run.append(number)
        last = number
    if run:
        yield key, run


def _default_threads():
    if torch.utils.data.get_worker_info() is not None:
        return 1  # the workers are the parallelism
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MAX_THREADS, available)


def _whole(value, name):
    try:
        if int(value) == value:
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise VideoError(f"{name}={value!r}, expected a whole number of frames.")
