"""How large a video is, which frames become a clip, crops, and one prediction from the clips of a video.

Everything here is pure. The index functions turn numbers into a LongTensor of frame numbers that start at 0 and never
touch a file: sampling can be printed, plotted and tested without a decoder. A crop is one window for the whole clip.

Where the rules come from:
    segments, uniform and random: Wang et al., "Temporal Segment Networks", ECCV 2016, Sec. 3.1
    centre crop that rounds down: Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks",
        ICCV 2015 (the released code: 112 out of 128 x 171 starts at row 8, column 29)
    25 frames x 10 crops, mean of the scores: Simonyan and Zisserman, "Two-Stream Convolutional Networks for Action
        Recognition in Videos", NeurIPS 2014, Sec. 5
"""

from __future__ import annotations

import math
from fractions import Fraction

import torch
from torch import Tensor

from course_lib.errors import ShapeError, VideoError, check_shape


def raw_bytes(height: int, width: int, fps: float, seconds: float, channels: int = 3, bytes_per_value: int = 1) -> int:
    """Size of a video without compression: frames x height x width x channels x bytes per value.

    Args:
        height, width: pixels of a frame.
        fps, seconds: frames per second and duration; their product, rounded, is the number of frames.
        channels: values per pixel: 3 for colour, 1 for grey, 2 for flow.
        bytes_per_value: 1 for uint8, 2 for float16, 4 for float32.
    Returns:
        bytes.
    """
    return round(fps * seconds) * height * width * channels * bytes_per_value


def clip_indices(num_frames: int, start: int, clip_len: int, stride: int = 1, mode: str = "clamp") -> Tensor:
    """Frame numbers of one clip: start, start + stride, ..., `clip_len` of them.

    Args:
        num_frames: frames in the video, at least 1.
        start: first frame of the clip, 0 <= start < num_frames.
        clip_len: T, frames in the clip.
        stride: temporal stride; 2 takes every second frame, so the clip covers twice the time.
        mode: what happens beyond the last frame: "clamp" repeats the last frame, "loop" starts again at frame 0.
    Returns:
        (T,) long, each in 0 .. num_frames - 1.
    Raises:
        VideoError: if a count is below 1, the start lies outside the video, or the mode is unknown.
    """
    _require_positive(num_frames=num_frames, clip_len=clip_len, stride=stride)
    if not 0 <= start < num_frames:
        raise VideoError(
            f"start={start} lies outside a video of {num_frames} frames (expected 0 to {num_frames - 1}). "
            "Frames are numbered from 0: the last one is num_frames - 1."
        )
    indices = start + stride * torch.arange(clip_len)
    if mode == "clamp":
        return indices.clamp(max=num_frames - 1)
    if mode == "loop":
        return indices % num_frames
    raise VideoError(f'mode={mode!r} is unknown: use "clamp" (repeat the last frame) or "loop" (start again).')


def dense_indices(num_frames: int, clip_len: int, stride: int = 1, step: int | None = None) -> Tensor:
    """All whole clips of a video, one every `step` frames.

    A clip of T frames with stride s spans (T - 1) s + 1 frames, so there are
    N = floor((num_frames - span) / step) + 1 of them, the same arithmetic as a convolution without padding.
    What is left at the end of the video and does not fill a clip is dropped.

    Args:
        num_frames: frames in the video.
        clip_len: T, frames per clip.
        stride: temporal stride inside a clip.
        step: frames between the starts of two clips. None: clip_len * stride, so that the clips lie back to back.
    Returns:
        (N, T) long.
    Raises:
        VideoError: if a count is below 1, or not even one clip fits.
    """
    step = clip_len * stride if step is None else step
    _require_positive(num_frames=num_frames, clip_len=clip_len, stride=stride, step=step)
    span = (clip_len - 1) * stride + 1
    if span > num_frames:
        raise VideoError(
            f"a clip of {clip_len} frames with stride {stride} spans {span} frames, the video has {num_frames}. "
            'Take a shorter clip or a smaller stride, or let clip_indices(..., mode="loop") repeat frames.'
        )
    starts = torch.arange(0, num_frames - span + 1, step)
    return starts[:, None] + stride * torch.arange(clip_len)


