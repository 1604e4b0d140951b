"""Answers to 22.4 beside those that the exercise itself knows."""

RIGHT = {
    "four pixels by hand": """
def vertex_features(maps, vertices, K):
    B, C, H, W = maps.shape
    p = vertices / vertices[..., 2:] @ K.T
    x, y = p[..., 0], p[..., 1]
    x0, y0 = x.floor(), y.floor()
    out = 0
    for dx in (0, 1):
        for dy in (0, 1):
            xi, yi = x0 + dx, y0 + dy
            weight = (1 - (x - xi).abs()) * (1 - (y - yi).abs())
            ok = (xi >= 0) & (xi < W) & (yi >= 0) & (yi < H)
            place = yi.clamp(0, H - 1).long() * W + xi.clamp(0, W - 1).long()
            values = maps.flatten(2).gather(2, place[:, None].expand(-1, C, -1))
            out = out + (weight * ok)[:, None] * values
    return out.transpose(1, 2)
""",
    "K as a matrix, permute": """
def vertex_features(maps, vertices, K):
    pixels = torch.einsum("ij,bvj->bvi", K, vertices)
    pixels = pixels[..., :2] / pixels[..., 2:]
    size = torch.tensor([maps.shape[3] - 1, maps.shape[2] - 1])
    grid = (2 * pixels / size - 1)[:, None]
    return F.grid_sample(maps, grid, align_corners=True).squeeze(2).permute(0, 2, 1)
""",
    "without aligned corners": """
def vertex_features(maps, vertices, K):
    height, width = maps.shape[-2:]
    X, Y, Z = vertices.unbind(-1)
    x, y = K[0, 0] * X / Z + K[0, 2], K[1, 1] * Y / Z + K[1, 2]
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], -1)
    return F.grid_sample(maps, grid[:, :, None], align_corners=False)[..., 0].mT
""",
    "the library's alignment": """
def vertex_features(maps, vertices, K):
    from course_lib.ops.meshes import vert_align
    from course_lib.ops.camera import project
    pixels = project(vertices, K)
    size = torch.tensor([maps.shape[3] - 1, maps.shape[2] - 1])
    return vert_align(maps, 2 * pixels / size - 1)
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def vertex_features(maps, vertices, K):
    pixels = vertices @ K.T
    pixels = pixels[..., :2] / pixels[..., 2:]
    size = torch.tensor([maps.shape[3], maps.shape[2]])
    return F.grid_sample(maps, (2 * pixels / size - 1)[:, None], align_corners=True)[:, :, 0].mT
""",
        "divide by width - 1",
    ),
    (
        """
def vertex_features(maps, vertices, K):
    pixels = vertices @ K.T
    pixels = pixels[..., :2] / pixels[..., 2:]
    size = torch.tensor([maps.shape[3] - 1, maps.shape[2] - 1])
    return F.grid_sample(maps, (2 * pixels / size - 1)[:, None], align_corners=False)[:, :, 0].mT
""",
        "align_corners=True",
    ),
    (
        """
def vertex_features(maps, vertices, K):
    pixels = vertices @ K.T
    x, y = (pixels[..., :2] / pixels[..., 2:]).round().long().unbind(-1)
    ok = (x >= 0) & (x < maps.shape[3]) & (y >= 0) & (y < maps.shape[2])
    x, y = x.clamp(0, maps.shape[3] - 1), y.clamp(0, maps.shape[2] - 1)
    rows = torch.arange(len(maps))[:, None]
    return maps[rows, :, y, x] * ok[..., None]
""",
        None,
    ),
    (
        """
def vertex_features(maps, vertices, K):
    pixels = torch.einsum("ij,bvj->bvi", K, vertices)
    pixels = pixels[..., :2] / pixels[..., 2:]
    size = torch.tensor([maps.shape[2] - 1, maps.shape[3] - 1])
    grid = (2 * pixels.flip(-1) / size - 1)[:, None]
    return F.grid_sample(maps, grid, align_corners=True).squeeze(2).permute(0, 2, 1)
""",
        "x and y are exchanged",
    ),
    (
        """
def vertex_features(maps, vertices, K):
    height, width = maps.shape[2:]
    x = K[0, 0] * vertices[..., 0] + K[0, 2]
    y = K[1, 1] * vertices[..., 1] + K[1, 2]
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
    return F.grid_sample(maps, grid[:, :, None], align_corners=True)[..., 0].transpose(1, 2)
""",
        "division by z",
    ),
    ({"    return found[..., 0].transpose(1, 2)": "    found = found[..., 0].transpose(1, 2)"}, "return"),
    (
        """
def vertex_features(maps, vertices, K):
    height, width = maps.shape[2:]
    p = vertices @ K
    x, y = p[..., 0] / p[..., 2], p[..., 1] / p[..., 2]
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
    return F.grid_sample(maps, grid[:, :, None], align_corners=True)[..., 0].transpose(1, 2)
""",
        "vertices are rows",
    ),
    (
        """
def vertex_features(maps, vertices, K):
    height, width = maps.shape[2:]
    x = K[0, 0] * vertices[..., 0] / vertices[..., 2] + K[0, 2] ; x = x.clamp(0, width - 1)
    y = K[1, 1] * vertices[..., 1] / vertices[..., 2] + K[1, 2] ; y = y.clamp(0, height - 1)
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
    found = F.grid_sample(maps, grid[:, :, None], align_corners=True)
    return found[..., 0].transpose(1, 2)
""",
        "not the border",
    ),
]
