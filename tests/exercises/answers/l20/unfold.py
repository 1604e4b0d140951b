"""Answers to 20.4 beside those that the exercise itself knows."""

RIGHT = {
    "loops over places": """
def unfold(maps):
    S = len(maps)
    solid = torch.zeros(S, S, S, dtype=torch.bool)
    for n in range(maps.shape[-1] // 6):
        m = maps[..., 6 * n : 6 * n + 6].tolist()
        for z in range(S):
            for y in range(S):
                for x in range(S):
                    a, b, c = m[y][x], m[z][x], m[z][y]
                    if a[0] <= z + 1 <= a[1] and b[2] <= y + 1 <= b[3] and c[4] <= x + 1 <= c[5]:
                        solid[z, y, x] = n % 2 == 0
    return solid
""",
    "axes by hand": """
def unfold(maps):
    i = torch.arange(len(maps)) + 1
    z, y, x = i[:, None, None], i[None, :, None], i[None, None, :]
    solid = None
    for k, m in enumerate(torch.split(maps, 6, -1)):
        f0, l0, f1, l1, f2, l2 = m.unbind(-1)
        inside = (z >= f0[None]) & (z <= l0[None])
        inside &= (y >= f1[:, None]) & (y <= l1[:, None])
        inside &= (x >= f2[:, :, None]) & (x <= l2[:, :, None])
        if solid is None:
            solid = inside
        elif k % 2:
            solid = solid & ~inside
        else:
            solid = solid | inside
    return solid
""",
    "add and subtract numbers": """
def unfold(maps):
    S = len(maps)
    i = torch.arange(1, S + 1)
    total = torch.zeros(S, S, S, dtype=torch.long)
    for k in range(0, maps.shape[-1], 6):
        votes = 0
        for a in range(3):
            first, last = maps[..., k + 2 * a], maps[..., k + 2 * a + 1]
            tube = ((i >= first[..., None]) * (i <= last[..., None])).long()
            votes = votes + torch.movedim(tube, 2, a)
        total = (total + (votes == 3) * (1 if k % 12 == 0 else -1)).clamp(0, 1)
    return total > 0
""",
    "from the inside out": """
def unfold(maps):
    n, solid = len(maps), None
    for i in reversed(range(maps.shape[-1] // 6)):
        inside = torch.ones(n, n, n, dtype=torch.bool)
        for a in range(3):
            place = torch.arange(1, n + 1).view([n if axis == a else 1 for axis in range(3)])
            first, last = (maps[..., 6 * i + 2 * a + end].unsqueeze(a) for end in (0, 1))
            inside &= (first <= place) & (place <= last)
        solid = inside if solid is None else inside & ~solid
    return solid
""",
    "exclusive or: each layer lies within the one before": """
def unfold(maps):
    i = torch.arange(len(maps)) + 1
    solid = torch.zeros(len(maps), len(maps), len(maps), dtype=torch.bool)
    for m in torch.split(maps, 6, -1):
        inside = torch.ones_like(solid)
        for a in range(3):
            tube = (i >= m[..., 2 * a, None]) & (i <= m[..., 2 * a + 1, None])
            inside &= tube.movedim(-1, a)
        solid = solid ^ inside
    return solid
""",
}

WRONG = [
    (
        """
def unfold(maps):
    i = torch.arange(len(maps))
    z, y, x = i[:, None, None], i[None, :, None], i[None, None, :]
    solid = torch.zeros(len(maps), len(maps), len(maps), dtype=torch.bool)
    for k, m in enumerate(torch.split(maps, 6, -1)):
        f0, l0, f1, l1, f2, l2 = m.unbind(-1)
        inside = (z >= f0[None]) & (z <= l0[None]) & (y >= f1[:, None]) & (y <= l1[:, None])
        inside &= (x >= f2[:, :, None]) & (x <= l2[:, :, None])
        solid = solid & ~inside if k % 2 else solid | inside
    return solid
""",
        "counted from 1",
    ),
    (
        """
def unfold(maps):
    i = torch.arange(len(maps)) + 1
    solid = torch.zeros(len(maps), len(maps), len(maps), dtype=torch.bool)
    for m in torch.split(maps, 6, -1):
        inside = torch.ones_like(solid)
        for a in range(3):
            tube = (i >= m[..., 2 * a, None]) & (i <= m[..., 2 * a + 1, None])
            inside &= tube.movedim(-1, a)
        solid |= inside
    return solid
""",
        "nothing is taken away",
    ),
    (
        """
def unfold(maps):
    i = torch.arange(len(maps)) + 1
    solid = torch.zeros(len(maps), len(maps), len(maps), dtype=torch.bool)
    for k, m in enumerate(torch.split(maps, 6, -1)):
        inside = torch.ones_like(solid)
        for a in range(3):
            inside &= (i >= m[..., 2 * a, None]) & (i <= m[..., 2 * a + 1, None])
        solid = solid & ~inside if k % 2 else solid | inside
    return solid
""",
        "along the axis that the maps look along",
    ),
    ({"return solid": "solid"}, "nothing was returned"),
    (
        """
def unfold(maps):
    i = torch.arange(len(maps)) + 1
    z, y, x = i[:, None, None], i[None, :, None], i[None, None, :]
    f0, l0, f1, l1, f2, l2 = maps[..., :6].unbind(-1)
    inside = (z >= f0[None]) & (z <= l0[None]) & (y >= f1[:, None]) & (y <= l1[:, None])
    return inside & (x >= f2[:, :, None]) & (x <= l2[:, :, None])
""",
        "nothing is taken away",
    ),
    (
        """
def unfold(maps):
    index = torch.arange(len(maps)) + 1
    S = len(maps)
    z, y, x = torch.meshgrid(index, index, index, indexing="ij")
    out = torch.zeros(S, S, S, dtype=torch.bool)
    for k, m in enumerate(torch.split(maps, 6, -1)):
        inside = (z >= m[None, ..., 0]) & (z <= m[None, ..., 1]) & (y >= m[None, ..., 2]) & (y <= m[None, ..., 3])
        inside &= (x >= m[None, ..., 4]) & (x <= m[None, ..., 5])
        out = out & ~inside if k % 2 else out | inside
    return out
""",
        None,
    ),
]
