"""Write clips as H.264 that every browser plays, and play them inside a notebook."""

from __future__ import annotations

import base64
import html
import math
import numbers
import os
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from course_lib.atomic import replacing
from course_lib.data.video.file import codec_name, load_av, open_container, resolve
from course_lib.display import show_html
from course_lib.errors import VideoError, check_shape
from course_lib.places import place, system_errors

MAX_EMBEDDED_BYTES = 4_000_000  # base64 in a notebook takes a third more; larger notebooks are slow to open and to diff
BROWSERS_PLAY = {("h264", "yuv420p"), ("vp9", "yuv420p"), ("vp8", "yuv420p")}


def write_video(path, clip, fps: float, crf: int = 18, gop: int | None = None) -> Path:
    """Write a clip as H.264, yuv420p, in an MP4 file that starts to play before it is loaded (faststart).

    The file appears whole or not at all, and the same clip gives the same bytes with the same PyAV.
    yuv420p halves the colour resolution, so sides must be even: an odd side is padded by repeating its last row or
    column, and reads back one pixel larger.

    Args:
        path: where to write; ends in .mp4, and its folder exists.
        clip: (C, T, H, W), C = 3 (RGB) or 1 (grey); uint8 0..255 or float 0..1; tensor or array.
        fps: frames per second, above 0.
        crf: x264's constant rate factor, 0 (lossless) to 51; 18 is visually close to lossless, 23 x264's default.
        gop: frames from one keyframe to the next, exactly. None: x264's choice, at scene cuts and at most 250 apart.
    Returns:
        the path.
    Raises:
        ShapeError: if the clip has another layout.
        VideoError: for another dtype, values outside the range, a bad fps, crf, gop or path.
    """
    path = place(path, VideoError)
    if path.suffix.lower() != ".mp4":
        raise VideoError(f"{path.name} should end in .mp4: the container that every browser plays.")
    with system_errors(f"{path.name[:100]} cannot be written", VideoError):
        if not path.parent.is_dir():
            raise VideoError(f"the folder {path.parent} does not exist: create it first.")
    fps, crf = _number(fps, "fps"), _number(crf, "crf")
    if not 0 < fps < 1000:
        raise VideoError(f"fps={fps}, expected frames per second above 0 and below 1000.")
    if not 0 <= crf <= 51:
        raise VideoError(f"crf={crf}, expected 0 (lossless) to 51 (worst).")
    gop = None if gop is None else _number(gop, "gop")
    if gop is not None and (gop < 1 or gop != int(gop)):
        raise VideoError(f"gop={gop}, expected a whole number of frames from one keyframe to the next, at least 1.")
    frames = _as_frames(clip)
    with system_errors(f"{path} cannot be written", VideoError), replacing(path) as beside:
        _encode(beside, frames, fps, crf, gop)
    return path


def _number(value, name):
    """A number as Python knows it, from what NumPy and torch take for one."""
    value = value.item() if getattr(value, "ndim", None) == 0 else value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise VideoError(f"{name}={value!r} is a {type(value).__name__}, expected a number.")
    return value


def _fraction(fps):
    """Frames per second as a ratio of small numbers, as containers store it: 29.97 is 2997 / 100."""
    if fps < 1:
        return 1 / Fraction(1 / fps).limit_denominator(1001)
    return Fraction(fps).limit_denominator(1001)


def _as_frames(clip):
    """uint8 (T, H, W, 3), with even sides."""
    if isinstance(clip, np.ndarray):
        clip = torch.from_numpy(np.ascontiguousarray(clip))
    if hasattr(clip, "shape") and len(clip.shape) == 4 and clip.shape[0] not in (1, 3):
        check_shape(clip, "3 T H W", "clip")  # says which permutation would fit
    sizes = check_shape(clip, "C T H W", "clip")
    if 0 in sizes.values():
        raise VideoError(f"clip of shape {tuple(clip.shape)} (C, T, H, W) holds nothing to write.")
    clip = clip.detach().cpu()
    if clip.is_floating_point():
        low, high = float(clip.min()), float(clip.max())
        if not (low >= 0 and high <= 1):  # also false for NaN
            raise VideoError(
                f"float clips must lie in 0..1, this one in {low:.4g}..{high:.4g}. "
                "Undo the normalisation, divide by 255, or clamp."
            )
        clip = (clip.float() * 255).round().to(torch.uint8)
    elif clip.dtype != torch.uint8:
        raise VideoError(f"clip has dtype {clip.dtype}, expected uint8 (0..255) or a float type (0..1).")
    frames = clip.permute(1, 2, 3, 0).expand(-1, -1, -1, 3).numpy()  # (T, H, W, 3)
    rows, columns = frames.shape[1] % 2, frames.shape[2] % 2
    return np.pad(frames, ((0, 0), (0, rows), (0, columns), (0, 0)), mode="edge")


