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
    ({"torch.arange(clip_len)": "(1 + torch.arange(clip_len))"}, "the first frame of the clip is frame `start` itself"),
    ({"stride * torch.arange(clip_len)": "torch.arange(0, clip_len * stride - 1, stride)"}, "off by one"),
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
        "the clip was moved to an earlier start so that it fits",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    last = num_frames - 1 - (clip_len - 1) * stride
    return min(start, last) + stride * torch.arange(clip_len)
""",
        "the clip was moved to an earlier start so that it fits",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    start = max(0, min(start, num_frames - clip_len * stride))
    return (start + stride * torch.arange(clip_len)).clamp(max=num_frames - 1)
""",
        "the clip was moved to an earlier start so that it fits",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    i = torch.arange(start, start + clip_len * stride, stride)
    i[i >= num_frames] = i[i < num_frames][-1]
    return i
""",
        "beyond the end the last chosen frame is repeated",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    i = torch.arange(start, start + clip_len * stride, stride)
    i[i > num_frames] = num_frames - 1
    return i
""",
        "index num_frames slips through",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    return [min(start + i * stride, num_frames - 1) for i in range(clip_len)]
""",
        "a list came",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    return torch.clamp(torch.arange(start, start + clip_len) * stride, 0, num_frames - 1)
""",
        "the start is multiplied",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    if start + clip_len * stride > num_frames:
        return torch.full((clip_len,), num_frames - 1)
    return torch.arange(start, start + clip_len * stride, stride)
""",
        "as soon as the clip does not fit",
    ),
    (
        """
def clip_indices(num_frames, start, clip_len, stride):
    i = torch.arange(start, start + clip_len * stride, stride)
    over = (i - num_frames + 1).clamp(min=0)
    return num_frames - 1 - over
""",
        None,
    ),
]