def uniform_indices(num_frames: int, num_segments: int, clip_len: int = 1) -> Tensor:
    """The middle of each of `num_segments` equal segments (TSN, Sec. 3.1, at test time).

    i_k = floor((k + 1/2) n / K) for k = 0 .. K - 1, where n = num_frames - clip_len + 1 counts the possible starts.
    Deterministic; with fewer frames than segments some frames repeat. In whole numbers, hence exact: the authors' code
    computes n/2K + k n/K in floating point and lands one frame early now and then (n = 30, K = 25, k = 12: 14, not 15).

    Args:
        num_frames: frames in the video.
        num_segments: K, segments of equal duration.
        clip_len: frames that are read from each index on; 1 for single frames.
    Returns:
        (K,) long, ascending, the start of one clip per segment.
    Raises:
        VideoError: if a count is below 1, or the clip is longer than the video.
    """
    starts = _possible_starts(num_frames, num_segments, clip_len)
    return (2 * torch.arange(num_segments) + 1) * starts // (2 * num_segments)


def random_segment_indices(num_frames: int, num_segments: int, generator: torch.Generator, clip_len: int = 1) -> Tensor:
    """One random index in each of `num_segments` equal segments (TSN, Sec. 3.1, for training).

    i_k = floor((k + u_k) n / K) with u_k uniform in [0, 1); `uniform_indices` is the case u_k = 1/2. Every frame can be
    drawn. (The authors' code rounds the segment length down first, so the last n mod K frames are never seen in
    training; where K divides n the two rules are the same.)

    Args:
        num_frames: frames in the video.
        num_segments: K, segments of equal duration.
        generator: the source of randomness, on the CPU. The same seed gives the same indices.
        clip_len: frames that are read from each index on.
    Returns:
        (K,) long, ascending.
    Raises:
        VideoError: as `uniform_indices`.
    """
    starts = _possible_starts(num_frames, num_segments, clip_len)
    offset = torch.rand(num_segments, generator=generator, dtype=torch.float64)
    position = (torch.arange(num_segments) + offset) * starts / num_segments
    return position.long().clamp(max=starts - 1)  # the clamp: k + u may round up to K when u is almost 1


def snippet_frames(num_frames: int, starts: Tensor, length: int) -> Tensor:
    """Frame numbers of snippets, one after the other.

    Args:
        num_frames: frames in the video; a snippet that reaches beyond repeats the last one.
        starts: (K,) long, where the snippets begin. length: frames of each.
    Returns:
        (K * length,) long.
    """
    return (starts[:, None] + torch.arange(length)).flatten().clamp(max=num_frames - 1)


def resample_indices(num_frames: int, fps_in: float, fps_out: float) -> Tensor:
    """Which source frame is on the screen at each tick of another clock.

    Source frame i is shown from i / fps_in until (i + 1) / fps_in. Output frame j wants time j / fps_out, hence
    i_j = floor(j fps_in / fps_out), for as long as j / fps_out < num_frames / fps_in. Slower rates drop frames, faster
    rates repeat them; the duration stays.

    Args:
        num_frames: frames in the source.
        fps_in: frame rate of the source in frames per second.
        fps_out: frame rate that is wanted.
    Returns:
        (M,) long, M = ceil(num_frames fps_out / fps_in), ascending.
    Raises:
        VideoError: if a rate is not a positive number or num_frames is below 1.
    """
    _require_positive(num_frames=num_frames)
    for name, rate in (("fps_in", fps_in), ("fps_out", fps_out)):
        if not math.isfinite(rate) or rate <= 0:
            raise VideoError(f"{name}={rate} is not a frame rate: expected a positive number of frames per second.")
    # Fractions keep the floor exact. 90,000 is the clock of MPEG streams: it holds 30000/1001 and every common rate.
    ratio = Fraction(fps_in).limit_denominator(90_000) / Fraction(fps_out).limit_denominator(90_000)
    count = math.ceil(num_frames / ratio)
    return torch.tensor([int(j * ratio) for j in range(count)], dtype=torch.long)


