"""What the mesh head learns from: points of both surfaces, their normals, and short edges (Section 3.4)."""

import torch

from course_lib.ops.meshes import edge_loss, sample_surface
from course_lib.ops.points import chamfer, normal_distance


def mesh_losses(stages, points, normals, samples=5000, generator=None):
    """Chamfer, normal and edge loss of each object's mesh, summed over the stages, mean over the objects.

    L_norm is printed with a minus sign, -|u . v|; here, as in the released code, it is 1 - |u . v|, which differs by a
    constant and is 0 where the normals agree.

    Args:
        stages: what `MeshHead` returns: list over the stages of lists of N pairs (vertices, faces).
        points, normals: (N, Q, 3) drawn from the true surfaces.
        samples: points drawn from each predicted surface. generator: torch.Generator on the device.
    Returns:
        dict of scalars: chamfer, normals, edge. Objects whose mesh has no area are left out.
    """
    totals = {name: points.new_zeros(()) for name in ("chamfer", "normals", "edge")}
    for meshes in stages:
        usable = [i for i, (vertices, faces) in enumerate(meshes) if _has_area(vertices, faces)]
        if not usable:
            continue
        drawn = [sample_surface(*meshes[i], samples, generator) for i in usable]
        found, theirs = (torch.stack(part) for part in zip(*drawn, strict=True))
        totals["chamfer"] = totals["chamfer"] + chamfer(found, points[usable], "mesh_rcnn")
        totals["normals"] = totals["normals"] + normal_distance(found, points[usable], theirs, normals[usable])
        totals["edge"] = totals["edge"] + torch.stack([edge_loss(*meshes[i]) for i in usable]).mean()
    return totals


def _has_area(vertices, faces):
    return len(faces) > 0 and bool(torch.isfinite(vertices).all()) and bool((vertices.amax(0) > vertices.amin(0)).any())
