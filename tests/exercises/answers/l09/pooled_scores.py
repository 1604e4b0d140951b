"""Answers to 09.5 beside those that the exercise itself knows."""

RIGHT = {
    "space first, then time": """
def pooled_scores(maps, weight, window, step):
    B, D, T, H, W = maps.shape
    small = F.max_pool2d(maps.transpose(1, 2).flatten(0, 1), 2)
    rows = small.reshape(B, T, -1)
    windows = [rows[:, t : t + window].amax(1) for t in range(0, T - window + 1, step)]
    return torch.stack([row @ weight.T for row in windows], dim=1).mean(1)
""",
    "the mean of the features, since scores are linear": """
def pooled_scores(maps, weight, window, step):
    pooled = F.max_pool3d(maps, (window, 2, 2), (step, 2, 2))
    return pooled.mean(2).flatten(1) @ weight.t()
""",
    "with a pool and a linear layer": """
def pooled_scores(maps, weight, window, step):
    pool = torch.nn.MaxPool3d((window, 2, 2), stride=(step, 2, 2))
    pooled = pool(maps).permute(0, 2, 1, 3, 4)
    scores = F.linear(pooled.flatten(0, 1).flatten(1), weight)
    return scores.view(len(maps), -1, len(weight)).mean(1)
""",
    "windows by unfold": """
def pooled_scores(maps, weight, window, step):
    windows = maps.unfold(2, window, step).amax(-1)
    small = torch.stack([F.max_pool2d(moment, 2) for moment in windows.unbind(2)])
    return (small.flatten(2) @ weight.T).mean(0)
""",
    "the weights as a convolution": """
def pooled_scores(maps, weight, window, step):
    pooled = F.max_pool3d(maps, (window, 2, 2), (step, 2, 2))
    B, D, T, h, w = pooled.shape
    return F.conv3d(pooled, weight.view(-1, D, 1, h, w)).mean((2, 3, 4))
""",
    "by einsum": """
def pooled_scores(maps, weight, window, step):
    pooled = torch.max_pool3d(maps, [window, 2, 2], [step, 2, 2])
    kernel = weight.unflatten(1, (pooled.shape[1], *pooled.shape[3:]))
    return torch.einsum("bdthw,kdhw->bk", pooled, kernel) / pooled.shape[2]
""",
}

WRONG = [
    ({"(window, 2, 2)": "(window, 1, 1)"}, None),
    ({"(window, 2, 2)": "(2, 2, window)"}, None),
    ({"mean(dim=1)": "median(dim=1).values"}, None),
    (
        """
def pooled_scores(maps, weight, window, step):
    B, D, T, H, W = maps.shape
    small = F.max_pool2d(maps.transpose(1, 2).flatten(0, 1), 2)
    return (small.reshape(B, T, -1) @ weight.T).mean(1)
""",
        None,
    ),
    (
        """
def pooled_scores(maps, weight, window, step):
    pooled = torch.nn.MaxPool3d((window, 2, 2), (step, 2, 2))(maps)
    scores = [pooled[:, :, t].flatten(1) @ weight.T for t in range(pooled.shape[2])]
    return sum(scores)
""",
        "are added",
    ),
    (
        """
def pooled_scores(maps, weight, window, step):
    pool = torch.nn.MaxPool3d((window, 2, 2), (step, 2, 2), padding=(window // 2, 0, 0))
    features = pool(maps).transpose(1, 2).flatten(2)
    return (features @ weight.T).mean(1)
""",
        "time is padded",
    ),
    (
        """
def pooled_scores(maps, weight, window, step):
    small = F.max_pool2d(maps.flatten(0, 1), 2).unflatten(0, maps.shape[:2])
    return (small.transpose(1, 2).flatten(2) @ weight.T).mean(1)
""",
        "Two things at once",
    ),
]
