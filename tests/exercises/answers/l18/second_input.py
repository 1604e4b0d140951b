"""Answers to 18.2 beside those that the exercise itself knows."""

RIGHT = {
    "slices, scaled after it is enlarged": """
def second_input(images, output, scale=20.0):
    small = F.interpolate(output, scale_factor=4, mode="bilinear")
    back = warp(images[:, 3:], small * scale, outside="border")
    difference = images[:, :3] - back
    error = difference.pow(2).sum(1, keepdim=True) ** 0.5
    return torch.cat([images, back, small, error], 1)
""",
    "to the size of the images": """
def second_input(images, output, scale=20.0):
    first, second = images[:, :3], images[:, 3:]
    flow = F.interpolate(output * scale, size=images.shape[2:], mode="bilinear", align_corners=False)
    warped = warp(second, flow, "border")
    return torch.cat([first, second, warped, flow / scale, torch.norm(first - warped, dim=1).unsqueeze(1)], 1)
""",
    "grid_sample": """
def second_input(images, output, scale=20.0):
    flow = F.interpolate(output * scale, scale_factor=4, mode="bilinear", align_corners=False)
    h, w = images.shape[2:]
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    grid = torch.stack([2 * (x + flow[:, 0]) / (w - 1) - 1, 2 * (y + flow[:, 1]) / (h - 1) - 1], -1)
    warped = F.grid_sample(images[:, 3:], grid, padding_mode="border", align_corners=True)
    error = (images[:, :3] - warped).norm(dim=1, keepdim=True)
    return torch.cat([images, warped, flow / scale, error], 1)
""",
}

WRONG = [
    (
        """
def second_input(images, output, scale=20.0):
    flow = F.interpolate(scale * output, scale_factor=4, mode="bilinear", align_corners=False)
    warped = warp(images[:, :3], flow, outside="border")
    error = (images[:, :3] - warped).norm(dim=1, keepdim=True)
    return torch.cat([images, warped, flow / scale, error], 1)
""",
        "*second* image is warped back",
    ),
    (
        """
def second_input(images, output, scale=20.0):
    flow = F.interpolate(4 * scale * output, scale_factor=4, mode="bilinear", align_corners=False)
    warped = warp(images[:, 3:], flow, outside="border")
    error = (images[:, :3] - warped).norm(dim=1, keepdim=True)
    return torch.cat([images, warped, flow / scale, error], 1)
""",
        "its vectors do not",
    ),
    (
        """
def second_input(images, output, scale=20.0):
    flow = F.interpolate(scale * output, scale_factor=4, mode="bilinear", align_corners=False)
    warped = warp(images[:, 3:], flow, outside="border")
    error = (images[:, :3] - warped).norm(dim=1, keepdim=True)
    return torch.cat([warped, images, flow / scale, error], 1)
""",
        None,
    ),
]
