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
        None,
    ),
    (
        """
def subtract_mean_flow(stack):
    return stack - stack.mean(2, keepdim=True) - stack.mean(3, keepdim=True)
""",
        None,
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
]
