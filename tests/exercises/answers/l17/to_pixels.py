"""Answers to 17.5 beside those that the exercise itself knows."""

RIGHT = {
    "shrinking first, then to pixels": """
def to_pixels(flow, size, scale=20.0):
    ratio = [n / (4 * m) for n, m in zip(size, flow.shape[2:])][::-1]
    full = torch.nn.Upsample(size=size, mode="bilinear")(flow)
    return torch.cat([scale * r * part for r, part in zip(ratio, full.split(1, dim=1))], dim=1)
""",
    "u and v apart": """
def to_pixels(flow, size, scale=20.0):
    h, w = flow.shape[2:]
    u, v = F.interpolate(flow, size=size, mode="bilinear", align_corners=False).unbind(1)
    return torch.stack([scale * u * size[1] / (4 * w), scale * v * size[0] / (4 * h)], 1)
""",
    "scaled before it is enlarged": """
def to_pixels(flow, size, scale=20.0):
    stretched = torch.tensor([4 * flow.shape[3], 4 * flow.shape[2]])
    factors = scale * torch.tensor([size[1], size[0]]) / stretched
    return F.interpolate(flow * factors.view(2, 1, 1).to(flow.dtype), size, mode="bilinear")
""",
    "in place": """
def to_pixels(flow, size, scale=20.0):
    full = F.interpolate(flow, size=tuple(size), mode="bilinear", align_corners=False) * scale
    full[:, 0] *= size[1] / flow.shape[3] / 4
    full[:, 1] *= size[0] / flow.shape[2] / 4
    return full
""",
}

WRONG = [
    (
        """
def to_pixels(flow, size, scale=20.0):
    full = F.interpolate(scale * flow, scale_factor=4, mode="bilinear", align_corners=False)
    return full[:, :, : size[0], : size[1]]
""",
        "it was stretched, not padded",
    ),
    (
        """
def to_pixels(flow, size, scale=20.0):
    full = F.interpolate(scale * flow, scale_factor=4, mode="bilinear")
    shrink = torch.tensor([size[1] / full.shape[3], size[0] / full.shape[2]])
    return F.interpolate(full, size, mode="bilinear") * shrink[:, None, None]
""",
        "interpolates twice",
    ),
    (
        """
def to_pixels(flow, size, scale=20.0):
    full = F.interpolate(scale * flow, size=size, mode="bilinear", align_corners=False)
    return 4 * full
""",
        "its vectors do not",
    ),
    (
        """
def to_pixels(flow, size, scale=20.0):
    height, width = size
    full = F.interpolate(scale * flow, size=size, mode="bilinear", align_corners=False)
    return full * flow.new_tensor([width / flow.shape[3], height / flow.shape[2]]).view(1, 2, 1, 1)
""",
        "its vectors do not",
    ),
    (
        """
def to_pixels(flow, size, scale=20.0):
    return F.interpolate(scale * flow, size=size, mode="bilinear")
""",
        "the stretching is not undone",
    ),
    (
        """
def to_pixels(flow, size, scale=20.0):
    u, v = F.interpolate(scale * flow, size=size, mode="bilinear").unbind(1)
    return torch.stack([u * size[0] / (4 * flow.shape[2]), v * size[1] / (4 * flow.shape[3])], 1)
""",
        "the factors are exchanged",
    ),
    ({"[width / columns, height / rows]": "[height / columns, width / rows]"}, None),
]
