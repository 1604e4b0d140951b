"""Answers to 06.3 beside those that the exercise itself knows."""

RIGHT = {
    "sum instead of mean, and loops": """
def describe_video(features):
    total = sum(clip for clip in features)
    length = sum(float(value) ** 2 for value in total) ** 0.5
    return total / length
""",
    "with an epsilon": """
def describe_video(features):
    m = features.mean(0)
    return m / (m.norm() + 1e-8)
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def describe_video(features):
    m = features.numpy().mean(axis=0).astype(np.float64)
    return torch.from_numpy(m / np.linalg.norm(m))
""",
}

WRONG = [
    ({"mean.norm()": "mean.sum()"}, "L1"),
    (
        """
def describe_video(features):
    strongest = features.max(dim=0).values
    return strongest / (strongest**2).sum().sqrt()
""",
        "maximum",
    ),
    (
        """
def describe_video(features):
    mean = features.mean(dim=0)
    mean / mean.norm()
""",
        "return",
    ),
    ({"features.mean(dim=0)": "features.mean(dim=0, keepdim=True)"}, "An axis of size 1 is too many: shape (1, 7)"),
    ({"mean.norm()": "mean.norm(p=1)"}, "the values add up to 1 (L1 norm): the paper"),
    ({"mean.norm()": "(mean ** 2).sum()"}, "this divides by the sum of squares: take its"),
    ({"features.mean(dim=0)": "features.max(dim=0).values"}, "this is the maximum over clips: the paper"),
    (
        {
            "features.mean(dim=0)": "features / features.norm()\n    mean = mean.mean(0)",
            "return mean / mean.norm()": "return mean",
        },
        "this divides by the length of all clips",
    ),
    ({"mean.norm()": "features.norm(dim=0)"}, "the features were divided one by one along"),
    (
        """
def describe_video(features):
    features /= features.norm(dim=1, keepdim=True)
    return features.mean(0)
""",
        "first average, then scale: here every clip",
    ),
]
