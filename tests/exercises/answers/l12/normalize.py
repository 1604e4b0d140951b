"""Answers to 12.2 beside those that the exercise itself knows."""

RIGHT = {
    "axes by name": """
def normalize(x, method, groups=2, eps=1e-5):
    N, C = x.shape[0], x.shape[1]
    space = list(range(2, x.dim()))
    if method == "group":
        parts = x.view(N, groups, C // groups, *x.shape[2:])
        axes = list(range(2, parts.dim()))
    else:
        parts, axes = x, {"batch": [0] + space, "layer": [1] + space, "instance": space}[method]
    mean = parts.mean(axes, keepdim=True)
    var = ((parts - mean) ** 2).mean(axes, keepdim=True)
    return ((parts - mean) / torch.sqrt(var + eps)).view(x.shape)
""",
    "loops over the sets": """
def normalize(x, method, groups=2, eps=1e-5):
    y = torch.zeros_like(x)
    N, C = x.shape[:2]
    if method == "batch":
        sets = [(slice(None), slice(c, c + 1)) for c in range(C)]
    else:
        size = {"layer": C, "instance": 1}.get(method, C // groups)
        sets = [(slice(n, n + 1), slice(c, c + size)) for n in range(N) for c in range(0, C, size)]
    for s in sets:
        y[s] = (x[s] - x[s].mean()) / (x[s].var(correction=0) + eps).sqrt()
    return y
""",
    "batch by turning the axes": """
def normalize(x, method, groups=2, eps=1e-5):
    if method == "batch":
        turned = normalize(x.transpose(0, 1).contiguous(), "layer", eps=eps)
        return turned.transpose(0, 1)
    G = {"layer": 1, "instance": x.shape[1], "group": groups}[method]
    rows = x.reshape(x.shape[0] * G, -1)
    var, mean = torch.var_mean(rows, 1, correction=0, keepdim=True)
    return ((rows - mean) / (var + eps).sqrt()).reshape(x.shape)
""",
}

OWN_FORM = {
    "double precision": """
def normalize(x, method, groups=2, eps=1e-5):
    C = x.shape[1]
    g = {"batch": C, "layer": 1, "instance": C, "group": groups}[method]
    v = x.double().reshape(x.shape[0], g, C // g, -1)
    axes = (0, 2, 3) if method == "batch" else (2, 3)
    return ((v - v.mean(axes, True)) / (v.var(axes, correction=0, keepdim=True) + eps).sqrt()).reshape(x.shape)
""",
}

WRONG = [
    (
        """
def normalize(x, method, groups=2, eps=1e-5):
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "group": (1, 2, 3)}[method]
    return (x - x.mean(axes, keepdim=True)) / (x.var(axes, keepdim=True, correction=0) + eps).sqrt()
""",
        None,
    ),
    (
        """
def normalize(x, method, groups=2, eps=1e-5):
    C = x.shape[1]
    g = {"batch": 1, "layer": 1, "instance": C, "group": groups}[method]
    v = x.reshape(x.shape[0], g, C // g, -1)
    axes = (0, 2, 3) if method == "batch" else (2, 3)
    return ((v - v.mean(axes, True)) / (v.var(axes, correction=0, keepdim=True) + eps).sqrt()).reshape(x.shape)
""",
        "keeps the channels apart",
    ),
    (
        """
def normalize(x, method, groups=2, eps=1e-5):
    C = x.shape[1]
    g = {"batch": C, "layer": 1, "instance": C, "group": groups}[method]
    v = x.reshape(x.shape[0], g, C // g, -1)
    axes = (0, 2, 3) if method == "batch" else (2, 3)
    return ((v - v.mean(axes, True)) / (v.std(axes, keepdim=True) + eps)).reshape(x.shape)
""",
        None,
    ),
    ({"(2, 3)": "(3,)"}, None),
]
