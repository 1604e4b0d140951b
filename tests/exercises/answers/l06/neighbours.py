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
        "the first of k + 1 need not be the clip",
    ),
    ({"-torch.inf": "0"}, "may be negative"),
    ({"dim=1).indices": "dim=1).indices.numpy()"}, "a numpy array came"),
    ({"topk(k, dim=1)": "topk(k, dim=0)"}, "The values are right, the axes stand in"),
    (
        """
def neighbours(descriptors, k):
    unit = F.normalize(descriptors)
    return (unit @ unit.T).topk(k, dim=1).indices[:, 1:]
""",
        "only k - 1 are left where the first is",
    ),
    (
        """
def neighbours(descriptors, k):
    unit = F.normalize(descriptors)
    return (unit @ unit.T).argsort(dim=1, descending=True)[:, 1 : k + 1]
""",
        "the first of k + 1 need not be the clip",
    ),
    (
        {"similarity.topk(k, dim=1).indices": "similarity.argsort(dim=1)[:, -k:]"},
        "nearest first: the order is turned around",
    ),
    (
        """
def neighbours(descriptors, k):
    s = descriptors @ descriptors.T
    return s.topk(k + 1, dim=1).indices[:, 1:]
""",
        "long descriptors win: scale them to length 1",
    ),
    (
        {"F.normalize(descriptors, dim=1)": "descriptors / descriptors.norm()"},
        "long descriptors win: scale them to length 1",
    ),
    (
        """
def neighbours(descriptors, k):
    d = torch.cdist(descriptors, descriptors).fill_diagonal_(torch.inf)
    return d.topk(k, dim=1, largest=False).indices
""",
        "this is the distance between descriptors of",
    ),
    (
        """
def neighbours(descriptors, k):
    d = torch.cdist(descriptors, descriptors)
    return d.topk(k + 1, dim=1, largest=False).indices[:, 1:]
""",
        "this is the distance between descriptors of",
    ),
    (
        """
def neighbours(descriptors, k):
    u = F.normalize(descriptors, dim=1)
    d = torch.cdist(u, u).fill_diagonal_(-torch.inf)
    return d.topk(k, dim=1).indices
""",
        "these are the farthest ones: a large cosine",
    ),
    ({"-torch.inf": "torch.inf"}, "each clip is its own first neighbour: leave"),
    ({"topk(k, dim=1)": "topk(k, dim=1, largest=False)"}, "these are the smallest cosines, which are the"),
    ({".indices": ".indices.float()"}, "The values are right, their dtype is not"),
    ({".indices": ".indices.tolist()"}, "A list came, a torch.Tensor is expected"),
    (
        {"return similarity.topk(k, dim=1).indices": "return descriptors[similarity.topk(k, dim=1).indices]"},
        "The result has 3 axes (4, 2, 2), expected are",
    ),
]
