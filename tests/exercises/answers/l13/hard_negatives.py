"""Answers to 13.4 beside those that the exercise itself knows."""

RIGHT = {
    "argsort": """
def hard_negatives(scores, number):
    return scores[:, 1].argsort(descending=True)[:number]
""",
    "sorting the negated": """
def hard_negatives(scores, number):
    order = torch.argsort(-scores[:, 1])
    return order[0:number]
""",
    "one by one": """
def hard_negatives(scores, number):
    left = scores[:, 1].clone()
    rows = []
    for _ in range(number):
        row = int(left.argmax())
        rows.append(row)
        left[row] = -torch.inf
    return torch.tensor(rows)
""",
}

WRONG = [
    (
        """
def hard_negatives(scores, number):
    return scores[:, 1].argsort()[:number]
""",
        "these are the easiest",
    ),
    (
        """
def hard_negatives(scores, number):
    return torch.softmax(scores, dim=1)[:, 1].argsort(descending=True)[:number]
""",
        "difference of the two scores",
    ),
    (
        """
def hard_negatives(scores, number):
    return torch.sort(scores[:, 1], descending=True).values[:number]
""",
        "these are the scores",
    ),
    (
        """
def hard_negatives(scores, number):
    return torch.argsort(scores[:, 1])[-number:]
""",
        "turned round",
    ),
    ({"topk(number)": "topk(3)"}, None),
]
