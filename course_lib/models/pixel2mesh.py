"""Pixel2Mesh: an ellipsoid becomes what the picture shows, in three stages of graph convolutions.

Nanyang Wang, Yinda Zhang, Zhuwen Li, Yanwei Fu, Wei Liu, Yu-Gang Jiang, "Pixel2Mesh: Generating 3D Mesh Models from
Single RGB Images", ECCV 2018, arXiv:1804.01654. 19,383,033 parameters: 12,843,632 of the picture's 18 convolutions,
6,539,401 of the graph's 42. Its meshes have 156, 618 and 2466 vertices. (628 and 268, which some print, are misprints:
156 vertices and one more on each of 462 edges are 618.)

Differences from the paper, as in the released code: a graph convolution is a Chebyshev polynomial of order 1,
y = X W_0 + T X W_1 + b, with T = 2 L / lambda_max - I of the normalised graph Laplacian L, and not the sum over
neighbours of Eq. 1 (`course_lib.models.graph_conv` has that one); every second layer is averaged with the input of its
pair. Different from both: the ellipsoid's mesh is made here, of as many vertices and faces, so that no template has to
be loaded (weights that bring theirs get it); and the released code's reading of maps, which gives 0 where a coordinate
is a whole number, is replaced by the bilinear reading that was meant.

Coordinates are those of the released code: x right, y up, the camera at the origin looks along -z, and the ellipsoid
lies about (0, 0, -0.8). A picture has 224 x 224 pixels; a smaller square one of the same angle of view will do.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import nn
from torch.nn.functional import pad, relu

from course_lib.errors import CourseError, check_shape
from course_lib.models.pixel2mesh_layouts import read_pixel2mesh, template_of
from course_lib.models.published import load_published
from course_lib.ops.meshes import subdivide, unique_edges, vert_align

SIDE = 224  # rows and columns of a picture
VERTICES = 156
RADII, CENTER = (0.276, 0.194, 0.199), (0.0, 0.0, -0.8)  # of the ellipsoid
# Channels of each convolution; a kernel of 5 where the last two stages begin. Every stage but the first halves the map.
STAGES = ((16, 16), (32, 32, 32), (64, 64, 64), (128, 128, 128), (256, 256, 256), (512, 512, 512, 512))
SEEN = 4  # the last so many stages' maps are looked up at the vertices
HIDDEN, LAYERS = 256, 12


@dataclass(frozen=True)
class Code:
    """How a public code looks at a picture.

    Attributes:
        focal, middle: of the camera that rendered the training pictures, in pixels of 224.
        same: TensorFlow's padding, which at stride 2 adds more below and on the right than above and on the left.
        corners: whether the centres of a map's outermost cells lie on those of the picture's outermost pixels;
            otherwise pixel 0 lies on cell 0, and a step of 224 / w pixels is one cell of w.
        offset: where the origin lies of the places that graph convolutions read and write.
    """

    focal: float
    middle: float
    same: bool
    corners: bool
    offset: tuple


CODES = {
    "tensorflow": Code(250.0, 112.0, same=True, corners=False, offset=(0.0, 0.0, 0.0)),  # the authors'
    "pytorch": Code(248.0, 111.5, same=False, corners=True, offset=CENTER),  # the re-implementation most people use
}


class Pixel2Mesh(nn.Module):
    """A picture to three meshes, coarse to fine.

    Args:
        stages: channels of the picture's convolutions. hidden: width of the graph's. layers: hidden ones per block.
        template: (vertices (V, 3), faces (F, 3)) to begin with; the ellipsoid by default.
        code: a key of `CODES`.
        moves: whether a block's output, instead of being the new places as in the paper, is added to the old ones; it
            then begins near 0, and the first meshes are the template, not a crumpled ball.
    Raises:
        CourseError: if there is no such code.
    """

    def __init__(self, *, stages=STAGES, hidden=HIDDEN, layers=LAYERS, template=None, code="tensorflow", moves=False):
        super().__init__()
        if code not in CODES:
            raise CourseError(f"code is {code!r}, expected one of {', '.join(CODES)}.")
        self.code, self.moves = CODES[code], moves
        self.maps = PictureMaps(stages, same=self.code.same)
        seen = sum(stage[-1] for stage in stages[-SEEN:]) + 3
        self.blocks = nn.ModuleList(
            [
                DeformationBlock(seen, hidden, layers),
                DeformationBlock(seen + hidden, hidden, layers),
                DeformationBlock(seen + hidden, hidden, layers, last=hidden // 2),
            ]
        )
        if moves:
            for block in self.blocks:
                for layer in (block.out.own, block.out.around):
                    nn.init.normal_(layer.weight, std=1e-3)
        self.register_buffer("offset", torch.tensor(self.code.offset), persistent=False)
        vertices, faces = template or ellipsoid()
        self.register_buffer("template", vertices, persistent=False)
        for number in range(3):
            self.register_buffer(f"faces{number}", faces, persistent=False)
            edges = unique_edges(faces)
            self.register_buffer(f"laplacian{number}", scaled_laplacian(edges, len(vertices)), persistent=False)
            vertices, faces = subdivide(vertices, faces)

    @classmethod
    def mini(cls, hidden=32, template=None, *, moves=False):
        """Eight times narrower, but at least 8 channels wide, with four hidden layers per block."""
        stages = tuple(tuple(max(8, w // 8) for w in stage) for stage in STAGES)
        return cls(stages=stages, hidden=hidden, layers=4, template=template, moves=moves)

    @classmethod
    def from_published(cls, source, *, template=None, code=None):
        """With published weights: the authors' TensorFlow checkpoint, or the PyTorch code's with the 18 convolutions.

        Args:
            source: path of either (of the .index file, its prefix or the folder, for TensorFlow), or a state dict.
            template: (vertices, faces) that the weights were trained with. PyTorch's files bring it; for TensorFlow's
                the course's ellipsoid stands in by default, of the same size, place and number of vertices.
            code: of `CODES`, where it is not the one that the layout tells: "tensorflow" for a file in PyTorch's layout
                that was made from the authors' weights.
        Returns:
            Pixel2Mesh in evaluation mode.
        Raises:
            CourseError: if the file cannot be read, or its keys do not fit; they are listed.
        """
        found, state = read_pixel2mesh(source)
        code = code or found
        network = cls(template=template or template_of(state, CODES[code].offset), code=code)
        load_published(network, state, rename=lambda key: None if key.startswith("template.") else key)
        return network.eval()

    def forward(self, pictures):
        """(B, 3, 224, 224) in 0..1 -> list of three (vertices (B, V, 3), faces (F, 3)): V = 156, 618, 2466."""
        check_shape(pictures, "B 3 H W", "pictures")
        maps = self.maps(pictures)[-SEEN:]
        vertices = self.template.expand(len(pictures), -1, -1)
        results, hidden = [], None
        for number, block in enumerate(self.blocks):
            features = torch.cat([vertices - self.offset, look_up(maps, vertices, self.code)], 2)
            if hidden is not None:
                # What the coarse mesh knew is averaged along its edges, as the vertices were: both grow together.
                features = torch.cat([features, hidden], 2)
                faces = getattr(self, f"faces{number - 1}")
                vertices, _, features = subdivide(vertices, faces, features)
            places, hidden = block(features, getattr(self, f"laplacian{number}"))
            vertices = vertices + places if self.moves else places + self.offset
            results.append((vertices, getattr(self, f"faces{number}")))
        return results

    def starts(self, results):
        """What each stage began with: the template, then the finer form of the stage before, (B, V, 3) each."""
        first = self.template.expand(len(results[0][0]), -1, -1)
        return [first, *(subdivide(vertices, faces)[0] for vertices, faces in results[:-1])]


class PictureMaps(nn.Module):
    """The picture's convolutions, each with a ReLU: (B, 3, H, W) -> the last map of each stage.

    Args:
        stages: channels of each. same: TensorFlow's padding.
    """

    def __init__(self, stages=STAGES, same=True):
        super().__init__()
        self.stages, channels, self.same = nn.ModuleList(), 3, same
        for number, widths in enumerate(stages):
            convs = nn.ModuleList()
            for i, width in enumerate(widths):
                first = i == 0 and number > 0
                kernel = 5 if first and number >= len(stages) - 2 else 3
                convs.append(nn.Conv2d(channels, width, kernel, stride=2 if first else 1))
                # 18 layers with torch's own start would shrink a picture's differences to nothing
                nn.init.kaiming_normal_(convs[-1].weight, nonlinearity="relu")
                nn.init.zeros_(convs[-1].bias)
                channels = width
            self.stages.append(convs)

    def forward(self, pictures):
        maps = []
        for stage in self.stages:
            for conv in stage:
                pictures = relu(conv(self._padded(pictures, conv.kernel_size[0], conv.stride[0])))
            maps.append(pictures)
        return maps

    def _padded(self, pictures, kernel, stride):
        sides = []
        for size in pictures.shape[:1:-1]:  # columns, then rows, as `pad` wants them
            total = max(kernel - (size % stride or stride), 0) if self.same else 2 * (kernel // 2)
            sides += [total // 2, total - total // 2]
        return pad(pictures, sides)


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
        with torch.autocast(after.device.type, enabled=False):  # sparse products know no bfloat16
            spread = torch.sparse.mm(laplacian, after.float().transpose(0, 1).reshape(vertices, -1))
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


def look_up(maps, vertices, code=CODES["tensorflow"]):
    """The picture's features at projected vertices: list of (B, C, h, w), (B, V, 3) -> (B, V, sum of C)."""
    # A vertex in front of the camera has z < 0; one that has wandered behind it reads the border.
    depth = (-vertices[..., 2]).clamp(min=1e-2)
    x = code.focal * vertices[..., 0] / depth + code.middle
    y = code.focal * -vertices[..., 1] / depth + code.middle
    pixels = torch.stack([x, y], -1).clamp(0, SIDE - 1)
    found = []
    for one in maps:
        one = one.to(pixels.dtype)  # in half precision, places would be rounded to whole cells
        size = pixels.new_tensor(one.shape[:1:-1])  # w, h
        if code.corners:
            places = 2 * pixels / (SIDE - 1) - 1
        else:
            places = 2 * (pixels * size / SIDE) / (size - 1).clamp(min=1) - 1
        found.append(vert_align(one, places, "border"))
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
    return torch.from_numpy(points * RADII + CENTER).float(), torch.from_numpy(faces)
