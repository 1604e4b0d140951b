"""Answers to 14.2 beside those that the exercise itself knows."""

RIGHT = {
    "meshgrid": """
def response_labels(size, stride, radius):
    y, x = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    far = torch.hypot(x - (size[1] - 1) / 2, y - (size[0] - 1) / 2) * stride
    labels = -torch.ones(size)
    labels[far <= radius] = 1
    return labels
""",
    "a loop": """
def response_labels(size, stride, radius):
    H, W = size
    labels = torch.empty(H, W)
    for i in range(H):
        for j in range(W):
            d = stride * ((i - (H - 1) / 2) ** 2 + (j - (W - 1) / 2) ** 2) ** 0.5
            labels[i, j] = 1 if d <= radius else -1
    return labels
""",
    "linspace and squares": """
def response_labels(size, stride, radius):
    y, x = (torch.linspace(-(n - 1) / 2, (n - 1) / 2, n) for n in size)
    inside = (stride * y[:, None]) ** 2 + (stride * x[None]) ** 2 <= radius ** 2
    return 2.0 * inside - 1
""",
    "cdist": """
def response_labels(size, stride, radius):
    H, W = size
    places = torch.cartesian_prod(torch.arange(H), torch.arange(W)).double()
    centre = torch.tensor([[(H - 1) / 2, (W - 1) / 2]], dtype=torch.float64)
    d = (places - centre).norm(dim=1).view(H, W)
    return torch.where(d * stride > radius, -1.0, 1.0)
""",
}

WRONG = [
    (
        """
def response_labels(size, stride, radius):
    H, W = size
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    d = torch.hypot((x - (W - 1) / 2), (y - (H - 1) / 2))
    return torch.where(d <= radius, 1.0, -1.0)
""",
        "stride is missing",
    ),
    (
        """
def response_labels(size, stride, radius):
    H, W = size
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    d = stride * (abs(x - (W - 1) / 2) + abs(y - (H - 1) / 2))
    return torch.where(d <= radius, 1.0, -1.0)
""",
        "rhombus",
    ),
    (
        """
def response_labels(size, stride, radius):
    H, W = size
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    d = stride * torch.hypot((x - W // 2).float(), (y - H // 2).float())
    return torch.where(d <= radius, 1.0, -1.0)
""",
        "(n - 1) / 2",
    ),
    (
        """
def response_labels(size, stride, radius):
    H, W = size
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    d = stride * torch.hypot(x - (W - 1) / 2, y - (H - 1) / 2)
    return (d <= radius).float()
""",
        "others are 0",
    ),
    (
        """
def response_labels(size, stride, radius):
    H, W = size
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    d = stride * torch.hypot(x - (W - 1) / 2, y - (H - 1) / 2)
    return torch.sign(radius - d)
""",
        "exactly at the radius",
    ),
    (
        """
def response_labels(size, stride, radius):
    W, H = size
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    d = stride * torch.hypot(x - (W - 1) / 2, y - (H - 1) / 2)
    return torch.where(d <= radius, 1.0, -1.0)
""",
        "rows and columns are exchanged",
    ),
    (
        """
def response_labels(size, stride, radius):
    rows, columns = size
    y = torch.arange(rows) - (rows - 1) / 2
    x = torch.arange(columns) - (columns - 1) / 2
    d = (y[:, None]**2 + x**2).sqrt()
    return torch.where(d <= radius // stride, 1.0, -1.0)
""",
        "rounded down",
    ),
    (
        """
def response_labels(size, stride, radius):
    rows, columns = size
    y = torch.arange(rows) - (rows - 1) / 2
    x = torch.arange(columns) - (columns - 1) / 2
    d = stride * (y[:, None]**2 + x**2)
    return torch.where(d <= radius**2, 1.0, -1.0)
""",
        "the stride is not",
    ),
    (
        """
def response_labels(size, stride, radius):
    rows, columns = size
    y = torch.arange(1, rows + 1) - (rows - 1) / 2
    x = torch.arange(1, columns + 1) - (columns - 1) / 2
    d = stride * (y[:, None]**2 + x**2).sqrt()
    return torch.where(d <= radius, 1.0, -1.0)
""",
        "numbered from 1",
    ),
]
