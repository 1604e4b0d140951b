"""21.4: a Chamfer distance in the unit of the points, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def mean_distance(x, y):
    squared = ((x[:, None] - y) ** 2).sum(dim=-1)
    accuracy = squared.amin(dim=1).sqrt().mean()
    completeness = squared.amin(dim=0).sqrt().mean()
    return (accuracy + completeness) / 2
"""

ACCURACY, COMPLETENESS = "squared.amin(dim=1).sqrt().mean()", "squared.amin(dim=0).sqrt().mean()"
RESULT = "(accuracy + completeness) / 2"


def _cases(generator):
    def sets(number, other):
        x = torch.randn(number, 3, generator=generator)
        return x, 2 * torch.randn(other, 3, generator=generator) - 0.5

    return [
        Case("6 and 9 points", sets(6, 9)),
        Case("11 and 4 points", sets(11, 4)),
        Case("1 point and 5", sets(1, 5)),
        Case("8 points far apart, 6 close together", sets(6, 8)[::-1]),
        Case(
            "by hand: 0 and 4 on a line, where 1 and 10 are true",
            (torch.tensor([[0.0, 0, 0], [4, 0, 0]]), torch.tensor([[1.0, 0, 0], [10, 0, 0]])),
        ),
    ]


SQUARED = "one bug is left: the distances are still squared, which no ruler shows. Take the root of each"
ONE_SIDED = "only the way from x to y is measured. For completeness, each *true* point looks for the nearest of x"
ROOT = "the root of the mean is no mean distance: take the root of each distance, then the mean"

mean_distance = exercise(
    "21.4",
    "Fix the bugs: one way, and squared",
    points=2,
    solution=SOLUTION,
    forbidden=("course_lib.ops.points.chamfer",),
    cases=_cases,
    mistakes=(
        edit("this is the code as it was: look at the unit of the result, and at which axis each minimum runs along",
             {ACCURACY: "squared.amin(dim=1).mean()", COMPLETENESS: "squared.amin(dim=1).mean()"}),
        edit(SQUARED, {ACCURACY: "squared.amin(dim=1).mean()", COMPLETENESS: "squared.amin(dim=0).mean()"}),
        edit(ONE_SIDED, {COMPLETENESS: ACCURACY}),
        edit("only the way from y to x is measured: accuracy is about the predicted points", {ACCURACY: COMPLETENESS}),
        edit(ROOT, {ACCURACY: "squared.amin(dim=1).mean().sqrt()", COMPLETENESS: "squared.amin(dim=0).mean().sqrt()"}),
        edit("this is the root of the whole: take the root of each distance",
             {ACCURACY: "squared.amin(dim=1).mean()", COMPLETENESS: "squared.amin(dim=0).mean()",
              RESULT: f"({RESULT}).sqrt()"}),
        edit("the root of one part is missing", {ACCURACY: "squared.amin(dim=1).mean()"}),
        edit("the root of one part is missing", {COMPLETENESS: "squared.amin(dim=0).mean()"}),
        edit("one line is repaired: completeness still looks from x to y, and its distances are squared",
             {COMPLETENESS: "squared.amin(dim=1).mean()"}),
        edit(ROOT, {ACCURACY: "squared.amin(dim=1).mean().sqrt()"}),
        edit(ROOT, {COMPLETENESS: "squared.amin(dim=0).mean().sqrt()"}),
        edit("this is the mean distance of all pairs: each point looks at its nearest only",
             {ACCURACY: "squared.sqrt().mean()", COMPLETENESS: "squared.sqrt().mean()"}),
        edit("one distance is left, that of the nearest pair: each point has a nearest, amin needs its axis",
             {ACCURACY: "squared.amin().sqrt()", COMPLETENESS: "squared.amin().sqrt()"}),
        edit("each point looks at the farthest: the nearest is asked for",
             {ACCURACY: "squared.amax(dim=1).sqrt().mean()", COMPLETENESS: "squared.amax(dim=0).sqrt().mean()"}),
        edit("a median forgets the far half: take the mean",
             {ACCURACY: "squared.amin(dim=1).sqrt().median()", COMPLETENESS: "squared.amin(dim=0).sqrt().median()"}),
        edit("the two axes are exchanged and only one way is measured: completeness runs along dim=0",
             {ACCURACY: COMPLETENESS, COMPLETENESS: "squared.amin(dim=0).mean()"}),
        edit("this adds the two: their mean is asked for", {RESULT: "accuracy + completeness"}),
        edit("this is the larger of the two: their mean is asked for",
             {RESULT: "(accuracy if accuracy > completeness else completeness)"}),
        edit("half of one part only", {RESULT: "accuracy / 2 + completeness"}),
        edit("half of one part only", {RESULT: "accuracy + completeness / 2"}),
        edit("this mixes the points of both sets in one mean: each set has its own",
             {RESULT: "(accuracy * len(x) + completeness * len(y)) / (len(x) + len(y))"}),
        edit("sums of distances: take the mean over the points of each set",
             {ACCURACY: ACCURACY.replace("mean", "sum"), COMPLETENESS: COMPLETENESS.replace("mean", "sum")}),
        edit("this is a city-block distance now: squares, their sum, then the root",
             {"((x[:, None] - y) ** 2).sum(dim=-1)": "(x[:, None] - y).abs().sum(dim=-1) ** 2"}),
        edit("the worst point of each set: take the mean",
             {ACCURACY: "squared.amin(dim=1).sqrt().amax()", COMPLETENESS: "squared.amin(dim=0).sqrt().amax()"}),
        edit("the roots are still squared, after the mean",
             {RESULT: "(accuracy**2 + completeness**2) / 2"}),
    ),
    hints=(
        "Points in metres must give a distance in metres. And which of the two lines looks at the true points?",
        "The table `squared` has a row per predicted and a column per true point: `amin(dim=1)` is for rows, "
        "`amin(dim=0)` for columns. The root of a mean is not the mean of the roots.",
        "`accuracy = squared.amin(dim=1).____.mean()`, `completeness = squared.amin(dim=____).____.mean()`.",
    ),
)  # fmt: skip
