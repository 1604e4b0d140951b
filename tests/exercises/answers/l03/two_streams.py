"""Answers to 03.3 beside those that the exercise itself knows."""

RIGHT = {
    "blocks as axes": """
def two_streams(clip):
    B, C, T, H, W = clip.shape
    context = clip.reshape(B, C, T, H // 2, 2, W // 2, 2).mean(dim=(4, 6))
    fovea = clip.narrow(3, H // 4, H // 2).narrow(4, W // 4, W // 2).clone()
    return context, fovea
""",
    "trilinear": """
def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.interpolate(clip, size=(clip.shape[2], H // 2, W // 2), mode="trilinear", align_corners=False)
    top, left = (H - H // 2) // 2, (W - W // 2) // 2
    return context, clip[..., top:top + H // 2, left:left + W // 2].contiguous()
""",
}

OWN_FORM = {
    "the context in float64": """
import math
import numpy as np
def two_streams(clip):
    a = clip.numpy()
    B, C, T, H, W = a.shape
    context = np.zeros((B, C, T, H // 2, W // 2))
    for i in range(H // 2):
        for j in range(W // 2):
            context[..., i, j] = a[..., 2*i:2*i+2, 2*j:2*j+2].mean(axis=(-2, -1))
    t, l = math.floor((H - H / 2) / 2), math.floor((W - W / 2) / 2)
    return torch.from_numpy(context), torch.from_numpy(a[..., t:t + H // 2, l:l + W // 2])
""",
}

WRONG = [
    (
        """
def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.interpolate(clip, scale_factor=(1, 0.5, 0.5))
    return context, clip[..., H // 4 : H // 4 + H // 2, W // 4 : W // 4 + W // 2]
""",
        "every second pixel",
    ),
    (
        """
def two_streams(clip):
    H, W = clip.shape[-2:]
    top, left = H // 4, W // 4
    return F.avg_pool2d(clip, 2), clip[..., top : top + H // 2, left : left + W // 2]
""",
        "a window of 2 would halve time as well, and",
    ),
    (
        """
from course_lib.models.fusion import context_and_fovea
def two_streams(clip):
    return context_and_fovea(clip)
""",
        "context_and_fovea",
    ),
    ({"(H - H // 2) // 2": "(H - H / 2) / 2"}, "whole number: divide with //"),
    ({") // 2": ")"}, "the fovea is the lower right corner: it lies"),
    ({"return context,": "return context.numpy(),"}, "a numpy array came"),
    (
        {"top : top + H // 2, left : left + W // 2": "left : left + W // 2, top : top + H // 2"},
        "rows and columns of the fovea are exchanged",
    ),
    (
        {"top : top + H // 2, left : left + W // 2": "left : left + H // 2, top : top + W // 2"},
        "rows and columns are mixed up: `top` and the",
    ),
    (
        {"left = (H - H // 2) // 2, (W - W // 2) // 2": "left = (H - H // 2) // 2, (W - W // 2) // 2 + 1"},
        "the fovea lies one column too far right",
    ),
    (
        {"left = (H - H // 2) // 2, (W - W // 2) // 2": "left = (H - H // 2) // 2, (W - W // 2) // 2 - 1"},
        "the fovea lies one column too far left: begin",
    ),
    (
        {"left = (H - H // 2) // 2, (W - W // 2) // 2": "left = (H - H // 2) // 2 + 1, (W - W // 2) // 2"},
        "the fovea lies one row too low: begin at (H -",
    ),
    ({"(1, 2, 2)": "2"}, "the context averages frames too: the pooling"),
    (
        """
def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.interpolate(clip, scale_factor=0.5, mode="bilinear")
    return context, clip[..., H // 4 : H // 4 + H // 2, W // 4 : W // 4 + W // 2]
""",
        "bilinear interpolation takes pictures (B, C",
    ),
    (
        """
def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.interpolate(clip, scale_factor=0.5)
    return context, clip[..., H // 4 : H // 4 + H // 2, W // 4 : W // 4 + W // 2]
""",
        "one scale factor shrinks time, too: give a",
    ),
    (
        """
def two_streams(clip):
    H, W = clip.shape[-2:]
    context = F.interpolate(clip, size=(clip.shape[2], H // 2, W // 2))
    return context, clip[..., H // 4 : H // 4 + H // 2, W // 4 : W // 4 + W // 2]
""",
        "the context takes every second pixel and",
    ),
    (
        """
def two_streams(clip):
    context = F.avg_pool3d(clip, (1, 2, 2))
    H, W = context.shape[-2:]
    top, left = H // 4, W // 4
    return context, context[..., top:top + H // 2, left:left + W // 2]
""",
        "the fovea is cut out of the context, and is",
    ),
    ({"(1, 2, 2)": "(1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)"}, "the windows of the context overlap, 3 x 3"),
]
