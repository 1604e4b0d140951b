"""Answers to 13.5 beside those that the exercise itself knows."""

RIGHT = {
    "number by number": """
def regression_targets(boxes, truth):
    x, y, w, h = boxes.T
    a, b, c, d = truth
    tx = ((a + c / 2) - (x + w / 2)) / w
    ty = ((b + d / 2) - (y + h / 2)) / h
    return torch.stack([tx, ty, torch.log(c / w), torch.log(d / h)], dim=1)
""",
    "difference of logarithms": """
def regression_targets(boxes, truth):
    middle = boxes[:, :2] + boxes[:, 2:] / 2
    goal = truth[:2] + truth[2:] / 2
    return torch.cat([(goal - middle) / boxes[:, 2:], truth[2:].log() - boxes[:, 2:].log()], dim=1)
""",
    "a loop": """
def regression_targets(boxes, truth):
    rows = []
    for box in boxes:
        move = (truth[:2] - box[:2] + 0.5 * (truth[2:] - box[2:])) / box[2:]
        rows.append(torch.cat([move, torch.log(truth[2:] / box[2:])]))
    return torch.stack(rows)
""",
}

WRONG = [
    (
        """
def regression_targets(boxes, truth):
    sizes = boxes[:, 2:]
    move = (truth[:2] - boxes[:, :2]) / sizes
    grow = torch.log(truth[2:] / sizes)
    return torch.cat([move, grow], dim=1)
""",
        "one bug is left: x and y",
    ),
    (
        """
def regression_targets(boxes, truth):
    sizes = boxes[:, 2:]
    move = (truth[:2] + truth[2:] / 2 - boxes[:, :2] - sizes / 2) / sizes
    grow = (truth[2:] - sizes) / sizes
    return torch.cat([move, grow], dim=1)
""",
        "one bug is left: sizes",
    ),
    (
        """
def regression_targets(boxes, truth):
    sizes = boxes[:, 2:]
    move = (boxes[:, :2] + sizes / 2 - truth[:2] - truth[2:] / 2) / sizes
    grow = (truth[2:] / sizes).log()
    return torch.cat([move, grow], dim=1)
""",
        "from the box to the truth",
    ),
    ({"dim=1": "dim=0"}, None),
    ({"sizes = boxes[:, 2:]": "sizes = boxes[:, [3, 2]]"}, None),
]
