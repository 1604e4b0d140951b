"""Answers to 11.2 beside those that the exercise itself knows."""

RIGHT = {
    "by the rest of the division": """
def pad_same(size, kernel, stride):
    rest = size % stride or stride
    total = max(kernel - rest, 0)
    return total // 2, (total + 1) // 2
""",
    "by what is left of the stride": """
def pad_same(size, kernel, stride):
    total = max(-size % stride + kernel - stride, 0)
    return total >> 1, total + 1 >> 1
""",
    "by trying": """
def pad_same(size, kernel, stride):
    outputs = -(-size // stride)
    total = 0
    while (size + total - kernel) // stride + 1 < outputs:
        total += 1
    before = int(total / 2)
    return [before, total - before]
""",
}

OWN_FORM = {
    "a tensor": """
def pad_same(size, kernel, stride):
    outputs = math.ceil(size / stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return torch.tensor([total // 2, total - total // 2])
""",
}

WRONG = [
    (
        """
def pad_same(size, kernel, stride):
    outputs = math.ceil(size / stride)
    total = max((outputs - 1) * stride + kernel - size, 0)
    return math.ceil(total / 2), math.floor(total / 2)
""",
        "before is the smaller half",
    ),
    ({"math.ceil": "round"}, None),
    (
        """
def pad_same(size, kernel, stride):
    total = max(kernel - stride, 0)
    return total // 2, total - total // 2
""",
        "only where the stride divides the size",
    ),
    ({"- 1) * stride": "- 1) * kernel"}, None),
    ({"return before, total - before": "print(before, total - before)"}, "printed"),
    ({"max((outputs": "min((outputs"}, None),
]
