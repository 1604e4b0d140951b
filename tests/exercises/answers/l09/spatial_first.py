"""Answers to 09.3 beside those that the exercise itself knows."""

RIGHT = {
    "even ones, then odd ones": """
def spatial_first(weight):
    return torch.cat([weight[:, 0::2], weight[:, 1::2]], dim=1)
""",
    "by a list of numbers": """
def spatial_first(weight):
    n = weight.shape[1]
    return weight[:, [*range(0, n, 2), *range(1, n, 2)]]
""",
    "by reshape": """
def spatial_first(weight):
    outputs, inputs, *kernel = weight.shape
    return weight.reshape(outputs, inputs // 2, 2, *kernel).transpose(1, 2).reshape(weight.shape)
""",
    "an order that was transposed": """
def spatial_first(weight):
    order = torch.arange(weight.shape[1]).view(-1, 2).T.flatten()
    return weight.index_select(1, order)
""",
    "in a loop": """
def spatial_first(weight):
    channels = weight.shape[1] // 2
    moved = torch.empty_like(weight)
    for d in range(channels):
        moved[:, d], moved[:, channels + d] = weight[:, 2 * d], weight[:, 2 * d + 1]
    return moved
""",
    "sorted by remainder": """
def spatial_first(weight):
    return weight[:, sorted(range(weight.shape[1]), key=lambda i: i % 2)]
""",
}

WRONG = [
    (
        """
def spatial_first(weight):
    return torch.cat([weight[:, 1::2], weight[:, 0::2]], dim=1)
""",
        "temporal channels come first",
    ),
    (
        """
def spatial_first(weight):
    return weight
""",
        "nothing has moved",
    ),
    ({".flatten(1, 2)": ""}, None),
    ({"transpose(1, 2)": "transpose(0, 2)"}, None),
    (
        """
def spatial_first(weight):
    half = weight.shape[1] // 2
    return torch.stack([weight[:, :half], weight[:, half:]], dim=2).flatten(1, 2)
""",
        "the bug is still there",
    ),
    (
        """
def spatial_first(weight):
    return torch.cat([weight[:, 0::2], weight[:, 1::2]])
""",
        "lie along the outputs",
    ),
    (
        """
def spatial_first(weight):
    channels, moved = weight.shape[1] // 2, torch.zeros_like(weight)
    for d in range(channels):
        moved[:, 2 * d], moved[:, 2 * d + 1] = weight[:, d], weight[:, channels + d]
    return moved
""",
        "the bug is still there",
    ),
]
