"""Furniture to reconstruct: chairs, tables, lamps, shelves and rings, as distance, voxels, mesh, points and picture.

A shape is a union of boxes, cylinders and rings. Its signed distance is written down, and everything else follows from
it: voxels ask for its sign, the mesh is its level set, normals are its gradient, a picture follows rays to it. So all
representations of one shape agree, and each is watertight.

Axes are those of `course_lib.ops.camera`: x right, y *down*, z forward; a shape stands on y = 0.5 or hangs within the
cube from -0.5 to 0.5. Points are rows, (..., P, 3). Voxels are (D, H, W) along z, y, x; the middle of voxel i of V lies
at (i + 0.5) / V - 0.5.
"""

import math
from dataclasses import dataclass

import torch

from course_lib.errors import DataError
from course_lib.ops.camera import intrinsics_from_view, look_at, rays

KINDS = ("chair", "table", "lamp", "shelf", "ring")
STEPS = 48  # of a ray on its way to the surface
NEAR = 2e-3  # a ray that comes as near as this has arrived


@dataclass
class Part:
    """A box, an upright cylinder, or an upright ring, about `center`.

    Attributes:
        kind: "box", "cylinder" (axis along y) or "ring" (axis along z).
        center: (3,). size: (3,): half the extents of a box; (radius, half the height, unused) of a cylinder;
            (radius of the circle, radius of the tube, unused) of a ring.
    """

    kind: str
    center: torch.Tensor
    size: torch.Tensor

    def distance(self, points):
        """Signed distance, negative inside: (..., 3) -> (...,). Exact for a single part."""
        x, y, z = (points - self.center).unbind(-1)
        a, b, c = self.size
        if self.kind == "ring":
            return torch.hypot(torch.hypot(x, y) - a, z) - b
        if self.kind == "cylinder":
            out = torch.stack([torch.hypot(x, z) - a, y.abs() - b], -1)
        else:
            out = torch.stack([x.abs() - a, y.abs() - b, z.abs() - c], -1)
        return out.clamp(min=0).norm(dim=-1) + out.amax(-1).clamp(max=0)


