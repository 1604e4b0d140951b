"""Test videos whose frames carry their own number, in every odd form that a real file can have.

A frame is a grid of 4 x 4 black and white cells, the 16 bits of the frame number, over a moving background: blocks
of that size survive any codec, so `number_of` reads the number back after lossy compression and resizing.
"""

import struct
from fractions import Fraction

import av
import numpy as np


def numbered_frame(number, height=96, width=128):
    """uint8 (H, W, 3): frame `number` as a 4 x 4 barcode, bit 0 at the top left, row by row."""
    rows = np.arange(height) * 4 // height
    columns = np.arange(width) * 4 // width
    bits = (number >> (4 * rows[:, None] + columns[None])) & 1
    shade = 12 * np.sin((np.arange(width)[None] + 3 * number) / 9) * np.ones((height, 1))
    grey = np.where(bits == 1, 215, 40) + shade
    return np.stack([grey, grey * 0.9 + 8, grey * 0.8 + 20], -1).clip(0, 255).astype(np.uint8)


def number_of(frame):
    """The number that a frame (C, H, W) carries."""
    grey = np.asarray(frame, np.float32).mean(0)
    height, width = grey.shape
    cells = [
        grey[int((row + 0.3) * height / 4) : int((row + 0.7) * height / 4) + 1,
             int((column + 0.3) * width / 4) : int((column + 0.7) * width / 4) + 1].mean()
        for row in range(4) for column in range(4)
    ]  # fmt: skip
    return sum(1 << bit for bit, value in enumerate(cells) if value > 128)


def numbers_of(clip):
    """The numbers that the frames of a clip (C, T, H, W) carry."""
    return [number_of(clip[:, t]) for t in range(clip.shape[1])]


def write_numbered(
    path, frames=40, codec="libx264", height=96, width=128, rate=25, options=None, pix_fmt="yuv420p", stamps=None,
    container_options=None, gop=None, b_frames=None, tags=None,
):  # fmt: skip
    """Write `frames` numbered frames.

    Args:
        stamps: time of each frame in milliseconds; by default regular at `rate`.
        gop, b_frames: set on the codec context, for codecs that take no such options.
        tags: of the container, such as a title.
    """
    with av.open(str(path), "w", options=container_options or {}) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.height, stream.width, stream.pix_fmt = height, width, pix_fmt
        if gop is not None:
            stream.codec_context.gop_size = gop
        if b_frames is not None:
            stream.codec_context.max_b_frames = b_frames
        if stamps is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number, height, width), format="rgb24")
            if stamps is not None:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def set_display_matrix(path, a, b, c, d):
    """Have players show an MP4 turned or mirrored: x' = ax + cy, y' = bx + dy (ISO/IEC 14496-12, Sec. 8.5.2)."""

    def matrix(*entries):
        a, b, c, d = (entry << 16 for entry in entries)
        return struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)

    data = path.read_bytes()
    place = data.index(matrix(1, 0, 0, 1), data.index(b"tkhd"))
    path.write_bytes(data[:place] + matrix(a, b, c, d) + data[place + 36 :])
    return path


def remux(source, target, options=None, first_key=0, shift=0):
    """Copy the packets of a video into another container, from keyframe number `first_key` on, `shift`ed in time."""
    with av.open(str(source)) as given, av.open(str(target), "w", options=options or {}) as made:
        stream = given.streams.video[0]
        copy = made.add_stream_from_template(stream)
        keys = -1
        for packet in given.demux(stream):
            if packet.dts is None:
                continue
            keys += packet.is_keyframe
            if keys < first_key:
                continue
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = copy
            made.mux(packet)
    return target


def restamp(source, target, stamps):
    """Copy packets; `stamps(place, pts, dts)` gives (pts, dts), all in frames."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = given.streams.video[0]
        copy = made.add_stream_from_template(stream)
        unit = round(1 / (stream.time_base * stream.average_rate))
        packets = [packet for packet in given.demux(stream) if packet.size]
        for place, packet in enumerate(packets):
            pts, dts = stamps(place, packet.pts // unit, packet.dts // unit)
            packet.pts, packet.dts, packet.stream = pts * unit, dts * unit, copy
            made.mux(packet)
    return target


def slow_reference(path):
    """Every frame that the decoder gives, in its order, decoded in one thread: list of uint8 (C, H, W), RGB."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        return [frame.to_ndarray(format="rgb24").transpose(2, 0, 1) for frame in container.decode(stream)]


def write_sound(path):
    """A file with sound and no video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
