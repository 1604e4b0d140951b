"""Pictures of things in space: points, meshes and voxels, seen from any side.

Drawn far to near with Pillow, in a parallel projection; axes are those of `course_lib.ops.camera`: x right, y down,
z away from the reader. A small cross in the corner shows how they are turned: x orange, y green, z blue.
"""

import math

import numpy as np
from PIL import Image, ImageDraw

from course_lib.errors import ShapeError
from course_lib.plots.canvas import COLORS, DPI, INK, WIDTH, to_array
from course_lib.plots.film import montage

SIZE = 220  # pixels of a picture's side
FINE = 2  # drawn so much larger, then averaged
LIGHT = np.array([0.4, -0.75, -0.55])  # from the upper right, in front
AXES = (COLORS[1], COLORS[2], COLORS[0])  # of x, y and z in the cross


def draw_points(points, *, turn=30, above=20, size=SIZE, reach=None, color=COLORS[0], radius=2.0):
    """A set of points; near ones are larger and darker.

    Args:
        points: (P, 3). turn, above: degrees by which the reader walks to the right, and is lifted.
        size: rows and columns of the picture. reach: the largest |coordinate| that is shown; by default all fit.
        color: one color such as "#0072b2", or (P, 3) in 0..1. radius: of a point, in pixels.
    Returns:
        (size, size, 3) uint8.
    """
    points = _rows(points, "points")
    canvas = _Canvas(size, turn, above, reach or _reach(points))
    x, y, depth = canvas.project(points).T
    near = (depth.max() - depth) / max(np.ptp(depth), 1e-9) if len(depth) else depth
    colors = np.broadcast_to(_rgb(color) if isinstance(color, str) else to_array(color), points.shape)
    for i in np.argsort(-depth):
        r = radius * (0.7 + 0.6 * near[i]) * FINE
        fill = tuple(np.round(255 * (1 - (0.45 + 0.55 * near[i]) * (1 - colors[i]))).astype(int))
        canvas.draw.ellipse([x[i] - r, y[i] - r, x[i] + r, y[i] + r], fill=fill)
    return canvas.pixels()


def draw_mesh(vertices, faces, *, turn=30, above=20, size=SIZE, reach=None, color=COLORS[0], lines=True):
    """A mesh, each face shaded by how it is turned to the light; both sides of a face are drawn alike.

    Args:
        vertices: (V, 3). faces: (F, 3). lines: draw the edges.
        turn, above, size, reach: as for `draw_points`. color: one color, or (F, 3) in 0..1.
    Returns:
        (size, size, 3) uint8.
    """
    vertices, faces = _rows(vertices, "vertices"), to_array(faces).astype(int).reshape(-1, 3)
    canvas = _Canvas(size, turn, above, reach or _reach(vertices))
    places = canvas.project(vertices)
    normals = np.cross(vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]])
    normals = normals @ canvas.rotation.T / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    toward = np.where(normals[:, 2:] > 0, -normals, normals)  # as if turned to the reader
    shade = 0.7 + 0.3 * (toward @ (LIGHT / np.linalg.norm(LIGHT)))
    base = np.broadcast_to(_rgb(color) if isinstance(color, str) else to_array(color), (len(faces), 3))
    fills = np.round(255 * (0.25 + 0.75 * base) * shade[:, None]).astype(int)
    for i in np.argsort(-places[faces, 2].mean(1)):
        corners = [tuple(places[v, :2]) for v in faces[i]]
        canvas.draw.polygon(corners, fill=tuple(fills[i]))
        if lines:
            canvas.draw.line([*corners, corners[0]], fill=tuple((fills[i] * 0.75).astype(int)), width=1)
    return canvas.pixels()


def draw_voxels(voxels, *, turn=30, above=20, size=SIZE, color=COLORS[0]):
    """Filled cells as cubes.

    Args:
        voxels: (D, H, W) bool along z, y, x; the grid fills -0.5..0.5. Others: as for `draw_mesh`.
    Returns:
        (size, size, 3) uint8.
    Raises:
        ShapeError: if voxels are not three-dimensional.
    """
    import torch

    from course_lib.ops.meshes import cubify

    filled = to_array(voxels).astype(bool)
    if filled.ndim != 3:
        raise ShapeError(f"voxels has shape {filled.shape}, expected (D, H, W).")
    vertices, faces = cubify(torch.from_numpy(filled).float(), 0.5, align="corner")
    return draw_mesh(vertices / 2, faces, turn=turn, above=above, size=size, reach=0.72, color=color)


def side_by_side(pictures, columns=None):
    """Several pictures of one size in a figure, each below its name.

    Args:
        pictures: {name: (H, W, 3) uint8}. columns: per row; by default all in one.
    Returns:
        (fig, ax).
    """
    from matplotlib.figure import Figure

    columns = columns or len(pictures)
    sheet, corners = montage(np.stack(list(pictures.values())), columns)
    height, width = sheet.shape[:2]
    wide = min(WIDTH, width / DPI)
    fig = Figure(figsize=(wide, wide * height / width), dpi=DPI, facecolor="white")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.imshow(sheet, aspect="auto")
    ax.set_axis_off()
    for name, (x, y) in zip(pictures, corners, strict=True):
        ax.text(x, y - 6, name, fontsize=10, color=INK, va="bottom")
    return fig, ax


class _Canvas:
    """White paper that knows how space is turned."""

    def __init__(self, size, turn, above, reach):
        self.size, self.reach = size, max(float(reach), 1e-9)
        around, up = math.radians(turn), math.radians(above)
        about_y = np.array(
            [[math.cos(around), 0, math.sin(around)], [0, 1, 0], [-math.sin(around), 0, math.cos(around)]]
        )
        about_x = np.array([[1, 0, 0], [0, math.cos(up), -math.sin(up)], [0, math.sin(up), math.cos(up)]])
        self.rotation = about_x @ about_y
        self.image = Image.new("RGB", (size * FINE, size * FINE), "white")
        self.draw = ImageDraw.Draw(self.image)
        self._cross()

    def project(self, points):
        """(N, 3) -> (N, 3): x and y in pixels of the fine picture, and depth."""
        turned = points @ self.rotation.T
        scale = self.size * FINE / 2 / self.reach * 0.94
        return np.column_stack([turned[:, :2] * scale + self.size * FINE / 2, turned[:, 2]])

    def pixels(self):
        return np.asarray(self.image.resize((self.size, self.size), Image.Resampling.BOX))

    def _cross(self):
        middle, length = np.array([0.09, 0.91]) * self.size * FINE, 0.06 * self.size * FINE
        for axis, color in enumerate(AXES):
            end = middle + length * self.rotation[:2, axis]
            self.draw.line([*middle, *end], fill=color, width=2 * FINE)


def _rows(points, name):
    points = to_array(points).astype(float)
    if points.ndim != 2 or points.shape[1] != 3:
        raise ShapeError(f"{name} has shape {points.shape}, expected (P, 3): one row per point.")
    return points


def _reach(points):
    return np.abs(points).max() * 1.25 if len(points) else 1.0


def _rgb(color):
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
