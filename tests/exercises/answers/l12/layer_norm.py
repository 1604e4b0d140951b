"""Answers to 12.4 beside those that the exercise itself knows."""

RIGHT = {
    "std without correction, eps inside": """
def layer_norm(x, eps=1e-5):
    axes = tuple(range(1, x.dim()))
    mean = x.mean(dim=axes, keepdim=True)
    deviation = torch.sqrt(x.std(dim=axes, keepdim=True, correction=0) ** 2 + eps)
    return (x - mean) / deviation
""",
    "flat": """
def layer_norm(x, eps=1e-5):
    flat = x.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    return (centred * torch.rsqrt((centred**2).mean(1, keepdim=True) + eps)).view_as(x)
""",
    "sample by sample": """
def layer_norm(x, eps=1e-5):
    return torch.stack([(s - s.mean()) / (((s - s.mean()) ** 2).sum() / s.numel() + eps) ** 0.5 for s in x])
""",
    "squares, flat": """
def layer_norm(x, eps=1e-5):
    d = x - x.mean(tuple(range(1, x.ndim)), keepdim=True)
    return d / torch.sqrt(d.square().flatten(1).mean(1).add(eps)).reshape(-1, *[1] * (x.ndim - 1))
""",
    "std, corrected by hand": """
def layer_norm(x, eps=1e-5):
    m = x[0].numel()
    axes = tuple(range(1, x.dim()))
    s = x.std(dim=axes, keepdim=True)
    return (x - x.mean(dim=axes, keepdim=True)) / (s ** 2 * (m - 1) / m + eps).sqrt()
""",
}

WRONG = [
    (
        """
def layer_norm(x, eps=1e-5):
    mean, std = x.mean(), x.std(correction=0)
    return (x - mean) / (std**2 + eps).sqrt()
""",
        None,
    ),
    ({"correction=0": "correction=2"}, None),
    ({"keepdim=True, correction=0": "keepdim=True, correction=1", "+ eps).sqrt()": ").sqrt() + eps"}, "both bugs"),
    (
        """
def layer_norm(x, eps=1e-5):
    axes = tuple(range(1, x.dim()))
    return (x - x.mean(axes, keepdim=True)) / (x.std(axes, keepdim=True, correction=0) + eps).sqrt()
""",
        "another",
    ),
    (
        """
def layer_norm(x, eps=1e-5):
    axes = (1, 2, 3)
    return (x - x.mean(axes, keepdim=True)) / (x.var(axes, keepdim=True, correction=0) + eps).sqrt()
""",
        "every axis",
    ),
    (
        """
def layer_norm(x, eps=1e-5):
    axes = tuple(range(1, x.dim()))
    return (x - x.mean(axes, keepdim=True)) / (x.var(axes, keepdim=True, correction=0) + 1e-5).sqrt()
""",
        "not used",
    ),
    (
        """
def layer_norm(x, eps=1e-5):
    axes = tuple(range(1, x.dim()))
    return (x - x.mean(axes, keepdim=True)) / (x.std(axes, keepdim=True, correction=0) + eps ** 0.5)
""",
        "root of eps",
    ),
]
