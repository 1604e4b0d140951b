"""Answers to 24.5 beside those that the exercise itself knows."""

RIGHT = {
    "root of the sum of squares": """
def spatial_error(pixels, flow):
    off = pixels - pixel_grid(*flow.shape[2:]) - flow
    return off.square().sum(1).sqrt()
""",
    "hypot": """
def spatial_error(pixels, flow):
    x, y = (pixels - (pixel_grid(*flow.shape[2:]) + flow)).unbind(1)
    return torch.hypot(x, y)
""",
    "a grid of one's own": """
def spatial_error(pixels, flow):
    H, W = flow.shape[2:]
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    return torch.linalg.norm(pixels - flow - torch.stack([x, y]), dim=1)
""",
    "the other way round": """
def spatial_error(pixels, flow):
    moved = pixels - pixel_grid(flow.shape[-2], flow.shape[-1])
    return torch.linalg.vector_norm(flow - moved, dim=1)
""",
    "a complex number": """
def spatial_error(pixels, flow):
    off = (pixels - flow - pixel_grid(*flow.shape[2:])).permute(0, 2, 3, 1)
    return torch.view_as_complex(off.contiguous()).abs()
""",
}

WRONG = [
    (
        """
def spatial_error(pixels, flow):
    return (pixels - flow).norm(dim=1)
""",
        "flow is a displacement",
    ),
    (
        """
def spatial_error(pixels, flow):
    return (pixels - pixel_grid(*flow.shape[2:]) + flow).norm(dim=1)
""",
        "the sign of the flow is turned",
    ),
    (
        """
def spatial_error(pixels, flow):
    return (pixels - pixel_grid(*flow.shape[2:]) - flow).square().sum(1)
""",
        "take the root",
    ),
    (
        """
def spatial_error(pixels, flow):
    return (pixels - pixel_grid(*flow.shape[2:]) - flow).abs().sum(1)
""",
        "|dx| + |dy|",
    ),
    (
        """
def spatial_error(pixels, flow):
    return (pixels - pixel_grid(*flow.shape[2:]) - flow).norm(dim=1).mean()
""",
        "the mean comes later",
    ),
    (
        """
def spatial_error(pixels, flow):
    H, W = flow.shape[2:]
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    return (pixels - flow - torch.stack([y, x])).norm(dim=1)
""",
        "rows and columns",
    ),
    ({"    return (pixels": "    (pixels"}, "return"),
]
