"""Answers to 20.3 beside those that the exercise itself knows."""

RIGHT = {
    "recursion": """
def cells_per_level(voxels):
    counts = {}
    def look(cube, level):
        row = counts.setdefault(level, [0, 0, 0])
        if not cube.any():
            row[0] += 1
        elif cube.all():
            row[1] += 1
        else:
            row[2] += 1
            h = len(cube) // 2
            for z in (0, h):
                for y in (0, h):
                    for x in (0, h):
                        look(cube[z:z + h, y:y + h, x:x + h], level + 1)
    look(voxels, 0)
    return [tuple(counts[level]) for level in sorted(counts)]
""",
    "the levels of eight parts, added up": """
def cells_per_level(voxels):
    if not voxels.any():
        return [(1, 0, 0)]
    if voxels.all():
        return [(0, 1, 0)]
    h = len(voxels) // 2
    parts = [cells_per_level(voxels[a:a + h, b:b + h, c:c + h]) for a in (0, h) for b in (0, h) for c in (0, h)]
    rows = [(0, 0, 1)]
    for level in range(max(map(len, parts))):
        rows.append(tuple(sum(part[level][i] for part in parts if level < len(part)) for i in range(3)))
    return rows
""",
    "a list of cubes": """
def cells_per_level(voxels):
    cubes, levels = [voxels], []
    while cubes:
        mixed = [c for c in cubes if c.any() and not c.all()]
        filled = sum(bool(c.all()) for c in cubes)
        levels.append((len(cubes) - filled - len(mixed), filled, len(mixed)))
        cubes = [e for c in mixed for a in c.chunk(2, 0) for b in a.chunk(2, 1) for e in b.chunk(2, 2)]
    return levels
""",
    "pooling": """
def cells_per_level(voxels):
    x = voxels.float()[None, None]
    side, levels, parent = len(voxels), [], None
    while side >= 1:
        most, least = F.max_pool3d(x, side)[0, 0], -F.max_pool3d(-x, side)[0, 0]
        there = torch.ones_like(most, dtype=torch.bool)
        if parent is not None:
            there = F.interpolate(parent[None, None].float(), scale_factor=2)[0, 0] > 0
        if not there.any():
            break
        mixed = there & (most > 0) & (least < 1)
        levels.append((((most == 0) & there).sum().item(), ((least == 1) & there).sum().item(), mixed.sum().item()))
        parent, side = mixed, side // 2
    return levels
""",
}

WRONG = [
    (
        """
def cells_per_level(voxels):
    levels, side = [], len(voxels)
    while side >= 1:
        n = len(voxels) // side
        share = voxels.view(n, side, n, side, n, side).float().mean((1, 3, 5))
        e, f = int((share == 0).sum()), int((share == 1).sum())
        levels.append((e, f, n ** 3 - e - f))
        if n ** 3 == e + f:
            break
        side //= 2
    return levels
""",
        "a cell exists only where the cell above it was mixed",
    ),
    (
        """
def cells_per_level(voxels):
    cubes, levels = [voxels], []
    while cubes:
        mixed = [c for c in cubes if c.any() and not c.all()]
        filled = sum(bool(c.any()) for c in cubes)
        levels.append((len(cubes) - filled, filled, len(mixed)))
        cubes = [e for c in mixed for a in c.chunk(2, 0) for b in a.chunk(2, 1) for e in b.chunk(2, 2)]
    return levels
""",
        "a cell with *some* filled voxels counts as filled",
    ),
    (
        """
def cells_per_level(voxels):
    cubes, levels = [voxels], []
    while cubes:
        mixed = [c for c in cubes if c.any() and not c.all()]
        filled = sum(bool(c.all()) for c in cubes)
        levels.append((filled, len(cubes) - filled - len(mixed), len(mixed)))
        cubes = [e for c in mixed for a in c.chunk(2, 0) for b in a.chunk(2, 1) for e in b.chunk(2, 2)]
    return levels
""",
        "the order is empty, filled, mixed",
    ),
    (
        """
def cells_per_level(voxels):
    cubes, levels = [voxels], []
    while len(cubes[0]) > 1:
        mixed = [c for c in cubes if c.any() and not c.all()]
        filled = sum(bool(c.all()) for c in cubes)
        levels.append((len(cubes) - filled - len(mixed), filled, len(mixed)))
        cubes = [e for c in mixed for a in c.chunk(2, 0) for b in a.chunk(2, 1) for e in b.chunk(2, 2)]
        if not cubes:
            break
    return levels
""",
        "single voxels are a level, too",
    ),
    ({"return levels": "print(levels)"}, "printed"),
    ({"    return levels": "        return levels"}, "in its first round"),
    (
        """
def cells_per_level(voxels):
    cubes, levels = [voxels], []
    while cubes:
        mixed = [c for c in cubes if c.any() and not c.all()]
        filled = sum(bool(c.all()) for c in cubes)
        levels.insert(0, (len(cubes) - filled - len(mixed), filled, len(mixed)))
        cubes = [e for c in mixed for a in c.chunk(2, 0) for b in a.chunk(2, 1) for e in b.chunk(2, 2)]
    return levels
""",
        "begins with the whole cube",
    ),
]
