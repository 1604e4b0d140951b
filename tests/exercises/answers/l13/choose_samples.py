"""Answers to 13.2 beside those that the exercise itself knows."""

RIGHT = {
    "row numbers": """
def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    o = overlap(boxes, truth)
    return boxes[torch.where(o >= positive)[0]], boxes[torch.where(o <= negative)[0]]
""",
    "negated comparisons": """
def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    o = overlap(boxes, truth)
    return boxes[~(o < positive)], boxes[~(o > negative)]
""",
    "a list of two": """
def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    o = overlap(boxes, truth)
    masks = [o >= positive, o <= negative]
    return [boxes[mask] for mask in masks]
""",
}

WRONG = [
    ({"boxes[share <= negative]": "boxes[~(share >= negative)]", "share >= positive": "share > positive"}, "belong to"),
    (
        """
def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    o = overlap(boxes, truth)
    good = o >= positive
    return boxes[good], boxes[~good]
""",
        "neither",
    ),
    (
        """
def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    o = overlap(boxes, truth)
    return boxes[o >= 0.7], boxes[o <= 0.3]
""",
        None,
    ),
    ({"return boxes[share >= positive], boxes[share <= negative]": "return boxes[share >= positive]"}, None),
    (
        """
def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    o = overlap(boxes, truth)
    return o[o >= positive], o[o <= negative]
""",
        "these are the overlaps",
    ),
]
