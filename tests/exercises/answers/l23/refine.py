"""Answers to 23.3 beside those that the exercise itself knows."""

RIGHT = {
    "both ways joined": """
def refine(vertices, seen, edges, w0, w1, w_vert):
    f = torch.cat([seen, vertices], dim=1)
    both = torch.cat([edges, edges.flip(1)])
    own = f @ w0.T
    heard = torch.zeros_like(own)
    heard = heard.index_add(0, both[:, 0], f[both[:, 1]] @ w1.T)
    g = torch.relu(own + heard)
    return vertices + torch.tanh(torch.cat([g, vertices], dim=1) @ w_vert.T)
""",
    "a matrix of neighbours": """
def refine(vertices, seen, edges, w0, w1, w_vert):
    A = torch.zeros(len(vertices), len(vertices))
    A[edges[:, 0], edges[:, 1]] = 1
    A[edges[:, 1], edges[:, 0]] = 1
    f = torch.cat([seen, vertices], 1)
    g = (f @ w0.T + A @ f @ w1.T).clamp(min=0)
    return vertices + (torch.cat([g, vertices], 1) @ w_vert.T).tanh()
""",
    "a loop over edges": """
def refine(vertices, seen, edges, w0, w1, w_vert):
    f = torch.cat([seen, vertices], 1)
    rows = list(f @ w0.T)
    for a, b in edges.tolist():
        rows[a] = rows[a] + w1 @ f[b]
        rows[b] = rows[b] + w1 @ f[a]
    g = torch.stack(rows).relu()
    return vertices + torch.tanh(torch.cat([g, vertices], 1) @ w_vert.T)
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def refine(vertices, seen, edges, w0, w1, w_vert):
    f = torch.cat([seen, vertices], 1)
    out = f @ w0.T
    out = out.index_add(0, edges[:, 0], (f @ w1.T)[edges[:, 1]])
    return vertices + torch.tanh(torch.cat([out.relu(), vertices], 1) @ w_vert.T)
""",
        "only one of the two",
    ),
    (
        """
def refine(vertices, seen, edges, w0, w1, w_vert):
    A = torch.zeros(len(vertices), len(vertices))
    A[edges[:, 0], edges[:, 1]] = 1
    A[edges[:, 1], edges[:, 0]] = 1
    f = torch.cat([seen, vertices], 1)
    g = (f @ w0.T + A @ f @ w1.T).clamp(min=0)
    return (torch.cat([g, vertices], 1) @ w_vert.T).tanh()
""",
        "missing its vertex",
    ),
    (
        """
def refine(vertices, seen, edges, w0, w1, w_vert):
    A = torch.zeros(len(vertices), len(vertices))
    A[edges[:, 0], edges[:, 1]] = 1
    A[edges[:, 1], edges[:, 0]] = 1
    A = A / A.sum(1, keepdim=True).clamp(min=1)
    f = torch.cat([seen, vertices], 1)
    g = (f @ w0.T + A @ f @ w1.T).clamp(min=0)
    return vertices + (torch.cat([g, vertices], 1) @ w_vert.T).tanh()
""",
        "averaged",
    ),
    (
        """
def refine(vertices, seen, edges, w0, w1, w_vert):
    f = torch.cat([seen, vertices], 1)
    heard = torch.zeros(len(vertices), len(w1))
    heard[edges[:, 0]] += (f @ w1.T)[edges[:, 1]]
    heard[edges[:, 1]] += (f @ w1.T)[edges[:, 0]]
    g = (f @ w0.T + heard).relu()
    return vertices + torch.tanh(torch.cat([g, vertices], 1) @ w_vert.T)
""",
        None,
    ),
    (
        """
def refine(vertices, seen, edges, w0, w1, w_vert):
    A = torch.zeros(len(vertices), len(vertices))
    A[edges[:, 0], edges[:, 1]] = 1
    A[edges[:, 1], edges[:, 0]] = 1
    f = torch.cat([seen, vertices], 1)
    g = f @ w0.T + A @ f @ w1.T
    return vertices + (torch.cat([g, vertices], 1) @ w_vert.T).tanh()
""",
        "ReLU after the graph convolution is missing",
    ),
    (
        """
def refine(vertices, seen, edges, w0, w1, w_vert):
    A = torch.zeros(len(vertices), len(vertices))
    A[edges[:, 0], edges[:, 1]] = 1
    A[edges[:, 1], edges[:, 0]] = 1
    f = torch.cat([vertices, seen], 1)
    g = (f @ w0.T + A @ f @ w1.T).relu()
    return vertices + (torch.cat([g, vertices], 1) @ w_vert.T).tanh()
""",
        "what was seen first",
    ),
]
