"""Answers to 25.3 beside those that the exercise itself knows."""

RIGHT = {
    "homogeneous points": """
def similarity(a, b):
    z = torch.stack([a[:, 2], b[:, 2]])
    return (a / a[:, 2:] - b / b[:, 2:]).norm(dim=1) + z.amax(0) / z.amin(0) - 1
""",
    "by columns": """
def similarity(a, b):
    dx = a[:, 0] / a[:, 2] - b[:, 0] / b[:, 2]
    dy = a[:, 1] / a[:, 2] - b[:, 1] / b[:, 2]
    r = a[:, 2] / b[:, 2]
    return (dx ** 2 + dy ** 2).sqrt() + torch.maximum(r, 1 / r) - 1
""",
    "exp of the absolute logarithm": """
def similarity(a, b):
    p, q = a / a[:, 2:], b / b[:, 2:]
    return torch.linalg.norm(p - q, dim=-1) + torch.expm1((a[:, 2].log() - b[:, 2].log()).abs())
""",
    "difference over the smaller": """
def similarity(a, b):
    za, zb = a[:, 2], b[:, 2]
    place = a[:, :2] / za[:, None] - b[:, :2] / zb[:, None]
    return torch.hypot(place[:, 0], place[:, 1]) + (za - zb).abs() / torch.minimum(za, zb)
""",
    "a loop": """
def similarity(a, b):
    found = []
    for p, q in zip(a, b):
        z = sorted([p[2], q[2]])
        found.append((p[:2] / p[2] - q[:2] / q[2]).norm() + z[1] / z[0] - 1)
    return torch.stack(found)
""",
}

OWN_FORM = {
    "NumPy, without gradients": """
import numpy as np
def similarity(a, b):
    a, b = a.detach().numpy(), b.detach().numpy()
    z = np.stack([a[:, 2], b[:, 2]])
    place = np.linalg.norm(a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:], axis=1)
    return torch.from_numpy(place + z.max(0) / z.min(0) - 1)
""",
}

WRONG = [
    (
        """
def similarity(a, b):
    z = torch.cat([a[:, 2], b[:, 2]])
    return (a[:, :2] / a[:, 2:] - b[:, :2] / b[:, 2:]).norm(dim=1) + z.max() / z.min() - 1
""",
        "run over all points",
    ),
    (
        """
def similarity(a, b):
    return ((a - b) ** 2).sum(dim=1).sqrt()
""",
        "Euclidean distance",
    ),
    (
        """
def similarity(a, b):
    p, q = a[:, :2] / a[:, 2:], b[:, :2] / b[:, 2:]
    return (p - q).norm(dim=1) + (a[:, 2] - b[:, 2]).abs() / torch.maximum(a[:, 2], b[:, 2])
""",
        "never exceeds 1",
    ),
    (
        """
def similarity(a, b):
    p, q = a[:, :2] / a[:, 2:], b[:, :2] / b[:, 2:]
    return (p - q).norm(dim=1) + torch.abs(1 / a[:, 2] - 1 / b[:, 2])
""",
        "difference of disparities",
    ),
    (
        """
def similarity(a, b):
    p, q = a[:, :2] / a[:, 2:], b[:, :2] / b[:, 2:]
    r = torch.maximum(a[:, 2] / b[:, 2], b[:, 2] / a[:, 2])
    return (p - q).norm(dim=1) + r
""",
        "subtract 1",
    ),
    (
        """
def similarity(a, b):
    p, q = a[:, :2] / a[:, 2:], b[:, :2] / b[:, 2:]
    r = torch.maximum(a[:, 2] / b[:, 2], b[:, 2] / a[:, 2]) - 1
    return ((p - q) ** 2).sum(1) + r
""",
        "the spatial term is a length",
    ),
    ({"return spatial + ratio": "loss = spatial + ratio"}, "return"),
]
