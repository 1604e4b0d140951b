"""Answers to 16.3 beside those that the exercise itself knows."""

RIGHT = {
    "where": """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return torch.where(same == 1, d**2, F.relu(margin - d) ** 2).mean() / 2
""",
    "pairwise distances": """
def correspondence_loss(first, second, same, margin=1.0):
    d = torch.sqrt(((first - second) ** 2).sum(-1) + 1e-12)
    return 0.5 * (same * d**2 + (1 - same) * torch.clamp(margin - d, min=0) ** 2).mean()
""",
    "matches and negatives apart": """
def correspondence_loss(first, second, same, margin=1.0):
    d = torch.linalg.vector_norm(first - second, dim=1)
    matches, negatives = d[same > 0.5], d[same < 0.5]
    return (matches.square().sum() + (margin - negatives).clamp(min=0).square().sum()) / len(d) / 2
""",
    "pair by pair": """
def correspondence_loss(first, second, same, margin=1.0):
    total = 0
    for a, b, s in zip(first, second, same):
        d = torch.dist(a, b)
        total = total + (d ** 2 if s else max(torch.tensor(0.0), margin - d) ** 2)
    return total / (2 * len(first))
""",
}

WRONG = [
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return torch.where(same == 1, d**2, F.relu(margin - d) ** 2).mean()
""",
        "the half is missing",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return torch.where(same == 0, d**2, F.relu(margin - d) ** 2).mean() / 2
""",
        "exchanged",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).pow(2).sum(1)
    return (same * d + (1 - same) * F.relu(margin - d) ** 2).mean() / 2
""",
        "not d squared",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d**2 + (1 - same) * (margin - d) ** 2).mean() / 2
""",
        "the maximum with 0",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d**2 + (1 - same) * F.relu(1 - d) ** 2).mean() / 2
""",
        "the margin is fixed",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d + (1 - same) * F.relu(margin - d)).mean() / 2
""",
        None,
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d**2)).mean() / 2
""",
        "m - d squared",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm()
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean() / 2
""",
        "one distance for all pairs",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = 1 - F.cosine_similarity(first, second)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean() / 2
""",
        "1 minus the cosine",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin**2 - d**2)).mean() / 2
""",
        "m squared minus d squared",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = (first - second).norm(dim=1)
    return (same * d**2 + F.relu(margin - d) ** 2).mean() / 2
""",
        "for negatives alone",
    ),
    (
        """
def correspondence_loss(first, second, same, margin=1.0):
    d = torch.cdist(first, second)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean() / 2
""",
        "every other",
    ),
]
