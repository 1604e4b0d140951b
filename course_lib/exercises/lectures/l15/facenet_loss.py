"""15.3: somebody's FaceNet loss, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch.nn.functional as F


def facenet_loss(anchor, positive, negative, margin=0.2):
    anchor, positive, negative = (F.normalize(x, dim=1) for x in (anchor, positive, negative))
    near = (anchor - positive).square().sum(dim=1)
    far = (anchor - negative).square().sum(dim=1)
    return (near - far + margin).clamp(min=0).mean()
"""

AXIS, SQUARE, CUT = "F.normalize(x, dim=1)", ".square().sum(dim=1)", ".clamp(min=0).mean()"
WRONG_AXIS, PLAIN, LATE = {AXIS: "F.normalize(x, dim=0)"}, {SQUARE: ".norm(dim=1)"}, {CUT: ".mean().clamp(min=0)"}
LEFT = "one bug is left: "
ON_AXIS = "F.normalize(x, dim=0) scales columns; each *point*, a row, gets length 1"
ON_SQUARE = "these are plain distances, and FaceNet's are squared"
ON_CUT = "each triplet is cut off at 0 before they are averaged, or good triplets pay for bad ones"


def _cases(generator):
    def triplets(number, width):
        anchor, one, other = torch.randn(3, number, width, generator=generator)
        sizes = 0.3 + 4 * torch.rand(3, number, 1, generator=generator)
        return anchor * sizes[0], (anchor + 0.6 * one) * sizes[1], (anchor + 0.9 * other) * sizes[2]

    return [
        Case(
            "by hand: the positive at 60 degrees, the negative at 90, then the other way round",
            (
                torch.tensor([[2.0, 0], [2, 0]]),
                torch.tensor([[1.5, 2.598076], [0, 4]]),
                torch.tensor([[0.0, 3], [0.5, 0.866025]]),
            ),
        ),
        Case("8 triplets of 3 numbers, of all lengths", triplets(8, 3)),
        Case("5 triplets of 6 numbers, margin 0.7", triplets(5, 6), {"margin": 0.7}),
        Case("9 triplets of 4 numbers, margin 0.05", triplets(9, 4), {"margin": 0.05}),
    ]


facenet_loss = exercise(
    "15.3",
    "Fix the bugs: FaceNet's loss",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "all three bugs are still there: which axis is scaled, which distance, and where each triplet is cut off",
            WRONG_AXIS | PLAIN | LATE,
        ),
        edit(f"two bugs are left: {ON_AXIS}; and {ON_SQUARE}", WRONG_AXIS | PLAIN),
        edit(f"two bugs are left: {ON_AXIS}; and {ON_CUT}", WRONG_AXIS | LATE),
        edit(f"two bugs are left: {ON_SQUARE}; and {ON_CUT}", PLAIN | LATE),
        edit(f"{LEFT}{ON_AXIS}", WRONG_AXIS),
        edit(f"{LEFT}{ON_SQUARE}", PLAIN),
        edit(f"{LEFT}{ON_CUT}", LATE),
        edit(
            "nothing is scaled any more: FaceNet's points have length 1, or the network could meet any margin by "
            "making all numbers larger",
            {AXIS: "x"},
        ),
        edit(
            "nothing is scaled any more, and the distances are plain: length 1, squared distances", {AXIS: "x"} | PLAIN
        ),
        edit(
            "the values of each point add up to 1 (L1): its length, the root of the sum of squares, is to be 1",
            {AXIS: "F.normalize(x, p=1, dim=1)"},
        ),
        edit(
            "the difference is squared after the distances were subtracted: square each distance",
            PLAIN | {"near - far + margin": "(near - far).square() + margin"},
        ),
        edit("the whole loss is squared: square the distances", PLAIN | {".mean()": ".square().mean()"}),
        edit(
            "only the distance to the positive is squared: both are",
            {"(anchor - negative).square().sum(dim=1)": "(anchor - negative).norm(dim=1)"},
        ),
        edit(
            "only the distance to the negative is squared: both are",
            {"(anchor - positive).square().sum(dim=1)": "(anchor - positive).norm(dim=1)"},
        ),
        edit("this averages the squares over the numbers of a point: add them up", {SQUARE: ".square().mean(dim=1)"}),
        edit(
            "the cut at 0 is gone: a triplet that is already right costs nothing, and earns nothing",
            {".clamp(min=0)": ""},
        ),
        edit("the cut at 0 is gone, and the distances are plain", {".clamp(min=0)": ""} | PLAIN),
        edit("this adds up over triplets: the loss is their mean", {".mean()": ".sum()"}),
        edit("every triplet still has a loss of its own: take the mean", {".clamp(min=0).mean()": ".clamp(min=0)"}),
        edit("the distances are exchanged: a near negative is what costs", {"near - far": "far - near"}),
        edit(
            "the squares add up over all points together: .sum(dim=1) gives one distance per triplet",
            {SQUARE: ".square().sum()"},
        ),
        edit(
            "the squares add up over the triplets: .sum(dim=1) gives one distance per triplet",
            {SQUARE: ".square().sum(dim=0)"},
        ),
        edit("all points are scaled by one number: each *point*, a row, gets length 1", {AXIS: "x / x.norm()"}),
        edit(
            "the points are divided by their squared length: by the length itself they get length 1",
            {AXIS: "x / x.square().sum(dim=1, keepdim=True)"},
        ),
        edit(
            "the values of each point add up to 1 (softmax): its length, the root of the sum of squares, is to be 1",
            {AXIS: "F.softmax(x, dim=1)"},
        ),
        edit(
            "the differences are scaled to length 1, so that all distances are 1: scale the points",
            {
                AXIS: "x",
                "(anchor - positive)": "F.normalize(anchor - positive, dim=1)",
                "(anchor - negative)": "F.normalize(anchor - negative, dim=1)",
            },
        ),
        edit("the margin has the wrong sign: the negative shall be further by it", {"+ margin": "- margin"}),
        edit("the margin is not squared: it is added to the squared distances as it is", {"+ margin": "+ margin**2"}),
        edit(
            "the difference is cut off before the margin is added: add the margin, then cut",
            {"(near - far + margin).clamp(min=0)": "((near - far).clamp(min=0) + margin)"},
        ),
        edit(
            "the cut is on the wrong side: what is *below* 0 becomes 0, .clamp(min=0)",
            {".clamp(min=0)": ".clamp(max=0)"},
        ),
        edit(
            "the difference of the distances is half as large as it should be: with products, |a - p|^2 = 2 - 2 a p",
            {"near - far + margin": "(near - far) / 2 + margin"},
        ),
    ),
    hints=(
        "Three lines are wrong, each in one place. Compare with the text above: what has length 1, which distance, and "
        "what becomes of a triplet that is already right?",
        "`F.normalize(x, dim=1)` scales rows. `.square().sum(dim=1)` is the squared distance. In "
        "`x.clamp(min=0).mean()` each triplet is cut off, in `x.mean().clamp(min=0)` only their average.",
        "`F.normalize(x, dim=____)`; `near = (anchor - positive).____.sum(dim=1)`, `far` likewise; return "
        "`(near - far + margin).____.mean()`.",
    ),
)