def _encode(path, frames, fps, crf, gop):
    av = load_av()
    with av.open(f"file:{path}", "w", options={"movflags": "+faststart", "fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=_fraction(fps))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf), "preset": "medium"}
        if gop is not None:
            stream.options |= {"g": str(int(gop)), "sc_threshold": "0"}  # no keyframes at scene cuts
        context = stream.codec_context
        context.thread_count = 1  # x264's decisions depend on the number of threads
        context.colorspace, context.color_range = 6, 1  # SMPTE 170M, limited range: what the conversion below makes
        for picture in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)


@system_errors("the video cannot be shown", VideoError)
def show_video(clip_or_path, fps: float = 25, width: int | None = None, alt: str | None = None) -> None:
    """Play a clip or a file inside the notebook: looping, muted, with controls; prints the caption elsewhere.

    The video is embedded, so that the notebook can be sent alone: keep it short and small.

    Args:
        clip_or_path: a clip as for `write_video`, or a video file (converted to H.264 where browsers cannot play it).
        fps: frames per second of a clip; a file keeps its own.
        width: pixels on the page; by default that of the video.
        alt: what is to be seen, for those who cannot see it; also the caption.
    Raises:
        ShapeError, VideoError: as `write_video` and `probe`; VideoError if more than 4 MB would be embedded.
    """
    is_path = isinstance(clip_or_path, (str, os.PathLike))
    data, kind = _browser_file(resolve(clip_or_path)) if is_path else (_encoded(clip_or_path, fps), "mp4")
    if len(data) > MAX_EMBEDDED_BYTES:
        raise VideoError(
            f"this video takes {len(data) / 1e6:.1f} MB; at most {MAX_EMBEDDED_BYTES / 1e6:.0f} MB are embedded in a "
            "notebook. Show fewer or smaller frames: show_video(read_clip(path, 0, 64, size=(180, 320)))."
        )
    alt = alt or (
        f"Video {Path(clip_or_path).name}"
        if is_path
        else "Video of {1} frames, {2} x {3} pixels".format(*clip_or_path.shape)
    )
    sized = "" if width is None else f' width="{int(width)}"'
    label = html.escape(alt, quote=True)
    source = base64.b64encode(data).decode("ascii")
    show_html(
        f'<figure style="margin:.5em 0"><video controls loop muted playsinline{sized} style="max-width:100%" '
        f'aria-label="{label}" src="data:video/{kind};base64,{source}"></video>'
        f"<figcaption>{label}</figcaption></figure>",
        f"[video] {alt}",
    )


def _encoded(clip, fps):
    with tempfile.TemporaryDirectory() as folder:
        return write_video(Path(folder) / "clip.mp4", clip, fps, crf=23).read_bytes()


def _browser_file(path):
    """Bytes and MIME subtype of a file as it is, if browsers play it, else of its H.264 conversion."""
    with open_container(path) as (container, stream):
        playable = (codec_name(stream), stream.codec_context.pix_fmt) in BROWSERS_PLAY
        container_name = container.format.name
        rate = stream.average_rate or stream.guessed_rate or 25
    for kind, name in (("mp4", "mp4"), ("webm", "webm")):
        if playable and name in container_name and path.suffix.lower() == f".{kind}":
            return path.read_bytes(), kind
    from course_lib.data.video.reader import VideoReader

    with VideoReader(path) as video:
        pixels = math.prod(video.clip(0, 1).shape[2:]) * len(video)
        if pixels > 2**28:
            raise VideoError(
                f"{path.name} would have to be converted to H.264 first, {pixels / 1e6:.0f} million pixels: read a "
                "part of it and show that, show_video(read_clip(path, 0, 64, size=(180, 320)))."
            )
        return _encoded(video.clip(0, len(video)), float(rate)), "mp4"
