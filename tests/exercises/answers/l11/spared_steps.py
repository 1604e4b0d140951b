"""Answers to 11.3 beside those that the exercise itself knows."""

RIGHT = {
    "counting good frames": """
def spared_steps(layers, frames):
    good = [1] * frames
    for k, s in layers:
        b, a = pad_same(len(good), k, s)
        padded = [0] * b + good + [0] * a
        outputs = -(-len(good) // s)
        good = [1 if sum(padded[i * s : i * s + k]) == k else 0 for i in range(outputs)]
    return [g == 1 for g in good]
""",
    "places counted in the input": """
def spared_steps(layers, frames):
    spared = [True] * frames
    for kernel, stride in layers:
        before, after = pad_same(len(spared), kernel, stride)
        padded = [False] * before + spared + [False] * after
        spared = [False not in padded[t : t + kernel] for t in range(0, len(spared), stride)]
    return spared
""",
    "a pool of tensors": """
def spared_steps(layers, frames):
    bad = torch.zeros(1, 1, frames)
    for kernel, stride in layers:
        bad = F.max_pool1d(F.pad(bad, pad_same(bad.shape[2], kernel, stride), value=1.0), kernel, stride)
    return (bad[0, 0] == 0).tolist()
""",
    "first and last frame of each field": """
def spared_steps(layers, frames):
    fields = [(t, t) for t in range(frames)]
    for kernel, stride in layers:
        before, after = pad_same(len(fields), kernel, stride)
        fields = [(-1, -1)] * before + fields + [(frames, frames)] * after
        starts = range(0, len(fields) - kernel + 1, stride)
        fields = [(min(f for f, _ in fields[i:i + kernel]), max(l for _, l in fields[i:i + kernel])) for i in starts]
    return [first >= 0 and last < frames for first, last in fields]
""",
}

OWN_FORM = {
    "a tensor of bools": """
def spared_steps(layers, frames):
    spared = [True] * frames
    for kernel, stride in layers:
        before, after = pad_same(len(spared), kernel, stride)
        padded = [False] * before + spared + [False] * after
        spared = [all(padded[t : t + kernel]) for t in range(0, len(padded) - kernel + 1, stride)]
    return torch.tensor(spared)
""",
}

WRONG = [
    ({"all(padded[t : t + kernel])": "any(padded[t : t + kernel])"}, "one False below a kernel is enough"),
    ({"all(padded[t : t + kernel])": "sum(padded[t : t + kernel]) > kernel // 2"}, "the majority"),
    (
        """
def spared_steps(layers, frames):
    first = last = 0
    steps = frames
    for kernel, stride in layers:
        before, after = pad_same(steps, kernel, stride)
        first, last, steps = first + before, last + after, math.ceil(steps / stride)
    return [first <= t < steps - last for t in range(steps)]
""",
        "added up",
    ),
    ({"spared = [True] * frames": "spared = [False] * frames"}, None),
    ({"[True] * frames": "[True] * (frames - 1)"}, None),
    ({"return spared": "print(spared)"}, "printed"),
    ({"    return spared": "        return spared"}, None),
]
