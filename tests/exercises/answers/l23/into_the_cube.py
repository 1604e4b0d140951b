"""Answers to 23.2 beside those that the exercise itself knows."""

RIGHT = {
    "with a matrix product": """
def into_the_cube(points, box, z_range, K):
    flat = points @ K.T
    pixels = flat[:, :2] / flat[:, 2:] + 0.5
    uv = 2 * (pixels - box[:2]) / box[2:] - 1
    near, far = z_range
    w = 2 * (1 / near - 1 / points[:, 2:]) / (1 / near - 1 / far) - 1
    return torch.cat([uv, w], 1)
""",
    "the edges moved instead of the pixels": """
def into_the_cube(points, box, z_range, K):
    x, y, z = points.T
    left, top = box[0] - 0.5, box[1] - 0.5
    right, bottom = left + box[2], top + box[3]
    c, r = K[0, 0] * x / z + K[0, 2], K[1, 1] * y / z + K[1, 2]
    u = (2 * c - left - right) / (right - left)
    v = (2 * r - top - bottom) / (bottom - top)
    a = (z_range[0] + z_range[1]) / (z_range[1] - z_range[0])
    b = -2 * z_range[0] * z_range[1] / (z_range[1] - z_range[0])
    return torch.stack([u, v, a + b / z], 1)
""",
    "from the middle of the box": """
def into_the_cube(points, box, z_range, K):
    middle = box[:2] + box[2:] / 2
    pixels = torch.stack([K[0, 0] * points[:, 0], K[1, 1] * points[:, 1]], 1) / points[:, 2:] + K[:2, 2] + 0.5
    inverse = 1 / points[:, 2]
    ends = 1 / z_range
    w = (ends.sum() - 2 * inverse) / (ends[0] - ends[1])
    return torch.cat([(pixels - middle) / (box[2:] / 2), w[:, None]], 1)
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def into_the_cube(points, box, z_range, K):
    flat = points @ K.T
    uv = 2 * (flat[:, :2] / flat[:, 2:] - box[:2]) / box[2:] - 1
    near, far = z_range
    w = 2 * (1 / near - 1 / points[:, 2:]) / (1 / near - 1 / far) - 1
    return torch.cat([uv, w], 1)
""",
        "half a pixel is missing",
    ),
    (
        """
def into_the_cube(points, box, z_range, K):
    flat = points @ K.T
    uv = 2 * (flat[:, :2] / flat[:, 2:] + 0.5 - box[:2]) / box[2:] - 1
    near, far = z_range
    w = 2 * (points[:, 2:] - near) / (far - near) - 1
    return torch.cat([uv, w], 1)
""",
        "even in z here",
    ),
    (
        """
def into_the_cube(points, box, z_range, K):
    flat = points @ K.T
    uv = 2 * (flat[:, :2] / flat[:, 2:] - 0.5 - box[:2]) / box[2:] - 1
    near, far = z_range
    w = 2 * (1 / near - 1 / points[:, 2:]) / (1 / near - 1 / far) - 1
    return torch.cat([uv, w], 1)
""",
        "the other way",
    ),
    (
        """
def into_the_cube(points, box, z_range, K):
    flat = points @ K.T
    uv = (flat[:, :2] / flat[:, 2:] + 0.5 - box[:2]) / box[2:]
    near, far = z_range
    w = 2 * (1 / near - 1 / points[:, 2:]) / (1 / near - 1 / far) - 1
    return torch.cat([uv, w], 1)
""",
        "u and v are 0..1",
    ),
    (
        """
def into_the_cube(points, box, z_range, K):
    flat = points @ K.T
    uv = 2 * (flat[:, :2] / flat[:, 2:] + 0.5 - box[:2]) / (box[2:] - box[:2]) - 1
    near, far = z_range
    w = 2 * (1 / near - 1 / points[:, 2:]) / (1 / near - 1 / far) - 1
    return torch.cat([uv, w], 1)
""",
        "not the right and lower edge",
    ),
]
