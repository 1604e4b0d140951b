"""Answers to 19.5 beside those that the exercise itself knows."""

RIGHT = {
    "halved differences": """
def surface_normals(depth, K):
    X = backproject(depth, K)
    a = (X[:, :, 1:-1, 2:] - X[:, :, 1:-1, :-2]) / 2
    b = (X[:, :, 2:, 1:-1] - X[:, :, :-2, 1:-1]) / 2
    n = -torch.linalg.cross(a, b, dim=1)
    return n / n.norm(dim=1, keepdim=True)
""",
    "the cross product written out": """
def surface_normals(depth, K):
    X = backproject(depth, K)
    r = (X[..., 2:] - X[..., :-2])[:, :, 1:-1]
    d = (X[:, :, 2:] - X[:, :, :-2])[..., 1:-1]
    n = torch.stack([d[:, 1] * r[:, 2] - d[:, 2] * r[:, 1], d[:, 2] * r[:, 0] - d[:, 0] * r[:, 2],
                     d[:, 0] * r[:, 1] - d[:, 1] * r[:, 0]], dim=1)
    return F.normalize(n)
""",
    "rows of points": """
def surface_normals(depth, K):
    X = backproject(depth, K).permute(0, 2, 3, 1)
    right = X[:, 1:-1, 2:] - X[:, 1:-1, :-2]
    down = X[:, 2:, 1:-1] - X[:, :-2, 1:-1]
    n = torch.cross(down, right, dim=-1)
    return F.normalize(n, dim=-1).permute(0, 3, 1, 2)
""",
    "pixels to points by hand": """
def surface_normals(depth, K):
    B, H, W = depth.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    X = torch.stack([(x - K[0, 2]) / K[0, 0] * depth, (y - K[1, 2]) / K[1, 1] * depth, depth], 1)
    right = X[:, :, 1:-1, 2:] - X[:, :, 1:-1, :-2]
    down = X[:, :, 2:, 1:-1] - X[:, :, :-2, 1:-1]
    return F.normalize(torch.linalg.cross(down, right, dim=1), dim=1)
""",
    "torch.gradient": """
def surface_normals(depth, K):
    down, right = torch.gradient(backproject(depth, K), dim=(2, 3))
    return F.normalize(torch.linalg.cross(down, right, dim=1), dim=1)[:, :, 1:-1, 1:-1]
""",
    "turned by the ray": """
def surface_normals(depth, K):
    X = backproject(depth, K)
    a = X[:, :, 1:-1, 2:] - X[:, :, 1:-1, :-2]
    b = X[:, :, 2:, 1:-1] - X[:, :, :-2, 1:-1]
    n = F.normalize(torch.linalg.cross(a, b, dim=1), dim=1)
    return -n * (n * X[:, :, 1:-1, 1:-1]).sum(1, keepdim=True).sign()
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def surface_normals(depth, K):
    X = backproject(depth, K)
    right = X[:, :, 1:-1, 2:] - X[:, :, 1:-1, :-2]
    down = X[:, :, 2:, 1:-1] - X[:, :, :-2, 1:-1]
    return F.normalize(torch.linalg.cross(right, down, dim=1), dim=1)
""",
        "point away from the camera",
    ),
    (
        """
def surface_normals(depth, K):
    X = backproject(depth, K)
    right = X[:, :, :, 1:] - X[:, :, :, :-1]
    down = X[:, :, 1:] - X[:, :, :-1]
    return F.normalize(torch.linalg.cross(down[..., :-1], right[:, :, :-1], dim=1), dim=1)
""",
        None,
    ),
    ({"return F.normalize(normals, dim=1)": "F.normalize(normals, dim=1)"}, "return"),
    (
        """
def surface_normals(depth, K):
    dx = depth[:, 1:-1, 2:] - depth[:, 1:-1, :-2]
    dy = depth[:, 2:, 1:-1] - depth[:, :-2, 1:-1]
    return F.normalize(torch.stack([dx / 2, dy / 2, -torch.ones_like(dx)], 1), dim=1)
""",
        "tangents of the depth map in pixels",
    ),
    (
        """
def surface_normals(depth, K):
    X = backproject(depth, K)
    here = X[:, :, 1:-1, 1:-1]
    n = torch.linalg.cross(X[:, :, 2:, 1:-1] - here, X[:, :, 1:-1, 2:] - here, dim=1)
    return n / n.norm(dim=1, keepdim=True)
""",
        "one-sided, to the next pixel",
    ),
    (
        """
def surface_normals(depth, K):
    X = backproject(depth, K)
    right = X[:, :, 1:-1, 2:] - X[:, :, 1:-1, :-2]
    down = X[:, :, 2:, 1:-1] - X[:, :, :-2, 1:-1]
    return torch.linalg.cross(F.normalize(down, dim=1), F.normalize(right, dim=1), dim=1)
""",
        None,
    ),
    (
        """
def surface_normals(depth, K):
    X = backproject(depth, K)
    right = X[:, :, 1:-1, 2:] - X[:, :, 1:-1, :-2]
    down = X[:, :, 2:, 1:-1] - X[:, :, :-2, 1:-1]
    n = F.normalize(torch.linalg.cross(right, down, dim=1), dim=1)
    return torch.where(n[:, 2:] > 0, -n, n)
""",
        "does not mean towards -z",
    ),
    (
        """
def surface_normals(depth, K):
    zx = (depth[:, 1:-1, 2:] - depth[:, 1:-1, :-2]) / 2 * K[0, 0]
    zy = (depth[:, 2:, 1:-1] - depth[:, :-2, 1:-1]) / 2 * K[1, 1]
    z = depth[:, 1:-1, 1:-1]
    return F.normalize(torch.stack([zx / z, zy / z, -torch.ones_like(z)], 1), dim=1)
""",
        "oblique rays",
    ),
]
