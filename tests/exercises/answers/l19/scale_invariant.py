"""Answers to 19.3 beside those that the exercise itself knows."""

RIGHT = {
    "a loop over pictures": """
def scale_invariant(log_depth, truth, weight=0.5):
    losses = []
    for y, t in zip(log_depth, truth):
        known = t > 0
        d = y[known] - t[known].log()
        losses.append((d ** 2).mean() - weight * d.mean() ** 2)
    return torch.stack(losses).mean()
""",
    "variance and square": """
def scale_invariant(log_depth, truth, weight=0.5):
    total = 0
    for y, t in zip(log_depth, truth):
        d = y[t > 0] - torch.log(t[t > 0])
        total = total + d.var(correction=0) + (1 - weight) * d.mean().square()
    return total / len(truth)
""",
    "over pairs where the weight says so": """
def scale_invariant(log_depth, truth, weight=0.5):
    total = 0
    for y, t in zip(log_depth, truth):
        d = y[t > 0] - t[t > 0].log()
        pairs = ((d[:, None] - d) ** 2).mean() / 2
        total = total + weight * pairs + (1 - weight) * (d ** 2).mean()
    return total / len(truth)
""",
    "nansum": """
def scale_invariant(log_depth, truth, weight=0.5):
    mask = (truth > 0).float()
    d = mask * (log_depth - truth.clamp(min=1e-9).log())
    n = mask.flatten(1).sum(1)
    return ((d * d).flatten(1).sum(1) / n - weight * d.flatten(1).sum(1) ** 2 / n ** 2).mean()
""",
    "centred, then the rest of the mean": """
def scale_invariant(log_depth, truth, weight=0.5):
    m = truth > 0
    d = ((log_depth - truth.masked_fill(~m, 1).log()) * m).flatten(1)
    n = m.flatten(1).sum(1)
    mean = d.sum(1) / n
    centred = (d - mean[:, None]) * m.flatten(1)
    return ((centred**2).sum(1) / n + (1 - weight) * mean**2).mean()
""",
}

OWN_FORM = {
    "a float": """
def scale_invariant(log_depth, truth, weight=0.5):
    losses = []
    for y, t in zip(log_depth, truth):
        d = y[t > 0] - t[t > 0].log()
        losses.append(((d ** 2).mean() - weight * d.mean() ** 2).item())
    return sum(losses) / len(losses)
""",
}

WRONG = [
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    known = truth > 0
    d = log_depth[known] - truth[known].log()
    return (d ** 2).mean() - weight * d.mean() ** 2
""",
        "every picture has a factor of its own",
    ),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    known = truth > 0
    d = (log_depth - truth.log()) * known
    n = known.sum(dim=(1, 2))
    return ((d ** 2).sum(dim=(1, 2)) / n - weight * (d.sum(dim=(1, 2)) / n) ** 2).mean()
""",
        "NaN",
    ),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    known = truth > 0
    d = torch.where(known, log_depth - truth.clamp(min=1e-9).log(), torch.zeros_like(truth))
    return ((d ** 2).mean(dim=(1, 2)) - weight * d.mean(dim=(1, 2)) ** 2).mean()
""",
        "n counts all pixels",
    ),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    losses = []
    for y, t in zip(log_depth, truth):
        d = y[t > 0] - t[t > 0].log()
        losses.append((d ** 2).mean() - weight * d.mean())
    return torch.stack(losses).mean()
""",
        "the second term is the square of the mean",
    ),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    losses = []
    for y, t in zip(log_depth, truth):
        d = y[t > 0] - t[t > 0].log()
        losses.append((d ** 2).sum() - weight * d.sum() ** 2)
    return torch.stack(losses).mean()
""",
        None,
    ),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    losses = [y[t > 0].sub(t[t > 0].log()).var(correction=0) for y, t in zip(log_depth, truth)]
    return torch.stack(losses).mean()
""",
        "weight 1",
    ),
    ({"return (square": "(square"}, "return"),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    total = 0
    for y, t in zip(log_depth, truth):
        d = y[t > 0] - t[t > 0].log()
        total = total + d.var() + (1 - weight) * d.mean() ** 2
    return total / len(truth)
""",
        "divides by n - 1",
    ),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    known = truth > 0
    t = torch.where(known, truth, torch.ones_like(truth)).log()
    d = (log_depth.log() - t) * known
    n = known.sum((1, 2))
    return ((d**2).sum((1, 2)) / n - weight * (d.sum((1, 2)) / n) ** 2).mean()
""",
        "the logarithm already",
    ),
    (
        """
def scale_invariant(log_depth, truth, weight=0.5):
    total = 0
    for y, t in zip(log_depth, truth):
        d = y[t > 0] - t[t > 0].log()
        total = total + (1 - weight) * (d**2).mean() + weight * ((d[:, None] - d) ** 2).mean()
    return total / len(truth)
""",
        "counted twice",
    ),
]
