"""Cameras: from pixels and depth to points in space, and from one frame to another.

**One convention for the whole course**, that of OpenCV and COLMAP:

- a camera looks along +z; x goes right and y goes down, as in the picture;
- depth is z, the distance along the optical axis, not the length of the ray; 0 means unknown;
- pixel centres lie at whole numbers, as in `course_lib.ops.warp`: the middle of the upper left pixel is (0, 0);
- intrinsics K are (3, 3), [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels;
- a pose is (4, 4) and takes points from the camera to the world: X_world = R X_camera + t, so t is where the camera is.

Points are maps (B, 3, H, W), one per pixel, channels first as in pictures; or sets (..., P, 3), one per row, as in the
lectures on point clouds and meshes. `convert_pose` and `to_pytorch3d` lead to the conventions of others.
"""

import torch

from course_lib.errors import CourseError, ShapeError, check_shape
from course_lib.ops.warp import pixel_grid

# The axes of each convention's camera, written in ours: its x, y and z point along (column by column) ...
CAMERA_AXES = {
    "opencv": (1, 1, 1),  # x right, y down, z forward: also COLMAP, KITTI, slambook
    "opengl": (1, -1, -1),  # x right, y up, z backward: also Blender, NeRF, and Consistent Video Depth
    "pytorch3d": (-1, -1, 1),  # x left, y up, z forward
}


def intrinsics(fx, fy=None, cx=0.0, cy=0.0):
    """K, (3, 3), from focal lengths and principal point in pixels; fy = fx by default."""
    return torch.tensor([[fx, 0, cx], [0, fx if fy is None else fy, cy], [0, 0, 1]], dtype=torch.float32)


def intrinsics_from_view(height, width, degrees):
    """K of a camera with square pixels that looks through the middle of the frame.

    Args:
        height, width: in pixels. degrees: the horizontal angle of view, between the outer edges of the frame.
    """
    focal = width / 2 / torch.tan(torch.deg2rad(torch.tensor(degrees / 2, dtype=torch.float64))).item()
    return intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2)


def resize_intrinsics(K, size, new_size):
    """K of the same camera after its frames were resized; sizes are (height, width).

    Edges of the frame stay edges: the pixel centre c becomes (c + 0.5) scale - 0.5. (Codes that write c scale move the
    scene by half a pixel.)
    """
    down, across = new_size[0] / size[0], new_size[1] / size[1]
    K = K.clone()
    K[..., 0, :] *= across
    K[..., 1, :] *= down
    K[..., 0, 2] += (across - 1) / 2
    K[..., 1, 2] += (down - 1) / 2
    return K


def rays(K, height, width):
    """K^-1 times each homogeneous pixel: (..., 3, 3) -> (..., 3, height, width); the third coordinate is 1."""
    x, y = pixel_grid(height, width, K.device, K.dtype)
    focal, middle = K[..., (0, 1), (0, 1)], K[..., :2, 2]  # (..., 2)
    flat = (torch.stack([x, y]) - middle[..., None, None]) / focal[..., None, None]
    return torch.cat([flat, torch.ones_like(flat[..., :1, :, :])], -3)


def backproject(depth, K):
    """Depth to points in the camera's axes: D(x) K^-1 x.

    Args:
        depth: (B, H, W), z in any unit; 0 for unknown gives the point (0, 0, 0).
        K: (3, 3) or (B, 3, 3).
    Returns:
        (B, 3, H, W) in the depth's unit.
    Raises:
        ShapeError: if depth has another rank, e.g. a channel axis.
    """
    sizes = check_shape(depth, "B H W", "depth")
    return rays(K.to(depth), sizes["H"], sizes["W"]) * depth[:, None]


def project(points, K):
    """Points in the camera's axes to pixels: pi(K X).

    Args:
        points: a map (B, 3, H, W), or a set (..., P, 3).
        K: (3, 3), or (B, 3, 3) where B is the first axis of points.
    Returns:
        (x, y) in pixels, (B, 2, H, W) or (..., P, 2). Points at or behind the camera (z <= 0) give numbers without a
        meaning, finite ones: mask them by their z.
    """
    rows, back = _as_rows(points)
    K = _matrix(K, rows, 3)
    focal, middle = K[..., (0, 1), (0, 1)], K[..., :2, 2]
    return back(rows[..., :2] / _not_zero(rows[..., 2:]) * focal[..., None, :] + middle[..., None, :])


def transform(points, pose):
    """Points, map or set, through a (4, 4) or (B, 4, 4) matrix: R X + t. With a pose, from camera to world."""
    rows, back = _as_rows(points)
    pose = _matrix(pose, rows, 4)
    return back(rows @ pose[..., :3, :3].transpose(-1, -2) + pose[..., None, :3, 3])


def inverse(pose):
    """The way back of a rigid motion: (..., 4, 4) -> (..., 4, 4), R^T and -R^T t."""
    turned = pose[..., :3, :3].transpose(-1, -2)
    return rigid(turned, -(turned @ pose[..., :3, 3:])[..., 0])


def rigid(rotation, translation):
    """(..., 3, 3), (..., 3) -> (..., 4, 4)"""
    top = torch.cat([rotation, translation[..., None]], -1)
    last = torch.tensor([0, 0, 0, 1], dtype=top.dtype, device=top.device).expand(*top.shape[:-2], 1, 4)
    return torch.cat([top, last], -2)


def relative(pose_from, pose_to):
    """The motion that takes points of one camera's axes into another's: inverse(pose_to) pose_from."""
    return inverse(pose_to) @ pose_from


