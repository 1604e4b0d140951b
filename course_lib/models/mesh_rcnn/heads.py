"""Mesh R-CNN's heads: voxels from a feature map, how deep an object is, and a mesh that is refined in stages."""

import torch
from torch import nn
from torch.nn.functional import interpolate, relu

from course_lib.errors import check_shape
from course_lib.models.graph_conv import GraphConv
from course_lib.ops.meshes import join, subdivide, unique_edges, vert_align

TRUNK = (256, 512, 1024, 2048)  # channels of ResNet-50's four stages
MAPS = sum(TRUNK)
CLOSEST = 0.1  # |z| is at least this when it divides


class VoxelHead(nn.Module):
    """A tube of voxels from a feature map: 2D convolutions whose output channels are read as depth.

    Args:
        in_channels: of the map. depth: voxels along z. width: channels between.
        resize: rows and columns that the map is resized to, bilinearly; the voxels have twice as many. None keeps it.
    """

    def __init__(self, in_channels=TRUNK[-1], depth=48, *, width=256, convs=4, resize=24):
        super().__init__()
        self.resize, self.convs = resize, convs
        for i in range(convs):
            conv = nn.Conv2d(in_channels if i == 0 else width, width, 3, padding=1)
            self.add_module(f"voxel_fcn{i + 1}", conv)  # the public layout's names
        self.deconv = nn.ConvTranspose2d(width, width, 2, stride=2)
        self.predictor = nn.Conv2d(width, depth, 1)
        for layer in (*(getattr(self, f"voxel_fcn{i + 1}") for i in range(convs)), self.deconv):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)

    @classmethod
    def pix3d(cls):
        """For a 12 x 12 crop of a pyramid's map: 24^3 voxels, one set for all classes."""
        return cls(256, 24, resize=None)

    def forward(self, features):
        """(B, C, H, W) -> logits (B, D, 2h, 2w) along z, y, x."""
        check_shape(features, "B C H W", "features")
        if self.resize:
            features = interpolate(features, size=(self.resize, self.resize), mode="bilinear", align_corners=False)
        for i in range(self.convs):
            features = relu(getattr(self, f"voxel_fcn{i + 1}")(features))
        return self.predictor(relu(self.deconv(features)))


class ZHead(nn.Module):
    """How deep an object reaches, log(dz / height of its box), for each class: (B, C, 7, 7) -> (B, K)."""

    def __init__(self, in_features=256 * 7 * 7, classes=9, width=1024):
        super().__init__()
        self.z_fc1, self.z_fc2 = nn.Linear(in_features, width), nn.Linear(width, width)
        self.z_pred = nn.Linear(width, classes)
        nn.init.normal_(self.z_pred.weight, std=0.001)
        nn.init.zeros_(self.z_pred.bias)

    def forward(self, crops):
        return self.z_pred(relu(self.z_fc2(relu(self.z_fc1(crops.flatten(1))))))


class Stage(nn.Module):
    """One refinement: look at the picture at each vertex, talk with the neighbours, move.

    Args:
        image_features: channels of all maps together. vertex_features: what the stage before hands on, 0 for none.
        hidden: D. depth: how many graph convolutions.
        own_first: whether what the stage before handed on comes first in the input, as for Pix3D, or last.
    """

    def __init__(self, image_features, vertex_features, hidden=128, depth=3, *, own_first=False):
        super().__init__()
        self.own_first = own_first
        self.bottleneck = nn.Linear(image_features, hidden)
        widths = [hidden + vertex_features + 3] + [hidden + 3] * (depth - 1)
        self.gconvs = nn.ModuleList(GraphConv(width, hidden) for width in widths)
        self.vert_offset = nn.Linear(hidden + 3, 3)
        nn.init.normal_(self.bottleneck.weight, std=0.01)
        nn.init.zeros_(self.bottleneck.bias)
        nn.init.zeros_(self.vert_offset.weight)  # an untrained stage changes nothing
        nn.init.zeros_(self.vert_offset.bias)

    def forward(self, seen, positions, edges, handed=None):
        """One mesh, or several joined.

        Args:
            seen: (V, C) the maps at the vertices. positions: (V, 3). edges: (E, 2). handed: (V, D) or None.
        Returns:
            offsets (V, 3) in -1..1; features (V, D) for the next stage.
        """
        seen = relu(self.bottleneck(seen))
        parts = [seen, positions] if handed is None else [seen, positions, handed]
        if self.own_first and handed is not None:
            parts = [handed, seen, positions]
        features = torch.cat(parts, 1)
        for conv in self.gconvs:
            handed = relu(conv(features, edges))
            features = torch.cat([handed, positions], 1)
        return torch.tanh(self.vert_offset(features)), handed


class MeshHead(nn.Module):
    """Stages one after the other.

    Args:
        image_features: channels of all maps together. stages, hidden, depth: see `Stage`.
        pix3d: the heads for real pictures: vertices are in the crop's own cube, and outside it the border counts.
        subdivide: four faces for each after every stage but the last, as Pixel2Mesh does.
    """

    def __init__(self, image_features=MAPS, *, stages=3, hidden=128, depth=3, pix3d=False, subdivide=False):
        super().__init__()
        self.pix3d, self.subdivide = pix3d, subdivide
        self.stages = nn.ModuleList(
            Stage(image_features, hidden if i else 0, hidden, depth, own_first=pix3d) for i in range(stages)
        )

    def forward(self, maps, meshes, K=None):
        """Refine a mesh for each picture.

        Args:
            maps: (B, C, H, W) or a list of such maps. meshes: list of B pairs (vertices (V, 3), faces (F, 3)).
            K: (4, 4), how vertices are projected before they are looked up; None where they are in -1..1 already.
        Returns:
            list over the stages of lists over the pictures of (vertices, faces).
        """
        results, handed = [], None
        for number, stage in enumerate(self.stages):
            positions = [project(vertices, K) if K is not None else vertices for vertices, _ in meshes]
            # y goes up in Blender's camera and down in a picture.
            places = [where if self.pix3d else where * where.new_tensor([1, -1, 1]) for where in positions]
            outside = "border" if self.pix3d else "zero"
            seen = torch.cat([vert_align(_of(maps, i), where[None], outside)[0] for i, where in enumerate(places)])
            vertices, faces, _ = join(meshes)
            offsets, handed = stage(seen, torch.cat(positions), unique_edges(faces), handed)
            counts = [len(v) for v, _ in meshes]
            moved = (vertices + offsets).split(counts)
            meshes = [(v, f) for v, (_, f) in zip(moved, meshes, strict=True)]
            results.append(meshes)
            if self.subdivide and number < len(self.stages) - 1:
                finer = [subdivide(v, f, own) for (v, f), own in zip(meshes, handed.split(counts), strict=True)]
                meshes, handed = [(v, f) for v, f, _ in finer], torch.cat([own for *_, own in finer])
        return results


def project(vertices, K):
    """(V, 3), (4, 4) -> (V, 3) in -1..1 where the camera sees them; |w| is kept above `CLOSEST` when it divides."""
    flat = torch.cat([vertices, torch.ones_like(vertices[:, :1])], 1) @ K.to(vertices).T
    w = flat[:, 3:]
    return flat[:, :3] / torch.where(w < 0, w.clamp(max=-CLOSEST), w.clamp(min=CLOSEST))


def _of(maps, i):
    """The maps of picture i alone, as a batch of one."""
    return [one[i : i + 1] for one in (maps if isinstance(maps, (list, tuple)) else [maps])]
