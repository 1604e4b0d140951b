"""Answers to 24.2 beside those that the exercise itself knows."""

RIGHT = {
    "floor of the logarithm": """
import math
def pairs_to_compare(frames):
    pairs = {(i, i + 1) for i in range(frames - 1)}
    for k in range(1, math.floor(math.log2(frames - 1)) + 1):
        for i in range(frames - 2**k):
            if i % 2 ** (k - 1) == 0:
                pairs.add((i, i + 2**k))
    return sorted(pairs)
""",
    "over all pairs, by the rule": """
def pairs_to_compare(frames):
    pairs = []
    for i in range(frames):
        for j in range(i + 1, frames):
            gap = j - i
            if gap == 1 or (gap & (gap - 1) == 0 and i % (gap // 2) == 0):
                pairs.append((i, j))
    return pairs
""",
    "doubling": """
def pairs_to_compare(frames):
    pairs, gap = [], 1
    while gap < frames:
        pairs.extend((i, i + gap) for i in range(0, frames - gap, max(1, gap // 2)))
        gap *= 2
    return sorted(pairs)
""",
    "bit length": """
def pairs_to_compare(frames):
    pairs = []
    for k in range((frames - 1).bit_length()):
        step = 1 if k == 0 else 2 ** (k - 1)
        pairs += list(zip(range(0, frames - 2**k, step), range(2**k, frames, step)))
    pairs.sort()
    return pairs
""",
    "pairs as lists": """
def pairs_to_compare(frames):
    gaps = [2**k for k in range(20) if 2**k < frames]
    return sorted([i, i + gap] for gap in gaps for i in range(0, frames - gap, max(1, gap // 2)))
""",
}

WRONG = [
    (
        """
def pairs_to_compare(frames):
    pairs, gap = [], 1
    while gap < frames:
        pairs.extend((i, i + gap) for i in range(0, frames - gap, gap))
        gap *= 2
    return sorted(pairs)
""",
        "at every 2^k-th frame here",
    ),
    (
        """
def pairs_to_compare(frames):
    pairs, gap = [], 1
    while gap < frames:
        pairs.extend((i, i + gap) for i in range(frames - gap))
        gap *= 2
    return sorted(pairs)
""",
        "at every frame here",
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
import math
def pairs_to_compare(frames):
    pairs = [(i, i + 1) for i in range(frames - 1)]
    for k in range(1, int(math.log2(frames - 1))):
        pairs += [(i, i + 2**k) for i in range(0, frames - 2**k, 2 ** (k - 1))]
    return sorted(pairs)
""",
        "the largest distance is missing",
    ),
    (
        """
def pairs_to_compare(frames):
    pairs, gap = [], 1
    while gap < frames:
        pairs.extend((i, i + gap) for i in range(0, frames, max(1, gap // 2)))
        gap *= 2
    return sorted(pairs)
""",
        None,
    ),
    ({"return sorted(pairs)": "sorted(pairs)"}, "return"),
]
