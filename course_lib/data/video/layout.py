"""From a decoded frame to a picture in a tensor: colour, size, rotation, crop.

Where it can, the conversion goes straight to planar RGB, the (C, H, W) layout of a tensor, with the same values as
interleaved RGB. Transposing interleaved frames afterwards took six times as long as the conversion (16 frames of
640 x 480: 13 ms against 2 ms).
"""

from __future__ import annotations

import numpy as np

from course_lib.errors import VideoError

PLANES = (2, 0, 1)  # red, green and blue in FFmpeg's planar format, which is stored as G, B, R


class Layout:
    """How every frame of one clip is turned, resized and cropped; fixed by the first frame of the file."""

    def __init__(self, frame, size, crop, path):
        self._to_rgb, self._to_planar = _converter(), _converter()
        self.turn = display_turn(frame)
        height, width = (frame.width, frame.height) if self.turn[0] % 2 else (frame.height, frame.width)
        if size is not None:
            height, width = _pair(size)
        self.shape = height, width
        self.crop = (0, 0, height, width) if crop is None else _crop(crop, height, width, path)

    def picture(self, frame):
        """uint8 (C, h, w), RGB."""
        turns, mirrored = self.turn
        height, width = self.shape[::-1] if turns % 2 else self.shape
        if not _goes_straight(frame, height, width):
            frame = self._to_rgb(frame, width=width, height=height, format="rgb24", interpolation="BILINEAR")
        planar = self._to_planar(frame, format="gbrp")
        top, left, rows, columns = self.crop
        picture = np.empty((3, rows, columns), np.uint8)
        for channel, plane in enumerate(PLANES):
            buffer = planar.planes[plane]
            stored = np.frombuffer(buffer, np.uint8).reshape(-1, buffer.line_size)[:height, :width]
            if turns:
                stored = np.rot90(stored, turns)
            if mirrored:
                stored = stored[:, ::-1]
            picture[channel] = stored[top : top + rows, left : left + columns]
        return picture


def _converter():
    """PyAV's conversion, with one thread and nothing that outlives the clip.

    `frame.reformat` keeps a thread per processor in the file's decoder: on a large machine that is more than the
    decoding itself uses, and worker processes that are forked meanwhile wait for those threads for ever.
    """
    from av.video.reformatter import VideoReformatter

    converter = VideoReformatter()

    def convert(frame, **how):
        try:
            return converter.reformat(frame, threads=1, **how)
        except TypeError:  # before PyAV 17 there are no threads to limit
            return converter.reformat(frame, **how)

    return convert


def _goes_straight(frame, height, width):
    """Whether FFmpeg converts to planar RGB in one step with the values of interleaved RGB.

    Only the commonest case does. Elsewhere the step rounds otherwise (10 bits), and where the width is no multiple of 8
    FFmpeg 8.1 leaves the last columns unwritten; the way over interleaved RGB is always right.
    """
    same_size = (frame.height, frame.width) == (height, width)
    return same_size and frame.format.name in ("yuv420p", "yuvj420p") and width % 16 == 0 and height % 2 == 0


def display_turn(frame):
    """How a player turns a stored frame: (quarter turns counter-clockwise, then whether mirrored left to right).

    The display matrix of MP4 (ISO/IEC 14496-12, Sec. 8.5.2) maps stored to shown coordinates, x' = ax + cy and
    y' = bx + dy, in 16.16 fixed point. Turns that are no multiple of 90 degrees are not applied.
    """
    from av.sidedata.sidedata import SideDataContainer

    # Not `frame.side_data`, which keeps the frame alive in a reference cycle; nor `frame.rotation`, which is 0 for a
    # picture that is only turned upside down.
    matrix = next((data for data in SideDataContainer(frame) if data.type.name == "DISPLAYMATRIX"), None)
    if matrix is None:
        return 0, False
    a, b, _, c, d = np.sign(np.frombuffer(bytes(matrix), np.int32)[:5]).tolist()
    turns = {
        (1, 0, 0, 1): (0, False),
        (0, -1, 1, 0): (1, False),
        (-1, 0, 0, -1): (2, False),
        (0, 1, -1, 0): (3, False),
        (-1, 0, 0, 1): (0, True),
        (1, 0, 0, -1): (2, True),
        (0, 1, 1, 0): (3, True),
        (0, -1, -1, 0): (1, True),
    }
    return turns.get((a, b, c, d), (0, False))


def _pair(size):
    try:
        height, width = (int(side) for side in size)
    except (TypeError, ValueError) as error:
        raise VideoError(f"size={size!r}, expected (height, width) in pixels, such as (128, 171).") from error
    if height < 1 or width < 1:
        raise VideoError(f"size={size!r}, expected (height, width) of at least 1 pixel.")
    return height, width


def _crop(crop, height, width, path):
    try:
        top, left, rows, columns = (int(side) for side in crop)
    except (TypeError, ValueError) as error:
        raise VideoError(f"crop={crop!r}, expected (top, left, height, width) in pixels.") from error
    if top < 0 or left < 0 or rows < 1 or columns < 1 or top + rows > height or left + columns > width:
        raise VideoError(
            f"crop={tuple(crop)} (top, left, height, width) does not fit into the {height} x {width} frames of {path} "
            "(height x width, after resizing): the crop is taken after `size` is applied."
        )
    return top, left, rows, columns
