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
    (
        {"frames / time": "frames // time", "rows / 2": "rows // 2", "columns / 2": "columns // 2"},
        "one bug is left: Caffe rounds up, so that the",
    ),
    (
        {
            "math.ceil(frames / time)": "(frames + 1) // time",
            "math.ceil(rows / 2)": "(rows + 1) // 2",
            "math.ceil(columns / 2)": "(columns + 1) // 2",
        },
        "(frames + 1) // time rounds up for time = 2",
    ),
    ({"math.ceil": "int"}, "one bug is left: Caffe rounds up, so that the"),
    ({"range(5)": "range(1, 6)"}, "one bug is left: the first pool, i == 0"),
    (
        {"        time = 1 if i == 0 else 2\n": "        if i == 0:\n            continue\n        time = 2\n"},
        "4 values were returned, 5 are expected",
    ),
    ({"return sizes": "return frames, rows, columns"}, "only the last size came: give the list of all"),
    (
        """
def sizes_after_pools(clip):
    frames, rows, columns = clip
    sizes = []
    for i in range(5):
        n = 1 if i == 0 else 2
        frames, rows, columns = math.ceil(frames / n), math.ceil(rows / n), math.ceil(columns / n)
        sizes.append((frames, rows, columns))
    return sizes
""",
        "pool1 leaves time alone, and nothing else: it",
    ),
    (
        {
            "math.ceil(rows / 2)": "(rows + 2) // 2",
            "math.ceil(columns / 2)": "(columns + 2) // 2",
            "math.ceil(frames / time)": "frames if i == 0 else (frames + 2) // 2",
        },
        "this pads every axis by one before it pools",
    ),
]
