"""Answers to 13.1 beside those that the exercise itself knows."""

RIGHT = {
    "four edges by name": """
def overlap(boxes, truth):
    x, y, w, h = boxes.unbind(1)
    a, b, c, d = truth
    across = (torch.min(x + w, a + c) - torch.max(x, a)).clamp(min=0)
    down = (torch.min(y + h, b + d) - torch.max(y, b)).clamp(min=0)
    inter = across * down
    return inter / (w * h + c * d - inter)
""",
    "a loop of Python numbers": """
def overlap(boxes, truth):
    out = []
    tx, ty, tw, th = truth.tolist()
    for x, y, w, h in boxes.tolist():
        across = max(0, min(x + w, tx + tw) - max(x, tx))
        down = max(0, min(y + h, ty + th) - max(y, ty))
        out.append(across * down / (w * h + tw * th - across * down))
    return torch.tensor(out)
""",
    "relu, and a little eps": """
def overlap(boxes, truth):
    high = torch.minimum(boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:])
    low = torch.maximum(boxes[:, :2], truth[:2])
    both = torch.relu(high - low)
    both = both[:, 0] * both[:, 1]
    return both / (boxes[:, 2] * boxes[:, 3] + truth[2] * truth[3] - both + 1e-9)
""",
}

WRONG = [
    (
        """
def overlap(boxes, truth):
    low = torch.maximum(boxes[:, :2], truth[:2])
    high = torch.minimum(boxes[:, 2:], truth[2:])
    inter = (high - low).clamp(min=0).prod(1)
    return inter / (boxes[:, 2:].prod(1) + truth[2:].prod() - inter)
""",
        "w and h are sizes",
    ),
    (
        """
def overlap(boxes, truth):
    low = torch.maximum(boxes[:, :2], truth[:2])
    high = torch.minimum(boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:])
    inter = (high - low).prod(dim=1)
    return inter / (boxes[:, 2:].prod(1) + truth[2:].prod() - inter)
""",
        "lengths of the shared part",
    ),
    (
        """
def overlap(boxes, truth):
    low = torch.maximum(boxes[:, :2], truth[:2])
    high = torch.minimum(boxes[:, :2] + boxes[:, 2:], truth[:2] + truth[2:])
    inter = (high - low).clamp(min=0).prod(dim=1)
    return inter / (boxes[:, 2:].prod(1) + truth[2:].prod())
""",
        "counted twice",
    ),
    ({"dim=1": "dim=0"}, None),
    ({"return shared / together": "return (shared / together).mean()"}, None),
]
