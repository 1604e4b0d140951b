"""Answers to 24.1 beside those that the exercise itself knows."""

RIGHT = {
    "a list comprehension": """
def path_scale(network_depth, measured):
    votes = [(d[m > 0] / m[m > 0]).median() for d, m in zip(network_depth, measured) if (m > 0).any()]
    return sum(votes) / len(votes)
""",
    "nanmedian over a map with holes": """
def path_scale(network_depth, measured):
    ratios = torch.where(measured > 0, network_depth / measured, torch.tensor(float("nan")))
    return ratios.flatten(1).nanmedian(1).values.nanmean()
""",
    "masked_select and quantile": """
def path_scale(network_depth, measured):
    votes = []
    for t in range(len(measured)):
        mask = measured[t] != 0
        if mask.sum() > 0:
            votes.append(torch.masked_select(network_depth[t] / measured[t], mask).quantile(0.5))
    return torch.stack(votes).mean()
""",
    "sorted by hand": """
def path_scale(network_depth, measured):
    total, votes = 0.0, 0
    for d, m in zip(network_depth, measured):
        ratios = (d[m != 0] / m[m != 0]).sort().values
        if len(ratios):
            total, votes = total + ratios[(len(ratios) - 1) // 2], votes + 1
    return total / votes
""",
}

OWN_FORM = {
    "NumPy": """
import numpy as np
def path_scale(network_depth, measured):
    votes = []
    for d, m in zip(network_depth.numpy(), measured.numpy()):
        if (m > 0).any():
            votes.append(np.median(d[m > 0] / m[m > 0]))
    return float(np.mean(votes))
""",
}

WRONG = [
    (
        """
def path_scale(network_depth, measured):
    votes = [(m[m > 0] / d[m > 0]).median() for d, m in zip(network_depth, measured) if (m > 0).any()]
    return sum(votes) / len(votes)
""",
        "upside down",
    ),
    (
        """
def path_scale(network_depth, measured):
    return (network_depth / measured).flatten(1).median(1).values.mean()
""",
        "unknown: leave such pixels out",
    ),
    (
        """
def path_scale(network_depth, measured):
    known = measured > 0
    return (network_depth[known] / measured[known]).median()
""",
        "all pixels of all frames",
    ),
    (
        """
def path_scale(network_depth, measured):
    votes = [(d[m > 0] / m[m > 0]).mean() for d, m in zip(network_depth, measured) if (m > 0).any()]
    return torch.stack(votes).mean()
""",
        "take the median",
    ),
    (
        """
def path_scale(network_depth, measured):
    votes = [(d[m > 0] / m[m > 0]).median() for d, m in zip(network_depth, measured)]
    return torch.stack(votes).nan_to_num(0).mean()
""",
        "divides by all frames",
    ),
    (
        """
def path_scale(network_depth, measured):
    votes = [(d[m > 0] / m[m > 0]).median() for d, m in zip(network_depth, measured)]
    return torch.stack(votes).mean()
""",
        "the median of nothing",
    ),
    ({"return torch.stack": "torch.stack"}, "return"),
]
