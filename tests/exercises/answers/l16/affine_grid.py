"""Answers to 16.1 beside those that the exercise itself knows."""

RIGHT = {
    "the library's own": """
def affine_grid(theta, height, width):
    return F.affine_grid(theta, (len(theta), 1, height, width), align_corners=False)
""",
    "rows times columns": """
def affine_grid(theta, height, width):
    x = torch.linspace(-1 + 1 / width, 1 - 1 / width, width) if width > 1 else torch.zeros(1)
    y = torch.linspace(-1 + 1 / height, 1 - 1 / height, height) if height > 1 else torch.zeros(1)
    places = torch.cartesian_prod(y, x).flip(1)
    places = torch.cat([places, torch.ones(len(places), 1)], 1)
    return (places @ theta.transpose(1, 2)).view(-1, height, width, 2)
""",
    "each coordinate by itself": """
def affine_grid(theta, height, width):
    x = ((torch.arange(width) + 0.5) / width * 2 - 1).view(1, 1, -1)
    y = ((torch.arange(height) + 0.5) / height * 2 - 1).view(1, -1, 1)
    a, b, c, d, e, f = theta.flatten(1)[:, :, None, None].unbind(1)
    return torch.stack([a * x + b * y + c, d * x + e * y + f], dim=-1)
""",
    "pixel by pixel": """
def affine_grid(theta, height, width):
    out = []
    for t in theta:
        rows = []
        for i in range(height):
            row = []
            for j in range(width):
                p = torch.tensor([(2 * j + 1) / width - 1, (2 * i + 1) / height - 1, 1.0])
                row.append(t @ p)
            rows.append(torch.stack(row))
        out.append(torch.stack(rows))
    return torch.stack(out)
""",
}

WRONG = [
    (
        """
def affine_grid(theta, height, width):
    return F.affine_grid(theta, (len(theta), 1, height, width), align_corners=True)
""",
        "outer edges",
    ),
    (
        """
def affine_grid(theta, height, width):
    grid = F.affine_grid(theta, (len(theta), 1, height, width), align_corners=False)
    return grid.flip(-1)
""",
        "the pair that comes out is (x, y)",
    ),
    (
        """
def affine_grid(theta, height, width):
    grid = F.affine_grid(theta, (len(theta), 1, height, width), align_corners=False)
    return grid.permute(0, 3, 1, 2)
""",
        "the pair stands last",
    ),
    (
        """
def affine_grid(theta, height, width):
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    places = torch.stack([x, y, torch.ones_like(x)], -1).float()
    return torch.einsum('brc,hwc->bhwr', theta, places)
""",
        "the grid is in pixels",
    ),
    (
        """
def affine_grid(theta, height, width):
    return F.affine_grid(theta, (len(theta), 1, width, height), align_corners=False)
""",
        None,
    ),
    (
        """
def affine_grid(theta, height, width):
    x = torch.linspace(-1, 1, width)
    y = torch.linspace(-1, 1, height)
    y, x = torch.meshgrid(y, x, indexing='ij')
    places = torch.stack([x, y, torch.ones_like(x)], -1)
    return torch.einsum('brc,hwc->bhwr', theta, places)
""",
        "outer edges",
    ),
    (
        """
def affine_grid(theta, height, width):
    xs = (torch.arange(width) + 0.5) / width * 2 - 1
    ys = (torch.arange(height) + 0.5) / height * 2 - 1
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    g = torch.stack([torch.ones_like(x), x, y], -1)
    return torch.einsum("bij,hwj->bhwi", theta, g)
""",
        "the 1 stands last",
    ),
    (
        """
def affine_grid(theta, height, width):
    xs = (torch.arange(width) + 0.5) / width * 2 - 1
    ys = (torch.arange(height) + 0.5) / height * 2 - 1
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    g = torch.stack([x, y, torch.ones_like(x)], -1)
    out = torch.einsum("bij,hwj->bhwi", theta, g)
    return torch.stack([((out[..., 0] + 1) * width - 1) / 2, ((out[..., 1] + 1) * height - 1) / 2], -1)
""",
        "stays in -1..1",
    ),
    (
        """
def affine_grid(theta, height, width):
    xs = (2 * torch.arange(width) - 1) / width - 1
    ys = (2 * torch.arange(height) - 1) / height - 1
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    g = torch.stack([x, y, torch.ones_like(x)], -1)
    return torch.einsum("bij,hwj->bhwi", theta, g)
""",
        "too far to the left",
    ),
    (
        """
def affine_grid(theta, height, width):
    side = max(height, width)
    xs = (2 * torch.arange(width) + 1 - width) / side
    ys = (2 * torch.arange(height) + 1 - height) / side
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    g = torch.stack([x, y, torch.ones_like(x)], -1)
    return torch.einsum("bij,hwj->bhwi", theta, g)
""",
        "the shorter one as well",
    ),
    (
        """
def affine_grid(theta, height, width):
    xs = (torch.arange(width) + 0.5) / width * 2 - 1
    ys = (torch.arange(height) + 0.5) / height * 2 - 1
    y, x = torch.meshgrid(ys, xs, indexing="ij")
    g = torch.stack([x, y, torch.ones_like(x)], -1)
    return torch.einsum("bij,hwj->bhwi", theta, g) - torch.stack([x, y], -1)
""",
        "no displacement",
    ),
]
