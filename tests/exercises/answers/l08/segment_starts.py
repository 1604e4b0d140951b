"""Answers to 08.1 beside those that the exercise itself knows."""

RIGHT = {
    "a loop": """
def segment_starts(frames, shares, length=1):
    K = len(shares)
    n = frames - (length - 1)
    return torch.tensor([int((k + float(u)) * n / K) for k, u in enumerate(shares)])
""",
    "by the segment's ends": """
def segment_starts(frames, shares, length=1):
    edges = torch.linspace(0, frames - length + 1, len(shares) + 1, dtype=torch.float64)
    return torch.floor(edges[:-1] + shares * (edges[1:] - edges[:-1])).long()
""",
}

OWN_FORM = {
    "int32": """
def segment_starts(frames, shares, length=1):
    width = (frames - length + 1) / len(shares)
    return torch.tensor([width * k + u * width for k, u in enumerate(shares.tolist())]).int()
""",
}

WRONG = [
    (
        """
def segment_starts(frames, shares, length=1):
    K = len(shares)
    return [int((k + u) * (frames - length + 1) / K) for k, u in enumerate(shares.tolist())]
""",
        "a list came",
    ),
    (
        """
def segment_starts(frames, shares, length=1):
    width = (frames - length + 1) // len(shares)
    return torch.tensor([k * width + int(u * width) for k, u in enumerate(shares)])
""",
        "segments of a rounded-down length",
    ),
    (
        """
def segment_starts(frames, shares, length=1):
    return (shares * (frames - length + 1)).sort().values.long()
""",
        None,
    ),
    (
        """
def segment_starts(frames, shares, length=1):
    K = len(shares)
    print(((torch.arange(K) + shares) * (frames - length + 1) / K).long())
""",
        "printed",
    ),
    ({"len(shares)": "3"}, None),
    ({"starts / segments": "(starts - 1) / segments"}, None),
]
