"""Answers to 14.3 beside those that the exercise itself knows."""

RIGHT = {
    "logaddexp": """
def balanced_loss(responses, labels):
    losses = torch.logaddexp(torch.zeros_like(responses), -labels * responses)
    weights = torch.where(labels > 0, 0.5 / (labels > 0).sum(), 0.5 / (labels < 0).sum())
    return (losses * weights).sum() / len(responses)
""",
    "binary cross-entropy with weights": """
def balanced_loss(responses, labels):
    targets = (labels > 0).float().expand_as(responses)
    hits = targets.sum()
    weights = torch.where(targets > 0, 0.5 / hits, 0.5 / (targets.numel() - hits))
    return F.binary_cross_entropy_with_logits(responses, targets, weights, reduction="sum")
""",
    "minus logsigmoid, map by map": """
def balanced_loss(responses, labels):
    total = 0
    for v in responses[:, 0]:
        losses = -F.logsigmoid(labels * v)
        total = total + losses[labels == 1].mean() / 2 + losses[labels == -1].mean() / 2
    return total / len(responses)
""",
}

WRONG = [
    (
        """
def balanced_loss(responses, labels):
    return F.softplus(-labels * responses).mean(dim=(2, 3)).mean()
""",
        "all cells count alike",
    ),
    (
        """
def balanced_loss(responses, labels):
    return torch.log(1 + torch.exp(-labels * responses)).mean()
""",
        None,
    ),
    (
        """
def balanced_loss(responses, labels):
    y = labels.expand_as(responses)
    hit = y > 0
    return 0.5 * F.soft_margin_loss(responses[hit], y[hit]) + 0.5 * F.soft_margin_loss(responses[~hit], y[~hit])
""",
        "exp overflows",
    ),
    (
        """
def balanced_loss(responses, labels):
    weights = torch.where(labels > 0, 1 / (labels > 0).sum(), 1 / (labels < 0).sum())
    return (weights * F.softplus(-labels * responses)).sum() / len(responses)
""",
        "divide by 2",
    ),
    (
        """
def balanced_loss(responses, labels):
    losses = -F.logsigmoid(-labels * responses)
    return 0.5 * losses[..., labels == 1].mean() + 0.5 * losses[..., labels == -1].mean()
""",
        "sign is turned",
    ),
    (
        """
def balanced_loss(responses, labels):
    losses = F.relu(1 - labels * responses)
    return 0.5 * losses[..., labels == 1].mean() + 0.5 * losses[..., labels == -1].mean()
""",
        "hinge loss",
    ),
    (
        """
def balanced_loss(responses, labels):
    losses = F.softplus(-labels * responses)
    weights = torch.where(labels > 0, 0.5 / (labels > 0).sum(), 0.5 / (labels < 0).sum())
    return (losses * weights).sum()
""",
        "sums over the batch",
    ),
    (
        """
def balanced_loss(responses, labels):
    t = (labels > 0).float().expand_as(responses)
    pos = (labels > 0).sum() / labels.numel()
    return F.binary_cross_entropy_with_logits(responses, t, pos_weight=(1 - pos) / pos)
""",
        "do not add up to 1",
    ),
    (
        """
def balanced_loss(responses, labels):
    t = labels.expand_as(responses)
    return F.binary_cross_entropy_with_logits(responses, t)
""",
        "labels 0 and 1",
    ),
    (
        """
def balanced_loss(responses, labels):
    losses = F.softplus(-labels * responses)
    hit = labels > 0
    return losses[0, 0][hit].mean() / 2 + losses[0, 0][~hit].mean() / 2
""",
        "only the first map",
    ),
    (
        """
def balanced_loss(responses, labels):
    losses = F.softplus(-labels * responses)
    return losses[..., labels > 0].mean() - losses[..., labels < 0].mean()
""",
        "misses are subtracted",
    ),
]
