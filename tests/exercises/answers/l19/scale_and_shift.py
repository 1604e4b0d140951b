"""Answers to 19.4 beside those that the exercise itself knows."""

RIGHT = {
    "lstsq for each picture": """
def scale_and_shift(prediction, target, valid):
    found = []
    for p, t, v in zip(prediction, target, valid):
        A = torch.stack([p[v], torch.ones_like(p[v])], 1).double()
        found.append(torch.linalg.lstsq(A, t[v].double()[:, None]).solution[:, 0])
    found = torch.stack(found).float()
    return found[:, 0], found[:, 1]
""",
    "the normal equations": """
def scale_and_shift(prediction, target, valid):
    p, t, v = prediction.double(), target.double(), valid.double()
    a00, a01, a11 = ((x * v).sum((1, 2)) for x in (p * p, p, torch.ones_like(p)))
    b0, b1 = ((x * v).sum((1, 2)) for x in (p * t, t))
    det = a00 * a11 - a01 * a01
    return ((a11 * b0 - a01 * b1) / det).float(), ((a00 * b1 - a01 * b0) / det).float()
""",
    "covariance over variance": """
def scale_and_shift(prediction, target, valid):
    scales, shifts = [], []
    for p, t, v in zip(prediction, target, valid):
        p, t = p[v], t[v]
        s = ((p - p.mean()) * (t - t.mean())).mean() / p.var(correction=0)
        scales.append(s)
        shifts.append(t.mean() - s * p.mean())
    return torch.stack(scales), torch.stack(shifts)
""",
    "torch.cov": """
def scale_and_shift(prediction, target, valid):
    scales, shifts = [], []
    for p, t, v in zip(prediction, target, valid):
        cov = torch.cov(torch.stack([p[v], t[v]]))
        scales.append(cov[0, 1] / cov[0, 0])
        shifts.append(t[v].mean() - scales[-1] * p[v].mean())
    return torch.stack(scales), torch.stack(shifts)
""",
}

OWN_FORM = {
    "polyfit": """
import numpy as np
def scale_and_shift(prediction, target, valid):
    lines = [np.polyfit(p[v].numpy().astype(float), t[v].numpy().astype(float), 1)
             for p, t, v in zip(prediction, target, valid)]
    lines = torch.tensor(np.array(lines))
    return lines[:, 0], lines[:, 1]
""",
}

WRONG = [
    (
        """
def scale_and_shift(prediction, target, valid):
    p, t = prediction[valid], target[valid]
    s = ((p - p.mean()) * (t - t.mean())).sum() / ((p - p.mean()) ** 2).sum()
    n = len(prediction)
    return s.expand(n), (t.mean() - s * p.mean()).expand(n)
""",
        "every picture has its own",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    p, t = prediction.flatten(1), target.flatten(1)
    mp, mt = p.mean(1), t.mean(1)
    s = ((p - mp[:, None]) * (t - mt[:, None])).sum(1) / ((p - mp[:, None]) ** 2).sum(1)
    return s, mt - s * mp
""",
        "pixels that are not valid count",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    s = (prediction * target * valid).sum((1, 2)) / (prediction ** 2 * valid).sum((1, 2))
    return s, torch.zeros_like(s)
""",
        "without a shift",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    s, t = [], []
    for p, q, v in zip(prediction, target, valid):
        p, q = p[v], q[v]
        s.append(q.std() / p.std())
        t.append(q.mean() - s[-1] * p.mean())
    return torch.stack(s), torch.stack(t)
""",
        "compares the spreads",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    s, t = [], []
    for p, q, v in zip(prediction, target, valid):
        A = torch.stack([q[v], torch.ones_like(q[v])], 1)
        a, b = torch.linalg.lstsq(A, p[v]).solution
        s.append(a)
        t.append(b)
    return torch.stack(s), torch.stack(t)
""",
        "exchanged",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    s, t = [], []
    for p, q, v in zip(prediction, target, valid):
        p, q = p[v], q[v]
        s.append((q / p).mean())
        t.append(q.mean() - s[-1] * p.mean())
    return torch.stack(s), torch.stack(t)
""",
        "the mean of ratios",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    p, t = prediction[valid], target[valid]
    s = ((p - p.mean()) * (t - t.mean())).sum() / ((p - p.mean()) ** 2).sum()
    return s, t.mean() - s * p.mean()
""",
        "every picture has its own",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    s, t = [], []
    for p, q, v in zip(prediction, target, valid):
        p, q = p[v], q[v]
        s.append(((p - p.mean()) * (q - q.mean())).mean() / p.var())
        t.append(q.mean() - s[-1] * p.mean())
    return torch.stack(s), torch.stack(t)
""",
        "n and n - 1",
    ),
    (
        """
def scale_and_shift(prediction, target, valid):
    s, t = [], []
    for p, q, v in zip(prediction, target, valid):
        p, q = p[v], q[v]
        s.append(torch.corrcoef(torch.stack([p, q]))[0, 1])
        t.append(q.mean() - s[-1] * p.mean())
    return torch.stack(s), torch.stack(t)
""",
        "this is the correlation",
    ),
]
