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
    return int(np.prod([height, width, fps, seconds, channels, bytes_per_value]).round())
""",
    "a tensor's product": """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    factors = torch.tensor([height, width, fps, seconds, channels, bytes_per_value], dtype=torch.float64)
    return factors.prod().round().long()
""",
    "one frame first, rounded at the end": """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    one_frame = height * width * channels * bytes_per_value
    return int(round(one_frame * fps * seconds))
""",
}

WRONG = [
    ({"    return": "    bytes_in_all ="}, "nothing was returned"),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    pixels = fps * seconds * height * width
    if channels == 3:
        pixels = 3 * pixels
    return pixels * bytes_per_value
""",
        "the channels are missing",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return torch.zeros(fps * seconds, channels, height, width, device="meta").nbytes
""",
        "TypeError",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return height * width * channels * bytes_per_value * fps * int(seconds)
""",
        "the seconds are cut off behind the point",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return height * width * channels * bytes_per_value * int(fps) * seconds
""",
        "the frame rate is cut off behind the point",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return height * width * channels * bytes_per_value * fps * seconds / 1e9
""",
        "these are gigabytes",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return round(height * width * 3 * fps * seconds)
""",
        "the channels are fixed to 3",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return height * width * channels * bytes_per_value * seconds
""",
        "the frames per second are missing",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return round(height * width * channels * bytes_per_value * fps * seconds / 60)
""",
        "the duration is divided by 60",
    ),
    (
        """
def raw_bytes(height, width, fps, seconds, channels=3, bytes_per_value=1):
    return height * width * channels * bytes_per_value * (int(fps * seconds) + 1)
""",
        "one frame too many",
    ),
]
