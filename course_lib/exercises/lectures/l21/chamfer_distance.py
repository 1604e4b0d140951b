"""21.3: the Chamfer distance of two sets of points."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.points import chamfer

SOLUTION = """
def chamfer_distance(x, y):
    squared = ((x[:, :, None] - y[:, None]) ** 2).sum(dim=-1)
    to_y = squared.amin(dim=2).mean(dim=1)
    to_x = squared.amin(dim=1).mean(dim=1)
    return (to_y + to_x).mean()
"""

SQUARED = "((x[:, :, None] - y[:, None]) ** 2).sum(dim=-1)"
TO_Y, TO_X = "squared.amin(dim=2).mean(dim=1)", "squared.amin(dim=1).mean(dim=1)"
RESULT = "(to_y + to_x).mean()"


def _cases(generator):
    def sets(batch, number, other):
        x = torch.randn(batch, number, 3, generator=generator)
        return x, 0.8 * torch.randn(batch, other, 3, generator=generator) + 0.3

    return [
        Case("2 pairs, 5 and 7 points", sets(2, 5, 7)),
        Case("3 pairs, 9 and 4 points", sets(3, 9, 4)),
        Case("1 pair, 30 points each", sets(1, 30, 30)),
        Case("2 pairs, a single point and 6", sets(2, 1, 6)),
        Case(
            "by hand: (0, 0, 0) and (3, 0, 0) against (1, 0, 0)",
            (torch.tensor([[[0.0, 0, 0], [3, 0, 0]]]), torch.tensor([[[1.0, 0, 0]]])),
        ),
    ]


ONE_WAY = "only one way is measured: from each point of x to y, and from each point of y to x"

chamfer_distance = exercise(
    "21.3",
    "The Chamfer distance",
    points=3,
    solution=SOLUTION,
    same_as=chamfer,
    cases=_cases,
    forbidden=("course_lib.ops.points.nearest",),
    differentiable=True,
    mistakes=(
        edit(ONE_WAY, {RESULT: "to_y.mean()"}),
        edit(ONE_WAY, {RESULT: "to_x.mean()"}),
        edit("both ways go from x to y: the second minimum runs along the other axis", {TO_X: TO_Y}),
        edit("both ways go from y to x: the first minimum runs along the other axis",
             {"to_y = " + TO_Y: "to_y = " + TO_X}),
        edit("distances are squared here", {SQUARED: f"({SQUARED} + 1e-12).sqrt()"}),
        edit("this squares the mean distance: the squared distances are averaged",
             {SQUARED: f"({SQUARED} + 1e-12).sqrt()", TO_Y: f"{TO_Y} ** 2", TO_X: f"{TO_X} ** 2"}),
        edit("the squared distances are averaged over the points of a set, not added up",
             {TO_Y: "squared.amin(dim=2).sum(dim=1)", TO_X: "squared.amin(dim=1).sum(dim=1)"}),
        edit("this is the mean distance of all pairs: each point looks at its nearest only",
             {TO_Y: "squared.mean(dim=2).mean(dim=1)", TO_X: "squared.mean(dim=1).mean(dim=1)"}),
        edit("all points of both sets share one mean: each way has its own, whatever the sizes",
             {RESULT: "(squared.amin(dim=2).sum() + squared.amin(dim=1).sum()) / (len(x) * (len(x[0]) + len(y[0])))"}),
        edit("the two ways are multiplied: they are added", {RESULT: "(to_y * to_x).mean()"}),
        edit("this adds the numbers of the nearest points: the distance to them is asked for, amin instead of argmin",
             {TO_Y: "squared.argmin(dim=2).float().mean(dim=1)", TO_X: "squared.argmin(dim=1).float().mean(dim=1)"}),
        edit("the axes of the table are 0 for the batch, 1 for x and 2 for y: the minima run along 2 and along 1",
             {"to_y = " + TO_Y: "to_y = squared.amin(dim=1)", "to_x = " + TO_X: "to_x = squared.amin(dim=0)",
              RESULT: "to_y.mean() + to_x.mean()"}),
        edit("each coordinate looks for its nearest alone: add the three squares first, then take the minimum",
             {SQUARED: "(x[:, :, None] - y[:, None]) ** 2", TO_Y: "squared.amin(dim=2).sum(dim=-1).mean(dim=1)",
              TO_X: "squared.amin(dim=1).sum(dim=-1).mean(dim=1)"}),
        edit("the three coordinates are averaged, each with a nearest of its own: add their squares, then the minimum",
             {SQUARED: "(x[:, :, None] - y[:, None]) ** 2", TO_Y: "squared.amin(dim=2).mean(dim=(1, 2))",
              TO_X: "squared.amin(dim=1).mean(dim=(1, 2))"}),
        edit("this squares the mean distance: the squared distances are averaged",
             {SQUARED: f"({SQUARED} + 1e-12).sqrt()", TO_Y: "squared.amin(dim=2).mean()",
              TO_X: "squared.amin(dim=1).mean()", RESULT: "to_y**2 + to_x**2"}),
        edit("the longer set is cut to the length of the shorter: sets may differ in size, all points count",
             {SQUARED: "((x[:, : y.shape[1], None] - y[:, None, : x.shape[1]]) ** 2).sum(dim=-1)"}),
        edit("each point looks at the farthest: the nearest is asked for",
             {TO_Y: "squared.amax(dim=2).mean(dim=1)", TO_X: "squared.amax(dim=1).mean(dim=1)"}),
        edit("this is the worst point of each set (Hausdorff): the mean over the points is asked for",
             {TO_Y: "squared.amin(dim=2).amax(dim=1)", TO_X: "squared.amin(dim=1).amax(dim=1)"}),
        edit("this is the worst way: both are added", {RESULT: "to_y.maximum(to_x).mean()"}),
        edit("the two ways are added, not averaged: a factor of 2 is missing", {RESULT: "(to_y + to_x).mean() / 2"}),
        edit("the pairs of the batch are added up: take their mean", {RESULT: "(to_y + to_x).sum()"}),
        edit("one number per pair: take the mean over the batch", {RESULT: "to_y + to_x"}),
        edit("this adds |dx|, |dy| and |dz|: squares are asked for",
             {SQUARED: "(x[:, :, None] - y[:, None]).abs().sum(dim=-1)"}),
        edit("the three coordinates are averaged: a squared distance is their sum",
             {SQUARED: SQUARED.replace("sum", "mean")}),
        edit("the root is too much", {RESULT: "(to_y + to_x).sqrt().mean()"}),
        edit("the second way is weighed by 1/2, as in the code of point set generation: here both count alike",
             {RESULT: "(0.5 * to_y + to_x).mean()"}),
        edit("the second way is weighed by 1/2, as in the code of point set generation: here both count alike",
             {RESULT: "(to_y + 0.5 * to_x).mean()"}),
        edit("the nearest point is looked for in the sets of the whole batch: each pair is for itself",
             {SQUARED: "((x[:, :, None] - y.flatten(0, 1)) ** 2).sum(dim=-1)",
              TO_X: "squared.amin(dim=(0, 1)).view(y.shape[:2]).mean(dim=1)"}),
        edit("the square is taken of the sum of the coordinates: square first, then add",
             {SQUARED: "(x[:, :, None] - y[:, None]).sum(dim=-1) ** 2"}),
        edit("the two ways are subtracted: they are added", {RESULT: "(to_y - to_x).mean()"}),
        edit("this is one of the two minima for all pairs: the minimum is taken for each point",
             {TO_Y: "squared.amin(dim=(1, 2))", TO_X: "squared.amin(dim=(1, 2))"}),
    ),
    hints=(
        "First all squared distances, a table with a row per point of x and a column per point of y. Then the smallest "
        "of each row, and the smallest of each column.",
        "`x[:, :, None] - y[:, None]` has the shape (B, P, Q, 3). Square, sum over the last axis; "
        "`amin(dim=...)` for the nearest, `.mean(dim=1)` over the points.",
        "`squared = ((x[:, :, None] - y[:, None]) ** 2).sum(dim=-1)`; `to_y = squared.amin(dim=____).mean(dim=1)`; "
        "`to_x = squared.amin(dim=____).mean(dim=1)`; `return (to_y + ____).mean()`.",
    ),
)  # fmt: skip
