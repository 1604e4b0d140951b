"""Answers to 01.1 beside those that the exercise itself knows."""

RIGHT = {
    "frame by frame": """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    total = 0
    for _ in range(int(fps * seconds)):
        total += height * width * channels * bytes_per_value
    return total
""",
    "NumPy's product": """
import numpy as np
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return np.prod([height, width, fps, seconds, channels, bytes_per_value])
""",
    "a tensor's product": """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return torch.tensor([height, width, fps, seconds, channels, bytes_per_value]).prod()
""",
    "one frame first, rounded at the end": """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    one_frame = height * width * channels * bytes_per_value
    return int(round(one_frame * fps * seconds))
""",
}

WRONG = [
    ({"* bytes_per_value": "* bytes_per_value / 2**20"}, "times too small"),
    ({"* width": "* height"}, None),
    ({"* channels": "+ channels"}, None),
    ({"    return": "    bytes_in_all ="}, "nothing was returned"),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    pixels = fps * seconds * height * width
    if channels == 3:
        pixels = 3 * pixels
    return pixels * bytes_per_value
""",
        "channels are missing",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return torch.zeros(fps * seconds, channels, height, width, device="meta").nbytes
""",
        None,
    ),
]
