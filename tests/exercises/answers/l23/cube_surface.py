"""Answers to 23.1 beside those that the exercise itself knows."""

RIGHT = {
    "loops over voxels and a set of corners": """
def cube_surface(filled):
    D, H, W = filled.shape
    corners, triangles = set(), 0
    for z, y, x in filled.nonzero().tolist():
        for axis in range(3):
            for way in (0, 1):
                n = [z, y, x]
                n[axis] += 2 * way - 1
                if all(0 <= i < s for i, s in zip(n, (D, H, W))) and filled[n[0], n[1], n[2]]:
                    continue
                triangles += 2
                for a in (0, 1):
                    for b in (0, 1):
                        c = [z, y, x]
                        c[axis] += way
                        c[(axis + 1) % 3] += a
                        c[(axis + 2) % 3] += b
                        corners.add(tuple(c))
    return torch.tensor(len(corners)), torch.tensor(triangles)
""",
    "sides as six less two for each pair": """
def cube_surface(filled):
    f = filled.float()
    touching = (f[1:] * f[:-1]).sum() + (f[:, 1:] * f[:, :-1]).sum() + (f[:, :, 1:] * f[:, :, :-1]).sum()
    mean = F.avg_pool3d(F.pad(f[None, None], (1,) * 6), 2, stride=1)
    return ((mean > 0.01) & (mean < 0.99)).sum(), (2 * (6 * f.sum() - 2 * touching)).long()
""",
    "corners by the largest and the smallest": """
def cube_surface(filled):
    f = F.pad(filled.float()[None, None], (1, 1, 1, 1, 1, 1))
    high = F.max_pool3d(f, 2, stride=1)
    low = -F.max_pool3d(-f, 2, stride=1)
    f = f[0, 0]
    sides = (f[1:] != f[:-1]).sum() + (f[:, 1:] != f[:, :-1]).sum() + (f[..., 1:] != f[..., :-1]).sum()
    return (high != low).sum(), sides * 2
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def cube_surface(filled):
    return 8 * filled.sum(), 12 * filled.sum()
""",
        "no cube shares anything",
    ),
    (
        """
def cube_surface(filled):
    f = F.pad(filled.float()[None, None], (1,) * 6)
    high = F.max_pool3d(f, 2, stride=1)
    f = f[0, 0]
    sides = (f[1:] != f[:-1]).sum() + (f[:, 1:] != f[:, :-1]).sum() + (f[..., 1:] != f[..., :-1]).sum()
    return (high > 0).sum(), sides * 2
""",
        "a corner with eight filled voxels",
    ),
    (
        """
def cube_surface(filled):
    f = filled.float()
    mean = F.avg_pool3d(F.pad(f[None, None], (1,) * 6), 2, stride=1)
    sides = (f[1:] != f[:-1]).sum() + (f[:, 1:] != f[:, :-1]).sum() + (f[..., 1:] != f[..., :-1]).sum()
    return ((mean > 0.01) & (mean < 0.99)).sum(), 2 * sides
""",
        "at the border of the grid",
    ),
    (
        """
def cube_surface(filled):
    f = F.pad(filled.float()[None, None], (1,) * 6)
    mean = F.avg_pool3d(f, 2, stride=1)
    return ((mean > 0.01) & (mean < 0.99)).sum(), 12 * filled.sum()
""",
        "inside, and left out",
    ),
    (
        """
def cube_surface(filled):
    f = F.pad(filled.long(), (1,) * 6)
    sides = sum(f.diff(dim=axis).abs().sum() for axis in range(3))
    return 4 * sides, 2 * sides
""",
        "several sides meet in one vertex",
    ),
]
