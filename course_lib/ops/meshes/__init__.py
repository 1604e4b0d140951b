"""Triangle meshes: their edges, surfaces, losses, and the two ways from a picture to a mesh.

A mesh is `vertices`, (V, 3) or (B, V, 3) where a batch shares its faces, and `faces`, (F, 3) long, three vertex numbers
each, counter-clockwise seen from outside. An *edge* is a pair of vertices that some face joins, counted once.
"""

from course_lib.ops.meshes.align import vert_align
from course_lib.ops.meshes.cubify import cubify
from course_lib.ops.meshes.deformation import edge_normal_loss, folds, laplacian_change, laplacian_coordinates
from course_lib.ops.meshes.regularizers import edge_loss, laplacian_loss, normal_consistency
from course_lib.ops.meshes.surface import (
    face_areas,
    face_normals,
    sample_surface,
    signed_volume,
    surface_area,
    vertex_normals,
)
from course_lib.ops.meshes.topology import boundary_edges, icosphere, join, neighbours, subdivide, unique_edges

__all__ = [
    "boundary_edges", "cubify", "edge_loss", "edge_normal_loss", "face_areas", "face_normals", "folds", "icosphere",
    "join", "laplacian_change", "laplacian_coordinates", "laplacian_loss", "neighbours", "normal_consistency",
    "sample_surface", "signed_volume", "subdivide", "surface_area", "unique_edges", "vert_align", "vertex_normals",
]  # fmt: skip
