"""How steady is the depth of a video? Measures on tracked points and on pictures, without true depth.

CVD, Section 5.2. Tracks are pixels that follow one point of a scene through the frames; with depth and cameras each
becomes a path in space, which stays in one place if nothing moves.
"""

import torch

from course_lib.ops.camera import transform
from course_lib.ops.warp import in_view, pixel_grid, warp
from course_lib.video_depth.geometry import masked_mean


def tracks_in_space(tracks, depth, K, poses):
    """Tracked pixels as points of the world.

    Args:
        tracks: (N, T, 2) (x, y) in pixels. depth: (T, H, W). K: (3, 3). poses: (T, 4, 4).
    Returns:
        (N, T, 3).
    """
    height, width = depth.shape[1:]
    grid = 2 * tracks.transpose(0, 1)[:, None] / torch.tensor([width - 1, height - 1]) - 1  # (T, 1, N, 2)
    z = torch.nn.functional.grid_sample(depth[:, None], grid, align_corners=True, padding_mode="border")[
        :, 0, 0
    ]  # (T, N)
    focal, middle = K[(0, 1), (0, 1)], K[:2, 2]
    flat = (tracks.transpose(0, 1) - middle) / focal
    return transform(torch.cat([flat, torch.ones_like(flat[..., :1])], -1) * z[..., None], poses).transpose(0, 1)


def instability(paths, seen=None):
    """E_s: the mean distance between a tracked point's places in consecutive frames.

    Args:
        paths: (N, T, 3). seen: (N, T) bool, where a track is known; steps between two known places count.
    Returns:
        float, in the unit of the paths.
    """
    steps = (paths[:, 1:] - paths[:, :-1]).norm(dim=-1)
    both = torch.ones_like(steps, dtype=torch.bool) if seen is None else seen[:, 1:] & seen[:, :-1]
    return steps[both].mean().item()


def drift(paths, seen=None, unbiased=False):
    """E_d: how far a point of a still scene wanders in all: the largest eigenvalue of its covariance, mean over tracks.

    Args:
        paths, seen: as for `instability`. unbiased: divide by n - 1 instead of n.
    Returns:
        float, in the square of the paths' unit.
    """
    values = []
    for i, path in enumerate(paths):
        places = path if seen is None else path[seen[i]]
        if len(places) > 1:
            centered = places - places.mean(0)
            covariance = centered.T @ centered / (len(places) - int(unbiased))
            values.append(torch.linalg.eigvalsh(covariance)[-1])
    return torch.stack(values).mean().item() if values else float("nan")


def photometric_error(frames, other_frames, pixels, mask=None):
    """E_p: how differently two frames look where geometry says they show the same.

    Args:
        frames, other_frames: (B, 3, H, W) in 0..1. pixels: (B, 2, H, W), where frame i's pixels lie in frame j, by
            depth and cameras (`Meeting.pixels`). mask: (B, H, W) bool, where to compare.
    Returns:
        float, mean absolute difference in 0..1.
    """
    height, width = frames.shape[2:]
    flow = pixels - pixel_grid(height, width, pixels.device, pixels.dtype)
    inside = in_view(flow) if mask is None else in_view(flow) & mask
    return masked_mean((warp(other_frames, flow, outside="border") - frames).abs().mean(1), inside).item()
