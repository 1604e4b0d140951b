"""Answers to 06.5 beside those that the exercise itself knows."""

RIGHT = {
    "k + 1, and the clip itself left out wherever it stands": """
def neighbours(descriptors, k):
    unit = F.normalize(descriptors)
    nearest = (unit @ unit.T).topk(k + 1, dim=1).indices
    rows = [row[row != i][:k] for i, row in enumerate(nearest)]
    return torch.stack(rows)
""",
    "distances between arrows of length 1": """
def neighbours(descriptors, k):
    unit = F.normalize(descriptors, dim=1)
    d = torch.cdist(unit, unit)
    d.fill_diagonal_(float("inf"))
    return d.argsort(1)[:, :k]
""",
}

OWN_FORM = {
    "int32": """
def neighbours(descriptors, k):
    unit = F.normalize(descriptors, dim=1)
    s = unit @ unit.T
    s.fill_diagonal_(-1.1)
    return torch.stack([s[i].topk(k).indices for i in range(len(s))]).int()
""",
}

WRONG = [
    (
        """
def neighbours(descriptors, k):
    unit = F.normalize(descriptors)
    return (unit @ unit.T).topk(k + 1, dim=1).indices[:, 1:]
""",
        None,
    ),
    ({"-torch.inf": "0"}, "may be negative"),
    ({"dim=1).indices": "dim=1).indices.numpy()"}, "a numpy array came"),
    ({"topk(k, dim=1)": "topk(k, dim=0)"}, None),
]
