"""Answers to 12.4 beside those that the exercise itself knows."""

RIGHT = {
    "std without correction, eps inside": """
def layer_norm(x, eps=1e-5):
    axes = tuple(range(1, x.dim()))
    mean = x.mean(dim=axes, keepdim=True)
    deviation = torch.sqrt(x.std(dim=axes, keepdim=True, correction=0) ** 2 + eps)
    return (x - mean) / deviation
""",
    "flat": """
def layer_norm(x, eps=1e-5):
    flat = x.flatten(1)
    centred = flat - flat.mean(1, keepdim=True)
    return (centred * torch.rsqrt((centred**2).mean(1, keepdim=True) + eps)).view_as(x)
""",
    "sample by sample": """
def layer_norm(x, eps=1e-5):
    return torch.stack([(s - s.mean()) / (((s - s.mean()) ** 2).sum() / s.numel() + eps) ** 0.5 for s in x])
""",
}

WRONG = [
    (
        """
def layer_norm(x, eps=1e-5):
    mean, std = x.mean(), x.std(correction=0)
    return (x - mean) / (std**2 + eps).sqrt()
""",
        None,
    ),
    ({"correction=0": "correction=2"}, None),
    ({"keepdim=True, correction=0": "keepdim=True, correction=1", "+ eps).sqrt()": ").sqrt() + eps"}, "both bugs"),
]