def center_crop(clip: Tensor, size: int | tuple[int, int]) -> Tensor:
    """The middle of every frame: the same window for the whole clip.

    The offset is floor((H - h) / 2): at 128 x 171 and 112 that is 8 and 29, as in C3D.

    Args:
        clip: (*, H, W), such as (C, T, H, W); any type and range.
        size: h and w in pixels, or one number for a square.
    Returns:
        (*, h, w), a view of the clip.
    Raises:
        ShapeError: if the frames are smaller than the crop.
    """
    height, width = _crop_size(clip, size)
    return _crop(clip, (clip.shape[-2] - height) // 2, (clip.shape[-1] - width) // 2, height, width)


def ten_crop(clip: Tensor, size: int | tuple[int, int]) -> Tensor:
    """Four corners and the centre, then the same five mirrored left to right.

    Order: top left, top right, bottom left, bottom right, centre, and again mirrored. All frames of the clip share a
    window. Two-stream networks and TSN average their scores over these ten (NeurIPS 2014, Sec. 5). Mirroring is for
    pictures: mirrored *flow* also needs its u component negated.

    Args:
        clip: (C, T, H, W), any type and range.
        size: h and w in pixels, or one number for a square.
    Returns:
        (10, C, T, h, w), a copy.
    Raises:
        ShapeError: if the clip is not (C, T, H, W) or the frames are smaller than the crop.
    """
    check_shape(clip, "C T H W", name="clip")
    height, width = _crop_size(clip, size)
    bottom, right = clip.shape[-2] - height, clip.shape[-1] - width
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right), (bottom // 2, right // 2)]
    five = torch.stack([_crop(clip, top, left, height, width) for top, left in corners])
    return torch.cat([five, five.flip(-1)])


def average_predictions(logits: Tensor, how: str = "probabilities") -> Tensor:
    """One prediction for a video from the predictions for its clips.

    "probabilities": p = 1/N sum_n softmax(z_n), the arithmetic mean; one confident clip weighs at most 1/N.
    "logits": p = softmax(1/N sum_n z_n), the geometric mean, normalised; one confident clip can outvote the others
    (TSN trains with this consensus, Sec. 3.1).

    Args:
        logits: (*, N, K), scores before the softmax of N clips (or clips x crops) for K classes.
        how: "probabilities" or "logits".
    Returns:
        (*, K), probabilities that sum to 1.
    Raises:
        ShapeError: if there are fewer than two axes or no clip.
        VideoError: if `how` is unknown.
    """
    if logits.ndim < 2 or logits.shape[-2] == 0:
        raise ShapeError(
            f"logits has shape {tuple(logits.shape)}, expected (N, K) with N >= 1 clips and K classes: "
            "does the axis of the clips exist? One clip alone is logits[None]."
        )
    if how == "probabilities":
        return logits.softmax(dim=-1).mean(dim=-2)
    if how == "logits":
        return logits.mean(dim=-2).softmax(dim=-1)
    raise VideoError(f'how={how!r} is unknown: use "probabilities" or "logits".')


def _require_positive(**counts: int) -> None:
    for name, value in counts.items():
        if value < 1:
            raise VideoError(f"{name}={value}, expected at least 1: is the video empty, or were two arguments swapped?")


def _possible_starts(num_frames: int, num_segments: int, clip_len: int) -> int:
    _require_positive(num_frames=num_frames, num_segments=num_segments, clip_len=clip_len)
    if clip_len > num_frames:
        raise VideoError(
            f"no clip of {clip_len} frames fits into a video of {num_frames}. "
            'Take a shorter clip, or let clip_indices(..., mode="loop") repeat frames.'
        )
    return num_frames - clip_len + 1


def _crop_size(clip: Tensor, size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    if clip.ndim < 2 or not (1 <= height <= clip.shape[-2] and 1 <= width <= clip.shape[-1]):
        raise ShapeError(
            f"cannot cut {height} x {width} from a clip of shape {tuple(clip.shape)}: expected (*, H, W) with "
            f"H >= {height} and W >= {width}. Are the channels last? Then .permute(3, 0, 1, 2); else resize first."
        )
    return height, width


def _crop(clip: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    return clip[..., top : top + height, left : left + width]
