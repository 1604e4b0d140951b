"""Answers to 25.5 beside those that the exercise itself knows."""

RIGHT = {
    "two matrices of weights": """
def factor_map(nodes, height, width):
    def tents(pixels, count):
        at = torch.linspace(0, count - 1, pixels)
        return (1 - (at[:, None] - torch.arange(count)).abs()).clamp(min=0)
    return tents(height, nodes.shape[1]) @ nodes @ tents(width, nodes.shape[2]).T
""",
    "lerp": """
def factor_map(nodes, height, width):
    R, C = nodes.shape[1:]
    y, x = torch.linspace(0, R - 1, height), torch.linspace(0, C - 1, width)
    t, l = y.long().clamp(max=R - 2), x.long().clamp(max=C - 2)
    rows = torch.lerp(nodes[:, t], nodes[:, t + 1], (y - t)[:, None].expand(-1, C))
    return torch.lerp(rows[..., l], rows[..., l + 1], (x - l).expand(height, -1))
""",
    "four weights": """
def factor_map(nodes, height, width):
    rows, columns = nodes.shape[1:]
    y = (torch.arange(height) * (rows - 1) / (height - 1))[:, None]
    x = (torch.arange(width) * (columns - 1) / (width - 1))[None]
    total = 0
    for r in range(rows):
        for c in range(columns):
            weight = (1 - (y - r).abs()).clamp(min=0) * (1 - (x - c).abs()).clamp(min=0)
            total = total + nodes[:, r, c, None, None] * weight
    return total
""",
}

OWN_FORM = {
    "NumPy, without gradients": """
import numpy as np
def factor_map(nodes, height, width):
    n = nodes.detach().numpy()
    T, R, C = n.shape
    y, x = np.linspace(0, R - 1, height), np.linspace(0, C - 1, width)
    found = []
    for frame in n:
        rows = np.stack([np.interp(y, np.arange(R), frame[:, c]) for c in range(C)], 1)
        found.append(np.stack([np.interp(x, np.arange(C), row) for row in rows]))
    return torch.from_numpy(np.stack(found)).float()
""",
}

WRONG = [
    (
        """
def factor_map(nodes, height, width):
    def tents(pixels, count):
        at = torch.linspace(0, count - 1, pixels)
        return (1 - (at[:, None] - torch.arange(count)).abs()).clamp(min=0)
    return tents(height, nodes.shape[1]) @ nodes @ tents(width, nodes.shape[2]).T.flip(1)
""",
        "counted from the right",
    ),
    (
        """
def factor_map(nodes, height, width):
    return torch.nn.functional.interpolate(nodes[:, None], (height, width), mode="bilinear", align_corners=True)[:, 0]
""",
        "",
    ),
    (
        """
def factor_map(nodes, height, width):
    def tents(pixels, count):
        at = (torch.arange(pixels) + 0.5) * count / pixels - 0.5
        return (1 - (at.clamp(0, count - 1)[:, None] - torch.arange(count)).abs()).clamp(min=0)
    return tents(height, nodes.shape[1]) @ nodes @ tents(width, nodes.shape[2]).T
""",
        "half a cell inside",
    ),
    (
        """
def factor_map(nodes, height, width):
    y = (torch.arange(height) * (nodes.shape[1] - 1) / (height - 1)).long()
    x = (torch.arange(width) * (nodes.shape[2] - 1) / (width - 1)).long()
    return nodes[:, y.clamp(max=nodes.shape[1] - 2)][:, :, x.clamp(max=nodes.shape[2] - 2)]
""",
        "to its upper left",
    ),
    (
        """
def factor_map(nodes, height, width):
    def tents(pixels, count):
        at = torch.linspace(0, count - 1, pixels)
        return (1 - (at[:, None] - torch.arange(count)).abs()).clamp(min=0)
    return tents(height, nodes.shape[1]).flip(0) @ nodes @ tents(width, nodes.shape[2]).T
""",
        "counted from below",
    ),
    (
        """
def factor_map(nodes, height, width):
    def tents(pixels, count):
        at = torch.arange(pixels) * (count - 1) / pixels
        return (1 - (at[:, None] - torch.arange(count)).abs()).clamp(min=0)
    return tents(height, nodes.shape[1]) @ nodes @ tents(width, nodes.shape[2]).T
""",
        "never reached",
    ),
    ({"return (1 - down) * upper + down * lower": "(1 - down) * upper + down * lower"}, "return"),
    ({"return (1 - down) * upper + down * lower": "return ((1 - down) * upper + down * lower).mean(0)"}, None),
]
