"""Answers to 08.4 beside those that the exercise itself knows."""

RIGHT = {
    "channels first, then a shift by three": """
def rgb_differences(frames):
    channels = frames.flatten(1, 2)
    return channels[:, 3:] - channels[:, :-3]
""",
    "diff": """
def rgb_differences(frames):
    return frames.diff(dim=1).reshape(len(frames), -1, *frames.shape[3:])
""",
    "a loop": """
def rgb_differences(frames):
    parts = []
    for t in range(1, frames.shape[1]):
        parts.append(frames[:, t] - frames[:, t - 1])
    return torch.cat(parts, dim=1)
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def rgb_differences(frames):
    d = np.diff(frames.numpy().astype(np.float64), axis=1)
    return torch.from_numpy(d.reshape(d.shape[0], -1, *d.shape[3:]))
""",
}

WRONG = [
    (
        """
def rgb_differences(frames):
    frames[:, 1:] -= frames[:, :-1].clone()
    return frames[:, 1:].flatten(1, 2)
""",
        "changed in place",
    ),
    (
        """
def rgb_differences(frames):
    return torch.stack([frames[:, t] - frames[:, t + 1] for t in range(frames.shape[1] - 1)], 1).flatten(1, 2)
""",
        "sign is turned",
    ),
    (
        """
def rgb_differences(frames):
    grey = frames.mean(2)
    return grey[:, 1:] - grey[:, :-1]
""",
        "colours are averaged",
    ),
    ({"[:, :-1]": "[:, 0]"}, None),
    (
        """
def rgb_differences(frames):
    return torch.stack([frames[:, t] - frames[:, t - 1] for t in range(1, frames.shape[1])]).flatten(1, 2)
""",
        "in front of the batch",
    ),
    (
        """
def rgb_differences(frames):
    channels = frames.flatten(1, 2)
    return channels[:, 1:] - channels[:, :-1]
""",
        "neighbouring colours",
    ),
]
