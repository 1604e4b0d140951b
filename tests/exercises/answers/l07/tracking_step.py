"""Answers to 07.1 beside those that the exercise itself knows."""

RIGHT = {
    "a loop over points": """
def tracking_step(points, flow):
    H, W = flow.shape[-2:]
    smooth = median_filter(flow[None], 1)[0]
    moved = []
    for x, y in points.tolist():
        i = min(max(int(round(y)), 0), H - 1)
        j = min(max(int(round(x)), 0), W - 1)
        moved.append([x + float(smooth[0, i, j]), y + float(smooth[1, i, j])])
    return torch.tensor(moved)
""",
    "a median of its own, halves up": """
def tracking_step(points, flow):
    H, W = flow.shape[1:]
    wide = torch.nn.functional.pad(flow[None], (1, 1, 1, 1), mode="replicate")[0]
    windows = wide.unfold(1, 3, 1).unfold(2, 3, 1).reshape(2, H, W, 9)
    smooth = windows.sort(-1).values[..., 4]
    x = torch.floor(points[:, 0] + 0.5).clamp(0, W - 1).long()
    y = torch.floor(points[:, 1] + 0.5).clamp(0, H - 1).long()
    return torch.stack([points[:, 0] + smooth[0, y, x], points[:, 1] + smooth[1, y, x]], 1)
""",
    "one flat index": """
def tracking_step(points, flow):
    H, W = flow.shape[1:]
    smooth = median_filter(flow.unsqueeze(0))[0] if False else median_filter(flow.unsqueeze(0), 1)[0]
    x = points[:, 0].round().clamp(0, W - 1)
    y = points[:, 1].round().clamp(0, H - 1)
    return points + smooth.flatten(1)[:, (y * W + x).long()].t()
""",
    "the places first, then a gather": """
def tracking_step(points, flow):
    smooth = median_filter(flow[None], radius=1).squeeze(0)
    last = torch.tensor([flow.shape[2] - 1, flow.shape[1] - 1])
    x, y = torch.minimum(points.round().clamp(min=0), last).long().unbind(1)
    step = torch.stack([component[y, x] for component in smooth], dim=-1)
    return torch.add(points, step)
""",
}

OWN_FORM = {
    "float64": """
def tracking_step(points, flow):
    height, width = flow.shape[1:]
    smooth = median_filter(flow.unsqueeze(0), radius=1)[0].double()
    column = points[:, 0].round().long().clamp(0, width - 1)
    row = points[:, 1].round().long().clamp(0, height - 1)
    return points.double() + smooth[:, row, column].T
""",
}

WRONG = [
    ({"radius=1": "radius=0"}, "median is missing"),
    ({"points + smooth[:, row, column].T": "points + smooth[:, row, column]"}, None),
    (
        """
def tracking_step(points, flow):
    smooth = median_filter(flow.unsqueeze(0), radius=1)[0]
    x, y = points.round().long().unbind(1)
    moved = points.clone()
    for n in range(len(points)):
        moved[n] += smooth[:, y[n].clamp(0, flow.shape[1] - 1), x[n].clamp(0, flow.shape[2] - 1)].flip(0)
    return moved
""",
        "u and v are exchanged",
    ),
    (
        """
def tracking_step(points, flow):
    height, width = flow.shape[1:]
    column = points[:, 0].round().long().clamp(0, width - 1)
    row = points[:, 1].round().long().clamp(0, height - 1)
    return points + flow[:, row, column].T
""",
        "median is missing",
    ),
    (
        """
def tracking_step(points, flow):
    height, width = flow.shape[1:]
    smooth = median_filter(flow.unsqueeze(0), radius=1)[0]
    column = points[:, 0].round().long().clamp(0, width - 1)
    row = points[:, 1].round().long().clamp(0, height - 1)
    points + smooth[:, row, column].T
""",
        "return",
    ),
]
