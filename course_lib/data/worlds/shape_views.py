"""Furniture before Pixel2Mesh's camera: pictures, and the true surfaces in that camera's coordinates.

The camera is the one of the released code, 250 pixels of focal length for a picture of 224, whatever the size here. Its
coordinates are x right, y *up*, and it looks along -z; a piece of furniture, made smaller to fit, stands about
(0, 0, -0.8).
"""

from dataclasses import dataclass

import torch

from course_lib.data.worlds.shapes import viewpoint
from course_lib.ops.camera import intrinsics, inverse, transform

FOCAL = 250 / 224  # in widths of the picture
AWAY = 0.8  # from the camera to the middle of a piece
SCALE = 0.45  # furniture, in -0.5..0.5, is made so much smaller
BACK = (1.0, -1.0, -1.0)  # from our axes to the code's, and back


@dataclass(frozen=True, eq=False)
class ShapeViews:
    """pictures: (n, 3, size, size) in 0..1, on black. points, normals: (n, P, 3), of the surface. labels: (n,) long."""

    pictures: torch.Tensor
    points: torch.Tensor
    normals: torch.Tensor
    labels: torch.Tensor


def shape_views(world, n, seed=0, *, size=64, points=400):
    """Pictures of n pieces from the front, 25 degrees from above, and their surfaces.

    Args:
        world: ShapeWorld. n, seed: as for `world.shapes`. size: rows and columns. points: P per piece.
    Returns:
        ShapeViews; equal seeds give equal ones.
    """
    shapes, labels = world.shapes(n, seed)
    pose, generator = viewpoint(0.0, above=25.0, distance=AWAY / SCALE), torch.Generator().manual_seed(seed)
    K = intrinsics(FOCAL * size, cx=(size - 1) / 2, cy=(size - 1) / 2)
    pictures, places, directions = [], [], []
    for shape in shapes:
        picture, seen, _ = shape.render(size, size, pose=pose, K=K)
        pictures.append(picture * seen)
        surface, normals = shape.points(points, generator, size=24)
        places.append(to_view(surface, pose))
        directions.append(normals @ pose[:3, :3] * torch.tensor(BACK))
    return ShapeViews(torch.stack(pictures), torch.stack(places), torch.stack(directions), labels)


def to_view(points, pose, scale=SCALE):
    """World to the code's coordinates: (P, 3) and the camera's pose -> (P, 3)."""
    return scale * transform(points[None], inverse(pose))[0] * torch.tensor(BACK)


def from_view(points):
    """The code's coordinates to ours, about the middle: (..., P, 3) -> (..., P, 3), for drawing."""
    return (points - torch.tensor([0.0, 0.0, -AWAY])) * torch.tensor(BACK)
