"""Answers to 04.7 beside those that the exercise itself knows."""

RIGHT = {
    "a variable called occlusion": """
def hidden(forward, backward):
    b = warp(backward, forward)
    occlusion = (forward + b).norm(dim=1) ** 2 > 0.01 * (forward.norm(dim=1) ** 2 + b.norm(dim=1) ** 2) + 0.5
    mask = occlusion.clone()
    mask[~in_view(forward)] = True
    return mask
""",
    "float64 inside": """
def hidden(forward, backward):
    f, b = forward.double(), warp(backward, forward).double()
    return ((f + b).pow(2).sum(1) > 0.01 * (f.pow(2).sum(1) + b.pow(2).sum(1)) + 0.5) | ~in_view(forward)
""",
    "NumPy, and borders of its own": """
import numpy as np
def hidden(forward, backward):
    f, b = forward.numpy(), warp(backward, forward).numpy()
    bad = ((f + b) ** 2).sum(1) > 0.01 * ((f ** 2).sum(1) + (b ** 2).sum(1)) + 0.5
    B, _, H, W = f.shape
    y, x = np.mgrid[:H, :W]
    x2, y2 = x + f[:, 0], y + f[:, 1]
    out = (x2 < 0) | (x2 > W - 1) | (y2 < 0) | (y2 > H - 1)
    return torch.from_numpy(bad | out)
""",
}

WRONG = [
    ({"gap > tolerance": "gap < tolerance"}, "marks what is seen"),
    ({"gap > tolerance": "gap > 0.5"}, "grows with the vectors"),
    ({"(forward + back).square().sum(1)": "(forward + back).square().sum(1).sqrt()"}, "not squared"),
    ({"(gap > tolerance) | ~in_view(forward)": "gap - tolerance"}, "float32 came, bool is expected, and the"),
    ({"return (gap": "return ~((gap", "(forward)\n": "(forward))\n"}, "all of it"),
    (
        {"(forward + back).square().sum(1)": "(forward + back).norm(dim=1)"},
        "the gap is not squared: the tolerance is in",
    ),
    (
        {"return (gap > tolerance) | ~in_view(forward)": "return ((gap > tolerance) | ~in_view(forward)).float()"},
        "The values are right, their dtype is not",
    ),
    (
        {"return (gap > tolerance) | ~in_view(forward)": "return ((gap > tolerance) | ~in_view(forward)).unsqueeze(1)"},
        "An axis of size 1 is too many: shape (1, 1",
    ),
]
