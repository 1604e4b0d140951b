"""Answers to 25.2 beside those that the exercise itself knows."""

RIGHT = {
    "matrices of 4 x 4": """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    def pose(R, t):
        M = torch.eye(4)
        M[:3, :3], M[:3, 3] = R, t
        return M
    c = torch.cat([pixels, torch.ones_like(depth)[:, None]], -1) * (factor * depth).unsqueeze(-1)
    camera = torch.linalg.solve(K_i, c.T)
    whole = torch.cat([camera, torch.ones(1, len(pixels))])
    return (K_j @ (torch.linalg.inv(pose(R_j, t_j)) @ pose(R_i, t_i) @ whole)[:3]).T
""",
    "columns": """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = torch.cat([pixels, torch.ones_like(pixels[:, :1])], 1).T * (factor * depth)
    world = R_i @ torch.linalg.inv(K_i) @ c + t_i[:, None]
    return (K_j @ R_j.T @ (world - t_j[:, None])).T
""",
    "one matrix and one vector": """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    M = K_j @ R_j.T @ R_i @ torch.linalg.inv(K_i)
    shift = K_j @ R_j.T @ (t_i - t_j)
    c = factor * depth[:, None] * torch.nn.functional.pad(pixels, (0, 1), value=1.0)
    return c @ M.T + shift
""",
    "without an inverse": """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    z = factor * depth
    x = (pixels[:, 0] - K_i[0, 2]) / K_i[0, 0] * z
    y = (pixels[:, 1] - K_i[1, 2]) / K_i[1, 1] * z
    X = torch.stack([x, y, z], 1)
    Y = torch.einsum("ba,pb->pa", R_j, torch.einsum("ab,pb->pa", R_i, X) + t_i - t_j)
    return torch.einsum("ab,pb->pa", K_j, Y)
""",
    "point by point": """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    found = []
    for (x, y), d in zip(pixels, depth):
        c = factor * d * torch.stack([x, y, torch.ones(())])
        found.append(K_j @ (R_j.T @ (R_i @ torch.linalg.solve(K_i, c) + t_i - t_j)))
    return torch.stack(found)
""",
}

OWN_FORM = {
    "NumPy, without gradients": """
import numpy as np
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    p, d, Ki, Kj, Ri, ti, Rj, tj = (v.detach().numpy().astype(float)
                                    for v in (pixels, depth, K_i, K_j, R_i, t_i, R_j, t_j))
    c = float(factor) * d[:, None] * np.c_[p, np.ones(len(p))]
    return torch.from_numpy((c @ np.linalg.inv(Ki).T @ Ri.T + ti - tj) @ Rj @ Kj.T).float()
""",
}

WRONG = [
    (
        """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = (factor * depth)[:, None] * torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
    seen = (c @ torch.linalg.inv(K_i).T @ R_i.T + t_i - t_j) @ R_j @ K_j.T
    return seen[:, :2] / seen[:, 2:]
""",
        "this is the pixel alone",
    ),
    (
        """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = (factor * depth)[:, None] * torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
    camera = c @ torch.linalg.inv(K_i).T
    return (((camera - t_i) @ R_i) @ R_j.T + t_j) @ K_j.T
""",
        "taken as from the world into the camera",
    ),
    (
        """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = (factor * depth)[:, None] * torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
    return (c @ torch.linalg.inv(K_i).T @ R_i.T + t_i - t_j) @ R_j.T @ K_j.T
""",
        "R_j must be undone",
    ),
    (
        """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = depth[:, None] * torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
    return (c @ torch.linalg.inv(K_i).T @ R_i.T + t_i - t_j) @ R_j @ K_j.T
""",
        "factor of the frame's depth is missing",
    ),
    (
        """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = (factor * depth)[:, None] * torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
    return (c @ torch.linalg.inv(K_i).T @ R_i.T + t_i - t_j) @ R_j
""",
        "K_j is missing",
    ),
    (
        """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = (factor * depth)[:, None] * torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
    camera = c @ torch.linalg.inv(K_i).T
    return ((camera - t_i) @ R_i @ R_j.T + t_j) @ K_j.T
""",
        None,
    ),
    (
        """
def carry(pixels, depth, factor, K_i, K_j, R_i, t_i, R_j, t_j):
    c = (factor * depth)[:, None] * torch.cat([pixels, torch.ones(len(pixels), 1)], 1)
    camera = c @ torch.linalg.inv(K_i).T
    return ((camera @ R_i.T - t_i) + t_j) @ R_j @ K_j.T
""",
        None,
    ),
    ({"return other @ K_j.T": "other @ K_j.T"}, "return"),
]
