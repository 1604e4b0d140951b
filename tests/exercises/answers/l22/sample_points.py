"""Answers to 22.3 beside those that the exercise itself knows."""

RIGHT = {
    "loops": """
def sample_points(vertices, faces, numbers):
    triangles = vertices[faces]
    areas = [0.5 * torch.linalg.cross(t[1] - t[0], t[2] - t[0]).norm() for t in triangles]
    whole, points = sum(areas), []
    for first, u, v in numbers:
        upto, chosen = 0, 0
        for chosen, area in enumerate(areas):
            upto = upto + area / whole
            if upto >= first:
                break
        a, b, c = triangles[chosen]
        s = u ** 0.5
        points.append(a * (1 - s) + b * s * (1 - v) + c * s * v)
    return torch.stack(points)
""",
    "counting the ends below": """
def sample_points(vertices, faces, numbers):
    corners = vertices[faces]
    area = torch.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], dim=1).norm(dim=1) / 2
    ends = torch.cumsum(area / area.sum(), 0)
    face = (numbers[:, :1] > ends).sum(1)
    s, v = numbers[:, 1].sqrt(), numbers[:, 2]
    weights = torch.stack([1 - s, s * (1 - v), s * v], 1)
    return (weights[..., None] * corners[face]).sum(1)
""",
    "bucketize and two steps": """
def sample_points(vertices, faces, numbers):
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    n = torch.linalg.cross(b - a, c - a)
    area = (n * n).sum(1) ** 0.5
    face = torch.bucketize(numbers[:, 0], area.cumsum(0) / area.sum())
    s, v = numbers[:, [1]] ** 0.5, numbers[:, [2]]
    a, b, c = a[face], b[face], c[face]
    return a + s * ((b - a) + v * (c - b))
""",
    "NumPy": """
import numpy as np
def sample_points(vertices, faces, numbers):
    t, n = vertices.numpy()[faces.numpy()], numbers.numpy()
    area = np.linalg.norm(np.cross(t[:, 1] - t[:, 0], t[:, 2] - t[:, 0]), axis=1)
    f = np.searchsorted(np.cumsum(area) / area.sum(), n[:, 0])
    s, v = np.sqrt(n[:, 1:2]), n[:, 2:]
    return torch.from_numpy(((1 - s) * t[f, 0] + s * (1 - v) * t[f, 1] + s * v * t[f, 2]).astype(np.float32))
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def sample_points(vertices, faces, numbers):
    face = (numbers[:, 0] * len(faces)).long()
    a, b, c = vertices[faces[face]].unbind(1)
    s, v = numbers[:, 1:2].sqrt(), numbers[:, 2:]
    return (1 - s) * a + s * (1 - v) * b + s * v * c
""",
        "drawn equally often",
    ),
    (
        """
def sample_points(vertices, faces, numbers):
    a, b, c = vertices[faces].unbind(1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1)
    face = torch.searchsorted(area.cumsum(0) / area.sum(), numbers[:, 0].contiguous())
    return vertices[faces[face]].mean(1)
""",
        "middles of the faces",
    ),
    (
        """
def sample_points(vertices, faces, numbers):
    corners = vertices[faces]
    area = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).norm(dim=1) / 2
    ends = torch.cumsum(area / area.sum(), 0)
    face = (numbers[:, :1] > ends).sum(1)
    u, v = numbers[:, 1], numbers[:, 2]
    weights = torch.stack([1 - u, u * (1 - v), u * v], 1)
    return (weights[..., None] * corners[face]).sum(1)
""",
        "crowd about",
    ),
    ({"area.cumsum(dim=0) / area.sum()": "area.cumsum(dim=0) / len(area)"}, None),
    ({"    return (1 - root)": "    points = (1 - root)"}, "return"),
    (
        """
def sample_points(vertices, faces, numbers):
    a, b, c = vertices[faces].unbind(1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1)
    area, order = area.sort(descending=True)
    face = order[torch.searchsorted(area.cumsum(0) / area.sum(), numbers[:, 0].contiguous())]
    u, v = numbers[:, 1:2].sqrt(), numbers[:, 2:]
    return (1 - u) * a[face] + u * (1 - v) * b[face] + u * v * c[face]
""",
        "not by size",
    ),
    (
        """
def sample_points(vertices, faces, numbers):
    a, b, c = vertices[faces].unbind(1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1)
    face = torch.searchsorted(area.cumsum(0) / area.sum(), numbers[:, 0].contiguous())
    u, v = numbers[:, 1:2], numbers[:, 2:]
    over = u + v > 1
    u, v = torch.where(over, 1 - u, u), torch.where(over, 1 - v, v)
    return a[face] + u * (b - a)[face] + v * (c - a)[face]
""",
        "folds a parallelogram",
    ),
    (
        """
def sample_points(vertices, faces, numbers):
    a, b, c = vertices[faces].unbind(1)
    area = torch.linalg.cross(b - a, c - a)[:, 2].abs() / 2
    face = torch.searchsorted(area.cumsum(0) / area.sum(), numbers[:, 0].contiguous())
    s, v = numbers[:, 1:2].sqrt(), numbers[:, 2:]
    return (1 - s) * a[face] + s * (1 - v) * b[face] + s * v * c[face]
""",
        "from one side",
    ),
    (
        """
def sample_points(vertices, faces, numbers):
    a, b, c = vertices[faces].unbind(1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1)
    face = torch.multinomial(area, len(numbers), replacement=True)
    u, v = numbers[:, 1:2].sqrt(), numbers[:, 2:]
    return (1 - u) * a[face] + u * (1 - v) * b[face] + u * v * c[face]
""",
        None,
    ),
]
