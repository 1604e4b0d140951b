"""The pyramid behind a box in the picture, and the cube that it becomes: the space in which Mesh R-CNN predicts shapes.

A box and a range of depth cut a piece out of what the camera sees. Far away it is wider than near, as things shrink
with distance. Two projective maps, of (x, z) and of (y, z), turn it into the cube -1..1, where x and y run with the
picture and every cell of a voxel grid covers as many pixels as any other:

    u = (2 (fx x / z + cx) - left - right) / (right - left),   likewise v,   w = (z1 + z2 - 2 z1 z2 / z) / (z2 - z1)

so w is -1 at the near end z1, 1 at the far end z2, and even in 1 / z, not in z. Straight lines stay straight.

Axes and K are those of `course_lib.ops.camera`, whose pixel *centres* lie at whole numbers; boxes are those of
`course_lib.ops.boxes`, whose *edges* do. Hence half a pixel between the two, which these functions take care of.
"""

import torch

from course_lib.errors import CourseError, ShapeError


def to_cube(points, box, z_range, K):
    """From the camera's axes into the cube of a box.

    Args:
        points: (..., P, 3), z > 0. box: (..., 4), (x, y, w, h) in pixels. z_range: (..., 2), nearest and farthest.
        K: (3, 3) or (..., 3, 3).
    Returns:
        (..., P, 3): -1..1 inside the frustum; y goes down and z away from the camera, as before.
    Raises:
        ShapeError: if the last axis of a tensor is not as above. CourseError: if the box or the range is empty.
    """
    left, top, right, bottom, near, far = _sides(points, box, z_range)
    x, y, z = points.unbind(-1)
    fx, fy, cx, cy = _camera(K, points)
    z = torch.where(z.abs() < 1e-6, torch.full_like(z, 1e-6), z)
    u = (2 * (fx * x / z + cx) - left - right) / (right - left)
    v = (2 * (fy * y / z + cy) - top - bottom) / (bottom - top)
    return torch.stack([u, v, (near + far - 2 * near * far / z) / (far - near)], -1)


def from_cube(points, box, z_range, K):
    """The way back of `to_cube`: from the cube to the camera's axes, (..., P, 3) -> (..., P, 3).

    Depth beyond what the formula can give, which would lie behind the camera, is kept at 10 times the far end.
    """
    left, top, right, bottom, near, far = _sides(points, box, z_range)
    u, v, w = points.unbind(-1)
    fx, fy, cx, cy = _camera(K, points)
    inverse = (near + far - w * (far - near)) / (2 * near * far)
    z = 1 / torch.maximum(inverse, 0.1 / far)
    x = ((u * (right - left) + left + right) / 2 - cx) / fx * z
    y = ((v * (bottom - top) + top + bottom) / 2 - cy) / fy * z
    return torch.stack([x, y, z], -1)


def depth_range(ratio, box, focal, middle=1.0):
    """Nearest and farthest depth of an object from what the z head predicts.

    A picture tells how deep an object is against its height, not how far away it is: `middle` must come from
    elsewhere, or stays 1.

    Args:
        ratio: (...,), dz / height of the box, the exponential of the prediction. box: (..., 4). focal: pixels.
        middle: (...,) or a number, the depth of the object's middle, in any unit.
    Returns:
        (..., 2), in the unit of `middle`: middle * (1 - dz / 2 f) and middle * (1 + dz / 2 f).
    """
    half = (ratio * box[..., 3] / focal / 2).clamp(max=0.95)  # nothing reaches behind the camera
    return torch.stack([middle * (1 - half), middle * (1 + half)], -1)


def depth_ratio(vertices, box, focal):
    """What the z head shall predict: dz f / (middle of z) / (height of the box); (..., V, 3), (..., 4) -> (...,)."""
    near, far = vertices[..., 2].amin(-1), vertices[..., 2].amax(-1)
    return (far - near) / ((far + near) / 2) * focal / box[..., 3]


def fill(points, size):
    """Voxels of the cube that hold a point.

    Voxel i begins at 2 i / (size - 1) - 1, as `cubify` has it by default: so voxels and cubes lie at the same place.

    Args:
        points: (P, 3) in the cube, densely spread over the inside of an object. size: V.
    Returns:
        (V, V, V) float32, 0 or 1, along z, y, x.
    """
    cells = ((points + 1) / 2 * (size - 1)).floor().long()
    cells = cells[((cells >= 0) & (cells < size)).all(-1)]
    voxels = torch.zeros(size, size, size, device=points.device)
    voxels[cells[:, 2], cells[:, 1], cells[:, 0]] = 1
    return voxels


def _sides(points, box, z_range):
    for value, name, last in ((points, "points", 3), (box, "box", 4), (z_range, "z_range", 2)):
        if value.shape[-1] != last:
            raise ShapeError(f"{name} has shape {tuple(value.shape)}, expected (..., {last}).")
    if (box[..., 2:] <= 0).any() or (z_range[..., 1] <= z_range[..., 0]).any() or (z_range[..., 0] <= 0).any():
        raise CourseError(
            "A box has no area, or a depth range is empty or reaches behind the camera: expected w > 0, h > 0 and "
            f"0 < nearest < farthest; box {box.tolist()}, z_range {z_range.tolist()}."
        )
    left, top = box[..., 0] - 0.5, box[..., 1] - 0.5  # from pixel edges to the camera's pixel centres
    return (side[..., None] for side in (left, top, left + box[..., 2], top + box[..., 3], *z_range.unbind(-1)))


def _camera(K, points):
    K = K.to(points)
    return (K[..., i, j, None] for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
