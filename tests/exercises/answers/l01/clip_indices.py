"""Answers to 01.2 beside those that the exercise itself knows."""

RIGHT = {
    "a list of numbers": """
def clip_indices(num_frames, start, clip_len, stride):
    out = []
    for t in range(clip_len):
        i = start + t * stride
        if i >= num_frames:
            i = num_frames - 1
        out.append(i)
    return torch.tensor(out)
""",
    "the last frame everywhere, then the others": """
def clip_indices(num_frames, start, clip_len, stride):
    idx = torch.full((clip_len,), num_frames - 1)
    good = torch.arange(start, num_frames, stride)[:clip_len]
    idx[: len(good)] = good
    return idx
""",
    "a list, one by one": """
def clip_indices(num_frames, start, clip_len, stride):
    return torch.tensor([min(start + i * stride, num_frames - 1) for i in range(clip_len)])
""",
}

OWN_FORM = {
    "int32": """
def clip_indices(num_frames, start, clip_len, stride):
    idx = torch.arange(start, start + stride * clip_len, step=stride, dtype=torch.int32)
    return torch.minimum(idx, torch.tensor(num_frames - 1, dtype=torch.int32))
""",
}

WRONG = [
    ({"num_frames - 1": "num_frames - 2"}, None),
    ({"torch.arange(clip_len)": "(1 + torch.arange(clip_len))"}, "one place too early"),
    ({"max=": "min="}, None),
    ({"stride * torch.arange(clip_len)": "torch.arange(0, clip_len * stride - 1, stride)"}, "off by one"),
    ({"start + stride * torch.arange(clip_len)": "torch.linspace(start, num_frames - 1, clip_len).long()"}, None),
    ({"indices.clamp": "indices = indices.clamp", "return ": ""}, "nothing was returned"),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    return torch.arange(start, num_frames, stride)[:clip_len]
""",
        "shorter",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    start = min(start, num_frames - (clip_len - 1) * stride - 1)
    return start + stride * torch.arange(clip_len)
""",
        None,
    ),
]
