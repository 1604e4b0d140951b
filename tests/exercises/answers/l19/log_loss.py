"""Answers to 19.2 beside those that the exercise itself knows."""

RIGHT = {
    "mean over what is picked": """
def log_loss(depth, truth):
    known = truth > 0
    return ((depth[known].log() - truth[known].log()) ** 2).mean()
""",
    "replace before the logarithm": """
def log_loss(depth, truth):
    known = truth > 0
    t = torch.where(known, truth, torch.ones_like(truth))
    d = (depth.log() - t.log()) * known
    return (d * d).sum() / known.sum()
""",
    "unknown truth is the prediction": """
def log_loss(depth, truth):
    known = truth > 0
    t = torch.where(known, truth, depth.detach())
    return (depth / t).log().square().sum() / known.float().sum()
""",
    "the library's mean squared error": """
def log_loss(depth, truth):
    known = truth > 0
    return F.mse_loss(depth[known].log(), truth[known].log())
""",
    "weights that sum to 1": """
def log_loss(depth, truth):
    known = truth > 0
    weights = known / known.sum()
    return (weights * (depth / torch.where(known, truth, depth.detach())).log() ** 2).sum()
""",
}

OWN_FORM = {
    "NumPy, without gradients": """
import numpy as np
def log_loss(depth, truth):
    d, t = depth.detach().numpy(), truth.numpy()
    m = t > 0
    return float(((np.log(d[m]) - np.log(t[m])) ** 2).mean())
""",
}

WRONG = [
    (
        """
def log_loss(depth, truth):
    known = (truth > 0).float()
    difference = known * depth.log() - known * truth.log()
    return difference.pow(2).sum() / known.sum()
""",
        "the logarithm of 0",
    ),
    (
        """
def log_loss(depth, truth):
    known = truth > 0
    difference = torch.nan_to_num((depth.log() - truth.log()) * known)
    return (difference**2).mean()
""",
        "the mean is taken over all pixels",
    ),
    (
        """
def log_loss(depth, truth):
    difference = depth.log() - truth.clamp(min=1e-6).log()
    return (difference**2).mean()
""",
        "tiny one",
    ),
    ({"(difference**2).sum() / known.sum()": "difference.abs().mean()"}, "not taken without its sign"),
    ({"(difference**2).sum() / known.sum()": "(difference**2).mean().sqrt()"}, "the root is too much"),
    ({"    return (difference**2).sum() / known.sum()": "    loss = (difference**2).sum() / known.sum()"}, "return"),
    ({"(difference**2).sum() / known.sum()": "difference**2"}, None),
    (
        """
def log_loss(depth, truth):
    losses = [((y[t > 0].log() - t[t > 0].log()) ** 2).mean() for y, t in zip(depth, truth)]
    return torch.stack(losses).mean()
""",
        "a mean per picture",
    ),
    (
        """
def log_loss(depth, truth):
    known = truth > 0
    difference = torch.where(known, depth.log() - truth.log(), 0.0)
    return (difference**2).mean()
""",
        "one bug is left",
    ),
]
