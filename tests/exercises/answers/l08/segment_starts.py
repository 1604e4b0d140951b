"""Answers to 08.1 beside those that the exercise itself knows."""

RIGHT = {
    "whole numbers of a share": """
def segment_starts(frames, shares, length=1):
    n, K = frames - length + 1, shares.numel()
    k = torch.arange(K, dtype=shares.dtype)
    return torch.div((k + shares) * n, K, rounding_mode="floor").to(torch.int64)
""",
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
    K = len(shares)
    return ((torch.arange(K) + shares) * frames / K).long().clamp(max=frames - length)
""",
        "length of a snippet is forgotten",
    ),
    (
        """
def segment_starts(frames, shares, length=1):
    K = len(shares)
    return torch.ceil((torch.arange(K) + shares) * (frames - length + 1) / K).long()
""",
        "rounded down",
    ),
    (
        """
def segment_starts(frames, shares, length=1):
    width = frames // len(shares)
    return torch.tensor([int(k * width + u * (width - length + 1)) for k, u in enumerate(shares)])
""",
        "rounded-down length",
    ),
    (
        """
def segment_starts(frames, shares, length=1):
    K = len(shares)
    return ((torch.arange(K) + torch.rand(K)) * (frames - length + 1) / K).long()
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
    ({"starts / segments": "(starts - 1) / segments"}, "one start is missing"),
]
