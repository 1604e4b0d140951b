"""From voxels to a mesh: a cube for each filled voxel, without the faces between two filled ones."""

import torch

from course_lib.errors import CourseError, check_shape

# The two triangles of each side of a cube, as corners (x, y, z) in 0..1, counter-clockwise seen from outside. The
# diagonals are those of the public code, so that meshes agree face by face.
SIDES = {
    (-1, 0, 0): (((0, 0, 0), (0, 0, 1), (0, 1, 0)), ((0, 0, 1), (0, 1, 1), (0, 1, 0))),
    (1, 0, 0): (((1, 0, 0), (1, 1, 0), (1, 0, 1)), ((1, 0, 1), (1, 1, 0), (1, 1, 1))),
    (0, -1, 0): (((0, 0, 0), (1, 0, 0), (1, 0, 1)), ((0, 0, 0), (1, 0, 1), (0, 0, 1))),
    (0, 1, 0): (((0, 1, 0), (0, 1, 1), (1, 1, 0)), ((0, 1, 1), (1, 1, 1), (1, 1, 0))),
    (0, 0, -1): (((0, 0, 0), (0, 1, 0), (1, 1, 0)), ((0, 0, 0), (1, 1, 0), (1, 0, 0))),
    (0, 0, 1): (((0, 0, 1), (1, 0, 1), (1, 1, 1)), ((0, 0, 1), (1, 1, 1), (0, 1, 1))),
}
ALIGNMENTS = ("topleft", "corner", "center")


def cubify(voxels, threshold, align="topleft"):
    """Meshes of the filled voxels. A single voxel gives 8 vertices, 18 edges and 12 faces.

    Vertices that cubes share are one vertex, also where cubes only touch at an edge or a corner.

    Args:
        voxels: (N, D, H, W) or (D, H, W), probabilities along z, y, x. threshold: a voxel is filled from this value on.
        align: where voxel i of W lies along x (and so on). "topleft": its first edge at 2 i / (W - 1) - 1, as the
            public code has it by default; "corner": at 2 i / W - 1, so that the grid fills -1..1; "center": half a
            voxel before "topleft", so that the middles of the outer voxels lie at -1 and 1.
    Returns:
        list of (vertices (V, 3) float32, faces (F, 3) long), one per element, or one pair for (D, H, W); an element
        without a filled voxel gives an empty mesh.
    Raises:
        CourseError: if the alignment is unknown. ShapeError: if voxels have another rank.
    """
    if align not in ALIGNMENTS:
        raise CourseError(f"align is {align!r}, expected one of {', '.join(ALIGNMENTS)}.")
    if voxels.ndim == 3:
        return cubify(voxels[None], threshold, align)[0]
    sizes = check_shape(voxels, "N D H W", "voxels")
    size = torch.tensor([sizes[k] for k in "WHD"], device=voxels.device)  # along x, y, z
    meshes = []
    for filled in voxels >= threshold:
        places = filled.nonzero().flip(1)  # (M, 3), x, y, z
        padded = torch.nn.functional.pad(filled, (1,) * 6)
        triangles = []
        for side, corners in SIDES.items():
            x, y, z = (places + 1 + torch.tensor(side, device=voxels.device)).unbind(1)
            open_ = places[~padded[z, y, x]]
            triangles.append((open_[:, None, None] + torch.tensor(corners, device=voxels.device)).flatten(0, 1))
        triangles = torch.cat(triangles)  # (F, 3 corners, 3 coordinates)
        x, y, z = triangles.flatten(0, 1).unbind(1)
        # One number for each corner: torch finds equal numbers many times faster than equal rows.
        across, high = sizes["W"] + 1, sizes["H"] + 1
        found, faces = ((z * high + y) * across + x).unique(return_inverse=True)
        corner = torch.stack([found % across, found // across % high, found // (across * high)], 1)
        step = 2 / size if align == "corner" else 2 / (size - 1).clamp(min=1)
        vertices = (corner - (0.5 if align == "center" else 0)) * step - 1
        meshes.append((vertices.float(), faces.view(-1, 3)))
    return meshes
