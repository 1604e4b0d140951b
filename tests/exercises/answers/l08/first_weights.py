"""Answers to 08.3 beside those that the exercise itself knows."""

RIGHT = {
    "einsum": """
def first_weights(weight, channels):
    return torch.einsum("dchw,k->dkhw", weight / 3, torch.ones(channels))
""",
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
    grey = 0.299 * weight[:, :1] + 0.587 * weight[:, 1:2] + 0.114 * weight[:, 2:]
    return grey.repeat(1, channels, 1, 1)
""",
        "luminance",
    ),
    (
        """
def first_weights(weight, channels):
    return torch.cat([weight] * (channels // 3), dim=1)
""",
        "as often as they fit",
    ),
    (
        """
def first_weights(weight, channels):
    return weight.sum(1, keepdim=True).repeat(1, channels, 1, 1) / channels
""",
        "so that the sum stays",
    ),
    ({"return mean": "mean"}, "return"),
    (
        """
def first_weights(weight, channels):
    return torch.randn(len(weight), channels, *weight.shape[2:])
""",
        None,
    ),
]
