"""Answers to 22.5 beside those that the exercise itself knows."""

RIGHT = {
    "loops": """
def graph_conv(features, edges, W0, W1):
    rows = [row @ W0 for row in features]
    for a, b in edges.tolist():
        rows[a] = rows[a] + features[b] @ W1
        rows[b] = rows[b] + features[a] @ W1
    return torch.stack(rows)
""",
    "an adjacency matrix": """
def graph_conv(features, edges, W0, W1):
    A = torch.zeros(len(features), len(features))
    A[edges[:, 0], edges[:, 1]] = 1
    A = A + A.T
    return features @ W0 + A @ features @ W1
""",
    "edges both ways": """
def graph_conv(features, edges, W0, W1):
    both = torch.cat([edges, edges.flip(1)])
    around = torch.zeros_like(features).index_add(0, both[:, 0], features[both[:, 1]])
    return torch.cat([features, around], 1) @ torch.cat([W0, W1])
""",
    "index_put that adds up": """
def graph_conv(features, edges, W0, W1):
    out, m = features @ W0, features @ W1
    out = out.index_put((edges[:, 0],), m[edges[:, 1]], accumulate=True)
    return out.index_put((edges[:, 1],), m[edges[:, 0]], accumulate=True)
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def graph_conv(features, edges, W0, W1):
    A = torch.zeros(len(features), len(features))
    A[edges[:, 0], edges[:, 1]] = 1
    return features @ W0 + A @ features @ W1
""",
        "both ways",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    A = torch.eye(len(features))
    A[edges[:, 0], edges[:, 1]] = 1
    A[edges[:, 1], edges[:, 0]] = 1
    return features @ W0 + A @ features @ W1
""",
        "its own neighbour",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    both = torch.cat([edges, edges.flip(1)])
    around = torch.zeros_like(features).index_add(0, both[:, 0], features[both[:, 1]])
    n = torch.bincount(both[:, 0], minlength=len(features)).clamp(min=1)[:, None]
    return features @ W0 + around / n @ W1
""",
        "not averaged",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    out, m = features @ W0, features @ W1
    out = out.index_put((edges[:, 0],), out[edges[:, 0]] + m[edges[:, 1]])
    return out.index_put((edges[:, 1],), out[edges[:, 1]] + m[edges[:, 0]])
""",
        "index_add adds them all",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    A = torch.zeros(len(features), len(features))
    A[edges[:, 0], edges[:, 1]] = 1
    return features @ W1 + (A + A.T) @ features @ W0
""",
        "exchanged",
    ),
    ({"    return own.index_add": "    own = own.index_add"}, "return"),
    (
        """
def graph_conv(features, edges, W0, W1):
    around = torch.zeros_like(features).index_add(0, edges[:, 0], features[edges[:, 1]])
    around = around.index_add(0, edges[:, 1], features[edges[:, 0]])
    return around @ W1
""",
        "own features are missing",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    around = torch.zeros_like(features).index_add(0, edges[:, 0], features[edges[:, 1]])
    around = around.index_add(0, edges[:, 1], features[edges[:, 0]])
    return (features @ W0 + around @ W1).relu()
""",
        "ReLU",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    both = torch.cat([edges, edges.flip(1)])
    d = features[both[:, 1]] - features[both[:, 0]]
    return (features @ W0).index_add(0, both[:, 0], d @ W1)
""",
        "difference",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    out, m = features @ W0, features @ W1
    rows = []
    for i in range(len(features)):
        near = [b if a == i else a for a, b in edges.tolist() if i in (a, b)]
        rows.append(out[i] + (m[near].amax(0) if near else 0))
    return torch.stack(rows)
""",
        "largest",
    ),
    (
        """
def graph_conv(features, edges, W0, W1):
    A = torch.zeros(len(features), len(features))
    A[edges[:, 0], edges[:, 1]] = 1
    A = A + A.T
    d = A.sum(1).clamp(min=1).rsqrt()
    return features @ W0 + (d[:, None] * A * d) @ features @ W1
""",
        "degrees",
    ),
]
