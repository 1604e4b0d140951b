"""Answers to 14.4 beside those that the exercise itself knows."""

RIGHT = {
    "middle first": """
def exemplar_box(boxes):
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    context = boxes[:, 2:].mean(1, keepdim=True)
    side = (boxes[:, 2:] + context).prod(1, keepdim=True).sqrt()
    return torch.cat([middle - side / 2, side, side], 1)
""",
    "the paper's p": """
def exemplar_box(boxes):
    x, y, w, h = boxes.T
    p = (w + h) / 4
    s = torch.sqrt((w + 2 * p) * (h + 2 * p))
    return torch.stack([x - (s - w) / 2, y - (s - h) / 2, s, s], 1)
""",
    "box by box": """
def exemplar_box(boxes):
    out = []
    for x, y, w, h in boxes.tolist():
        s = ((w + 0.5 * (w + h)) * (h + 0.5 * (w + h))) ** 0.5
        out.append([x + 0.5 * w - 0.5 * s, y + 0.5 * h - 0.5 * s, s, s])
    return torch.tensor(out)
""",
    "columns": """
def exemplar_box(boxes):
    w, h = boxes[:, 2], boxes[:, 3]
    side = torch.sqrt(1.5 * w + 0.5 * h) * torch.sqrt(0.5 * w + 1.5 * h)
    out = boxes.clone()
    out[:, 0] += (w - side) / 2
    out[:, 1] += (h - side) / 2
    out[:, 2] = out[:, 3] = side
    return out
""",
}

WRONG = [
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.T
    s = torch.sqrt((w + w + h) * (h + w + h))
    return torch.stack([x + (w - s) / 2, y + (h - s) / 2, s, s], 1)
""",
        "added twice",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.T
    p = (w + h) / 2
    return torch.stack([x - p / 2, y - p / 2, w + p, h + p], 1)
""",
        "exemplar is square",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.T
    p = (w + h) / 2
    s = torch.sqrt((w + p) * (h + p))
    return torch.stack([x, y, s, s], 1)
""",
        "middle moves",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.T
    p = (w + h) / 2
    s = (w + p) * (h + p)
    return torch.stack([x + (w - s) / 2, y + (h - s) / 2, s, s], 1)
""",
        "root is missing",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.T
    s = torch.sqrt(w * h)
    return torch.stack([x + (w - s) / 2, y + (h - s) / 2, s, s], 1)
""",
        "no context",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.T
    p = (w + h) / 2
    s = torch.sqrt((w + p) * (h + p))
    return torch.stack([x + w / 2, y + h / 2, s, s], 1)
""",
        "middle and the side",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.unbind(-1)
    p = (w + h) / 4
    s = ((w + 2*p) * (h + 2*p)).sqrt()
    return torch.stack([x - p, y - p, s, s], -1)
""",
        "half of the context",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.unbind(-1)
    p = (w + h) / 4
    s = ((w + 2*p) * (h + 2*p)).sqrt()
    return torch.stack([x + (s - w)/2, y + (s - h)/2, s, s], -1)
""",
        "moves inwards",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.unbind(-1)
    p = (w + h) / 4
    s = ((w + 2*p) * (h + 2*p)).sqrt()
    return torch.stack([x + w/2 - s/2, y + h/2 - s/2, w + 2*p, h + 2*p], -1)
""",
        "exemplar is square",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.unbind(-1)
    p = (w + h) / 4
    s = torch.sqrt(w + 2*p) * (h + 2*p)
    return torch.stack([x + w/2 - s/2, y + h/2 - s/2, s, s], -1)
""",
        "first factor alone",
    ),
    (
        """
def exemplar_box(boxes):
    x, y, w, h = boxes.unbind(-1)
    p = (w + h) / 4
    s = ((w + 2*p) * (h + 2*p)).sqrt() * 255 / 127
    return torch.stack([x + w/2 - s/2, y + h/2 - s/2, s, s], -1)
""",
        "search image's square",
    ),
]
