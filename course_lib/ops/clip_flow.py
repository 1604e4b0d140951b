"""Optical flow of whole clips: every frame to its neighbour, a few pairs at a time.

Flow is computed once, before training, and kept: a network reads the same field in every epoch.
"""

import torch

from course_lib.errors import CourseError, check_shape
from course_lib.ops.flow import pyramidal_lucas_kanade

LUMA = (0.299, 0.587, 0.114)  # red, green, blue in grey, ITU-R BT.601


def clip_flow(clips, *, backward=False, pairs=64, **settings):
    """Flow between neighbouring frames by pyramidal Lucas-Kanade.

    Args:
        clips: (B, 3, T, H, W) RGB in 0..1.
        backward: field t goes from frame t + 1 back to t, instead of from t to t + 1.
        pairs: how many pairs of frames are solved at once. Small batches stay in a CPU's cache (64 x 48 x 48: three
            times faster than all at once); a GPU wants thousands.
        settings: `levels`, `sigma`, `iterations`, `median`, `ridge` of `pyramidal_lucas_kanade`. The defaults here are
            for little clips with motion of a few pixels: 2 levels, 1 iteration, sigma 1.5, no median filter.
    Returns:
        (B, T - 1, 2, H, W) in pixels, u to the right, v down.
    Raises:
        ShapeError: if clips have another rank or number of channels.
        CourseError: if there are fewer than two frames.
    """
    sizes = check_shape(clips, "B 3 T H W", "clips")
    if sizes["T"] < 2:
        raise CourseError(f"clips has {sizes['T']} frame, expected at least 2: flow goes from one frame to another.")
    grey = torch.einsum("bcthw,c->bthw", clips, clips.new_tensor(LUMA))
    first, second = (part.reshape(-1, 1, *grey.shape[2:]) for part in (grey[:, :-1], grey[:, 1:]))
    if backward:
        first, second = second, first
    settings = {"levels": 2, "iterations": 1, "sigma": 1.5, "median": 0} | settings
    pairs_of = zip(first.split(pairs), second.split(pairs), strict=True)
    fields = torch.cat([pyramidal_lucas_kanade(*pair, **settings) for pair in pairs_of])
    return fields.unflatten(0, (sizes["B"], sizes["T"] - 1))