def reproject(depth, K, pose, K_other, pose_other):
    """Where each pixel of a frame lies in another frame, if nothing moved and nothing is in the way.

    Eq. 2 to 4 of Luo et al. 2020: c_i = D_i K_i^-1 x, c_ij = R_j^T (R_i c_i + t_i - t_j), p_ij = pi(K_j c_ij).

    Args:
        depth: (B, H, W) z of the first frame.
        K, K_other: (3, 3) or (B, 3, 3). pose, pose_other: (4, 4) or (B, 4, 4), camera to world.
    Returns:
        pixels: (B, 2, H, W), (x, y) in the other frame; subtract `pixel_grid` for the flow.
        z: (B, H, W), depth as seen from the other camera; not positive for what lies behind it.
    """
    seen = transform(backproject(depth, K), relative(pose.to(depth), pose_other.to(depth)))
    return project(seen, K_other.to(depth)), seen[:, 2]


def inside(pixels, height, width):
    """Which pixels lie within the frame, between the centres of its outermost pixels: (B, 2, ...) -> (B, ...) bool."""
    x, y = pixels.unbind(1)
    return (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)


def ray_length_to_depth(length, K):
    """z from the length of the ray, as a range sensor or a ray caster measures it: (B, H, W) -> (B, H, W)."""
    sizes = check_shape(length, "B H W", "length")
    return length / rays(K.to(length), sizes["H"], sizes["W"]).norm(dim=-3)


def look_at(eye, target, up=(0.0, -1.0, 0.0)):
    """The pose of a camera at `eye` that looks at `target`, upright.

    Args:
        eye, target: three numbers each, in the world. up: which way is up in the world; -y by default, as y goes down.
    Returns:
        (4, 4) float32.
    Raises:
        CourseError: if eye and target coincide, or the camera would look straight up or down.
    """
    eye, target, up = (torch.as_tensor(v, dtype=torch.float32) for v in (eye, target, up))
    forward = target - eye
    right = torch.linalg.cross(forward, up)
    if forward.norm() < 1e-9 or right.norm() < 1e-6 * forward.norm():
        raise CourseError(
            f"A camera at {eye.tolist()} cannot look at {target.tolist()} upright: the two coincide, or the view is "
            "straight along `up`. Move one of them, or choose another `up`."
        )
    forward, right = forward / forward.norm(), right / right.norm()
    return rigid(torch.stack([right, torch.linalg.cross(forward, right), forward], -1), eye)


def rotation_from_quaternion(quaternion):
    """Unit quaternions (..., 4), in the order (x, y, z, w), to rotations (..., 3, 3)."""
    x, y, z, w = (quaternion / quaternion.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def rotation_from_axis_angle(vector):
    """(..., 3), axis times angle in radians, to rotations (..., 3, 3); differentiable also at zero."""
    zero = torch.zeros_like(vector[..., 0])
    x, y, z = vector.unbind(-1)
    rows = [[zero, -z, y], [z, zero, -x], [-y, x, zero]]
    return torch.linalg.matrix_exp(torch.stack([torch.stack(row, -1) for row in rows], -2))


def convert_pose(pose, source, target="opencv"):
    """A camera-to-world pose from one convention's camera axes to another's; the world's axes stay as they are.

    Args:
        pose: (..., 4, 4). source, target: a key of `CAMERA_AXES`.
    Raises:
        CourseError: if a name is unknown.
    """
    signs = []
    for name in (source, target):
        if name not in CAMERA_AXES:
            raise CourseError(f"There is no camera convention {name!r}. There are: {', '.join(CAMERA_AXES)}.")
        signs.append(torch.tensor([*CAMERA_AXES[name], 1], dtype=pose.dtype, device=pose.device))
    return pose * (signs[0] * signs[1])


def turn_world(pose, source):
    """Camera *and* world axes from another convention into ours, as for poses whose world is an OpenGL camera's."""
    flip = torch.tensor([*CAMERA_AXES[source], 1], dtype=pose.dtype, device=pose.device)
    return flip[:, None] * pose * flip


def to_pytorch3d(pose):
    """PyTorch3D's R (..., 3, 3) and T (..., 3): X_view = X_world R + T with row vectors, x left and y up."""
    back = inverse(convert_pose(pose, "opencv", "pytorch3d"))
    return back[..., :3, :3].transpose(-1, -2), back[..., :3, 3]


def from_pytorch3d(R, T):
    """The inverse of `to_pytorch3d`."""
    return convert_pose(inverse(rigid(R.transpose(-1, -2), T)), "pytorch3d")


def _as_rows(points):
    """A map or a set as rows (..., P, 3), and the function that gives a result the form of the map or set again."""
    if points.ndim == 4 and points.shape[1] == 3:
        return points.flatten(2).transpose(1, 2), lambda rows: rows.transpose(1, 2).unflatten(2, points.shape[2:])
    if points.ndim < 2 or points.shape[-1] != 3:
        raise ShapeError(
            f"points has shape {tuple(points.shape)}, expected a map (B, 3, H, W) or a set (..., P, 3). "
            "Did you forget .transpose(-1, -2)?"
        )
    return points, lambda rows: rows


def _matrix(matrix, rows, size):
    if matrix.shape[-2:] != (size, size):
        raise ShapeError(f"matrix has shape {tuple(matrix.shape)}, expected (..., {size}, {size}).")
    return matrix.to(rows)


def _not_zero(z, least=1e-6):
    """z, kept away from 0, so that a division stays finite."""
    return torch.where(z.abs() < least, torch.full_like(z, least), z)
