"""Answers to 18.6 beside those that the exercise itself knows."""

RIGHT = {
    "a loop": """
def learning_rate(step, first, halvings):
    rate = first
    for halving in halvings:
        if step >= halving:
            rate /= 2
    return rate
""",
    "powers of a half": """
def learning_rate(step, first, halvings):
    return first * 0.5 ** len([h for h in halvings if h <= step])
""",
    "bisect": """
def learning_rate(step, first, halvings):
    from bisect import bisect_right
    return first * 2.0 ** -bisect_right(halvings, step)
""",
}

WRONG = [
    (
        """
def learning_rate(step, first, halvings):
    for halving in halvings:
        if step >= halving:
            return first / 2
    return first
""",
        "every halving that has passed counts",
    ),
    (
        """
def learning_rate(step, first, halvings):
    return first * 0.5 ** sum(step < h for h in halvings)
""",
        "the other way round",
    ),
    (
        """
def learning_rate(step, first, halvings):
    passed = sum(step >= h for h in halvings)
    return first / (2 * passed) if passed else first
""",
        "a power of 2",
    ),
    (
        """
def learning_rate(step, first, halvings):
    return sum(step >= h for h in halvings)
""",
        None,
    ),
    (
        """
def learning_rate(step, first, halvings):
    rate = first
    for halving in halvings:
        if step > halving:
            rate = rate / 2
    return rate
""",
        "already half as large",
    ),
    (
        """
def learning_rate(step, first, halvings):
    return first / 3 ** sum(step >= h for h in halvings)
""",
        None,  # compared with products of halvings beyond 2**63
    ),
]
