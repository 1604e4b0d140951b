"""Answers to 21.3 beside those that the exercise itself knows."""

RIGHT = {
    "the square written out": """
def chamfer_distance(x, y):
    d = x.square().sum(-1)[:, :, None] + y.square().sum(-1)[:, None] - 2 * x @ y.mT
    return d.amin(-1).mean() + d.amin(-2).mean()
""",
    "the nearest points themselves": """
def chamfer_distance(x, y):
    d = torch.cdist(x, y)
    near_x = y.gather(1, d.argmin(2)[..., None].expand(-1, -1, 3))
    near_y = x.gather(1, d.argmin(1)[..., None].expand(-1, -1, 3))
    return ((x - near_x) ** 2).sum(-1).mean() + ((y - near_y) ** 2).sum(-1).mean()
""",
    "cdist squared": """
def chamfer_distance(x, y):
    d = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    return (d.min(2).values.mean(1) + d.min(1).values.mean(1)).mean()
""",
    "means over the batch as well": """
def chamfer_distance(x, y):
    d = (x.unsqueeze(2) - y.unsqueeze(1)).pow(2).sum(3)
    return d.amin(2).mean() + d.amin(1).mean()
""",
    "the smallest root, squared": """
def chamfer_distance(x, y):
    d = torch.linalg.vector_norm(x[:, :, None] - y[:, None], dim=-1)
    return (d.amin(2) ** 2).mean() + (d.amin(1) ** 2).mean()
""",
    "by index, pair by pair": """
def chamfer_distance(x, y):
    total = 0
    for a, b in zip(x, y):
        d = torch.cdist(a, b)
        there, back = b[d.argmin(1)], a[d.argmin(0)]
        total = total + ((a - there) ** 2).sum(1).mean() + ((b - back) ** 2).sum(1).mean()
    return total / len(x)
""",
}

OWN_FORM = {
    "a float": """
def chamfer_distance(x, y):
    d = ((x[:, :, None] - y[:, None]) ** 2).sum(-1)
    return (d.amin(2).mean() + d.amin(1).mean()).item()
""",
}

WRONG = [
    (
        """
def chamfer_distance(x, y):
    return nearest(x, y)[0].mean() + nearest(y, x)[0].mean()
""",
        "without nearest",
    ),
    (
        """
def chamfer_distance(x, y):
    d = torch.cdist(x, y)
    return d.amin(2).mean() + d.amin(1).mean()
""",
        "distances are squared here",
    ),
    (
        """
def chamfer_distance(x, y):
    d = torch.cdist(x, y) ** 2
    return d.amin(2).mean()
""",
        "only one way is measured",
    ),
    (
        """
def chamfer_distance(x, y):
    d = torch.cdist(x, y) ** 2
    return (d.amin(2).sum(1) + d.amin(1).sum(1)).mean()
""",
        "not added up",
    ),
    (
        """
def chamfer_distance(x, y):
    d = torch.cdist(x, y) ** 2
    return (d.amin(2).mean() + d.amin(1).mean()) / 2
""",
        "added, not averaged",
    ),
    (
        """
def chamfer_distance(x, y):
    d = torch.cdist(x, y) ** 2
    return torch.cat([d.amin(2), d.amin(1)], 1).mean()
""",
        None,
    ),
    (
        """
def chamfer_distance(x, y):
    d = torch.cdist(x, y) ** 2
    return d.amin(1).mean() + d.amin(1).mean()
""",
        "both ways go from y to x",
    ),
    ({"    return (to_y + to_x).mean()": "    (to_y + to_x).mean()"}, "return"),
]
