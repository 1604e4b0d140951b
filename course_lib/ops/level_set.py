"""From a function of place to voxels and to a mesh: ask it on a grid, and find the surface between the answers.

    values = sample(lambda points: network(points[None], code)[0], 64)
    vertices, faces = marching_cubes(values)

Most of a large grid is far from the surface. `sample` asks on a coarse grid first and asks again only around cells
whose neighbours lie on the other side, as Occupancy Networks do (CVPR 2019, Section 3.3: multiresolution isosurface
extraction): the octree's idea, for a function.
"""

import torch
from torch.nn.functional import max_pool3d

from course_lib.errors import CourseError, check_shape

AT_ONCE = 8192  # points: what fits into a processor's cache


def middles(places, size):
    """Middles of cells: (N, 3) long (z, y, x) in a grid of size^3 over -0.5..0.5 -> (N, 3) points (x, y, z)."""
    return ((places + 0.5) / size - 0.5).flip(-1)


@torch.no_grad()
def sample(function, size, *, coarse=None, level=0.0):
    """Values of a function at the middles of all cells.

    Args:
        function: points (P, 3) -> values (P,).
        size: cells along each axis. coarse: cells of the first grid, size divided by a power of two; then only cells
            near the surface are asked for again, and the others take the value of the cell that they lie in. What is
            thinner than a coarse cell may be missed. By default every cell is asked for.
        level: the value on the surface.
    Returns:
        (size, size, size) along z, y, x.
    Raises:
        CourseError: if size is not coarse times a power of two.
    """
    now = coarse or size
    if size < now or size % now or (size // now) & (size // now - 1):
        raise CourseError(f"size {size} is not coarse {coarse} times a power of two, such as 64 from 32.")
    values = _ask(function, torch.cartesian_prod(*[torch.arange(now)] * 3), now).view(now, now, now)
    while now < size:
        now *= 2
        inside = (values < level).float()[None, None]
        mixed = (max_pool3d(inside, 3, 1, 1) + max_pool3d(1 - inside, 3, 1, 1))[0, 0] > 1
        mixed, values = (_doubled(grid) for grid in (mixed, values))
        if mixed.any():
            values[mixed] = _ask(function, mixed.nonzero(), now)
    return values


def marching_cubes(values, level=0.0, *, above=False):
    """The surface where a grid of values passes a level, as triangles (Lorensen and Cline 1987; by scikit-image).

    Args:
        values: (D, H, W) at the middles of cells of a grid over -0.5..0.5, z, y, x.
        level: the value on the surface. above: whether the inside has the larger values, as logits of being inside
            have, or the smaller ones, as signed distances have.
    Returns:
        vertices (V, 3) x, y, z; faces (F, 3) long, counter-clockwise seen from outside. Both empty where no value lies
        on the other side of the level. At the border of the grid the surface is closed.
    """
    from skimage.measure import marching_cubes as surface

    sizes = check_shape(values, "D H W", "values")
    values = (level - values if above else values - level).detach().cpu().double()
    if not (values < 0).any():
        return torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.long)
    # Beyond the border everything is outside, as far as the border's cells are inside: so the surface closes there.
    closed = torch.nn.functional.pad(values[None, None], (1,) * 6, mode="replicate")[0, 0].abs().clamp(min=1e-9)
    closed[1:-1, 1:-1, 1:-1] = values
    vertices, faces, _, _ = surface(closed.numpy(), 0.0)
    number = torch.tensor([sizes["D"], sizes["H"], sizes["W"]])
    vertices = (torch.from_numpy(vertices.copy()).float() - 0.5) / number - 0.5
    # The flip from z, y, x to x, y, z turns the triangles inside out; theirs go from low to high values.
    return vertices.flip(-1), torch.from_numpy(faces.copy()).long().flip(-1)


def _ask(function, places, size):
    return torch.cat([function(middles(part, size)) for part in places.split(AT_ONCE)])


def _doubled(grid):
    return grid.repeat_interleave(2, 0).repeat_interleave(2, 1).repeat_interleave(2, 2)