@dataclass
class Shape:
    """One piece of furniture.

    Attributes:
        kind: one of `KINDS`. parts: what it is made of. turn: radians about the upright axis.
    """

    kind: str
    parts: list
    turn: float = 0.0

    def sdf(self, points):
        """Signed distance: (..., 3) -> (...,), negative inside.

        It is the smallest of the parts' distances: exact outside, and inside no smaller in size than it should be
        where parts overlap; the level set 0 is exact.
        """
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        x, y, z = points.unbind(-1)
        own = torch.stack([cos * x - sin * z, y, sin * x + cos * z], -1)
        return torch.stack([part.distance(own) for part in self.parts]).amin(0)

    def occupancy(self, points):
        """Which points are inside: (..., 3) -> (...,) bool."""
        return self.sdf(points) < 0

    def normals(self, points):
        """Unit vectors along the gradient of the distance, outwards: (..., 3) -> (..., 3)."""
        step = 1e-3 * torch.eye(3)
        slope = torch.stack([self.sdf(points + step[i]) - self.sdf(points - step[i]) for i in range(3)], -1)
        return torch.nn.functional.normalize(slope, dim=-1)

    def voxels(self, size):
        """(size, size, size) bool along z, y, x: is the middle of the voxel inside?"""
        return self.occupancy(grid(size))

    def mesh(self, size=48):
        """The surface as a watertight triangle mesh, by marching cubes on a grid of size^3.

        Returns:
            vertices (V, 3) float32; faces (F, 3) long, counter-clockwise seen from outside in right-handed axes.
        """
        from skimage.measure import marching_cubes

        # A border of one cell all around lies outside every shape, so the surface closes.
        axis = (torch.arange(size + 2) - 0.5) / size - 0.5
        z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
        distance = self.sdf(torch.stack([x, y, z], -1))
        vertices, faces, _, _ = marching_cubes(distance.numpy(), 0.0)
        vertices = torch.from_numpy(vertices.copy()).flip(-1)  # (z, y, x) -> (x, y, z)
        faces = torch.from_numpy(faces.copy()).long().flip(-1)  # the flip of the axes turned them inside out
        return (vertices - 0.5) / size - 0.5, faces

    def points(self, number, generator=None, size=48):
        """Points spread evenly over the surface, with normals.

        Args:
            number: P. generator: torch.Generator on the CPU. size: of the mesh they are drawn from.
        Returns:
            points (P, 3), normals (P, 3), unit, outwards.
        """
        vertices, faces = self.mesh(size)
        a, b, c = vertices[faces].unbind(1)
        area = torch.linalg.cross(b - a, c - a).norm(dim=-1)
        face = torch.multinomial(area, number, replacement=True, generator=generator)
        u, v = torch.rand(2, number, 1, generator=generator)
        u = u.sqrt()
        points = (1 - u) * a[face] + u * (1 - v) * b[face] + u * v * c[face]
        return points, self.normals(points)

    def render(self, height=64, width=64, *, pose=None, K=None, color=(0.8, 0.6, 0.4)):
        """A shaded picture before white, by following each ray to the surface.

        Args:
            pose: (4, 4) camera to world; by default a view from the front, a little from above and the right.
            K: (3, 3); by default a horizontal angle of view of 40 degrees.
            color: red, green, blue in 0..1.
        Returns:
            picture (3, height, width) in 0..1; silhouette (height, width) bool; depth (height, width), z, 0 where
            there is nothing.
        """
        pose = viewpoint(30.0) if pose is None else pose
        K = intrinsics_from_view(height, width, 40.0) if K is None else K
        directions = rays(K, height, width).flatten(1).T @ pose[:3, :3].T  # (N, 3), z = 1 in the camera's axes
        length = directions.norm(dim=-1)
        depth = torch.zeros(len(directions))
        hit = torch.zeros(len(directions), dtype=torch.bool)
        going = torch.arange(len(directions))
        for _ in range(STEPS):
            distance = self.sdf(pose[:3, 3] + depth[going, None] * directions[going])
            hit[going[distance < NEAR]] = True
            depth[going] += distance / length[going]
            going = going[(distance >= NEAR) & (depth[going] < 6)]
            if not len(going):
                break
        picture = torch.ones(len(directions), 3)
        normals = self.normals(pose[:3, 3] + depth[hit, None] * directions[hit])
        light = torch.nn.functional.normalize(torch.tensor([0.4, -1.0, -0.7]), dim=0)
        picture[hit] = torch.tensor(color) * (0.35 + 0.65 * (normals @ light).clamp(min=0))[:, None]
        frame = height, width
        return picture.T.reshape(3, *frame), hit.view(frame), torch.where(hit, depth, torch.zeros(())).view(frame)


class ShapeWorld:
    """Draws pieces of furniture.

    Args:
        kinds: which of `KINDS`. turned: whether each is turned about the upright axis by any angle.
    Raises:
        DataError: if a kind is unknown.
    """

    def __init__(self, kinds=KINDS, *, turned=False):
        if unknown := set(kinds) - set(KINDS):
            raise DataError(f"There is no furniture {', '.join(sorted(unknown))}. There is: {', '.join(KINDS)}.")
        self.kinds, self.turned = tuple(kinds), turned

    def shape(self, kind, seed=0):
        """One piece; equal seeds give equal pieces."""
        generator = torch.Generator().manual_seed(seed)

        def draw(low, high):
            return low + (high - low) * torch.rand((), generator=generator).item()

        parts = _BUILDERS[kind](draw)
        return Shape(kind, parts, draw(0, 2 * math.pi) if self.turned else 0.0)

    def shapes(self, n, seed=0):
        """n pieces and their labels, (n,) long, index into `kinds`; each kind as often as the others."""
        labels = torch.arange(n) % len(self.kinds)
        labels = labels[torch.randperm(n, generator=torch.Generator().manual_seed(seed))]
        return [self.shape(self.kinds[k], seed * 100_003 + i) for i, k in enumerate(labels.tolist())], labels


def grid(size):
    """Middles of the voxels: (size, size, size, 3), axes z, y, x; the last axis is (x, y, z)."""
    axis = (torch.arange(size) + 0.5) / size - 0.5
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    return torch.stack([x, y, z], -1)


