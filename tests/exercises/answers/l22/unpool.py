"""Answers to 22.2 beside those that the exercise itself knows."""

RIGHT = {
    "minimum and maximum": """
def unpool(vertices, faces):
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]]
    pairs = torch.stack([pairs.amin(2), pairs.amax(2)], 2)
    edges, number = torch.unique(pairs.reshape(-1, 2), dim=0, return_inverse=True)
    middles = (vertices[edges[:, 0]] + vertices[edges[:, 1]]) / 2
    a, b, c = faces.unbind(1)
    p, q, r = (number.view(-1, 3) + len(vertices)).unbind(1)
    finer = [torch.stack([a, r, q], 1), torch.stack([b, p, r], 1), torch.stack([c, q, p], 1), torch.stack([p, q, r], 1)]
    return torch.cat([vertices, middles]), torch.cat(finer)
""",
    "a dictionary": """
def unpool(vertices, faces):
    triples = faces.tolist()
    edges = sorted({tuple(sorted(e)) for a, b, c in triples for e in ((a, b), (b, c), (c, a))})
    number = {e: len(vertices) + i for i, e in enumerate(edges)}
    def middle(x, y):
        return number[tuple(sorted((x, y)))]
    finer = [(a, middle(a, b), middle(c, a)) for a, b, c in triples]
    finer += [(b, middle(b, c), middle(a, b)) for a, b, c in triples]
    finer += [(c, middle(c, a), middle(b, c)) for a, b, c in triples]
    finer += [(middle(b, c), middle(c, a), middle(a, b)) for a, b, c in triples]
    middles = torch.stack([(vertices[x] + vertices[y]) / 2 for x, y in edges])
    return torch.cat([vertices, middles]), torch.tensor(finer)
""",
    "repaired in the places": """
def unpool(vertices, faces):
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]]
    pairs, _ = torch.sort(pairs, -1)
    edges, number = pairs.flatten(0, 1).unique(dim=0, return_inverse=True)
    middles = vertices[edges].mean(dim=1)
    (a, b, c), (p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T
    corners = [(a, r, q), (b, p, r), (c, q, p), (p, q, r)]
    return torch.cat([vertices, middles]), torch.cat([torch.stack(three, dim=1) for three in corners])
""",
    "both ends of each edge, then halves": """
def unpool(vertices, faces):
    a, b, c = faces.T
    pairs = torch.stack([torch.stack(pair, 1).sort(dim=1)[0] for pair in ((b, c), (a, c), (a, b))], 1)
    edges, number = torch.unique(pairs.view(-1, 2), dim=0, return_inverse=True)
    p, q, r = (number.view(-1, 3) + vertices.shape[0]).T
    new = torch.cat([a, b, c, p]), torch.cat([r, p, q, q]), torch.cat([q, r, p, r])
    return torch.cat([vertices, 0.5 * vertices[edges].sum(1)]), torch.stack(new, 1)
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def unpool(vertices, faces):
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]]
    edges, number = pairs.flatten(0, 1).unique(dim=0, return_inverse=True)
    middles = vertices[edges].mean(dim=1)
    (a, b, c), (p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T
    corners = [(a, r, q), (b, p, r), (c, p, q), (p, q, r)]
    faces = torch.cat([torch.stack(three, dim=-1) for three in corners])
    return torch.cat([vertices, middles], dim=0), faces
""",
        "torn",
    ),
    (
        """
def unpool(vertices, faces):
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]]
    pairs = torch.stack([pairs.amin(2), pairs.amax(2)], 2)
    edges, number = torch.unique(pairs.reshape(-1, 2), dim=0, return_inverse=True)
    middles = (vertices[edges[:, 0]] + vertices[edges[:, 1]]) / 2
    (a, b, c), (p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T
    finer = [torch.stack(t, 1) for t in ((a, r, q), (b, p, r), (c, p, q), (p, q, r))]
    return torch.cat([vertices, middles]), torch.cat(finer)
""",
        "turned inside out",
    ),
    ({".sort(dim=2)": ".sort(dim=2, descending=True)", "(c, q, p)": "(c, p, q)"}, None),
    ({"mean(dim=1)": "mean(dim=2)"}, None),
    ({"    return torch.cat": "    found = torch.cat"}, "return"),
    (
        """
def unpool(vertices, faces):
    pairs = faces[:, [[1, 2], [2, 0], [0, 1]]]
    middles, number = vertices[pairs].mean(dim=2).flatten(0, 1).unique(dim=0, return_inverse=True)
    (a, b, c), (p, q, r) = faces.T, len(vertices) + number.view(-1, 3).T
    corners = [(a, r, q), (b, p, r), (c, q, p), (p, q, r)]
    return torch.cat([vertices, middles]), torch.cat([torch.stack(three, dim=1) for three in corners])
""",
        "not by their places",
    ),
    (
        """
def unpool(vertices, faces):
    middles = vertices[faces].mean(1)
    n = len(vertices) + torch.arange(len(faces))
    a, b, c = faces.T
    return torch.cat([vertices, middles]), torch.cat([torch.stack(t, 1) for t in ((a, b, n), (b, c, n), (c, a, n))])
""",
        "every *face*",
    ),
]
