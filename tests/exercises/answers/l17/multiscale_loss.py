"""Answers to 17.4 beside those that the exercise itself knows."""

RIGHT = {
    "pair by pair, in pixels": """
def multiscale_loss(flows, truth, weights, scale=20.0):
    losses = []
    for n in range(len(truth)):
        for level, flow in enumerate(flows):
            target = F.adaptive_avg_pool2d(truth[n], flow.shape[2:])
            losses.append(weights[level] * torch.hypot(*(flow[n] * scale - target)).sum() / scale)
    return sum(losses) / len(truth)
""",
    "area interpolation and a norm": """
def multiscale_loss(flows, truth, weights, scale=20.0):
    losses = []
    for f, w in zip(flows, weights, strict=True):
        t = F.interpolate(truth, size=f.shape[-2:], mode="area") / scale
        losses.append(w * torch.norm(f - t, p=2, dim=1).sum() / truth.shape[0])
    return sum(losses)
""",
    "average pooling, pixels first": """
def multiscale_loss(flows, truth, weights, scale=20.0):
    total = truth.new_zeros(())
    for i in range(len(flows)):
        cell = truth.shape[2] // flows[i].shape[2]
        gap = scale * flows[i] - F.avg_pool2d(truth, cell)
        total += weights[i] * torch.linalg.vector_norm(gap, dim=1).flatten(1).sum(1).mean() / scale
    return total
""",
    "u and v apart": """
def multiscale_loss(flows, truth, weights, scale=20.0):
    total = 0
    for flow, weight in zip(flows, weights, strict=True):
        u, v = (flow - F.adaptive_avg_pool2d(truth / scale, flow.shape[2:])).unbind(1)
        total = total + weight * torch.sqrt(u**2 + v**2).sum((1, 2)).mean()
    return total
""",
}

WRONG = [
    (
        """
def multiscale_loss(flows, truth, weights, scale=20.0):
    total = 0
    for flow, weight in zip(flows, weights):
        target = F.adaptive_avg_pool2d(truth, flow.shape[-2:]) / scale
        total = total + weight * torch.norm(flow - target, dim=0).sum() / len(truth)
    return total
""",
        "over the batch",
    ),
    (
        """
def multiscale_loss(flows, truth, weights, scale=20.0):
    total = 0
    for flow, weight in zip(flows, weights):
        target = F.interpolate(truth, size=flow.shape[2:], mode="bilinear", align_corners=False) / scale
        total = total + weight * (flow - target).norm(dim=1).sum() / len(truth)
    return total
""",
        "this interpolates between a few vectors",
    ),
    ({"sum(dim=1).sqrt()": "mean(dim=1).sqrt()"}, None),
    (
        """
def multiscale_loss(flows, truth, weights, scale=20.0):
    return sum(w * (f - F.adaptive_avg_pool2d(truth / scale, f.shape[2:])).norm(dim=1).mean()
               for f, w in zip(flows, weights))
""",
        "this is the mean over the pixels",
    ),
    (
        """
def multiscale_loss(flows, truth, weights, scale=20.0):
    total = 0
    for flow, weight in zip(flows, weights):
        target = F.adaptive_avg_pool2d(truth, flow.shape[2:]) / scale
        total = total + weight * F.l1_loss(flow, target, reduction="sum") / len(truth)
    return total
""",
        "this takes absolute differences",
    ),
    (
        """
def multiscale_loss(flows, truth, weights, scale=20.0):
    total = 0
    for flow, weight in zip(flows, weights):
        gap = flow - F.interpolate(truth, flow.shape[2:], mode="area")
        total += weight * gap.norm(dim=1).sum((1, 2)).mean()
    return total
""",
        "divide the truth by it",
    ),
]
