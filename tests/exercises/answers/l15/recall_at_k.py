"""Answers to 15.5 beside those that the exercise itself knows."""

RIGHT = {
    "in NumPy": """
def recall_at_k(points, labels, k):
    import numpy as np
    p, classes = points.numpy(), labels.numpy()
    d = ((p[:, None] - p[None]) ** 2).sum(-1)
    np.fill_diagonal(d, np.inf)
    near = d.argsort(1)[:, :k]
    return float((classes[near] == classes[:, None]).any(1).mean())
""",
    "a loop": """
def recall_at_k(points, labels, k):
    hits = 0
    for i in range(len(points)):
        d = (points - points[i]).norm(dim=1)
        order = [j for j in d.argsort().tolist() if j != i][:k]
        hits += any(labels[j] == labels[i] for j in order)
    return hits / len(points)
""",
    "by sorting": """
def recall_at_k(points, labels, k):
    d = (points[:, None] - points[None]).square().sum(-1)
    d.fill_diagonal_(float("inf"))
    near = labels[d.argsort(dim=1)[:, :k]]
    return (near == labels.unsqueeze(1)).any(1).double().mean().item()
""",
    "k + 1, and the first dropped": """
def recall_at_k(points, labels, k):
    near = torch.cdist(points, points).topk(k + 1, largest=False).indices[:, 1:]
    return ((labels[near] == labels[:, None]).sum(1) > 0).float().mean().item()
""",
    "a tensor": """
def recall_at_k(points, labels, k):
    near = torch.cdist(points, points).topk(k + 1, largest=False).indices[:, 1:]
    return (labels[near] == labels[:, None]).any(1).float().mean()
""",
}

WRONG = [
    (
        """
def recall_at_k(points, labels, k):
    near = torch.cdist(points, points).fill_diagonal_(torch.inf).argsort(dim=1)[:, :k]
    return (labels[near] == labels[:, None]).any().float().item()
""",
        "every search succeeds",
    ),
    (
        """
def recall_at_k(points, labels, k):
    near = torch.cdist(points, points).fill_diagonal_(torch.inf).argsort(dim=1)[:, :k]
    found = (labels[near] == labels[:, None]).any(1)
    alone = torch.tensor([(labels == label).sum() == 1 for label in labels])
    return found[~alone].float().mean().item()
""",
        "alone in their class",
    ),
    (
        """
def recall_at_k(points, labels, k):
    unit = F.normalize(points, dim=1)
    near = (unit @ unit.T).fill_diagonal_(-torch.inf).topk(k).indices
    return (labels[near] == labels[:, None]).any(1).float().mean().item()
""",
        "angles",
    ),
    (
        """
def recall_at_k(points, labels, k):
    near = torch.cdist(points, points).argsort(dim=1)[:, :k]
    return (labels[near] == labels[:, None]).any(1).float().mean().item()
""",
        "every search succeeds",
    ),
    (
        """
def recall_at_k(points, labels, k):
    near = torch.cdist(points, points).argsort(dim=1)[:, 1 : k + 1]
    return (labels[near] == labels[:, None]).float().mean().item()
""",
        "precision",
    ),
    (
        """
def recall_at_k(points, labels, k):
    near = torch.cdist(points, points).argsort(dim=1)[:, 1 : k + 1]
    return (labels[near] == labels[:, None]).sum(1).eq(k).float().mean().item()
""",
        "one is enough",
    ),
    ({", largest=False": ""}, "every search succeeds"),
    ({".float().mean().item()": ".sum().item()"}, "the number of successes"),
    ({"return found.float().mean().item()": "print(found.float().mean().item())"}, "printed"),
    ({"topk(k,": "topk(1,"}, "only the nearest neighbour is looked at"),
    ]
