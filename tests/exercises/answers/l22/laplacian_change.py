"""Answers to 22.6 beside those that the exercise itself knows."""

RIGHT = {
    "coordinates before and after": """
def laplacian_change(before, after, edges):
    both = torch.cat([edges, edges.flip(1)])
    n = torch.bincount(both[:, 0], minlength=len(before))[:, None]
    def coordinates(v):
        return v - torch.zeros_like(v).index_add(0, both[:, 0], v[both[:, 1]]) / n
    return (coordinates(after) - coordinates(before)).square().sum(1).mean()
""",
    "a matrix": """
def laplacian_change(before, after, edges):
    A = torch.zeros(len(before), len(before))
    A[edges[:, 0], edges[:, 1]] = 1
    A = A + A.T
    L = torch.eye(len(before)) - A / A.sum(1, keepdim=True)
    return (L @ (after - before)).pow(2).sum() / len(before)
""",
    "loops": """
def laplacian_change(before, after, edges):
    near = [[] for _ in before]
    for a, b in edges.tolist():
        near[a].append(b)
        near[b].append(a)
    total = 0
    for i, others in enumerate(near):
        d0 = before[i] - before[others].mean(0)
        d1 = after[i] - after[others].mean(0)
        total = total + ((d1 - d0) ** 2).sum()
    return total / len(before)
""",
    "a mean over neighbours by index_reduce": """
def laplacian_change(before, after, edges):
    to, of = torch.cat([edges, edges.flip(1)]).T
    move = after - before
    middle = torch.zeros_like(move).scatter_reduce(0, to[:, None].expand(-1, 3), move[of], "mean", include_self=False)
    return torch.nn.functional.mse_loss(move, middle) * 3
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def laplacian_change(before, after, edges):
    both = torch.cat([edges, edges.flip(1)])
    n = torch.bincount(both[:, 0], minlength=len(after))[:, None]
    d = after - torch.zeros_like(after).index_add(0, both[:, 0], after[both[:, 1]]) / n
    return d.square().sum(1).mean()
""",
        "makes the mesh smooth",
    ),
    (
        """
def laplacian_change(before, after, edges):
    move = after - before
    total = torch.zeros_like(move).index_add(0, edges[:, 0], move[edges[:, 1]])
    n = torch.bincount(edges.flatten(), minlength=len(move))[:, None]
    return ((move - total / n) ** 2).sum(1).mean()
""",
        "each is the other's neighbour",
    ),
    (
        """
def laplacian_change(before, after, edges):
    A = torch.zeros(len(before), len(before))
    A[edges[:, 0], edges[:, 1]] = 1
    A = A + A.T
    L = torch.diag(A.sum(1)) - A
    return (L @ (after - before)).pow(2).sum(1).mean()
""",
        "divide the sum by it",
    ),
    (
        """
def laplacian_change(before, after, edges):
    A = torch.zeros(len(before), len(before))
    A[edges[:, 0], edges[:, 1]] = 1
    A = A + A.T
    L = torch.eye(len(before)) - A / A.sum(1, keepdim=True)
    return torch.nn.functional.mse_loss(L @ after, L @ before)
""",
        "vertices averaged",
    ),
    ({"    return (change": "    loss = (change"}, "return"),
    (
        """
def laplacian_change(before, after, edges):
    return ((after - before) ** 2).sum(1).mean()
""",
        "every move",
    ),
    (
        """
def laplacian_change(before, after, edges):
    both = torch.cat([edges, edges.flip(1)])
    n = torch.bincount(both[:, 0], minlength=len(before))[:, None]
    def coordinates(v):
        return v - torch.zeros_like(v).index_add(0, both[:, 0], v[both[:, 1]]) / n
    return (coordinates(after).square().sum(1) - coordinates(before).square().sum(1)).abs().mean()
""",
        "turn without growing longer",
    ),
    (
        """
def laplacian_change(before, after, edges):
    both = torch.cat([edges, edges.flip(1)])
    n = torch.bincount(both[:, 0], minlength=len(before))[:, None]
    def d(v):
        return v - torch.zeros_like(v).index_add(0, both[:, 0], v[both[:, 1]]) / n
    return ((d(after) + d(before)) ** 2).sum(1).mean()
""",
        "not added",
    ),
    (
        """
def laplacian_change(before, after, edges):
    move = after - before
    d = move[edges[:, 0]] - move[edges[:, 1]]
    return (d ** 2).sum(1).mean()
""",
        "two ends",
    ),
    (
        """
def laplacian_change(before, after, edges):
    both = torch.cat([edges, edges.flip(1)])
    move = after - before
    n = torch.bincount(both[:, 0], minlength=len(before))[:, None]
    total = torch.zeros_like(move)
    total[both[:, 0]] += move[both[:, 1]]
    return ((move - total / n) ** 2).sum(1).mean()
""",
        "one neighbour",
    ),
    (
        """
def laplacian_change(before, after, edges):
    move = after - before
    n = torch.bincount(edges[:, 0], minlength=len(before)).clamp(min=1)[:, None]
    total = torch.zeros_like(move).index_add(0, edges[:, 0], move[edges[:, 1]])
    return ((move - total / n) ** 2).sum(1).mean()
""",
        "both",
    ),
]
