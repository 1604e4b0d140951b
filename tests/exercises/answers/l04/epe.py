"""Answers to 04.3 beside those that the exercise itself knows."""

RIGHT = {
    "with NumPy": """
def epe(flow, truth, valid):
    d = np.linalg.norm(flow.numpy() - truth.numpy(), axis=1)
    return d[valid.numpy()].mean()
""",
    "NaN where there is no truth": """
def epe(flow, truth, valid):
    d = torch.hypot(flow[:, 0] - truth[:, 0], flow[:, 1] - truth[:, 1])
    return torch.nanmean(torch.where(valid, d, float("nan"))).item()
""",
    "a distance with an epsilon": """
def epe(flow, truth, valid):
    distance = F.pairwise_distance(flow.permute(0, 2, 3, 1), truth.permute(0, 2, 3, 1))
    return distance[valid].mean().item()
""",
}

WRONG = [
    ({".mean().item()": ""}, "One number is expected"),
    (
        """
from course_lib.metrics import endpoint_error
def epe(f, t, v):
    return endpoint_error(f, t, v)
""",
        "endpoint_error",
    ),
    (
        """
def epe(flow, truth, valid):
    d = (flow - truth).norm(dim=1, keepdim=True)
    return d[valid].mean().item()
""",
        "keepdim leaves an axis of size 1, and the",
    ),
    (
        """
def epe(flow, truth, valid):
    d = flow[valid] - truth[valid]
    return d.norm(dim=1).mean().item()
""",
        "the mask is (B, H, W), and here it picks from",
    ),
    (
        """
def epe(flow, truth, valid):
    return (flow - truth).norm().item()
""",
        "this is the length of all differences",
    ),
    (
        """
def epe(flow, truth, valid):
    return F.mse_loss(flow, truth).item()
""",
        "this is the mean of all squares (F.mse_loss)",
    ),
    (
        """
def epe(flow, truth, valid):
    d = (flow - truth).norm(dim=1)
    return torch.stack([x[m].mean() for x, m in zip(d, valid)]).mean().item()
""",
        "each picture counts the same, however many",
    ),
    (
        """
def epe(flow, truth, valid):
    d = (flow - truth).norm(dim=1) * valid
    return (d.sum((1, 2)) / valid.sum((1, 2))).mean().item()
""",
        "each picture counts the same, however many",
    ),
]
