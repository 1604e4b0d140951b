"""Answers to 05.4 beside those that the exercise itself knows."""

RIGHT = {
    "one axis of pixels": """
def subtract_mean_flow(stack):
    return stack - stack.flatten(2).mean(-1)[..., None, None]
""",
    "a normalisation undone": """
def subtract_mean_flow(stack):
    return torch.nn.functional.instance_norm(stack, eps=0.0) * stack.std((2, 3), keepdim=True, unbiased=False)
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def subtract_mean_flow(stack):
    a = stack.numpy().astype(float)
    return torch.from_numpy(a - a.mean(axis=(2, 3), keepdims=True))
""",
}

WRONG = [
    (
        """
def subtract_mean_flow(stack):
    stack -= stack.mean((2, 3), keepdim=True)
    return stack
""",
        "changed in place",
    ),
    (
        """
def subtract_mean_flow(stack):
    stack - stack.mean((2, 3), keepdim=True)
""",
        "nothing was returned",
    ),
    (
        """
def subtract_mean_flow(stack):
    out = stack.clone()
    for c in range(stack.shape[1]):
        out[:, c] -= stack[:, c].mean()
    return out
""",
        "all clips share their means",
    ),
    (
        """
def subtract_mean_flow(stack):
    for b in range(stack.shape[0]):
        for c in range(stack.shape[1]):
            stack[b, c] -= stack[b, c].mean()
    return stack
""",
        "the result is right",
    ),
    (
        """
def subtract_mean_flow(stack):
    u, v = stack[:, 0::2], stack[:, 1::2]
    return torch.cat([u - u.mean((2, 3), keepdim=True), v - v.mean((2, 3), keepdim=True)], 1)
""",
        "the channels come in another order now",
    ),
    (
        """
def subtract_mean_flow(stack):
    L = stack.shape[1] // 2
    out = stack.clone()
    out[:, :L] -= stack[:, :L].mean((1, 2, 3), keepdim=True)
    out[:, L:] -= stack[:, L:].mean((1, 2, 3), keepdim=True)
    return out
""",
        "each half of the channels shares one mean",
    ),
]
