"""22.3: points spread evenly over a mesh, from given random numbers."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def sample_points(vertices, faces, numbers):
    a, b, c = vertices[faces].unbind(dim=1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1)
    share = area.cumsum(dim=0) / area.sum()
    face = torch.searchsorted(share, numbers[:, 0].contiguous())
    root, v = numbers[:, 1:2].sqrt(), numbers[:, 2:]
    return (1 - root) * a[face] + root * (1 - v) * b[face] + root * v * c[face]
"""

AREA, ROOT, V = "torch.linalg.cross(b - a, c - a).norm(dim=1)", "numbers[:, 1:2].sqrt()", "numbers[:, 2:]"
FACE = "torch.searchsorted(share, numbers[:, 0].contiguous())"
POINT = "(1 - root) * a[face] + root * (1 - v) * b[face] + root * v * c[face]"
DOT, LAST = "((b - a) * (c - a)).sum(dim=1).abs()", FACE + ".clamp(max=len(faces) - 1)"
SORTED, INTO = "the faces lie on the line in the order of `faces`, not by size", {FACE: f"order[{FACE}]"}
EVERY = "every face is drawn equally often: a large one must get more points, its share of the whole area"


def _cases(generator):
    def mesh(v, f, points):
        vertices = torch.randn(v, 3, generator=generator)
        faces = torch.stack([torch.randperm(v, generator=generator)[:3] for _ in range(f)])
        a, b, c = vertices[faces].unbind(1)
        area = torch.linalg.cross(b - a, c - a).norm(dim=1).double()
        ends = torch.cat([torch.zeros(1), (area.cumsum(0) / area.sum()).float()])
        # The first number lies well within a face's share, so that rounding never decides between two faces.
        chosen = torch.randint(f, (points,), generator=generator)
        within = 0.1 + 0.8 * torch.rand(points, generator=generator)
        first = ends[chosen] + within * (ends[chosen + 1] - ends[chosen])
        return vertices, faces, torch.cat([first[:, None], torch.rand(points, 2, generator=generator)], 1)

    corner = torch.tensor([[0.0, 0, 0], [6, 0, 0], [0, 2, 0], [0, 0, 1]])
    return [
        Case("5 vertices, 4 faces, 60 points", mesh(5, 4, 60)),
        Case("9 vertices, 11 faces, 90 points", mesh(9, 11, 90)),
        Case("one face, 6 points", mesh(3, 1, 6)),
        Case("by hand: areas 6 and 1, three points", (corner, torch.tensor([[0, 1, 2], [0, 2, 3]]), torch.tensor(
            [[0.8, 0.25, 0.5], [0.9, 1, 0.75], [0.6, 0.64, 0.25]]))),
    ]  # fmt: skip


