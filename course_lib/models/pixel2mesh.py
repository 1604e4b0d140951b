"""Pixel2Mesh: an ellipsoid becomes what the picture shows, in three stages of graph convolutions.

Nanyang Wang, Yinda Zhang, Zhuwen Li, Yanwei Fu, Wei Liu, Yu-Gang Jiang, "Pixel2Mesh: Generating 3D Mesh Models from
Single RGB Images", ECCV 2018, arXiv:1804.01654. 19,383,033 parameters: 12,843,632 of the picture's 18 convolutions,
6,539,401 of the graph's 42. Its meshes have 156, 618 and 2466 vertices.

Differences from the paper, as in the released code: a graph convolution is a Chebyshev polynomial of order 1,
y = X W_0 + T X W_1 + b, with T = 2 L / lambda_max - I of the normalised graph Laplacian L, and not the sum over
neighbours of Eq. 1 (`course_lib.models.graph_conv` has that one); every second layer is averaged with the input of its
pair. Different from both: the ellipsoid's mesh is made here, of as many vertices and faces, so that no template has to
be loaded.

Coordinates are those of the released code: x right, y up, the camera at the origin looks along -z, and the ellipsoid
lies about (0, 0, -0.8). A picture has 224 x 224 pixels.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn.functional import relu

from course_lib.errors import check_shape
from course_lib.ops.meshes import subdivide, unique_edges, vert_align

SIDE = 224  # rows and columns of a picture
FOCAL, MIDDLE = 250.0, 112.0  # of the camera that rendered the training pictures, in pixels
VERTICES = 156
RADII, CENTER = (0.2, 0.2, 0.4), (0.0, 0.0, -0.8)  # of the ellipsoid
# Channels of each convolution; a kernel of 5 where the last two stages begin. Every stage but the first halves the map.
STAGES = ((16, 16), (32, 32, 32), (64, 64, 64), (128, 128, 128), (256, 256, 256), (512, 512, 512, 512))
SEEN = 4  # the last so many stages' maps are looked up at the vertices
HIDDEN, LAYERS = 256, 12


class Pixel2Mesh(nn.Module):
    """A picture to three meshes, coarse to fine.

    Args:
        stages: channels of the picture's convolutions. hidden: width of the graph's. layers: hidden ones per block.
        template: (vertices (V, 3), faces (F, 3)) to begin with; the ellipsoid by default.
    """

    def __init__(self, *, stages=STAGES, hidden=HIDDEN, layers=LAYERS, template=None):
        super().__init__()
        self.maps = PictureMaps(stages)
        seen = sum(stage[-1] for stage in stages[-SEEN:]) + 3
        self.blocks = nn.ModuleList(
            [
                DeformationBlock(seen, hidden, layers),
                DeformationBlock(seen + hidden, hidden, layers),
                DeformationBlock(seen + hidden, hidden, layers, last=hidden // 2),
            ]
        )
        vertices, faces = template or ellipsoid()
        self.register_buffer("template", vertices, persistent=False)
        for number in range(3):
            self.register_buffer(f"faces{number}", faces, persistent=False)
            edges = unique_edges(faces)
            self.register_buffer(f"laplacian{number}", scaled_laplacian(edges, len(vertices)), persistent=False)
            vertices, faces = subdivide(vertices, faces)

    @classmethod
    def mini(cls, hidden=32):
        """Eight times narrower, with four hidden layers per block."""
        return cls(stages=tuple(tuple(max(4, w // 8) for w in stage) for stage in STAGES), hidden=hidden, layers=4)

    def forward(self, pictures):
        """(B, 3, 224, 224) in 0..1 -> list of three (vertices (B, V, 3), faces (F, 3)): V = 156, 618, 2466."""
        check_shape(pictures, "B 3 H W", "pictures")
        maps = self.maps(pictures)[-SEEN:]
        vertices = self.template.expand(len(pictures), -1, -1)
        results, hidden = [], None
        for number, block in enumerate(self.blocks):
            features = torch.cat([vertices, look_up(maps, vertices)], 2)
            if hidden is not None:
                # What the coarse mesh knew is averaged along its edges, as the vertices were: both grow together.
                features = torch.cat([features, hidden], 2)
                faces = getattr(self, f"faces{number - 1}")
                vertices, _, features = subdivide(vertices, faces, features)
            vertices, hidden = block(features, getattr(self, f"laplacian{number}"))
            results.append((vertices, getattr(self, f"faces{number}")))
        return results


class PictureMaps(nn.Module):
    """The picture's convolutions, each with a ReLU: (B, 3, H, W) -> the last map of each stage."""

    def __init__(self, stages=STAGES):
        super().__init__()
        self.stages, channels = nn.ModuleList(), 3
        for number, widths in enumerate(stages):
            layers = []
            for i, width in enumerate(widths):
                first = i == 0 and number > 0
                kernel = 5 if first and number >= len(stages) - 2 else 3
                layers += [nn.Conv2d(channels, width, kernel, stride=2 if first else 1, padding=kernel // 2), nn.ReLU()]
                channels = width
            self.stages.append(nn.Sequential(*layers))

    def forward(self, pictures):
        maps = []
        for stage in self.stages:
            pictures = stage(pictures)
            maps.append(pictures)
        return maps


class ChebyshevConv(nn.Module):
    """y = X W_0 + T X W_1 + b: a vertex's own features and its neighbours', as the released code has it."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.own = nn.Linear(in_features, out_features)
        self.around = nn.Linear(in_features, out_features, bias=False)
        for layer in (self.own, self.around):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.own.bias)

    def forward(self, features, laplacian):
        """(B, V, D), sparse (V, V) -> (B, V, D')"""
        after = self.around(features)
        batch, vertices, width = after.shape
        spread = torch.sparse.mm(laplacian, after.transpose(0, 1).reshape(vertices, -1))
        return self.own(features) + spread.view(vertices, batch, width).transpose(0, 1)


class DeformationBlock(nn.Module):
    """Features at the vertices to new places for them, and features for the next block.

    Args:
        inputs: features per vertex. hidden, layers: of the residual part. last: one more layer of this width, if any.
    """

    def __init__(self, inputs, hidden, layers, last=None):
        super().__init__()
        self.first = ChebyshevConv(inputs, hidden)
        self.pairs = nn.ModuleList(
            nn.ModuleList([ChebyshevConv(hidden, hidden), ChebyshevConv(hidden, hidden)]) for _ in range(layers // 2)
        )
        self.narrow = ChebyshevConv(hidden, last) if last else None
        self.out = ChebyshevConv(last or hidden, 3)

    def forward(self, features, laplacian):
        """(B, V, D) -> vertices (B, V, 3), features (B, V, hidden)"""
        features = relu(self.first(features, laplacian))
        for one, two in self.pairs:
            features = (features + relu(two(relu(one(features, laplacian)), laplacian))) / 2
        hidden = features if self.narrow is None else relu(self.narrow(features, laplacian))
        return self.out(hidden, laplacian), features


def look_up(maps, vertices):
    """The picture's features at projected vertices: list of (B, C, h, w), (B, V, 3) -> (B, V, sum of C)."""
    # A vertex in front of the camera has z < 0; one that has wandered behind it reads the border.
    depth = (-vertices[..., 2]).clamp(min=1e-2)
    x = FOCAL * vertices[..., 0] / depth + MIDDLE
    y = FOCAL * -vertices[..., 1] / depth + MIDDLE
    pixels = torch.stack([x, y], -1).clamp(0, SIDE - 1)
    found = []
    for one in maps:
        height, width = one.shape[2:]
        places = (
            pixels * pixels.new_tensor([width, height]) / SIDE
        )  # pixel 0 stays pixel 0, as the released code has it
        last = pixels.new_tensor([width - 1, height - 1]).clamp(min=1)
        found.append(vert_align(one, 2 * places / last - 1, "border"))
    return torch.cat(found, 2)


def scaled_laplacian(edges, vertices):
    """T = 2 L / lambda_max - I with L = I - D^-1/2 A D^-1/2: sparse (V, V), eigenvalues in -1..1."""
    from scipy.sparse import coo_array, eye_array  # comes with scikit-image
    from scipy.sparse.linalg import eigsh

    first, second = edges.T.numpy()
    both = np.concatenate([first, second]), np.concatenate([second, first])
    degree = np.bincount(both[0], minlength=vertices)
    weights = 1 / np.sqrt(degree[both[0]] * degree[both[1]])
    identity = eye_array(vertices)
    laplacian = identity - coo_array((weights, both), shape=(vertices, vertices))
    # The start is fixed, so that two runs agree to the last digit.
    largest = eigsh(
        laplacian, k=1, which="LA", v0=np.ones(vertices) + np.arange(vertices) % 7, return_eigenvectors=False
    )
    scaled = (2 / largest[0] * laplacian - identity).tocoo()
    index = torch.from_numpy(np.stack([scaled.row, scaled.col]))
    return torch.sparse_coo_tensor(
        index, torch.from_numpy(scaled.data).float(), scaled.shape, check_invariants=True
    ).coalesce()


@lru_cache
def ellipsoid(vertices=VERTICES):
    """An ellipsoid of evenly spread vertices before the camera: (V, 3), and 2 V - 4 faces.

    Points on a Fibonacci spiral, joined by their convex hull: every vertex has four to eight neighbours, as in the
    authors' template.
    """
    from scipy.spatial import ConvexHull

    index = np.arange(vertices) + 0.5
    height = 1 - 2 * index / vertices
    turn = np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - height**2)
    points = np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], 1)
    hull = ConvexHull(points)
    faces = hull.simplices.astype(np.int64)
    corners = points[faces]
    inwards = (
        np.einsum("fi,fi->f", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), corners[:, 0]) < 0
    )
    faces[inwards] = faces[inwards][:, ::-1]
    places = torch.from_numpy(points).float() * torch.tensor(RADII) + torch.tensor(CENTER)
    return places, torch.from_numpy(faces)
