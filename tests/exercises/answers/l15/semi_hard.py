"""Answers to 15.4 beside those that the exercise itself knows."""

RIGHT = {
    "the nearest first": """
def semi_hard(distance, labels, margin):
    chosen = []
    for a in range(len(labels)):
        for p in range(a + 1, len(labels)):
            if labels[a] != labels[p]:
                continue
            for n in distance[a].argsort():
                if labels[n] != labels[a] and distance[a, p] < distance[a, n] < distance[a, p] + margin:
                    chosen.append((a, p, n))
                    break
    return torch.tensor(chosen, dtype=torch.long).reshape(-1, 3)
""",
    "a loop over negatives, too": """
def semi_hard(distance, labels, margin):
    N, chosen = len(labels), []
    for a in range(N):
        for p in range(a + 1, N):
            if labels[p] == labels[a]:
                best, nearest = None, float("inf")
                for n in range(N):
                    d = distance[a, n]
                    if labels[n] != labels[a] and distance[a, p] < d < distance[a, p] + margin and d < nearest:
                        best, nearest = n, d
                if best is not None:
                    chosen.append([a, p, best])
    return torch.tensor(chosen, dtype=torch.long).reshape(-1, 3)
""",
    "all pairs at once": """
def semi_hard(distance, labels, margin):
    same = labels[:, None] == labels
    a, p = torch.triu(same, diagonal=1).nonzero().unbind(1)
    gap = distance[a] - distance[a, p][:, None]
    allowed = ~same[a] & (gap > 0) & (gap < margin)
    n = torch.where(allowed, gap, torch.inf).argmin(1)
    return torch.stack([a, p, n], 1)[allowed.any(1)]
""",
    "candidates first": """
def semi_hard(distance, labels, margin):
    out = []
    for a in range(len(labels)):
        for p in range(a + 1, len(labels)):
            if labels[a] == labels[p]:
                limit = distance[a, p]
                others = [n for n in range(len(labels)) if labels[n] != labels[a]]
                others = [n for n in others if limit < distance[a, n] < limit + margin]
                if others:
                    out.append((a, p, min(others, key=lambda n: float(distance[a, n]))))
    return torch.tensor(out, dtype=torch.long).reshape(-1, 3)
""",
}

OWN_FORM = {
    "int32": """
def semi_hard(distance, labels, margin):
    same = labels[:, None] == labels
    a, p = torch.triu(same, diagonal=1).nonzero().unbind(1)
    gap = distance[a] - distance[a, p][:, None]
    allowed = ~same[a] & (gap > 0) & (gap < margin)
    n = torch.where(allowed, gap, torch.inf).argmin(1)
    return torch.stack([a, p, n], 1)[allowed.any(1)].int()
""",
}

WRONG = [
    ({"gap < margin": "distance[a] < margin", "gap.masked_fill": "distance[a].masked_fill"}, "counted from 0"),
    ({"gap.masked_fill(~allowed, torch.inf)": "(gap * allowed)"}, "what is not allowed is filled with 0"),
    ({"torch.inf).argmin()": "torch.inf).min()"}, None),
    (
        """
def semi_hard(distance, labels, margin):
    chosen = []
    for a in range(len(labels)):
        for p in range(a + 1, len(labels)):
            if labels[a] != labels[p]:
                continue
            n = distance[a].masked_fill(labels == labels[a], torch.inf).argmin()
            chosen.append((a, p, int(n)))
    return torch.tensor(chosen, dtype=torch.long).reshape(-1, 3)
""",
        "the nearest of all negatives, whether",
    ),
    ({"(gap > 0)": "(gap > -torch.inf)"}, "these are the hardest negatives"),
    ({"(gap < margin)": "(gap < torch.inf)"}, "negatives beyond the margin came"),
    ({"(labels != labels[a])": "(gap == gap)"}, "points of the anchor's own class"),
    ({"torch.inf).argmin()": "-1).argmax()"}, "the furthest of the semi-hard"),
    ({"distance[a] - distance[a, p]": "distance[:, p] - distance[a, p]"}, "measured from the positive"),
    ({"range(a + 1, len(labels))": "range(0, len(labels))"}, "a pair counts once"),
    ({"(a, p, int(n))": "[p, a, int(n)]"}, "anchor and positive are exchanged"),
    (
        """
def semi_hard(distance, labels, margin):
    chosen = []
    for a in range(len(labels)):
        for p in range(a + 1, len(labels)):
            if labels[a] != labels[p]:
                continue
            for n in range(len(labels)):
                gap = distance[a, n] - distance[a, p]
                if labels[n] != labels[a] and 0 < gap < margin:
                    chosen.append((a, p, n))
                    break
    return torch.tensor(chosen, dtype=torch.long).reshape(-1, 3)
""",
        "this takes the first in the batch",
    ),
]
