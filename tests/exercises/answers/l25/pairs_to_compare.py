"""Answers to 25.1 beside those that the exercise itself knows."""

RIGHT = {
    "lists of two": """
def pairs_to_compare(frames):
    pairs, k = [], 1
    while k < frames:
        pairs += [[i, i + k] for i in range(0, frames - k, k)]
        k *= 2
    return sorted(pairs)
""",
    "by the definition": """
def pairs_to_compare(frames):
    return sorted(
        (i, i + k)
        for k in (2 ** n for n in range(20))
        for i in range(frames)
        if i % k == 0 and i + k < frames
    )
""",
    "all pairs, tried": """
def pairs_to_compare(frames):
    pairs = []
    for i in range(frames):
        for j in range(i + 1, frames):
            k = j - i
            if k & (k - 1) == 0 and i % k == 0:
                pairs.append((i, j))
    return pairs
""",
    "from frame to frame": """
def pairs_to_compare(frames):
    pairs = []
    for i in range(frames):
        k = 1
        while i % k == 0 and i + k < frames:
            pairs.append((i, i + k))
            k *= 2
    return pairs
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def pairs_to_compare(frames):
    pairs, k = [], 1
    while k < frames:
        pairs += [(i, i + k) for i in range(0, frames - k, k // 2 or 1)]
        k *= 2
    return sorted(pairs)
""",
        "rule of lecture 24",
    ),
    (
        """
def pairs_to_compare(frames):
    return [(i, j) for i in range(frames) for j in range(i + 1, frames) if ((j - i) & (j - i - 1)) == 0]
""",
        "every i is taken",
    ),
    (
        """
def pairs_to_compare(frames):
    return [(i, i + 1) for i in range(frames - 1)]
""",
        "neighbours alone",
    ),
    (
        """
def pairs_to_compare(frames):
    return sorted((i, i + k) for k in range(1, frames) for i in range(0, frames - k, k))
""",
        "the distances double",
    ),
    (
        """
def pairs_to_compare(frames):
    return sorted((i, i + k) for k in (1, 2, 4) for i in range(0, frames - k, k))
""",
        "larger distances are missing",
    ),
    (
        """
def pairs_to_compare(frames):
    return [(i, j) for i in range(frames) for j in range(i + 1, frames)]
""",
        "all pairs are listed",
    ),
    ({"return sorted(pairs)": "sorted(pairs)"}, "return"),
    ({"return sorted(pairs)": "return sorted(pairs, key=lambda p: p[1] - p[0])"}, "sort them"),
]
