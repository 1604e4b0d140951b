"""Answers to 14.6 beside those that the exercise itself knows."""

RIGHT = {
    "corners and sizes as vectors": """
def next_box(box, moved, factor, zoom, rate=0.59):
    middle = box[:2] + box[2:] / 2 + moved * zoom * factor
    size = box[2:] * (1 + rate * (factor - 1))
    return torch.cat([middle - size / 2, size])
""",
    "a weighted mean of sizes": """
def next_box(box, moved, factor, zoom, rate=0.59):
    size = (1 - rate) * box[2:] + rate * factor * box[2:]
    corner = box[:2] + moved * (zoom * factor) - (size - box[2:]) / 2
    return torch.cat((corner, size))
""",
    "numbers": """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box.tolist()
    right, down = moved.tolist()
    g = 1 - rate + rate * factor
    return torch.tensor([
        x + right * zoom * factor + w * (1 - g) / 2, y + down * zoom * factor + h * (1 - g) / 2, w * g, h * g
    ])
""",
    "in place": """
def next_box(box, moved, factor, zoom, rate=0.59):
    box = box.clone()
    box[:2] += box[2:] / 2
    box[:2] += moved * zoom * factor
    box[2:] *= 1 + rate * (factor - 1)
    box[:2] -= box[2:] / 2
    return box
""",
}

WRONG = [
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = factor
    x = x + moved[0] * zoom
    y = y + moved[1] * zoom
    return torch.stack([x, y, w * growth, h * growth])
""",
        "three bugs are left",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    x = x + moved[0] * zoom
    y = y + moved[1] * zoom
    return torch.stack([x, y, w * growth, h * growth])
""",
        "two bugs are left",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    x = x + moved[0] * zoom * factor
    y = y + moved[1] * zoom * factor
    return torch.stack([x, y, w * growth, h * growth])
""",
        "grows about the corner",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    cx, cy = x + w / 2 + moved[0] * zoom * factor, y + h / 2 + moved[1] * zoom * factor
    w, h = w * factor, h * factor
    return torch.stack([cx - w / 2, cy - h / 2, w, h])
""",
        "the size jumps",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    cx, cy = x + w / 2 + moved[0] * zoom, y + h / 2 + moved[1] * zoom
    w, h = w * growth, h * growth
    return torch.stack([cx - w / 2, cy - h / 2, w, h])
""",
        "zoom * factor pixels of the frame",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = rate * factor
    cx, cy = x + w / 2 + moved[0] * zoom * factor, y + h / 2 + moved[1] * zoom * factor
    w, h = w * growth, h * growth
    return torch.stack([cx - w / 2, cy - h / 2, w, h])
""",
        "1 + is missing",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    x = x + moved[0] * zoom * factor - w * growth / 2
    y = y + moved[1] * zoom * factor - h * growth / 2
    return torch.stack([x, y, w * growth, h * growth])
""",
        "upper left corner",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    x = x + moved[0] * zoom * factor + (growth - 1) * w / 2
    y = y + moved[1] * zoom * factor + (growth - 1) * h / 2
    return torch.stack([x, y, w * growth, h * growth])
""",
        "wrong way",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    x = x + moved[0] * zoom * factor - (factor - 1) * w / 2
    y = y + moved[1] * zoom * factor - (factor - 1) * h / 2
    return torch.stack([x, y, w * growth, h * growth])
""",
        "full factor",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    x = x + moved[0] * zoom * factor - (growth - 1) * w
    y = y + moved[1] * zoom * factor - (growth - 1) * h
    return torch.stack([x, y, w * growth, h * growth])
""",
        "half of it lies",
    ),
    (
        """
def next_box(box, moved, factor, zoom, rate=0.59):
    x, y, w, h = box
    growth = 1 + rate * (factor - 1)
    x = x + moved[0] * zoom * factor
    y = y + moved[1] * zoom * factor
    return torch.stack([x - w / 2, y - h / 2, w * growth, h * growth])
""",
        "never added",
    ),
]
