"""Answers to 18.5 beside those that the exercise itself knows."""

RIGHT = {
    "without the given line": """
def pyramid_step(weight, image1, image2, coarse):
    start = 2 * F.interpolate(coarse, size=image2.shape[-2:], mode="bilinear", align_corners=True)
    seen = torch.cat([image1, warp(image2, start, outside="border"), start], dim=1)
    return start + F.conv2d(seen, weight, padding=weight.shape[-1] // 2)
""",
    "doubled after it is enlarged, to the size of the image": """
def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    up = F.interpolate(coarse, size=image1.shape[2:], mode="bilinear", align_corners=True) * 2
    seen = torch.cat((image1, warp(image2, up, "border"), up), 1)
    return network(seen) + up
""",
    "doubled before": """
def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    up = F.interpolate(2.0 * coarse, scale_factor=2, mode="bilinear", align_corners=True)
    residual = network(torch.cat([image1, warp(image2, up, outside="border"), up], dim=1))
    return up + residual
""",
    "the library's": """
def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    from course_lib.models.spynet import enlarge, residual_step
    return residual_step(network, image1, image2, enlarge(coarse, image1.shape[2:]))
""",
}

WRONG = [
    (
        """
def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    up = 2 * F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    return up + network(torch.cat([image1, image2, up], dim=1))
""",
        "goes in as it is",
    ),
    (
        """
def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    up = 2 * F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    return up + network(torch.cat([image1, warp(image2, up), up], dim=1))
""",
        "beyond the border",
    ),
    (
        """
def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    up = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    return 2 * (up + network(torch.cat([image1, warp(image2, up, outside="border"), up], dim=1)))
""",
        "the sum is doubled",
    ),
    (
        """
def pyramid_step(weight, image1, image2, coarse):
    network = partial(F.conv2d, weight=weight, padding="same")
    up = 2 * F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=True)
    return up + network(torch.cat([up, image1, warp(image2, up, outside="border")], dim=1))
""",
        "flow comes last",
    ),
]
