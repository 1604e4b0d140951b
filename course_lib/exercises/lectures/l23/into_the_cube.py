"""23.2: from the camera's axes into the cube of a box."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.camera import intrinsics
from course_lib.ops.frustum import to_cube

SOLUTION = """
import torch


def into_the_cube(points, box, z_range, K):
    x, y, z = points.unbind(-1)
    column = K[0, 0] * x / z + K[0, 2] + 0.5
    row = K[1, 1] * y / z + K[1, 2] + 0.5
    left, top, width, height = box
    near, far = z_range
    u = 2 * (column - left) / width - 1
    v = 2 * (row - top) / height - 1
    w = (near + far - 2 * near * far / z) / (far - near)
    return torch.stack([u, v, w], -1)
"""

COLUMN, ROW = "K[0, 0] * x / z + K[0, 2] + 0.5", "K[1, 1] * y / z + K[1, 2] + 0.5"
W = "(near + far - 2 * near * far / z) / (far - near)"
U, V = "2 * (column - left) / width - 1", "2 * (row - top) / height - 1"
HALF = (
    "half a pixel is missing: K gives the places of pixel centres, which are whole numbers, and the box is measured "
    "between pixel edges, so add 0.5"
)


def _cases(generator):
    def points(number):
        spread = torch.randn(number, 3, generator=generator)
        return spread * torch.tensor([0.5, 0.4, 0.3]) + torch.tensor([0.2, -0.1, 2.6])

    K = intrinsics(90.0, 70.0, 31.5, 20.25)
    box, z_range = torch.tensor([12.0, 5.0, 34.0, 21.0]), torch.tensor([2.1, 3.4])
    corner = torch.tensor([[(12.0 - 0.5 - 31.5) / 90 * 2.1, (5.0 - 0.5 - 20.25) / 70 * 2.1, 2.1]])
    return [
        Case("7 points", (points(7), box, z_range, K)),
        Case("5 points, another box and range", (points(5), torch.tensor([3.5, 8.0, 20.0, 29.5]),
                                                 torch.tensor([1.2, 4.0]), intrinsics(55.0, 60.0, 24.0, 17.5))),
        Case("by hand: the upper left corner of the near end is (-1, -1, -1)", (corner, box, z_range, K)),
    ]  # fmt: skip


into_the_cube = exercise(
    "23.2",
    "Voxels in the space of K",
    points=3,
    solution=SOLUTION,
    same_as=to_cube,
    cases=_cases,
    mistakes=(
        edit(HALF, {COLUMN: "K[0, 0] * x / z + K[0, 2]", ROW: "K[1, 1] * y / z + K[1, 2]"}),
        edit(
            "the half pixel goes the other way",
            {COLUMN: "K[0, 0] * x / z + K[0, 2] - 0.5", ROW: "K[1, 1] * y / z + K[1, 2] - 0.5"},
        ),
        edit(HALF + ", in the rows as well", {ROW: "K[1, 1] * y / z + K[1, 2]"}),
        edit(HALF + ", in the columns as well", {COLUMN: "K[0, 0] * x / z + K[0, 2]"}),
        edit(
            "w is even in z here: then straight lines bend. The projective map is even in 1 / z",
            {W: "2 * (z - near) / (far - near) - 1"},
        ),
        edit(
            "w is turned: -1 belongs to the near end, 1 to the far end",
            {W: "(2 * near * far / z - near - far) / (far - near)"},
        ),
        edit("w is 0..1 here: the cube reaches from -1 to 1", {W: "(1 / near - 1 / z) / (1 / near - 1 / far)"}),
        edit(
            "u and v are 0..1 here: the cube reaches from -1 to 1",
            {U: "(column - left) / width", V: "(row - top) / height"},
        ),
        edit("the division by z is missing: far things are small", {"* x / z": "* x", "* y / z": "* y"}),
        edit("the camera's middle, K[0, 2] and K[1, 2], is missing", {" + K[0, 2]": "", " + K[1, 2]": ""}),
        edit("K[0, 0] belongs to x and K[1, 1] to y: here both are K[0, 0]", {"K[1, 1]": "K[0, 0]"}),
        edit(
            "the middles are swapped: K[0, 2] belongs to x, K[1, 2] to y",
            {"K[0, 2]": "K[1, 2]", "K[1, 2] + 0.5\n    left": "K[0, 2] + 0.5\n    left"},
        ),
        edit(
            "a box is (x, y, w, h): its last two numbers are width and height, not the right and lower edge",
            {U: "2 * (column - left) / (width - left) - 1", V: "2 * (row - top) / (height - top) - 1"},
        ),
        edit("width and height are swapped", {"left, top, width, height": "left, top, height, width"}),
        edit(
            "y goes down in the camera and in the picture: there is no sign to turn",
            {V: "1 - 2 * (row - top) / height"},
        ),
        edit(
            "a box begins at its upper left corner, (x, y) is not its middle",
            {U: "2 * (column - left) / width", V: "2 * (row - top) / height"},
        ),
        edit("the points come as rows: the three coordinates are the last axis", {"[u, v, w], -1": "[u, v, w]"}),
        edit("w is the depth itself", {"[u, v, w]": "[u, v, z]"}),
        edit(
            "w = a + b / z with a and b such that near gives -1 and far gives 1: the factor 2 is missing",
            {W: "(near + far - near * far / z) / (far - near)"},
        ),
        edit(
            "w is even in log z here; the projective map, which keeps lines straight, is even in 1 / z",
            {W: "2 * (z / near).log() / (far / near).log() - 1"},
        ),
        edit("w is even in z here, and 0..1: it is even in 1 / z, from -1 to 1", {W: "(z - near) / (far - near)"}),
        edit(
            "a whole pixel is added: from a pixel's centre to its edge it is half of one",
            {COLUMN: "K[0, 0] * x / z + K[0, 2] + 1", ROW: "K[1, 1] * y / z + K[1, 2] + 1"},
        ),
        edit(
            "width and height are between pixel edges: nothing is taken from them",
            {U: "2 * (column - left) / (width - 1) - 1", V: "2 * (row - top) / (height - 1) - 1"},
        ),
        edit(
            "half a pixel belongs to the box's place only, not to its width and height",
            {"= box": "= box - 0.5", COLUMN: "K[0, 0] * x / z + K[0, 2]", ROW: "K[1, 1] * y / z + K[1, 2]"},
        ),
        edit(
            "points outside the box stay outside: nothing is cut off at -1 and 1",
            {"[u, v, w], -1)": "[u, v, w], -1).clamp(-1, 1)"},
        ),
        edit(
            "a box is (x, y, w, h): its left edge comes first, then its top", {"left, top, width": "top, left, width"}
        ),
        edit("the order is that of the points: x (u), y (v), z (w)", {"[u, v, w]": "[v, u, w]"}),
        edit("the order is that of the points: x (u), y (v), z (w)", {"[u, v, w]": "[w, v, u]"}),
        edit(
            "only x and y are divided by z, and then the middle is added: K[0, 2] is in pixels already",
            {COLUMN: "(K[0, 0] * x + K[0, 2]) / z + 0.5", ROW: "(K[1, 1] * y + K[1, 2]) / z + 0.5"},
        ),
    ),
    hints=(
        "First to pixels, with K. Then within the box, from its left edge (-1) to its right edge (1). For depth look "
        "for $w = a + b / z$ with $w(z_1) = -1$ and $w(z_2) = 1$.",
        "`x, y, z = points.unbind(-1)`; `K[0, 0] * x / z + K[0, 2]` is the column with pixel centres at whole numbers, "
        "so its left *edge* is half a pixel before. `torch.stack([u, v, w], -1)`.",
        "`u = 2 * (K[0, 0] * x / z + K[0, 2] + ____ - left) / ____ - 1`, `v` likewise, and "
        "`w = (near + far - ____ / z) / (far - near)`.",
    ),
)
