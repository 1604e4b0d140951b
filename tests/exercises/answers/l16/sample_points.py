"""Answers to 16.2 beside those that the exercise itself knows."""

RIGHT = {
    "the library's sampler": """
def sample_points(image, points):
    H, W = image.shape[1:]
    grid = 2 * points / torch.tensor([W - 1.0, H - 1.0]) - 1
    return F.grid_sample(image[None], grid[None, None], align_corners=True)[0, :, 0]
""",
    "four weights": """
def sample_points(image, points):
    H, W = image.shape[1:]
    x, y = points.unbind(1)
    l, t = x.floor(), y.floor()
    total = 0
    for column, row in ((l, t), (l + 1, t), (l, t + 1), (l + 1, t + 1)):
        weight = (1 - (x - column).abs()) * (1 - (y - row).abs())
        total = total + weight * image[:, row.long().clamp(max=H - 1), column.long().clamp(max=W - 1)]
    return total
""",
    "tents over all pixels": """
def sample_points(image, points):
    H, W = image.shape[1:]
    across = (1 - (points[:, :1] - torch.arange(W)).abs()).clamp(min=0)
    down = (1 - (points[:, 1:] - torch.arange(H)).abs()).clamp(min=0)
    return torch.einsum("chw,nh,nw->cn", image, down, across)
""",
    "point by point": """
def sample_points(image, points):
    out = []
    for x, y in points.tolist():
        l, t = min(int(x), image.shape[2] - 2), min(int(y), image.shape[1] - 2)
        fx, fy = x - l, y - t
        b = image[:, t:t + 2, l:l + 2]
        w = torch.tensor([[(1 - fy) * (1 - fx), (1 - fy) * fx], [fy * (1 - fx), fy * fx]])
        out.append((b * w).sum((1, 2)))
    return torch.stack(out, 1)
""",
    "repeated border": """
def sample_points(image, points):
    padded = F.pad(image[None], (0, 1, 0, 1), mode="replicate")[0]
    x, y = points.T
    l, t = x.long(), y.long()
    a = torch.lerp(padded[:, t, l], padded[:, t, l + 1], x - l)
    b = torch.lerp(padded[:, t + 1, l], padded[:, t + 1, l + 1], x - l)
    return torch.lerp(a, b, y - t)
""",
}

WRONG = [
    (
        """
def sample_points(image, points):
    x, y = points.round().long().unbind(1)
    return image[:, y, x]
""",
        "rounds to the nearest pixel",
    ),
    (
        """
def sample_points(image, points):
    x, y = points.floor().long().unbind(1)
    return image[:, y, x]
""",
        "all four neighbours",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    grid = 2 * points / torch.tensor([W - 1.0, H - 1.0]) - 1
    return F.grid_sample(image[None], grid[None, None], align_corners=False, padding_mode='border')[0, :, 0]
""",
        None,
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    grid = 2 * points / torch.tensor([W - 1.0, H - 1.0]) - 1
    return F.grid_sample(image[None], grid[None, None], align_corners=True, mode='nearest')[0, :, 0]
""",
        "rounds to the nearest pixel",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    grid = 2 * points / torch.tensor([W - 1.0, H - 1.0]) - 1
    return F.grid_sample(image[None], grid[None, None], align_corners=True)[0, :, 0].T
""",
        "channels first",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    x, y = points.unbind(1)
    l, t = x.long().clamp(max=W - 2), y.long().clamp(max=H - 2)
    return (image[:, t, l] + image[:, t, l + 1] + image[:, t + 1, l] + image[:, t + 1, l + 1]) / 4
""",
        "plain mean",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    g = torch.stack([2 * points[:, 0] / W - 1, 2 * points[:, 1] / H - 1], -1)
    return F.grid_sample(image[None], g[None, None], align_corners=True)[0, :, 0]
""",
        "divide by W - 1",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    g = torch.stack([2 * points[:, 0] / (W - 1) - 1, 2 * points[:, 1] / (H - 1) - 1], -1)
    return F.grid_sample(image[None], g[None, None], align_corners=False)[0, :, 0]
""",
        "pixel *centres*",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    x, y = points.unbind(1)
    l, t = x.long().clamp(max=W - 2), y.long().clamp(max=H - 2)
    fx, fy = x % 1, y % 1
    return (image[:, t, l] * (1 - fx) * (1 - fy) + image[:, t, l + 1] * fx * (1 - fy)
            + image[:, t + 1, l] * (1 - fx) * fy + image[:, t + 1, l + 1] * fx * fy)
""",
        "not x % 1",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    x, y = points.unbind(1)
    l, t = x.long().clamp(max=W - 2), y.long().clamp(max=H - 2)
    fx, fy = x - l, y - t
    return (image[:, t, l] * (1 - fx) * (1 - fy) + image[:, t, l + 1] * (1 - fx) * fy
            + image[:, t + 1, l] * fx * (1 - fy) + image[:, t + 1, l + 1] * fx * fy)
""",
        "the shares are exchanged",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    x, y = points.unbind(1)
    l, t = x.long().clamp(max=W - 2), y.long().clamp(max=H - 2)
    fx, fy = x - l, y - t
    d = lambda a, b: ((a**2 + b**2).sqrt() + 1e-6)
    w = [1 / d(fx, fy), 1 / d(1 - fx, fy), 1 / d(fx, 1 - fy), 1 / d(1 - fx, 1 - fy)]
    v = [image[:, t, l], image[:, t, l + 1], image[:, t + 1, l], image[:, t + 1, l + 1]]
    return sum(a * b for a, b in zip(w, v)) / sum(w)
""",
        None,
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    x, y = points.unbind(1)
    l, t = x.long().clamp(max=W - 2), y.long().clamp(max=H - 2)
    fx, fy = x - l, y - t
    across = (1 - fx) * image[:, t, l] + fx * image[:, t, l + 1]
    return (across + (1 - fy) * image[:, t, l] + fy * image[:, t + 1, l]) / 2
""",
        "lower right pixel",
    ),
    (
        """
def sample_points(image, points):
    H, W = image.shape[1:]
    x, y = points.unbind(1)
    l, t = x.floor().long(), y.floor().long()
    r, b = x.ceil().long(), y.ceil().long()
    return (image[:, t, l] * (r - x) * (b - y) + image[:, t, r] * (x - l) * (b - y)
            + image[:, b, l] * (r - x) * (y - t) + image[:, b, r] * (x - l) * (y - t))
""",
        "floor and ceil are the same pixel",
    ),
]
