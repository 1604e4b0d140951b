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
    ({"sum(dim=1)": "sum(dim=0)"}, None),
    (
        """
from course_lib.metrics import endpoint_error
def epe(f, t, v):
    return endpoint_error(f, t, v)
""",
        "endpoint_error",
    ),
]
