"""Answers to 00.2 beside those that the exercise itself knows."""

RIGHT = {
    "but for the last bit": "stride = 3.2 / (16 / 30)",
    "NumPy's int": """
import numpy as np
stride = np.int64(6)
""",
    "in a list": "stride = [6]",
    "a tensor": "stride = torch.tensor(30) // 5",
    "the first that is long enough": """
stride = 1
while 16 * stride / 30 < 3.2:
    stride += 1
""",
}

WRONG = [
    ("stride = 3.2", "are the seconds"),
    ("stride = 0.2", "count it in frames"),
    ("stride = 7", "off by one"),
    ("stride = 3.2 * 30 / 15", "too large"),  # 15 gaps lie between 16 frames
    ("stride = '6'", "the string '6' came"),
    ("stride = '6 frames'", "the string '6 frames' came"),
]
