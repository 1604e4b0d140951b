"""Answers to 15.2 beside those that the exercise itself knows."""

RIGHT = {
    "as a ranking": """
def triplet_loss(anchor, positive, negative, margin=1.0):
    near, far = (anchor - torch.stack([positive, negative])).norm(dim=-1)
    return F.margin_ranking_loss(far, near, torch.ones_like(far), margin=margin)
""",
    "relu and pairwise distances": """
def triplet_loss(anchor, positive, negative, margin=1.0):
    return F.relu(F.pairwise_distance(anchor, positive) - F.pairwise_distance(anchor, negative) + margin).mean()
""",
    "a loop": """
def triplet_loss(anchor, positive, negative, margin=1.0):
    losses = []
    for a, p, n in zip(anchor, positive, negative):
        losses.append(torch.clamp((a - p).norm() - (a - n).norm() + margin, min=0))
    return sum(losses) / len(losses)
""",
    "maximum with zeros": """
def triplet_loss(anchor, positive, negative, margin=1.0):
    d_ap = ((anchor - positive) ** 2).sum(-1).sqrt()
    d_an = ((anchor - negative) ** 2).sum(-1).sqrt()
    missing = d_ap + margin - d_an
    return torch.maximum(missing, torch.zeros_like(missing)).mean()
""",
}

OWN_FORM = {
    "a Python number": """
def triplet_loss(anchor, positive, negative, margin=1.0):
    near, far = (anchor - positive).norm(dim=1), (anchor - negative).norm(dim=1)
    return (near - far + margin).clamp(min=0).mean().item()
""",
}

WRONG = [
    (
        """
def triplet_loss(anchor, positive, negative, margin=1.0):
    return (F.mse_loss(anchor, positive) - F.mse_loss(anchor, negative) + margin).clamp(min=0)
""",
        "one mean square for all triplets",
    ),
    (
        """
def triplet_loss(anchor, positive, negative, margin=1.0):
    near, far = (anchor - positive).norm(dim=1), (anchor - negative).norm(dim=1)
    return near.mean() + F.relu(margin - far).mean()
""",
        "two wishes of the contrastive loss",
    ),
    (
        """
def triplet_loss(anchor, positive, negative, margin=1.0):
    near, far = (anchor - positive).norm(dim=1), (anchor - negative).norm(dim=1)
    return F.softplus(near - far + margin).mean()
""",
        "the cut is a soft one",
    ),
    ({".norm(dim=1)": ".pow(2).sum(1)"}, "these are squared distances"),
    ({"near - far + margin": "margin + far - near"}, "the two distances are exchanged"),
    ({".clamp(min=0).mean()": ".clamp(min=-100).mean()"}, "counts negatively"),
    (
        """
def triplet_loss(anchor, positive, negative, margin=1.0):
    return F.triplet_margin_loss(anchor, positive, negative, margin)
""",
        "triplet_margin_loss",
    ),
    ({"(near - far + margin)": "(margin - near + far)"}, "the two distances are exchanged"),
    ({"(anchor - negative)": "(negative - positive)"}, "the negative is compared with the positive"),
    ({".clamp(min=0)": ".abs()"}, None),
]
