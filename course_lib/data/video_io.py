"""Video in and out: probe a file, read clips exact to the frame, write H.264, play it in a notebook.

Frames are numbered from 0 in the order in which they are shown. A clip is a uint8 tensor (C, T, H, W), RGB, 0 to 255.
Frames come as a player shows their geometry: rotation and mirroring from the file are applied. They are not
deinterlaced, and pixels that are not square stay as they are stored. Grey, 4:2:2, 4:4:4 and 10-bit video becomes 8-bit
RGB; an alpha channel is dropped. Where the size changes within a stream, every frame is resized to that of the first.

Decoding is in `video/reader`, the table that makes seeking exact in `video/index`, opening files in `video/file`, what
damaged ones lack in `video/faults`, writing in `video/write`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from course_lib.data.video.file import codec_name, open_container
from course_lib.data.video.layout import display_turn
from course_lib.data.video.reader import VideoReader
from course_lib.data.video.write import show_video, write_video
from course_lib.ops.sampling import dense_indices

__all__ = [
    "VideoInfo",
    "VideoReader",
    "dense_clips",
    "iter_frames",
    "keyframes",
    "probe",
    "read_clip",
    "read_frames",
    "show_video",
    "write_video",
]


@dataclass(frozen=True)
class VideoInfo:
    """What a video file holds.

    Attributes:
        path: the file.
        frames: exact number of frames; in a damaged file, lost ones keep their number if its time stamps tell it.
        fps: mean frames per second.
        duration: seconds from the first frame to the end of the last.
        height, width: pixels of a frame as read, that is, after rotation.
        codec: FFmpeg's name of the codec, such as "h264".
        pixel_format: how pixels are stored, such as "yuv420p".
        rotation: degrees clockwise by which the stored frames are turned for display: 0, 90, 180 or 270.
        variable_rate: whether the time between frames varies by more than the rounding of time stamps.
        has_audio: whether there is sound.
        size_bytes: size of the file.
        damage: what is missing and where, as far as reading has come across it; empty if the file is whole.
    """

    path: Path
    frames: int
    fps: float
    duration: float
    height: int
    width: int
    codec: str
    pixel_format: str
    rotation: int
    variable_rate: bool
    has_audio: bool
    size_bytes: int
    damage: str = ""


def probe(path, on_error: str = "raise") -> VideoInfo:
    """Describe a video file. Reads all of it once, decodes one frame (all, where time stamps cannot be trusted).

    Raises:
        VideoError: if the file is missing, empty, not a video or, unless `on_error` is "keep", damaged.
    """
    with VideoReader(path, on_error) as video:
        frame = video.first_frame()
        frames = len(video)
        index = video.index
        with open_container(video.path) as (container, stream):
            rate = stream.average_rate or stream.guessed_rate
            codec, pixel_format = codec_name(stream), stream.codec_context.pix_fmt
            has_audio = bool(container.streams.audio)
        fps, seconds, varies = _rate(index, frames, rate)
        turns, _ = display_turn(frame)
        height, width = (frame.width, frame.height) if turns % 2 else (frame.height, frame.width)
        return VideoInfo(
            path=video.path,
            frames=frames,
            fps=fps,
            duration=seconds,
            height=height,
            width=width,
            codec=codec,
            pixel_format=pixel_format or frame.format.name,
            rotation=(360 - 90 * turns) % 360,
            variable_rate=varies,
            has_audio=has_audio,
            size_bytes=video.path.stat().st_size,
            damage=index.damage,
        )


def _rate(index, frames, nominal):
    """(mean frames per second, seconds to the end of the last frame, whether the time between frames varies)."""
    clock, tick = index.clock, float(index.time_base)
    if len(clock) < 2:
        fps = float(nominal or 0)
        return fps, frames / fps if fps else 0.0, False
    between = float(clock[-1] - clock[0]) * tick
    fps = (frames - 1) / between if frames > 1 else 1 / between
    if nominal and abs((frames - 1) / float(nominal) - between) <= 2 * tick:
        fps = float(nominal)  # the mean of rounded time stamps is a little beside it
    gaps = np.diff(clock)
    spread, usual = gaps.max() - gaps.min(), np.median(gaps)
    shown = len(clock) == frames  # some packets may hold no frame that is shown
    # One tick is rounding, unless it is half a frame or more.
    varies = shown and bool(spread > max(1, 0.01 * usual) or spread >= 0.5 * usual)
    return fps, between + 1 / fps, varies


def keyframes(path) -> list[int]:
    """Frame numbers of the keyframes: the frames that can be decoded without any other.

    Raises:
        VideoError: as `probe`.
    """
    with VideoReader(path) as video:
        len(video)
        return video.index.keys.tolist()


def read_clip(
    path, start: int, num_frames: int, stride: int = 1, size=None, crop=None, on_error: str = "raise"
) -> Tensor:
    """Read frames start, start + stride, ..., `num_frames` of them, exact to the frame.

    Seeks to the nearest keyframe before the clip, so the cost does not depend on where in the video the clip lies.
    The first read of a file goes once through its packets to learn their time stamps.

    Args:
        path: any video that FFmpeg can decode.
        start: first frame, from 0.
        num_frames: T, at least 1.
        stride: temporal stride, at least 1; 2 takes every second frame.
        size: (height, width) to which each frame is resized while it is decoded (swscale's bilinear filter, which
            widens its kernel when it shrinks, so nothing aliases). The aspect ratio is yours to keep.
        crop: (top, left, height, width), taken after `size`, as C3D does (128 x 171, then 112 x 112).
        on_error: "raise", or "keep" to get the good frames of a damaged or too short file, also those after a gap,
            with a warning. What a keyframe has not yet cleared after a fault is not good.
    Returns:
        uint8 (C, T, H, W), RGB, contiguous. With on_error="keep" T may be smaller.
    Raises:
        VideoError: if the file is missing, empty, damaged or not a video, or a frame lies outside it.
    """
    with VideoReader(path, on_error) as video:
        clip = video.clip(start, num_frames, stride, size, crop)
    return _warn_if_fewer(clip, num_frames, path)


def read_frames(path, numbers, size=None, crop=None, on_error: str = "raise") -> Tensor:
    """Read any frames, in any order and with repeats: what the index functions of `data.clips` return.

    Args:
        path, size, crop, on_error: as for `read_clip`.
        numbers: frame numbers from 0, a sequence or a 1-dimensional tensor.
    Returns:
        uint8 (C, T, H, W), RGB, in the order asked for.
    Raises:
        VideoError: as `read_clip`.
    """
    numbers = list(numbers)
    with VideoReader(path, on_error) as video:
        clip = video.at(numbers, size, crop)
    return _warn_if_fewer(clip, len(numbers), path)


def dense_clips(path, clip_len: int, step: int) -> Iterator[Tensor]:
    """Go through a video clip by clip: clips of `clip_len` frames, one every `step` frames.

    The last frame of a video that is shorter than a clip is repeated; what does not fill a further clip is left out.

    Yields:
        uint8 (C, T, H, W), RGB.
    Raises:
        VideoError: as `read_clip`.
    """
    with VideoReader(path) as video:
        last = len(video) - 1
        for numbers in dense_indices(max(last + 1, clip_len), clip_len, step=step).clamp(max=last).tolist():
            yield video.at(numbers)


def _warn_if_fewer(clip, asked, path):
    if clip.shape[1] < asked:
        warnings.warn(f"{path}: only {clip.shape[1]} of {asked} frames are there and good.", stacklevel=3)
    return clip


def iter_frames(path, start: int = 0, stride: int = 1, size=None, on_error: str = "raise") -> Iterator[Tensor]:
    """Go through a video frame by frame without holding it in memory.

    Args:
        path, size, on_error: as for `read_clip`.
        start: first frame; stride: temporal stride.
    Yields:
        uint8 (C, H, W), RGB.
    Raises:
        VideoError: as `read_clip`; for a bad path or start before the first frame is asked for.
    """
    video = VideoReader(path, on_error)
    return _closing(video, video.iterate(start, stride, size))


def _closing(video, frames):
    with video:
        yield from frames
