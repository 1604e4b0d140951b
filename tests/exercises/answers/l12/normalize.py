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
    "two methods call the third": """
def normalize(x, method, groups=2, eps=1e-5):
    if method in ("layer", "instance"):
        return normalize(x, "group", 1 if method == "layer" else x.shape[1], eps)
    if method == "batch":
        v = x.transpose(0, 1); s = v.flatten(1)
        m, d = s.mean(1), (s.var(1, correction=0) + eps).sqrt()
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return (x - m.view(shape)) / d.view(shape)
    v = x.flatten(1).unflatten(1, (groups, -1))
    return ((v - v.mean(2, True)) / (v.var(2, correction=0, keepdim=True) + eps).sqrt()).view_as(x)
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
    (
        """
def normalize(x, method, groups=2, eps=1e-5):
    N, C = x.shape[:2]
    if method == "batch":
        v, axes = x, (0, *range(2, x.dim()))
    else:
        g = {"layer": 1, "instance": C, "group": groups}[method]
        v = x.reshape(N, C // g, g, -1); axes = (2, 3)
    return ((v - v.mean(axes, keepdim=True)) / (v.var(axes, keepdim=True, correction=0) + eps).sqrt()).reshape(x.shape)
""",
        "takes it for the channels",
    ),
    (
        """
def normalize(x, method, groups=2, eps=1e-5):
    N, C = x.shape[:2]
    axes = {"batch": 0, "layer": 1, "instance": tuple(range(2, x.dim())), "group": 1}[method]
    if method == "group":
        v = x.reshape(N * groups, C // groups, *x.shape[2:])
    else:
        v = x
    return ((v - v.mean(axes, keepdim=True)) / (v.var(axes, keepdim=True, correction=0) + eps).sqrt()).reshape(x.shape)
""",
        "one axis alone",
    ),
    (
        """
def normalize(x, method, groups=2, eps=1e-5):
    N, C = x.shape[:2]
    space = tuple(range(2, x.dim()))
    axes = {"batch": (0, 1) + space, "layer": (1,) + space, "instance": space}.get(method)
    if method == "group":
        v = x.reshape(N, groups, -1)
        return ((v - v.mean(-1, keepdim=True)) / (v.var(-1, keepdim=True, correction=0) + eps).sqrt()).reshape(x.shape)
    return (x - x.mean(axes, keepdim=True)) / (x.var(axes, keepdim=True, correction=0) + eps).sqrt()
""",
        "keeps the channels apart",
    ),
    (
        """
def normalize(x, method, groups=2, eps=1e-5):
    C = x.shape[1]
    axes = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3), "group": (2, 3, 4)}[method]
    v = x.reshape(x.shape[0], groups, C // groups, *x.shape[2:]) if method == "group" else x
    return ((v - v.mean(axes, keepdim=True)) / (v.var(axes, keepdim=True, correction=0) + eps).sqrt()).reshape(x.shape)
""",
        "last axis of a clip",
    ),
]
