"""Answers to 24.3 beside those that the exercise itself knows."""

RIGHT = {
    "the library's transform, inverse and project": """
from course_lib.ops.camera import inverse, project, transform
def carry(depth, K, pose, other_pose):
    seen = transform(transform(backproject(depth, K), pose), inverse(other_pose))
    return torch.cat([project(seen, K), seen[:, 2:]], 1)
""",
    "homogeneous points and the inverse of the pose": """
def carry(depth, K, pose, other_pose):
    B, H, W = depth.shape
    points = backproject(depth, K).reshape(B, 3, -1)
    points = torch.cat([points, torch.ones(B, 1, H * W)], 1)
    seen = (torch.linalg.inv(other_pose) @ pose @ points)[:, :3]
    image = K @ seen
    return torch.cat([image[:, :2] / image[:, 2:], seen[:, 2:]], 1).reshape(B, 3, H, W)
""",
    "einsum, axis by axis": """
def carry(depth, K, pose, other_pose):
    points = backproject(depth, K)
    world = torch.einsum("bij,bjhw->bihw", pose[:, :3, :3], points) + pose[:, :3, 3, None, None]
    x, y, z = torch.einsum("bji,bjhw->bihw", other_pose[:, :3, :3], world - other_pose[:, :3, 3, None, None]).unbind(1)
    return torch.stack([K[0, 0] * x / z + K[0, 2], K[1, 1] * y / z + K[1, 2], z], 1)
""",
    "a loop over the batch": """
def carry(depth, K, pose, other_pose):
    maps = []
    for d, P, Q in zip(depth, pose, other_pose):
        points = backproject(d[None], K)[0].flatten(1)
        seen = Q[:3, :3].T @ (P[:3, :3] @ points + P[:3, 3:] - Q[:3, 3:])
        p = K @ seen
        maps.append(torch.cat([p[:2] / p[2], seen[2:]]).view(3, *d.shape))
    return torch.stack(maps)
""",
    "solve, and rows of points": """
def carry(depth, K, pose, other_pose):
    points = backproject(depth, K).flatten(2).transpose(1, 2)
    change = torch.linalg.solve(other_pose, pose)
    seen = points @ change[:, :3, :3].transpose(1, 2) + change[:, None, :3, 3]
    image = seen @ K.T
    return torch.cat([image[..., :2] / image[..., 2:], seen[..., 2:]], -1).mT.reshape(-1, 3, *depth.shape[1:])
""",
}

WRONG = [
    (
        """
from course_lib.ops.camera import inverse, project, transform
def carry(depth, K, pose, other_pose):
    seen = transform(transform(backproject(depth, K), other_pose), inverse(pose))
    return torch.cat([project(seen, K), seen[:, 2:]], 1)
""",
        "exchanged",
    ),
    (
        """
from course_lib.ops.camera import inverse, project, transform
def carry(depth, K, pose, other_pose):
    seen = transform(transform(backproject(depth, K), inverse(pose)), other_pose)
    return torch.cat([project(seen, K), seen[:, 2:]], 1)
""",
        "world to camera",
    ),
    (
        """
from course_lib.ops.camera import project, transform
def carry(depth, K, pose, other_pose):
    seen = transform(backproject(depth, K), pose)
    return torch.cat([project(seen, K), seen[:, 2:]], 1)
""",
        "still in the world",
    ),
    (
        """
from course_lib.ops.camera import inverse, project, transform
def carry(depth, K, pose, other_pose):
    seen = transform(transform(backproject(depth, K), pose), inverse(other_pose))
    return torch.cat([project(seen, K), depth[:, None]], 1)
""",
        "the depth of frame i came back",
    ),
    (
        """
from course_lib.ops.camera import inverse, project, transform
from course_lib.ops.warp import pixel_grid
def carry(depth, K, pose, other_pose):
    seen = transform(transform(backproject(depth, K), pose), inverse(other_pose))
    return torch.cat([project(seen, K) - pixel_grid(*depth.shape[1:]), seen[:, 2:]], 1)
""",
        "flow vectors",
    ),
    ({"    return torch.cat": "    torch.cat"}, "return"),
]
