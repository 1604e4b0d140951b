"""Answers to 15.1 beside those that the exercise itself knows."""

RIGHT = {
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