def viewpoint(degrees, *, above=20.0, distance=1.9):
    """Pose of a camera that looks at the middle: `degrees` to the right of the front, `above` degrees above it."""
    around, up = math.radians(degrees), math.radians(above)
    level = distance * math.cos(up)
    eye = level * math.sin(around), -distance * math.sin(up), -level * math.cos(around)
    return look_at(eye, (0.0, 0.0, 0.0))


def _box(center, half):
    return Part("box", torch.tensor(center), torch.tensor(half))


def _legs(draw, wide, deep, top):
    """Four legs under a plate of half extents wide and deep, from `top` down to the floor."""
    thick = draw(0.025, 0.045)
    half = (0.5 - top) / 2
    corners = [(x * (wide - thick), z * (deep - thick)) for x in (-1, 1) for z in (-1, 1)]
    return [_box([x, top + half, z], [thick, half, thick]) for x, z in corners]


def _chair(draw):
    wide, deep, seat, back = draw(0.2, 0.32), draw(0.2, 0.3), draw(-0.02, 0.15), draw(-0.48, -0.3)
    thick = draw(0.03, 0.05)
    parts = [_box([0.0, seat, 0.0], [wide, thick, deep]), *_legs(draw, wide, deep, seat)]
    parts.append(_box([0.0, (seat + back) / 2, deep - thick], [wide, (seat - back) / 2, thick]))
    if draw(0, 1) < 0.4:  # arms
        high = draw(0.12, 0.2)
        for side in (-1, 1):
            parts.append(_box([side * (wide - 0.03), seat - high, 0.0], [0.03, 0.025, deep]))
            parts.append(_box([side * (wide - 0.03), seat - high / 2, -deep + 0.04], [0.03, high / 2, 0.03]))
    return parts


def _table(draw):
    wide, deep, top, thick = draw(0.32, 0.48), draw(0.22, 0.4), draw(-0.15, 0.15), draw(0.025, 0.05)
    plate = _box([0.0, top, 0.0], [wide, thick, deep])
    if draw(0, 1) < 0.35:  # a single foot
        foot, half = draw(0.15, 0.22), (0.5 - top) / 2
        column = Part("cylinder", torch.tensor([0.0, top + half, 0.0]), torch.tensor([draw(0.04, 0.07), half, 0.0]))
        return [plate, column, Part("cylinder", torch.tensor([0.0, 0.47, 0.0]), torch.tensor([foot, 0.03, 0.0]))]
    return [plate, *_legs(draw, wide, deep, top)]


def _lamp(draw):
    foot, stem, shade, top = draw(0.12, 0.22), draw(0.025, 0.045), draw(0.15, 0.28), draw(-0.45, -0.3)
    high = draw(0.08, 0.16)
    return [
        Part("cylinder", torch.tensor([0.0, 0.47, 0.0]), torch.tensor([foot, 0.03, 0.0])),
        Part("cylinder", torch.tensor([0.0, (0.5 + top) / 2, 0.0]), torch.tensor([stem, (0.5 - top) / 2, 0.0])),
        Part("cylinder", torch.tensor([0.0, top + high, 0.0]), torch.tensor([shade, high, 0.0])),
    ]


def _shelf(draw):
    wide, deep, top, thick = draw(0.25, 0.42), draw(0.12, 0.2), draw(-0.48, -0.2), draw(0.02, 0.035)
    boards = 2 + int(draw(1, 3.99))
    middle, half = (0.5 + top) / 2, (0.5 - top) / 2
    parts = [_box([side * (wide - thick), middle, 0.0], [thick, half, deep]) for side in (-1, 1)]
    heights = torch.linspace(top + thick, 0.5 - thick, boards).tolist()
    return parts + [_box([0.0, height, 0.0], [wide, thick, deep]) for height in heights]


def _ring(draw):
    tube = draw(0.06, 0.13)
    return [Part("ring", torch.zeros(3), torch.tensor([draw(0.22, 0.48 - tube), tube, 0.0]))]


_BUILDERS = dict(zip(KINDS, (_chair, _table, _lamp, _shelf, _ring), strict=True))
