"""Answers to 13.6 beside those that the exercise itself knows."""

RIGHT = {
    "the difference of the scores": """
def decide(scores, number, every=10):
    lead = scores[:, 1] - scores[:, 0]
    best = lead.argmax()
    if lead[best] < 0:
        return best, "short"
    if number % every:
        return best, "none"
    return best, "long"
""",
    "max with its index": """
def decide(scores, number, every=10):
    top, best = torch.softmax(scores, 1)[:, 1].max(0)
    kind = "none"
    if number % every == 0:
        kind = "long"
    if top < 0.5:
        kind = "short"
    return best, kind
""",
    "a sigmoid of the difference": """
def decide(scores, number, every=10):
    f = torch.sigmoid(scores[:, 1] - scores[:, 0])
    i = f.argmax()
    return (i, "short") if f[i] < 0.5 else (i, "none" if number % every else "long")
""",
}

WRONG = [
    (
        """
def decide(scores, number, every=10):
    best = scores[:, 1].argmax()
    if scores[best, 1] < 0:
        return best, "short"
    return best, "long" if number % every == 0 else "none"
""",
        "codes' rule",
    ),
    (
        """
def decide(scores, number, every=10):
    f = scores.softmax(1)[:, 1]
    best = f.argmax()
    if number % every == 0:
        return best, "long"
    return best, "short" if f[best] < 0.5 else "none"
""",
        "failure comes first",
    ),
    (
        """
def decide(scores, number, every=10):
    f = scores.softmax(1)[:, 1]
    best = f.argmax()
    if f[best] > 0.5:
        return best, "short"
    return best, "long" if number % every == 0 else "none"
""",
        "lost the target",
    ),
    ({'"none"': "None"}, None),
    ({"best = probability.argmax()": "best = 0"}, None),
    (
        """
def decide(scores, number, every=10):
    f = scores.softmax(1)[:, 1]
    best = f.argmax()
    if f[best] < 0.5:
        return best, "short"
    return best, "long" if number >= every else "none"
""",
        "all frames after",
    ),
]
