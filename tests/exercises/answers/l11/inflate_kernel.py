"""Answers to 11.1 beside those that the exercise itself knows."""

RIGHT = {
    "stacked frames": """
def inflate_kernel(weight, depth):
    return torch.stack([weight / depth for _ in range(depth)], dim=2)
""",
    "expanded": """
def inflate_kernel(weight, depth):
    D, C, P, Q = weight.shape
    return (weight[:, :, None] / depth).expand(D, C, depth, P, Q)
""",
    "an outer product with time": """
def inflate_kernel(weight, depth):
    return torch.einsum("dchw,t->dcthw", weight, torch.full((depth,), 1 / depth))
""",
    "filled frame by frame": """
def inflate_kernel(weight, depth):
    new = torch.zeros(weight.shape[0], weight.shape[1], depth, *weight.shape[2:])
    for t in range(depth):
        new[:, :, t] = weight / depth
    return new
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def inflate_kernel(weight, depth):
    return torch.from_numpy(np.repeat(weight.numpy()[:, :, None].astype(np.float64), depth, axis=2) / depth)
""",
}

WRONG = [
    (
        """
def inflate_kernel(weight, depth):
    return torch.stack([weight] * depth, dim=2)
""",
        "divide by depth",
    ),
    (
        """
def inflate_kernel(weight, depth):
    return weight.repeat_interleave(depth, dim=2) / depth
""",
        None,
    ),
    ({"/ depth": "/ (depth + 1)"}, None),
    (
        """
def inflate_kernel(weight, depth):
    new = torch.zeros(*weight.shape[:2], depth, *weight.shape[2:])
    new[:, :, depth // 2] = weight / depth
    return new
""",
        "the others are empty",
    ),
    (
        """
def inflate_kernel(weight, depth):
    D, C, H, W = weight.shape
    return weight.repeat(1, depth, 1, 1).view(D, C, depth, H, W) / depth
""",
        "wrong places",
    ),
    ({"return weight": "weight"}, "return"),
    ({".unsqueeze(2)": ".unsqueeze(3)"}, None),
]
