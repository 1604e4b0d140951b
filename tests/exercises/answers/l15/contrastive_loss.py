"""Answers to 15.1 beside those that the exercise itself knows."""

RIGHT = {
    "two sums": """
def contrastive_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    pull = (d[same == 1] ** 2).sum()
    push = (torch.clamp(margin - d[same != 1], min=0) ** 2).sum()
    return (pull + push) / (2 * len(d))
""",
    "labels as factors": """
def contrastive_loss(first, second, same, margin=1.0):
    d = torch.linalg.vector_norm(first - second, dim=1)
    return 0.5 * (same * d**2 + (1 - same) * torch.relu(margin - d) ** 2).mean()
""",
    "a root with an epsilon, as public code has it": """
def contrastive_loss(first, second, same, margin=1.0):
    squares = (first - second).pow(2).sum(1)
    losses = 0.5 * (same.float() * squares + (1 + -1 * same).float() * F.relu(margin - (squares + 1e-9).sqrt()).pow(2))
    return losses.mean()
""",
    "a loop": """
def contrastive_loss(first, second, same, margin=1.0):
    total = 0
    for a, b, s in zip(first, second, same):
        d = ((a - b) ** 2).sum().sqrt()
        total = total + (d**2 if s else torch.clamp(margin - d, min=0) ** 2)
    return total / (2 * len(first))
""",
}

OWN_FORM = {
    "a Python number": """
def contrastive_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (torch.where(same.bool(), d, (margin - d).clamp(min=0)) ** 2).mean().item() / 2
""",
}

WRONG = [
    (
        """
def contrastive_loss(first, second, same, margin=1.0):
    d = F.mse_loss(first, second)
    return (same * d + (1 - same) * (margin - d).clamp(min=0) ** 2).mean() / 2
""",
        "one mean square for all pairs",
    ),
    (
        """
def contrastive_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d**2 + same * (margin - d).clamp(min=0) ** 2).mean() / 2
""",
        "it belongs to `1 - same`",
    ),
    (
        """
def contrastive_loss(first, second, same, margin=1.0):
    d = 1 - F.cosine_similarity(first, second)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean() / 2
""",
        "the angle between the points",
    ),
    (
        """
def contrastive_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return ((1 - same) * d**2 / 2 + same * torch.relu(margin - d) ** 2 / 2).mean()
""",
        "1 stands for the same class here",
    ),
    (
        """
def contrastive_loss(first, second, same, margin=1.0):
    d2 = (first - second).pow(2).sum(1)
    return 0.5 * (same * d2 + (1 - same) * torch.relu(margin - d2)).mean()
""",
        "with the plain distance d",
    ),
    (
        """
def contrastive_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d**2 + (1 - same) * torch.relu(margin - d) ** 2).mean()
""",
        "the factor 1/2 is missing",
    ),
    ({".clamp(min=0)": ".abs()"}, "pairs beyond the margin are pulled back in"),
    ({"return torch": "torch"}, "return"),
    (
        """
def contrastive_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (d[same == 1] ** 2).mean() / 2
""",
        None,
    ),
    ({"(margin - distance)": "(1 - distance)"}, "the margin is fixed to 1"),
]
