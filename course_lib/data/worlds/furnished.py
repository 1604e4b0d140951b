"""Pictures of several pieces of furniture, with all that Mesh R-CNN learns from: boxes, masks, meshes, camera.

Each piece is a `Shape` of the world `shapes`, turned about the upright axis, and stands on a floor before the camera.
Pieces may hide each other. The truth is exact: a mesh and the points that fill it, in the camera's axes.
"""

import math
from dataclasses import dataclass, field

import torch

from course_lib.data.worlds.shapes import KINDS, ShapeWorld, grid
from course_lib.errors import DataError
from course_lib.ops import boxes as box_ops
from course_lib.ops.camera import intrinsics_from_view, inverse, project, rigid, rotation_from_axis_angle, transform

TILT = 0.3  # radians by which the camera looks down
MESH = 20  # cells of the marching cubes along each side
CELLS = 40  # of the grid whose filled middles are the points inside
LEAST = 40  # pixels: a piece that shows less is hidden, and the picture is drawn anew
TRIES = 60  # draws of places before a picture is given up


@dataclass
class Furnished:
    """A picture and its truth; N pieces.

    Attributes:
        picture: (3, H, W) float32 in 0..1.
        boxes: (N, 4), (x, y, w, h), about what is seen. labels: (N,) long, 1 for the first kind.
        masks: (N, H, W) bool, what is seen of each. depth: (H, W), 0 for the floor.
        meshes: list of N pairs (vertices (V, 3) in the camera's axes, faces (F, 3)).
        inside: list of N tensors (P, 3), the middles of filled cells, in the camera's axes.
        K: (3, 3).
    """

    picture: torch.Tensor
    boxes: torch.Tensor
    labels: torch.Tensor
    masks: torch.Tensor
    depth: torch.Tensor
    meshes: list = field(repr=False)
    inside: list = field(repr=False)
    K: torch.Tensor = field(repr=False)

    def target(self):
        """As `MeshRCNN` takes it in training: a dict of the attributes that it needs."""
        return {name: getattr(self, name) for name in ("boxes", "labels", "masks", "meshes", "inside", "K")}


class FurnishedWorld:
    """Draws such pictures.

    Args:
        height, width: of the picture, in pixels. kinds: of `course_lib.data.worlds.shapes.KINDS`.
        pieces: (fewest, most) in a picture.
    Raises:
        DataError: if a kind is unknown, or there are no pieces.
    """

    def __init__(self, height=96, width=128, kinds=KINDS, *, pieces=(1, 3)):
        if not 1 <= pieces[0] <= pieces[1]:
            raise DataError(f"pieces is {pieces}, expected (fewest, most), at least 1.")
        self.height, self.width, self.pieces = height, width, pieces
        self.shapes, self.kinds = ShapeWorld(kinds), tuple(kinds)
        self.K = intrinsics_from_view(height, width, 50.0)

    def picture(self, seed=0):
        """One `Furnished`; equal seeds give equal pictures.

        Raises:
            DataError: if no place for the pieces is found; fewer or larger pictures help.
        """
        generator = torch.Generator().manual_seed(seed)

        def draw(low, high):
            return low + (high - low) * torch.rand((), generator=generator).item()

        for _ in range(TRIES):
            number = self.pieces[0] + int(draw(0, self.pieces[1] - self.pieces[0] + 0.999))
            poses = self._places(number, draw)
            if poses is None:
                continue
            kinds = [int(draw(0, len(self.kinds) - 1e-6)) for _ in poses]
            shapes = [self.shapes.shape(self.kinds[k], int(draw(0, 1e6))) for k in kinds]
            found = self._drawn(shapes, kinds, poses, draw, generator)
            if found.masks.flatten(1).sum(1).min() >= LEAST:
                return found
        raise DataError(f"No place for {number} pieces in {self.height} x {self.width} pixels after {TRIES} tries.")

    def pictures(self, n, seed=0):
        """n of them."""
        return [self.picture(seed * 100_003 + i) for i in range(n)]

    def _places(self, number, draw):
        """Poses of the pieces, (4, 4) each, from their own axes to the camera's; None where two stand too close."""
        tilt = rotation_from_axis_angle(torch.tensor([TILT, 0.0, 0.0]))
        spots = []
        for _ in range(number):
            far = draw(2.2, 3.4)
            across = 0.38 * far * draw(-1, 1) if number > 1 else 0.2 * draw(-1, 1)
            spots.append((across, far))
        apart = [math.dist(a, b) for i, a in enumerate(spots) for b in spots[:i]]
        if apart and min(apart) < 0.85:
            return None
        poses = []
        for across, far in spots:
            turn = rotation_from_axis_angle(torch.tensor([0.0, draw(0, 2 * math.pi), 0.0]))
            poses.append(rigid(tilt @ turn, tilt @ torch.tensor([across, 0.72, far])))
        return poses

    def _drawn(self, shapes, kinds, poses, draw, generator):
        size = self.height, self.width
        floor = torch.tensor([draw(0.5, 0.95) for _ in range(3)])
        fade = torch.linspace(1.05, 0.85, self.height)[None, :, None]
        picture = (floor[:, None, None] * fade).expand(3, *size).clone()
        depth, owner = torch.full(size, math.inf), torch.full(size, -1)
        for number, (shape, pose) in enumerate(zip(shapes, poses, strict=True)):
            corners = torch.cartesian_prod(*[torch.tensor([-0.5, 0.5])] * 3)
            seen = box_ops.clip(box_ops.around(project(transform(corners, pose), self.K)), *size)
            x, y = seen[:2].floor().long().tolist()
            right, bottom = (seen[:2] + seen[2:]).ceil().long().tolist()
            right, bottom = min(right + 1, self.width), min(bottom + 1, self.height)
            if right <= x or bottom <= y:
                continue
            K = self.K.clone()
            K[:2, 2] -= torch.tensor([x, y])
            color = tuple(draw(0.15, 0.9) for _ in range(3))
            part, hit, z = shape.render(bottom - y, right - x, pose=inverse(pose), K=K, color=color)
            here = hit & (z < depth[y:bottom, x:right])
            picture[:, y:bottom, x:right][:, here] = part[:, here]
            depth[y:bottom, x:right][here] = z[here]
            owner[y:bottom, x:right][here] = number
        picture = (picture + 0.02 * torch.randn(picture.shape, generator=generator)).clamp(0, 1)
        masks = torch.stack([owner == number for number in range(len(shapes))])
        meshes, inside = [], []
        for shape, pose in zip(shapes, poses, strict=True):
            vertices, faces = shape.mesh(MESH)
            meshes.append((transform(vertices, pose), faces))
            cells = grid(CELLS)
            inside.append(transform(cells[shape.occupancy(cells)], pose))
        boxes = torch.stack([_about(mask) for mask in masks])
        depth = torch.where(depth.isinf(), 0.0, depth)
        return Furnished(picture, boxes, torch.tensor(kinds) + 1, masks, depth, meshes, inside, self.K)


def _about(mask):
    """The box of a mask's pixels, between their edges; (0, 0, 1, 1) for an empty mask."""
    if not mask.any():
        return torch.tensor([0.0, 0, 1, 1])
    y, x = mask.nonzero().unbind(1)
    low, high = torch.stack([x.min(), y.min()]), torch.stack([x.max(), y.max()]) + 1
    return torch.cat([low, high - low]).float()
