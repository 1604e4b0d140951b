"""Answers to 20.5 beside those that the exercise itself knows."""

RIGHT = {
    "softplus": """
def occupancy_loss(logits, inside):
    return (F.softplus(logits) - logits * inside).sum(1).mean()
""",
    "logsigmoid": """
def occupancy_loss(logits, inside):
    signed = torch.where(inside, logits, -logits)
    return -F.logsigmoid(signed).sum(dim=-1).mean()
""",
    "the library's sum": """
def occupancy_loss(logits, inside):
    return F.binary_cross_entropy_with_logits(logits, inside.to(logits.dtype), reduction="sum") / len(logits)
""",
    "two classes, of which one has the logit 0": """
def occupancy_loss(logits, inside):
    two = torch.stack([torch.zeros_like(logits), logits], 1)
    return F.cross_entropy(two, inside.long(), reduction="none").sum(1).mean()
""",
    "a mean times the points": """
def occupancy_loss(logits, inside):
    return logits.shape[1] * F.binary_cross_entropy_with_logits(logits, inside.float())
""",
}

OWN_FORM = {
    "without gradients": """
def occupancy_loss(logits, inside):
    losses = [F.softplus(a) - a * b for a, b in zip(logits.detach(), inside)]
    return sum(loss.sum().item() for loss in losses) / len(losses)
""",
}

WRONG = [
    (
        """
def occupancy_loss(logits, inside):
    p = torch.sigmoid(logits)
    t = inside.float()
    loss = -(t * torch.log(p) + (1 - t) * torch.log(1 - p))
    return loss.sum(1).mean()
""",
        "log(1 - 1) is -inf",
    ),
    (
        """
def occupancy_loss(logits, inside):
    return F.binary_cross_entropy_with_logits(logits, inside.float())
""",
        "a mean over points and sets",
    ),
    (
        """
def occupancy_loss(logits, inside):
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return -(inside * p.log() + ~inside * (1 - p).log()).sum(1).mean()
""",
        "an epsilon or a clamp",
    ),
    (
        """
def occupancy_loss(logits, inside):
    return F.binary_cross_entropy(logits.sigmoid(), inside.float(), reduction="sum") / len(logits)
""",
        "stops at 100",
    ),
    (
        """
def occupancy_loss(logits, inside):
    return torch.nan_to_num(-(inside * logits.sigmoid().log() + ~inside * (1 - logits.sigmoid()).log())).sum(1).mean()
""",
        None,
    ),
    ({"return loss.sum(1).mean()": "loss.sum(1).mean()"}, "nothing was returned"),
    (
        """
def occupancy_loss(logits, inside):
    return F.binary_cross_entropy_with_logits(logits, inside.float(), reduction="sum")
""",
        "a sum over everything",
    ),
]
