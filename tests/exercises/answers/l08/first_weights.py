"""Answers to 08.3 beside those that the exercise itself knows."""

RIGHT = {
    "a loop over channels": """
def first_weights(weight, channels):
    grey = (weight[:, 0] + weight[:, 1] + weight[:, 2]) / 3
    return torch.stack([grey for _ in range(channels)], dim=1)
""",
    "expand": """
def first_weights(weight, channels):
    D, _, h, w = weight.shape
    return weight.mean(1).unsqueeze(1).expand(D, channels, h, w)
""",
}

OWN_FORM = {
    "NumPy": """
import numpy as np
def first_weights(weight, channels):
    mean = weight.numpy().astype(np.float64).mean(axis=1, keepdims=True)
    return torch.from_numpy(np.repeat(mean, channels, axis=1))
""",
}

WRONG = [
    (
        """
def first_weights(weight, channels):
    return torch.cat([weight] * channels, dim=1)[:, :channels]
""",
        "still apart",
    ),
    (
        """
def first_weights(weight, channels):
    mean = weight.mean(dim=2, keepdim=True)
    return mean.repeat(1, channels, 1, 1)
""",
        None,
    ),
    (
        """
def first_weights(weight, channels):
    return weight.sum(1, keepdim=True).repeat(1, channels, 1, 1) / channels
""",
        None,
    ),
    ({"return mean": "mean"}, "return"),
    ({"weight.mean": "weight.median"}, None),
]
