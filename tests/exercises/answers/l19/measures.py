"""Answers to 19.1 beside those that the exercise itself knows."""

RIGHT = {
    "a mask and sums": """
def measures(depth, truth):
    known = (truth > 0).float()
    n = known.sum()
    t = torch.where(truth > 0, truth, torch.ones_like(truth))
    error = (depth - t) * known
    ratio = depth / t
    good = ((ratio < 1.25) & (ratio > 0.8)).float() * known
    return (error.abs() / t).sum() / n, (error.pow(2).sum() / n).sqrt(), good.sum() / n
""",
    "loops": """
def measures(depth, truth):
    rel, square, good, n = 0.0, 0.0, 0, 0
    for y, t in zip(depth.flatten(), truth.flatten()):
        if t == 0:
            continue
        n += 1
        rel = rel + abs(y - t) / t
        square = square + (y - t) ** 2
        good = good + (max(y / t, t / y) < 1.25)
    return rel / n, (square / n) ** 0.5, good / n
""",
    "masked_select and norm": """
def measures(depth, truth):
    mask = truth != 0
    y, t = depth.masked_select(mask), truth.masked_select(mask)
    n = mask.sum()
    within = torch.stack([y / t, t / y]).amax(0) < 1.25
    return torch.mean(torch.abs(1 - y / t)), (y - t).norm() / n.sqrt(), within.sum() / n
""",
    "NaN for what is unknown": """
def measures(depth, truth):
    t = truth.masked_fill(truth == 0, float("nan"))
    e = depth - t
    off = (depth.log() - t.log()).abs().exp()
    return (e.abs() / t).nanmean(), (e**2).nanmean().sqrt(), (off < 1.25).sum() / (truth > 0).sum()
""",
}

OWN_FORM = {
    "floats from NumPy": """
def measures(depth, truth):
    y, t = depth.numpy(), truth.numpy()
    y, t = y[t > 0], t[t > 0]
    r = y / t
    good = (r < 1.25) & (r > 0.8)
    return float((abs(y - t) / t).mean()), float(((y - t) ** 2).mean() ** 0.5), float(good.mean())
""",
}

WRONG = [
    ({"depth[known], truth[known]": "depth.flatten(), truth.flatten()"}, "unknown pixels, whose truth is 0, count"),
    ({"    return abs_rel, rmse, delta": "    print(abs_rel, rmse, delta)"}, "printed"),
    ({"1.25": "1.25**2"}, None),
    ({"truth > 0": "depth > 0"}, "unknown pixels, whose truth is 0, count"),
    ({"return abs_rel, rmse, delta": "return abs_rel, delta, rmse"}, None),
    (
        """
def measures(depth, truth):
    ratio = torch.maximum(depth / truth, truth / depth)
    e = depth - truth
    return (e.abs() / truth).mean(), (e ** 2).mean().sqrt(), (ratio < 1.25).float().mean()
""",
        "unknown pixels, whose truth is 0, count",
    ),
    (
        """
def measures(depth, truth):
    m = truth > 0
    ratio = torch.maximum(depth[m] / truth[m], truth[m] / depth[m])
    error = depth[m] - truth[m]
    return error.abs().div(depth[m]).mean(), error.pow(2).mean() ** 0.5, (ratio < 1.25).float().mean()
""",
        "relative to the *true* depth",
    ),
    (
        """
def measures(depth, truth):
    m = truth > 0
    y, t = depth[m], truth[m]
    return (y / t - 1).abs().mean(), (y - t).abs().mean(), ((y / t < 1.25) & (y / t > 0.8)).float().mean()
""",
        None,
    ),
    (
        """
def measures(depth, truth):
    t = truth.clamp(min=1e-3)
    r = torch.maximum(depth / t, t / depth)
    return ((depth - t).abs() / t).mean(), ((depth - t) ** 2).mean().sqrt(), (r < 1.25).float().mean()
""",
        None,
    ),
    (
        """
def measures(depth, truth):
    k = truth > 0
    y, t = depth[k], truth[k]
    r = torch.maximum(depth / truth, truth / depth)
    return ((y - t).abs() / t).mean(), ((y - t) ** 2).mean().sqrt(), ((r < 1.25) & k).float().mean()
""",
        "in delta unknown pixels count",
    ),
    (
        """
def measures(depth, truth):
    k = truth > 0
    y, t = depth[k], truth[k]
    return ((y - t).abs() / t).mean(), ((y - t) ** 2).mean().sqrt(), ((y / t - 1).abs() < 1.25).float().mean()
""",
        "nearly every pixel counts as good",
    ),
]
