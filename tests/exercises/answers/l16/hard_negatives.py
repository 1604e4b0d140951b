"""Answers to 16.4 beside those that the exercise itself knows."""

RIGHT = {
    "distances": """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    nearest = torch.cdist(descriptors, features.reshape(C, -1).T).argmin(1)
    points = torch.stack([nearest % W, nearest // W], 1)
    return points, ((points - truth) ** 2).sum(1) > radius**2
""",
    "unravel": """
def hard_negatives(descriptors, features, truth, radius):
    similarity = torch.einsum("nc,chw->nhw", descriptors, features).flatten(1)
    y, x = torch.unravel_index(similarity.argmax(1), features.shape[1:])
    points = torch.stack([x, y], 1)
    return points, torch.linalg.vector_norm(points - truth, dim=1) > radius
""",
    "point by point": """
def hard_negatives(descriptors, features, truth, radius):
    points = []
    for one in descriptors:
        similarity = (features * one[:, None, None]).sum(0)
        row, column = divmod(int(similarity.argmax()), features.shape[2])
        points.append([column, row])
    points = torch.tensor(points)
    return points, (points - truth).square().sum(1).sqrt() > radius
""",
    "a table of cells, and a list": """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    ys, xs = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    cells = torch.stack([xs, ys], -1).reshape(-1, 2)
    p = cells[(features.permute(1, 2, 0).reshape(-1, C) @ descriptors.T).argmax(0)]
    return [p, torch.hypot(*(p - truth).T) > radius]
""",
}

WRONG = [
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    nearest = torch.cdist(descriptors, features.reshape(C, -1).T).argmin(1)
    points = torch.stack([nearest // W, nearest % W], 1)
    return points, (points - truth).norm(dim=1) > radius
""",
        "x and y are exchanged",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    nearest = torch.cdist(descriptors, features.reshape(C, -1).T).argmin(1)
    points = torch.stack([nearest % W, nearest // W], 1)
    return points, (points - truth).norm(dim=1) < radius
""",
        "far from the truth",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    nearest = torch.cdist(descriptors, features.reshape(C, -1).T).argmax(1)
    points = torch.stack([nearest % W, nearest // W], 1)
    return points, (points - truth).norm(dim=1) > radius
""",
        "the farthest",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    nearest = torch.cdist(descriptors, features.reshape(C, -1).T).argmin(1)
    points = torch.stack([nearest % W, nearest // W], 1)
    return points, ((points - truth) ** 2).sum(1) > radius
""",
        "the squared distance",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    nearest = torch.cdist(descriptors, features.reshape(C, -1).T).argmin(1)
    points = torch.stack([nearest % W, nearest // W], 1)
    wrong = (points - truth).norm(dim=1) > radius
    return points[wrong], wrong
""",
        "all of them",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    nearest = torch.cdist(descriptors, features.reshape(C, -1).T).argmin(1)
    points = torch.stack([nearest % H, nearest // H], 1)
    return points, (points - truth).norm(dim=1) > radius
""",
        "divide by the width",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    sim = descriptors @ features.view(C, -1)
    x = torch.arange(H * W) % W
    y = torch.arange(H * W) // W
    far = (torch.stack([x, y], 1)[None] - truth[:, None]).norm(dim=-1) > radius
    n = sim.masked_fill(~far, -9).argmax(1)
    p = torch.stack([n % W, n // W], 1)
    return p, (p - truth).norm(dim=1) > radius
""",
        "whether the nearest is wrong is asked afterwards",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    sim = descriptors @ features.view(C, -1)
    n = sim.argmax(1)
    p = torch.stack([n % W, n // W], 1)
    best = sim.max(1).values
    return p, (2 - 2 * best).clamp(min=0).sqrt() > radius
""",
        "not of descriptors",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    sim = descriptors @ features.view(C, -1)
    n = sim.topk(2, 1).indices[:, 1]
    p = torch.stack([n % W, n // W], 1)
    return p, (p - truth).norm(dim=1) > radius
""",
        None,
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    sim = descriptors @ features.view(C, -1)
    n = sim.argmax(1)
    p = torch.stack([n % W, n // W], 1)
    t = truth.round()
    return p, (p - t).norm(dim=1) > radius
""",
        "not rounded",
    ),
    (
        """
def hard_negatives(descriptors, features, truth, radius):
    C, H, W = features.shape
    sim = (descriptors @ features.view(C, -1)).abs()
    n = sim.argmax(1)
    p = torch.stack([n % W, n // W], 1)
    return p, (p - truth).norm(dim=1) > radius
""",
        "no absolute value",
    ),
]
