"""Mesh R-CNN for pictures of one object, as in its ShapeNet experiments: voxels and mesh, without a detector.

Coordinates are those of the released weights, Blender's: x right, y *up*, the camera looks along -z;
`course_lib.ops.camera.convert_pose` leads from and to them.
"""

import torch
from torch import nn

from course_lib.models.mesh_rcnn.heads import TRUNK, MeshHead, VoxelHead
from course_lib.models.published import load_published
from course_lib.ops.meshes import cubify, icosphere

# What Blender's camera does, from camera coordinates to -1..1 across the picture, before the division by -z.
BLENDER_K = ((2.1875, 0.0, 0.0, 0.0), (0.0, 2.1875, 0.0, 0.0), (0.0, 0.0, -1.002002, -0.2002002), (0.0, 0.0, -1.0, 0.0))
NEAREST, FARTHEST = 0.67, 0.92  # of all ShapeNet objects, after K: the voxel grid's -1 and 1 along z
THRESHOLD = 0.2  # a voxel is filled from this probability on


class VoxMesh(nn.Module):
    """A picture of one object to voxels and to a mesh in three stages: the network of the ShapeNet experiments.

    Args:
        trunk: a module from pictures to a list of maps, with their `channels`; ResNet-50 by default.
        voxels: cells along each side. hidden: of the mesh head. threshold: of a filled voxel.
    """

    def __init__(self, trunk=None, *, voxels=48, width=256, hidden=128, threshold=THRESHOLD):
        super().__init__()
        self.threshold = threshold
        self.register_buffer("K", torch.tensor(BLENDER_K))
        self.backbone = trunk or ResNetTrunk()
        self.voxel_head = VoxelHead(self.backbone.channels[-1], voxels, width=width, resize=voxels // 2)
        self.mesh_head = MeshHead(sum(self.backbone.channels), hidden=hidden)

    @classmethod
    def from_published(cls, source):
        """The released ShapeNet network (voxmesh_R50.pth: hand over `torch.load(...)["best_states"]["model"]`)."""
        return _loaded(cls(), source)

    def forward(self, pictures):
        """(B, 3, H, W), normalised -> voxel logits (B, V, V, V), and the meshes of each stage."""
        maps = self.backbone(pictures)
        logits = self.voxel_head(maps[-1])
        return logits, self.mesh_head(maps, [voxels_to_camera(mesh) for mesh in self.cubes(logits)], self.K)

    def cubes(self, logits):
        """Filled voxels as meshes: see `filled_cubes`."""
        return filled_cubes(logits, self.threshold)


class SphereMesh(nn.Module):
    """A sphere that is refined in three stages; with `finer`, subdivided between them (Pixel2Mesh+ of the paper)."""

    def __init__(self, trunk=None, *, finer=False, hidden=128):
        super().__init__()
        self.level = 2 if finer else 4
        self.register_buffer("K", torch.tensor(BLENDER_K))
        self.backbone = trunk or ResNetTrunk()
        self.mesh_head = MeshHead(sum(self.backbone.channels), hidden=hidden, subdivide=finer)

    @classmethod
    def from_published(cls, source, *, finer=False):
        """sphereinit_R50.pth, or with finer=True pixel2mesh_R50.pth."""
        return _loaded(cls(finer=finer), source)

    def forward(self, pictures):
        """(B, 3, H, W), normalised -> the meshes of each stage."""
        vertices, faces = (part.to(pictures.device) for part in icosphere(self.level))
        return self.mesh_head(self.backbone(pictures), [(vertices, faces)] * len(pictures), self.K)


class ResNetTrunk(nn.Module):
    """torchvision's ResNet-50 without its classifier: a picture to the maps of its four stages."""

    channels = TRUNK

    def __init__(self):
        super().__init__()
        from torchvision.models import resnet50

        net = resnet50(weights=None)
        self.stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
        self.stage1, self.stage2, self.stage3, self.stage4 = net.layer1, net.layer2, net.layer3, net.layer4

    def forward(self, pictures):
        """(B, 3, H, W) -> list of (B, 256 ... 2048, H/4 ... H/32, W/4 ... W/32)."""
        maps = [self.stage1(self.stem(pictures))]
        for stage in (self.stage2, self.stage3, self.stage4):
            maps.append(stage(maps[-1]))
        return maps


def filled_cubes(logits, threshold=THRESHOLD):
    """Voxels (N, V, V, V) as N meshes, in the grid's -1..1; where none is filled, the middle half of the grid."""
    filled = logits.detach().sigmoid()
    size = filled.shape[-1]
    middle = slice(size // 4, size // 4 + size // 2)
    empty = (filled < threshold).flatten(1).all(1)
    filled[empty, middle, middle, middle] = 1.0
    return cubify(filled, threshold)


def voxels_to_camera(mesh):
    """A mesh of the voxel grid, in -1..1 with y down, to the camera's coordinates: the inverse of `project`.

    The grid is a pyramid cut out of what the camera sees: cells far away are larger. z in -1..1 stands for
    `NEAREST` ... `FARTHEST` after K.
    """
    vertices, faces = mesh
    x, y, z = vertices.unbind(1)
    z = (z + 1) / 2 * (FARTHEST - NEAREST) + NEAREST
    (fx, *_), (_, fy, *_), (_, _, a, b), _ = BLENDER_K
    depth = b / (-z - a)  # z = (a depth + b) / -depth
    return torch.stack([-depth * x / fx, depth * y / fy, depth], 1), faces


def _loaded(network, source):
    if isinstance(source, dict) and "best_states" in source:
        source = source["best_states"]["model"]
    load_published(network, source)
    return network.eval()
