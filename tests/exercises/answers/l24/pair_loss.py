"""Answers to 24.6 beside those that the exercise itself knows."""

RIGHT = {
    "a loop over pairs": """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    losses = []
    for s, a, b, m in zip(spatial, z, other_z, mask):
        disparity = focal * (1 / a[m] - 1 / b[m]).abs()
        losses.append((s[m] + weight * disparity).mean())
    return torch.stack(losses).mean()
""",
    "one fraction": """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    error = spatial + weight * focal * (other_z - z).abs() / (z * other_z)
    total = torch.where(mask, error, torch.zeros_like(error)).flatten(1).sum(1)
    return (total / mask.flatten(1).sum(1)).mean()
""",
    "two means": """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    def mean(values):
        return ((values * mask).sum((1, 2)) / mask.sum((1, 2))).mean()
    return mean(spatial) + weight * mean((focal / z - focal / other_z).abs())
""",
    "einsum": """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    share = mask.float() / mask.sum(dim=(1, 2), keepdim=True)
    error = spatial + weight * focal * torch.abs(z.reciprocal() - other_z.reciprocal())
    return torch.einsum("bhw,bhw->b", error, share).sum() / len(spatial)
""",
    "NaN where flow cannot be trusted": """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    error = spatial + weight * focal * (1 / z - 1 / other_z).abs()
    return error.masked_fill(~mask, torch.nan).flatten(1).nanmean(1).mean()
""",
}

WRONG = [
    (
        """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    disparity = focal * (z - other_z).abs()
    return (((spatial + weight * disparity) * mask).sum((1, 2)) / mask.sum((1, 2))).mean()
""",
        "*inverse* depths",
    ),
    (
        """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    disparity = (1 / z - 1 / other_z).abs()
    return (((spatial + weight * disparity) * mask).sum((1, 2)) / mask.sum((1, 2))).mean()
""",
        "the focal length is missing",
    ),
    (
        """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    error = spatial + weight * focal * (1 / z - 1 / other_z).abs()
    return error[mask].mean()
""",
        "all pairs share one mean",
    ),
    (
        """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    error = spatial + weight * focal * (1 / z - 1 / other_z).abs()
    return (error * mask).mean()
""",
        "divided by all pixels",
    ),
    (
        """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    error = spatial + weight * focal * (1 / z - 1 / other_z).abs()
    return error.mean()
""",
        "cannot be trusted",
    ),
    (
        """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    error = spatial + weight * focal * (1 / z - 1 / other_z)
    return ((error * mask).sum((1, 2)) / mask.sum((1, 2))).mean()
""",
        "the absolute value is missing",
    ),
    (
        """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    return ((spatial * mask).sum((1, 2)) / mask.sum((1, 2))).mean()
""",
        "the disparity term is missing",
    ),
    ({"    return (loss": "    (loss"}, "return"),
]
