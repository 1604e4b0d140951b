"""Answers to 21.5 beside those that the exercise itself knows."""

RIGHT = {
    "where": """
def f1_at(x, y, t):
    distance = torch.cdist(x, y)
    precision = torch.mean((distance.min(dim=1).values < t) * 1.0)
    recall = torch.mean((distance.min(dim=0).values < t) * 1.0)
    either = precision + recall
    f1 = torch.where(either > 0, 2 * precision * recall / either, torch.tensor(0.0))
    return f1, precision, recall
""",
    "any near": """
def f1_at(x, y, t):
    near = (x[:, None] - y).norm(dim=-1) < t
    p, r = near.any(1).float().mean(), near.any(0).float().mean()
    f1 = 2 * p * r / (p + r) if p + r > 0 else torch.tensor(0.0)
    return f1, p, r
""",
    "squares on both sides": """
def f1_at(x, y, t):
    d = ((x[:, None] - y) ** 2).sum(-1)
    p = (d.min(1).values < t * t).sum() / len(x)
    r = (d.min(0).values < t * t).sum() / len(y)
    return 2 * p * r / torch.clamp(p + r, min=1e-9), p, r
""",
    "a loop": """
def f1_at(x, y, t):
    p = torch.tensor([float((y - a).norm(dim=1).min() < t) for a in x]).mean()
    r = torch.tensor([float((x - b).norm(dim=1).min() < t) for b in y]).mean()
    return torch.nan_to_num(2 * p * r / (p + r)), p, r
""",
}

OWN_FORM = {
    "floats": """
def f1_at(x, y, t):
    d = torch.cdist(x, y)
    p = (d.amin(1) < t).float().mean().item()
    r = (d.amin(0) < t).float().mean().item()
    return (2 * p * r / (p + r) if p + r else 0.0), p, r
""",
}

WRONG = [
    (
        """
def f1_at(x, y, t):
    d = torch.cdist(x, y)
    p, r = (d.amin(1) < t).float().mean(), (d.amin(0) < t).float().mean()
    return 2 * p * r / (p + r).clamp(min=0.5), p, r
""",
        None,
    ),
    (
        """
def f1_at(x, y, t):
    d = ((x[:, None] - y) ** 2).sum(-1)
    p, r = (d.amin(1) < t).float().mean(), (d.amin(0) < t).float().mean()
    return 2 * p * r / (p + r).clamp(min=1e-8), p, r
""",
        "squared distances are compared with t",
    ),
    (
        """
def f1_at(x, y, t):
    d = torch.cdist(x, y)
    p, r = (d.amin(0) < t).float().mean(), (d.amin(1) < t).float().mean()
    return 2 * p * r / (p + r).clamp(min=1e-8), p, r
""",
        "exchanged",
    ),
    (
        """
def f1_at(x, y, t):
    d = torch.cdist(x, y)
    p, r = (d.amin(1) < t).float().mean(), (d.amin(0) < t).float().mean()
    return 2 * p * r / (p + r), p, r
""",
        "divides 0 by 0",
    ),
    (
        """
def f1_at(x, y, t):
    d = torch.cdist(x, y)
    p, r = (d.amin(1) < t).float().mean(), (d.amin(0) < t).float().mean()
    return 2 / (1 / p + 1 / r), p, r + 1e-3
""",
        None,
    ),
    (
        """
def f1_at(x, y, t):
    d = torch.cdist(x, y)
    p, r = (d.amin(1) < t).float().mean(), (d.amin(0) < t).float().mean()
    return (p + r) / 2, p, r
""",
        "the mean of precision and recall",
    ),
    (
        """
def f1_at(x, y, t):
    near = torch.cdist(x, y) < t
    p, r = near.float().mean(), near.float().mean()
    return 2 * p * r / (p + r).clamp(min=1e-8), p, r
""",
        "the share of *pairs*",
    ),
    ({"    return f1, precision, recall": "    f1, precision, recall"}, "return"),
]
