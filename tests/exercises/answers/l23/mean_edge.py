"""Answers to 23.5 beside those that the exercise itself knows."""

RIGHT = {
    "a set of pairs": """
def mean_edge(vertices, faces):
    pairs = {tuple(sorted((f[i], f[(i + 1) % 3]))) for f in faces.tolist() for i in range(3)}
    return torch.stack([((vertices[a] - vertices[b]) ** 2).sum() for a, b in sorted(pairs)]).mean()
""",
    "with the course's edges": """
def mean_edge(vertices, faces):
    a, b = unique_edges(faces).T
    return (vertices[a] - vertices[b]).square().sum(-1).mean()
""",
    "smaller and larger number": """
def mean_edge(vertices, faces):
    both = torch.stack([faces, faces.roll(1, 1)], -1).reshape(-1, 2)
    both = torch.stack([both.amin(1), both.amax(1)], 1).unique(dim=0)
    return (vertices[both].diff(dim=1) ** 2).sum() / len(both)
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def mean_edge(vertices, faces):
    a, b, c = vertices[faces].unbind(1)
    return torch.cat([(a - b).norm(dim=1), (b - c).norm(dim=1), (c - a).norm(dim=1)]).mean()
""",
        "two bugs are left",
    ),
    (
        """
def mean_edge(vertices, faces):
    a, b, c = vertices[faces].unbind(1)
    return torch.stack([((a - b) ** 2).sum(1), ((b - c) ** 2).sum(1), ((c - a) ** 2).sum(1)]).mean()
""",
        "counted twice",
    ),
    (
        """
def mean_edge(vertices, faces):
    a, b = unique_edges(faces).T
    return (vertices[a] - vertices[b]).norm(dim=1).mean()
""",
        "mean of the *squared*",
    ),
    (
        """
def mean_edge(vertices, faces):
    a, b = unique_edges(faces).T
    return ((vertices[a] - vertices[b]) ** 2).mean()
""",
        "over the coordinates too",
    ),
    (
        """
def mean_edge(vertices, faces):
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]]])
    edges = pairs.sort(dim=1).values.unique(dim=0)
    return ((vertices[edges[:, 0]] - vertices[edges[:, 1]]) ** 2).sum(1).mean()
""",
        "a face has three sides",
    ),
    (
        """
def mean_edge(vertices, faces):
    a, b = unique_edges(faces).T
    return ((vertices[a] - vertices[b]) ** 2).sum()
""",
        "the loss is their mean",
    ),
]
