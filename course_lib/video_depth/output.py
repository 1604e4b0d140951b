"""What people look at: depth as a video in colour, and point clouds as PLY files, which every 3D viewer opens."""

import numpy as np
import torch

from course_lib.atomic import write_atomically
from course_lib.data.video_io import write_video
from course_lib.errors import ShapeError
from course_lib.ops.camera import backproject, transform


def inverse_depth_range(*depths):
    """What is drawn dark and bright: the 2 % and 98 % quantiles of 1/z over all maps together (far, near)."""
    values = torch.cat([1 / depth.flatten()[:: max(1, depth.numel() // 100_000)] for depth in depths])
    return values.quantile(0.02).item(), values.quantile(0.98).item()


def in_color(depth, span):
    """(T, H, W) -> uint8 (3, T, H, W), viridis over inverse depth, bright for near. Unknown depth, 0, is black."""
    import matplotlib

    share = ((1 / depth.clamp(min=1e-9) - span[0]) / max(span[1] - span[0], 1e-9)).clamp(0, 1)
    colors = torch.from_numpy((matplotlib.colormaps["viridis"](share.numpy())[..., :3] * 255).astype(np.uint8))
    return (colors * (depth > 0)[..., None]).permute(3, 0, 1, 2)


def write_depth_video(path, frames, depths, fps):
    """Frames and depth maps side by side.

    Args:
        path: .mp4. frames: (T, 3, H, W) in 0..1. depths: list of (T, H, W) in one unit, with one colour scale.
    """
    span = inverse_depth_range(*depths)
    shown = [(frames * 255).round().clamp(0, 255).byte().transpose(0, 1), *(in_color(depth, span) for depth in depths)]
    return write_video(path, torch.cat(shown, 3), fps)


def cloud(frame, depth, K, pose, every=2):
    """Points of the world and their colours: every `every`-th pixel with a depth, (P, 3) and (P, 3) in 0..1."""
    points = transform(backproject(depth[None], K), pose)[0, :, ::every, ::every].flatten(1).T
    known = depth[::every, ::every].flatten() > 0
    return points[known], frame[:, ::every, ::every].flatten(1).T[known]


def write_ply(path, points, colors):
    """A point cloud as binary PLY.

    Args:
        points: (P, 3). colors: (P, 3) in 0..1.
    Raises:
        ShapeError: if the two differ in shape.
    """
    if points.shape != colors.shape or points.ndim != 2 or points.shape[1] != 3:
        raise ShapeError(f"points {tuple(points.shape)} and colors {tuple(colors.shape)}: expected (P, 3) twice.")
    rows = np.empty(len(points), [("place", "<f4", 3), ("color", "u1", 3)])
    rows["place"] = points.numpy()
    rows["color"] = (colors * 255).round().clamp(0, 255).byte().numpy()
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(points)}"]
    lines += [f"property float {axis}" for axis in "xyz"]
    lines += [f"property uchar {color}" for color in ("red", "green", "blue")]
    write_atomically(path, ("\n".join([*lines, "end_header"]) + "\n").encode() + rows.tobytes())
