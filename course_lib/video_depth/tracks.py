"""Follow points of a scene through a video: corners, carried along by flow for as long as it can be trusted.

CVD, Section 5.2, tracks corners with KLT (lecture 04) and looks at how their places in space move. Here the flow that
the pipeline has anyway carries them, read bilinearly.
"""

import math

import numpy as np
import torch
from torch.nn.functional import grid_sample, max_pool2d

from course_lib.errors import check_shape
from course_lib.ops.trajectories import corner_strength

GREY = (0.299, 0.587, 0.114)
BORDER = 3  # pixels: corners nearer to the edge leave the frame at once
WEAKEST = 0.01  # of the strongest corner's strength


def corners(frame, number=200, apart=4.0):
    """The strongest corners of a frame that keep their distance from one another.

    Args:
        frame: (3, H, W) in 0..1. number: at most so many. apart: pixels between any two.
    Returns:
        (N, 2), (x, y) in pixels, strongest first; a corner is stronger than its eight neighbours.
    """
    check_shape(frame, "3 H W", "frame")
    strength = corner_strength((frame * frame.new_tensor(GREY).view(3, 1, 1)).sum(0)[None, None])[0]
    peak = strength == max_pool2d(strength[None], 3, 1, 1)[0]
    peak &= strength > WEAKEST * strength.max()
    peak[:BORDER], peak[-BORDER:], peak[:, :BORDER], peak[:, -BORDER:] = False, False, False, False
    rows, columns = torch.nonzero(peak, as_tuple=True)
    order = strength[rows, columns].argsort(descending=True, stable=True)
    reach = math.ceil(apart) - 1  # whole pixels that may be nearer than `apart`
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    near = np.hypot(x, y) < apart
    taken = np.zeros([side + 2 * reach for side in strength.shape], bool)  # with a margin, so that no disc is cut
    chosen = []
    for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
        if len(chosen) == number:
            break
        if not taken[row + reach, column + reach]:
            taken[row : row + 2 * reach + 1, column : column + 2 * reach + 1] |= near
            chosen.append((column, row))
    return torch.tensor(chosen, dtype=torch.float32).view(-1, 2)


def follow(points, flows, masks=None):
    """Carry points of the first frame through all frames.

    Args:
        points: (N, 2), (x, y). flows: (T - 1, 2, H, W), from each frame to the next.
        masks: (T - 1, H, W) bool, where each flow can be trusted.
    Returns:
        tracks (N, T, 2), and seen (N, T) bool: once lost, or out of the frame, a point stays lost.
    """
    height, width = check_shape(flows, "T 2 H W", "flows")["H"], flows.shape[3]
    last = points.new_tensor([width - 1, height - 1])
    places, seen = [points], [((points >= 0) & (points <= last)).all(1)]
    for t, flow in enumerate(flows):
        at = (2 * places[-1] / last - 1).view(1, 1, -1, 2)  # pixel centres at whole numbers: align_corners
        step = grid_sample(flow[None], at, align_corners=True, padding_mode="border")[0, :, 0].T
        good = seen[-1]
        if masks is not None:
            nearest = places[-1].round().clamp(min=torch.zeros(2), max=last).long()
            good = good & masks[t][nearest[:, 1], nearest[:, 0]]
        places.append(places[-1] + step)
        seen.append(good & ((places[-1] >= 0) & (places[-1] <= last)).all(1))
    return torch.stack(places, 1), torch.stack(seen, 1)
