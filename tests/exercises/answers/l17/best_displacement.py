"""Answers to 17.2 beside those that the exercise itself knows."""

RIGHT = {
    "the places of a grid": """
def best_displacement(volume, stride=1):
    side = round(volume.shape[1] ** 0.5)
    axis = stride * torch.linspace(-(side - 1) / 2, (side - 1) / 2, side)
    v, u = torch.meshgrid(axis, axis, indexing="ij")
    best = volume.flatten(2).argmax(1).view(len(volume), *volume.shape[2:])
    return torch.stack([u.flatten()[best], v.flatten()[best]], dim=1)
""",
    "unflattened": """
def best_displacement(volume, stride=1):
    B, N, H, W = volume.shape
    side = int(N ** 0.5 + 0.5)
    table = volume.view(B, side, side, H, W)
    v = table.amax(2).argmax(1) - side // 2
    u = table.amax(1).argmax(1) - side // 2
    return stride * torch.stack([u, v], 1).float()
""",
    "a list of displacements": """
def best_displacement(volume, stride=1):
    d = (int(round(volume.shape[1] ** 0.5)) - 1) // 2
    pairs = torch.tensor([(stride * dx, stride * dy) for dy in range(-d, d + 1) for dx in range(-d, d + 1)])
    return pairs[volume.argmax(1)].permute(0, 3, 1, 2).float()
""",
    "divmod": """
def best_displacement(volume, stride=1):
    side = round(volume.shape[1] ** 0.5)
    best = volume.max(dim=1).indices
    v = torch.div(best, side, rounding_mode="floor")
    u = best - side * v
    return (torch.stack([u, v], dim=1) - (side - 1) / 2) * stride
""",
}

WRONG = [
    (
        """
def best_displacement(volume, stride=1):
    side = round(volume.shape[1] ** 0.5)
    best = volume.argmax(dim=1)
    v, u = (part - stride * (side // 2) for part in (best // side, best % side))
    return torch.stack([u, v], 1).float()
""",
        "the place counts steps of `stride` pixels as well",
    ),
    (
        """
def best_displacement(volume, stride=1):
    side = int(volume.shape[1] ** 0.5)
    v, u = volume.argmax(1) % side, volume.argmax(1) // side
    return stride * (torch.stack([u, v], 1) - side // 2).float()
""",
        "dx runs fastest",
    ),
    (
        """
def best_displacement(volume, stride=1):
    side = round(volume.shape[1] ** 0.5)
    best = volume.argmax(dim=1)
    return stride * (torch.stack([best // side, best % side], dim=1) - side / 2)
""",
        "both bugs are still there",
    ),
    (
        """
def best_displacement(volume, stride=1):
    side = round(volume.shape[1] ** 0.5)
    best = volume.argmax(dim=1)
    return stride * (torch.stack([best % side, best // side], dim=1) - side / 2)
""",
        "half a pixel too much",
    ),
    ({"side // 2)": "(side + 1) // 2)"}, "the middle is side // 2, not one more"),
    ({"% side - side // 2": "% side - side // 2 - 1"}, None),
]
