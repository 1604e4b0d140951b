"""Answers to 07.3 beside those that the exercise itself knows."""

RIGHT = {
    "loops": """
def pool_along(maps, points, start, video):
    T, C, rows, columns = maps.shape
    out = torch.zeros(len(points), C)
    for k in range(len(points)):
        for p in range(points.shape[1]):
            x, y = points[k, p].tolist()
            j = min(max(round(x * columns / video[1]), 0), columns - 1)
            i = min(max(round(y * rows / video[0]), 0), rows - 1)
            out[k] += maps[start[k] + p, :, i, j]
    return out
""",
    "point by point, with pixels per cell": """
def pool_along(maps, points, start, video):
    rows, columns = maps.shape[-2:]
    total = 0
    for p in range(points.shape[1]):
        cell = points[:, p] / torch.tensor([video[1] / columns, video[0] / rows])
        j, i = torch.floor(cell + 0.5).long().T
        total = total + maps[start + p, :, i.clamp(0, rows - 1), j.clamp(0, columns - 1)]
    return total
""",
    "channels last, and einsum": """
def pool_along(maps, points, start, video):
    rows, columns = maps.shape[2:]
    size = torch.tensor([columns, rows])
    cells = (points * size / torch.tensor([video[1], video[0]])).round().long()
    cells = torch.minimum(cells.clamp(min=0), size - 1)
    frame = start.unsqueeze(1) + torch.arange(points.shape[1]).unsqueeze(0)
    found = maps.permute(0, 2, 3, 1)[frame, cells[..., 1], cells[..., 0]]
    return torch.einsum("kpc->kc", found)
""",
    "one flat index, and index_select": """
def pool_along(maps, points, start, video):
    (T, C, rows, columns), (K, P, _) = maps.shape, points.shape
    x, y = points.unbind(-1)
    column = (x / video[1] * columns).round().clamp(0, columns - 1).long()
    row = (y / video[0] * rows).round().clamp(0, rows - 1).long()
    flat = ((start.view(K, 1) + torch.arange(P)) * rows + row) * columns + column
    read = maps.movedim(1, -1).reshape(-1, C).index_select(0, flat.reshape(-1))
    return read.view(K, P, C).sum(dim=1)
""",
}

OWN_FORM = {
    "NumPy": """
import numpy as np
def pool_along(maps, points, start, video):
    m, p, s = maps.numpy(), points.numpy(), start.numpy()
    rows, columns = m.shape[2:]
    j = np.clip(np.rint(p[..., 0] * columns / video[1]).astype(int), 0, columns - 1)
    i = np.clip(np.rint(p[..., 1] * rows / video[0]).astype(int), 0, rows - 1)
    f = s[:, None] + np.arange(p.shape[1])
    return torch.tensor(m[f, :, i, j].sum(1).astype(np.float64))
""",
}

WRONG = [
    ({"points.shape[1])": "len(points))"}, None),
    (
        """
def pool_along(maps, points, start, video):
    rows, columns = maps.shape[2:]
    pooled = []
    for trajectory, first in zip(points, start):
        x = (trajectory[:, 0] * columns / video[1]).round().long().clamp(0, columns - 1)
        y = (trajectory[:, 1] * rows / video[0]).round().long().clamp(0, rows - 1)
        pooled.append(maps[first, :, y, x].sum(1))
    return torch.stack(pooled)
""",
        "first frame",
    ),
    (
        """
def pool_along(maps, points, start, video):
    rows, columns = maps.shape[2:]
    column = (points[..., 0] * columns / video[1]).round().long().clamp(0, columns - 1)
    row = (points[..., 1] * rows / video[0]).round().long().clamp(0, rows - 1)
    frame = start[:, None] + torch.arange(points.shape[1])
    return maps[frame, :, row, column].sum(1) / points.shape[1]
""",
        "mean over the points",
    ),
    ({"columns - 1)": "rows - 1)"}, None),
    ({"return maps": "return maps.relu()", ".sum(1)": ".prod(1)"}, None),
    ({"rows, columns = maps": "columns, rows = maps"}, None),
]
