"""Answers to 06.2 beside those that the exercise itself knows."""

RIGHT = {
    "asking a pool": """
def sizes_after_pools(clip):
    x = torch.zeros(1, 1, *clip)
    sizes = []
    for i in range(5):
        x = F.max_pool3d(x, (1 if i == 0 else 2, 2, 2), ceil_mode=True)
        sizes.append(x.shape[2:])
    return sizes
""",
    "in closed form": """
def sizes_after_pools(clip):
    T, H, W = clip
    return tuple((math.ceil(T / 2 ** i), math.ceil(H / 2 ** (i + 1)), math.ceil(W / 2 ** (i + 1))) for i in range(5))
""",
}

OWN_FORM = {
    "an array": """
import numpy as np
def sizes_after_pools(clip):
    size = np.array(clip)
    out = []
    for i in range(5):
        size = -(-size // np.array([1 if i == 0 else 2, 2, 2]))
        out.append(size)
    return np.array(out)
""",
}

WRONG = [
    (
        """
import numpy as np
def sizes_after_pools(clip):
    frames, rows, columns = clip
    sizes = []
    for i in range(5):
        time = 1 if i == 0 else 2
        frames, rows, columns = np.ceil(frames / time), np.ceil(rows / 2), np.ceil(columns / 2)
        sizes.append((frames, rows, columns))
    return sizes
""",
        "whole numbers: np.ceil",
    ),
    ({"range(5)": "range(4)"}, "4 values were returned"),
    ({"(frames, rows, columns))": "clip)"}, None),
]
