"""What the picture shows at a vertex: project it, and read the feature maps there."""

import torch
from torch.nn.functional import grid_sample

from course_lib.errors import ShapeError, check_shape


def vert_align(features, vertices, outside="zero"):
    """Features of each vertex, bilinear, from one or more maps.

    Args:
        features: (B, C, H, W), or a list of such maps of any sizes.
        vertices: (B, V, 2) or (B, V, 3): x and y in -1..1, where -1 and 1 are the *centres* of the outermost pixels of
            each map, x right and y down; z is not looked at.
        outside: "zero" or "border": what vertices beyond the picture get.
    Returns:
        (B, V, sum of C), the maps' channels one after the other.
    Raises:
        ShapeError: if batches differ.
    """
    maps = features if isinstance(features, (list, tuple)) else [features]
    padding = {"zero": "zeros", "border": "border"}[outside]
    grid = vertices[:, None, :, :2]  # (B, 1, V, 2)
    found = []
    for one in maps:
        if check_shape(one, "B C H W", "features")["B"] != len(vertices):
            raise ShapeError(f"features hold {len(one)} pictures, vertices {len(vertices)}: expected as many.")
        found.append(grid_sample(one, grid, padding_mode=padding, align_corners=True)[:, :, 0].transpose(1, 2))
    return torch.cat(found, 2)
