"""Flow as colour: the hue says where a pixel goes, the saturation how far.

The wheel of 55 colours is that of the Middlebury benchmark (S. Baker, D. Scharstein, J. P. Lewis, S. Roth, M. J. Black,
R. Szeliski. A database and evaluation methodology for optical flow. IJCV 92, 2011): red right, yellow down, blue left,
with more colours where the eye tells more apart. White is no motion.
"""

import functools

import numpy as np

from course_lib.errors import ShapeError

SECTIONS = (15, 6, 4, 11, 13, 6)  # colours from red to yellow, green, cyan, blue, magenta, and back to red
CORNERS = ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0))  # RGB
UNKNOWN = 0  # black, which no flow has


@functools.cache
def color_wheel():
    """The 55 colours of full saturation, (55, 3) float64 in 0..255, whole numbers. Treat it as read-only."""
    colors = []
    for count, start, end in zip(SECTIONS, CORNERS[:-1], CORNERS[1:], strict=True):
        ramp = np.floor(255 * np.arange(count) / count)[:, None]
        rising, falling = np.subtract(end, start).clip(0), np.subtract(start, end).clip(0)
        colors.append(255 * np.array(start) + rising * ramp - falling * ramp)
    return np.concatenate(colors)


def longest(flow, valid=None):
    """Length of the longest vector, in pixels, among the valid ones; at least a tiny number."""
    length = np.hypot(*_vectors(flow))
    length = length[np.isfinite(length) if valid is None else np.asarray(valid, bool)]
    return max(float(length.max(initial=0.0)), 1e-5)


def flow_to_rgb(flow, largest=None, valid=None):
    """Colours of a flow field.

    Args:
        flow: (2, H, W) numbers in pixels, u (right) then v (down).
        largest: the length in pixels that gets full saturation; what is longer becomes darker. By default the longest
            vector. Give it to compare fields.
        valid: (H, W) bool; what is not valid becomes black.
    Returns:
        (H, W, 3) uint8, RGB.
    Raises:
        ShapeError: if flow is not (2, H, W).
    """
    u, v = _vectors(flow)
    known = np.isfinite(u) & np.isfinite(v)
    if valid is not None:
        known &= np.asarray(valid, bool)
    u, v = np.where(known, u, 0), np.where(known, v, 0)
    largest = longest(np.stack([u, v]), known) if largest is None else largest
    radius = np.hypot(u, v)[..., None] / largest  # 1 at the rim of the wheel
    place = (np.arctan2(-v, -u) / np.pi + 1) / 2 * (sum(SECTIONS) - 1)  # 0 to 54 around the wheel
    before = np.floor(place).astype(int)
    share = (place - before)[..., None]
    wheel = color_wheel() / 255
    hue = (1 - share) * wheel[before] + share * wheel[(before + 1) % len(wheel)]
    color = np.where(radius <= 1, 1 - radius * (1 - hue), 0.75 * hue)
    return np.where(known[..., None], np.floor(255 * color), UNKNOWN).astype(np.uint8)


def wheel_image(size=121, background=255):
    """The legend: the colour of every vector up to length 1, as a disc (size, size, 3) uint8."""
    axis = np.linspace(-1, 1, size)
    vectors = np.stack(np.meshgrid(axis, axis))  # (2, size, size)
    picture = flow_to_rgb(vectors, largest=1.0)
    picture[np.hypot(*vectors) > 1] = background
    return picture


def _vectors(flow):
    array = flow.detach().cpu().numpy() if hasattr(flow, "detach") else np.asarray(flow)
    if array.ndim != 3 or array.shape[0] != 2:
        hint = ""
        if array.ndim == 4 and array.shape[1] == 2:
            hint = ": choose one of the batch, flow[0]"
        elif array.ndim == 3 and array.shape[-1] == 2:
            hint = ": did you forget .permute(2, 0, 1)?"
        raise ShapeError(f"flow has shape {array.shape}, expected (2, H, W){hint}")
    return array.astype(np.float64)
