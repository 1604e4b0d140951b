"""Answers to 21.4 beside those that the exercise itself knows."""

RIGHT = {
    "another table for the way back": """
def mean_distance(x, y):
    there = ((x[:, None] - y) ** 2).sum(dim=-1)
    back = ((y[:, None] - x) ** 2).sum(dim=-1)
    return torch.stack([there.min(1)[0].sqrt().mean(), back.min(1)[0].sqrt().mean()]).mean()
""",
    "cdist": """
def mean_distance(x, y):
    distance = torch.cdist(x, y)
    return (distance.amin(1).mean() + distance.amin(0).mean()) / 2
""",
    "the root first": """
def mean_distance(x, y):
    distance = ((x[:, None] - y) ** 2).sum(dim=-1).sqrt()
    accuracy = distance.min(dim=1).values.mean()
    completeness = distance.min(dim=0).values.mean()
    return 0.5 * accuracy + 0.5 * completeness
""",
    "a function for one way": """
def mean_distance(x, y):
    def way(a, b):
        return torch.stack([(b - point).norm(dim=1).min() for point in a]).mean()
    return (way(x, y) + way(y, x)) / 2
""",
}

OWN_FORM = {
    "a float": """
def mean_distance(x, y):
    d = torch.cdist(x, y).numpy()
    return float(d.min(1).mean() + d.min(0).mean()) / 2
""",
}

WRONG = [
    (
        """
def mean_distance(x, y):
    return chamfer(x, y, "occupancy_l1")
""",
        "without chamfer",
    ),
    (
        """
def mean_distance(x, y):
    d = torch.cdist(x, y)
    return d.amin(1).mean()
""",
        "only the way from x to y",
    ),
    (
        """
def mean_distance(x, y):
    d = torch.cdist(x, y)
    return (d.amin(1).mean() + d.amin(1).mean()) / 2
""",
        "only the way from x to y",
    ),
    (
        """
def mean_distance(x, y):
    d = torch.cdist(x, y) ** 2
    return (d.amin(1).mean() + d.amin(0).mean()) / 2
""",
        "still squared",
    ),
    (
        """
def mean_distance(x, y):
    d = torch.cdist(x, y) ** 2
    return (d.amin(1).mean() ** 0.5 + d.amin(0).mean() ** 0.5) / 2
""",
        "the root of the mean",
    ),
    (
        """
def mean_distance(x, y):
    d = torch.cdist(x, y)
    return d.amin(1).mean() + d.amin(0).mean()
""",
        "this adds the two",
    ),
    (
        """
def mean_distance(x, y):
    d = torch.cdist(x, y)
    return d.mean()
""",
        None,
    ),
    ({"    return (accuracy + completeness) / 2": "    return accuracy, completeness"}, None),
]
