"""Answers to 04.7 beside those that the exercise itself knows."""

RIGHT = {
    "a variable called occlusion": """
def hidden(forward, backward):
    b = warp(backward, forward)
    occlusion = (forward + b).norm(dim=1) ** 2 > 0.01 * (forward.norm(dim=1) ** 2 + b.norm(dim=1) ** 2) + 0.5
    mask = occlusion.clone()
    mask[~in_view(forward)] = True
    return mask
""",
    "float64 inside": """
def hidden(forward, backward):
    f, b = forward.double(), warp(backward, forward).double()
    return ((f + b).pow(2).sum(1) > 0.01 * (f.pow(2).sum(1) + b.pow(2).sum(1)) + 0.5) | ~in_view(forward)
""",
    "NumPy, and borders of its own": """
import numpy as np
def hidden(forward, backward):
    f, b = forward.numpy(), warp(backward, forward).numpy()
    bad = ((f + b) ** 2).sum(1) > 0.01 * ((f ** 2).sum(1) + (b ** 2).sum(1)) + 0.5
    B, _, H, W = f.shape
    y, x = np.mgrid[:H, :W]
    x2, y2 = x + f[:, 0], y + f[:, 1]
    out = (x2 < 0) | (x2 > W - 1) | (y2 < 0) | (y2 > H - 1)
    return torch.from_numpy(bad | out)
""",
}

WRONG = [
    (
        """
import torch
from course_lib.ops.warp import in_view, warp
def hidden(forward, backward):
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1)
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return (gap < tolerance) | ~in_view(forward)
""",
        "marks what is seen",
    ),
    (
        """
import torch
from course_lib.ops.warp import in_view, warp
def hidden(forward, backward):
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1)
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return (gap > 0.5) | ~in_view(forward)
""",
        "grows with the vectors",
    ),
    (
        """
import torch
from course_lib.ops.warp import in_view, warp
def hidden(forward, backward):
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1).sqrt()
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return (gap > tolerance) | ~in_view(forward)
""",
        "not squared",
    ),
    (
        """
import torch
from course_lib.ops.warp import in_view, warp
def hidden(forward, backward):
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1)
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return gap - tolerance
""",
        None,
    ),
    (
        """
import torch
from course_lib.ops.warp import in_view, warp
def hidden(forward, backward):
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1)
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return ~((gap > tolerance) | ~in_view(forward))
""",
        "all of it",
    ),
]