sample_points = exercise(
    "22.3",
    "Points spread evenly",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.meshes.surface.sample_surface",),
    mistakes=(
        edit("without the root of the second number, points crowd about the corner a", {ROOT: "numbers[:, 1:2]"}),
        edit("this is the square: the *root* of the second number is needed", {ROOT: "numbers[:, 1:2] ** 2"}),
        edit(EVERY, {AREA: "torch.ones(len(faces))"}),
        edit(EVERY, {FACE: "(numbers[:, 0] * len(faces)).long()"}),
        edit("a face's area is the length of the cross product, not its square", {".norm(dim=1)": ".square().sum(1)"}),
        edit("the length of a cross product is the root of a sum of squares", {".norm(dim=1)": ".abs().sum(1)"}),
        edit(
            "the areas must be added up from face to face before the number is looked for",
            {"area.cumsum(dim=0) / area.sum()": "area / area.sum()"},
        ),
        edit(
            "the areas must be divided by the whole area: the number is a share",
            {"area.cumsum(dim=0) / area.sum()": "area.cumsum(dim=0)", FACE: LAST},
        ),
        edit(
            "the face before the right one: the first whose share *reaches* the number",
            {FACE: f"({FACE} - 1).clamp(min=0)"},
        ),
        edit("the face after the right one", {FACE: f"({FACE} + 1).clamp(max=len(faces) - 1)"}),
        edit(
            "b and c are exchanged: (1 - v) goes with b",
            {POINT: "(1 - root) * a[face] + root * v * b[face] + root * (1 - v) * c[face]"},
        ),
        edit(
            "a and the others are exchanged: 1 - root goes with a",
            {POINT: "root * a[face] + (1 - root) * (1 - v) * b[face] + (1 - root) * v * c[face]"},
        ),
        edit(
            "the weights of the three corners add up to 1: root belongs to b's and c's",
            {POINT: "(1 - root) * a[face] + (1 - v) * b[face] + root * v * c[face]"},
        ),
        edit(
            "the weights of the three corners add up to 1: root belongs to b's and c's",
            {POINT: "(1 - root) * a[face] + root * (1 - v) * b[face] + v * c[face]"},
        ),
        edit(
            "the root belongs to the second number, not to the third",
            {ROOT: "numbers[:, 1:2]", V: "numbers[:, 2:].sqrt()"},
        ),
        edit("the root belongs to the second number alone", {V: "numbers[:, 2:].sqrt()"}),
        edit("the second and the third number are exchanged", {ROOT: "numbers[:, 2:].sqrt()", V: "numbers[:, 1:2]"}),
        edit(
            "these are the middles of the faces drawn: points must lie all over them",
            {POINT: "(a[face] + b[face] + c[face]) / 3"},
        ),
        edit(
            "this fills a parallelogram: half of the points lie beside the triangle",
            {POINT: "a[face] + root**2 * (b[face] - a[face]) + v * (c[face] - a[face])"},
        ),
        edit(
            "the sides of the triangle begin at the same corner: b - a and c - a",
            {"cross(b - a, c - a)": "cross(b, c)"},
        ),
        edit("the perimeter is no area", {AREA: "(b - a).norm(dim=1) + (c - b).norm(dim=1) + (a - c).norm(dim=1)"}),
        edit(
            "the product of two sides is twice the area at a right angle only: the length of their cross product",
            {AREA: "(b - a).norm(dim=1) * (c - a).norm(dim=1)"},
        ),
        edit("a dot product says how far two sides agree, not what area they span: cross", {AREA: DOT}),
        edit(
            "one coordinate of the cross product is the area seen from one side: its length is needed",
            {".norm(dim=1)": "[:, 2].abs()"},
        ),
        edit(
            "a softmax of the areas is not their share: divide by their sum",
            {"area.cumsum(dim=0) / area.sum()": "area.softmax(dim=0).cumsum(dim=0)", FACE: LAST},
        ),
        edit(
            "the shares must reach 1: here the areas, or their sum, have a factor of 2 that the other lacks",
            {"area.cumsum(dim=0) / area.sum()": "area.cumsum(dim=0) / (2 * area.sum())", FACE: LAST},
        ),
        edit(SORTED, {AREA: f"{AREA}\n    order = area.argsort(descending=True)\n    area = area[order]", **INTO}),
        edit(SORTED, {AREA: f"{AREA}\n    order = area.argsort()\n    area = area[order]", **INTO}),
        edit(
            "this folds a parallelogram, which is even, too, but puts other points for the same numbers: use the "
            "formula with the root",
            {
                ROOT: "numbers[:, 1:2]",
                "    return": "    over = root + v > 1\n    root = torch.where(over, 1 - root, root)\n"
                "    v = torch.where(over, 1 - v, v)\n    return",
                POINT: "a[face] + root * (b[face] - a[face]) + v * (c[face] - a[face])",
            },
        ),
        edit(
            "the weights of the three corners add up to 1: with 1 - root for a, it is root, not u, for b and c",
            {POINT: "(1 - root) * a[face] + root**2 * (1 - v) * b[face] + root**2 * v * c[face]"},
        ),
        edit(
            "a and c are exchanged: 1 - root goes with a",
            {POINT: "(1 - root) * c[face] + root * (1 - v) * b[face] + root * v * a[face]"},
        ),
    ),
    hints=(
        "Lay the faces' areas side by side on a line of length 1. The first number is a place on it: which face lies "
        "there? The other two say where on that face.",
        "`vertices[faces]` is (F, 3, 3), `torch.linalg.cross` gives twice the area as a length. `cumsum` adds up, "
        "`torch.searchsorted(ends, places)` finds the first end that is not below a place.",
        "`share = area.cumsum(dim=0) / ____`, `face = torch.searchsorted(share, ____)`, `root = ____.sqrt()`, and "
        "`(1 - root) * a[face] + ____ * b[face] + ____ * c[face]`.",
    ),
)
