"""Answers to 04.4 beside those that the exercise itself knows."""

RIGHT = {
    "pixel by pixel": """
import math
def warp(image, flow):
    B, C, H, W = image.shape
    out = torch.zeros_like(image)
    for b in range(B):
        for i in range(H):
            for j in range(W):
                x = j + flow[b, 0, i, j].item()
                y = i + flow[b, 1, i, j].item()
                x0, y0 = math.floor(x), math.floor(y)
                for yy, wy in ((y0, 1 - (y - y0)), (y0 + 1, y - y0)):
                    for xx, wx in ((x0, 1 - (x - x0)), (x0 + 1, x - x0)):
                        if 0 <= yy < H and 0 <= xx < W:
                            out[b, :, i, j] += wy * wx * image[b, :, yy, xx]
    return out
""",
    "the flow normalised by itself": """
def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    gx = x + flow[:, 0] * 2 / (width - 1)
    gy = y + flow[:, 1] * 2 / (height - 1)
    return F.grid_sample(image, torch.stack([gx, gy], dim=-1), align_corners=True)
""",
    "the other convention of corners": """
def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    gx = (2 * (x + flow[:, 0]) + 1) / width - 1
    gy = (2 * (y + flow[:, 1]) + 1) / height - 1
    return F.grid_sample(image, torch.stack([gx, gy], -1), align_corners=False)
""",
}

WRONG = [
    (
        """
import torch, torch.nn.functional as F
def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid_x = 2 * (x + flow[:, 0]) / (height - 1) - 1
    grid_y = 2 * (y + flow[:, 1]) / (width - 1) - 1
    grid = torch.stack([grid_x, grid_y], dim=-1)
    return F.grid_sample(image, grid, align_corners=True)
""",
        "width and height are exchanged",
    ),
    (
        """
import torch, torch.nn.functional as F
def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid_x = (x + flow[:, 0])
    grid_y = (y + flow[:, 1]) / (height - 1) - 1
    grid = torch.stack([grid_x, grid_y], dim=-1)
    return F.grid_sample(image, grid, align_corners=True)
""",
        None,
    ),
    (
        """
def warp(image, flow):
    return image
""",
        "flow is missing",
    ),
    (
        """
from course_lib.ops import warp as w
def warp(image, flow):
    return w.warp(image, flow)
""",
        "warp",
    ),
    ({", align_corners=True": ""}, "align_corners=True is missing: only with it"),
    (
        """
def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    xs = (x + flow[:, 0]).round().long().clamp(0, width - 1)
    ys = (y + flow[:, 1]).round().long().clamp(0, height - 1)
    return torch.stack([image[b][:, ys[b], xs[b]] for b in range(len(image))])
""",
        "this takes the nearest pixel, and repeats the",
    ),
    (
        """
def warp(image, flow):
    height, width = image.shape[2:]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    grid = torch.stack([x, y], -1) + flow.permute(0, 2, 3, 1)
    return F.grid_sample(image, grid, align_corners=True)
""",
        "the grid is in pixels: grid_sample wants -1",
    ),
    (
        """
def warp(image, flow):
    height, width = image.shape[2:]
    out = torch.zeros_like(image)
    for b in range(len(image)):
        for i in range(height):
            for j in range(width):
                r, c = int(round(i + flow[b, 1, i, j].item())), int(round(j + flow[b, 0, i, j].item()))
                if 0 <= r < height and 0 <= c < width:
                    out[b, :, r, c] = image[b, :, i, j]
    return out
""",
        "this pushes each pixel to where the flow",
    ),
]
