"""13.5: fix the bugs: what box regression learns."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.box_regression import box_targets

SOLUTION = """
import torch


def regression_targets(boxes, truth):
    sizes = boxes[:, 2:]
    move = (truth[:2] + truth[2:] / 2 - boxes[:, :2] - sizes / 2) / sizes
    grow = (truth[2:] / sizes).log()
    return torch.cat([move, grow], dim=1)
"""

MOVE, GROW = "(truth[:2] + truth[2:] / 2 - boxes[:, :2] - sizes / 2) / sizes", "(truth[2:] / sizes).log()"
CORNERS, PLAIN = "(truth[:2] - boxes[:, :2])", "truth[2:] / sizes"
MIDDLES = "(truth[:2] + truth[2:] / 2 - boxes[:, :2] - sizes / 2)"


def _cases(generator):
    def around(truth, number):
        noise = torch.rand(number, 4, generator=generator) - 0.5
        return truth + noise * torch.tensor([truth[2], truth[3], truth[2] / 2, truth[3] / 2])

    wide, tall = torch.tensor([20.5, 10, 40, 14]), torch.tensor([-4.0, 7, 9, 30])
    return [
        Case("5 boxes around a wide one", (around(wide, 5), wide)),
        Case("3 boxes around a tall one that leaves the frame", (around(tall, 3), tall)),
        Case(
            "by hand: twice as wide, the middle 5 pixels to the right",
            (torch.tensor([[10.0, 5, 20, 10]]), torch.tensor([5.0, 5, 40, 10])),
        ),
        Case("the truth itself: four zeros", (tall[None], tall)),
    ]


regression_targets = exercise(
    "13.5",
    "Fix the bugs: what box regression learns",
    points=2,
    solution=SOLUTION,
    same_as=box_targets,
    cases=_cases,
    mistakes=(
        edit(
            "both bugs are still there: the *middles* move, and sizes are compared by their logarithm",
            {MOVE: f"{CORNERS} / sizes", GROW: f"{PLAIN} - 1"},
        ),
        edit(
            "one bug is left: x and y of a box are its corner, and it is the *middles* that are compared",
            {MOVE: f"{CORNERS} / sizes"},
        ),
        edit("one bug is left: sizes are compared by the logarithm of their ratio", {GROW: f"{PLAIN} - 1"}),
        edit("the logarithm is missing", {GROW: PLAIN}),
        edit(
            "both: the middles move, and the logarithm of the ratio is missing",
            {MOVE: f"{CORNERS} / sizes", GROW: PLAIN},
        ),
        edit("the ratio is upside down: truth over box", {GROW: "(sizes / truth[2:]).log()"}),
        edit("the way leads from the box to the truth: truth minus box", {MOVE: f"-{MIDDLES} / sizes"}),
        edit(
            "the way is measured in sizes of the box, not of the truth: only the box is known later",
            {MOVE: f"{MIDDLES} / truth[2:]"},
        ),
        edit("the way is in pixels here: divide by width and height of the box", {MOVE: MIDDLES}),
        edit("first the ways, then the sizes", {"[move, grow]": "[grow, move]"}),
        edit(
            "half the size is subtracted: the middle is x + w / 2",
            {MOVE: "(truth[:2] - truth[2:] / 2 - boxes[:, :2] + sizes / 2) / sizes"},
        ),
        edit(
            "these are the lower right corners: the middle is x + w / 2",
            {MOVE: "(truth[:2] + truth[2:] - boxes[:, :2] - sizes) / sizes"},
        ),
        edit("this is the logarithm with base 2: take the natural one", {".log()": ".log2()"}),
        edit(
            "one middle is missing: both boxes need theirs",
            {MOVE: "(truth[:2] + truth[2:] / 2 - boxes[:, :2]) / sizes"},
        ),
        edit("one middle is missing: both boxes need theirs", {MOVE: "(truth[:2] - boxes[:, :2] - sizes / 2) / sizes"}),
        edit("this is log(1 + ratio): the logarithm of the ratio itself is 0 for equal sizes", {".log()": ".log1p()"}),
        edit(
            "the box's middle is x + w / 2, and all of it is subtracted: minus x, minus w / 2",
            {MOVE: "(truth[:2] + truth[2:] / 2 - boxes[:, :2] + sizes / 2) / sizes"},
        ),
        edit(
            "the way is divided by one mean side: x by the width, y by the height",
            {MOVE: f"{MIDDLES} / sizes.mean(dim=1, keepdim=True)"},
        ),
        edit(
            "x is divided by the width and y by the height: here they are exchanged",
            {MOVE: f"{MIDDLES} / sizes.flip(1)"},
        ),
        edit("this is a ratio of logarithms: take the logarithm of the ratio", {GROW: "truth[2:].log() / sizes.log()"}),
    ),
    hints=(
        "Two boxes of different size about one middle: how far must one move to become the other? And what must the "
        "third and fourth number be when the sizes are equal?",
        "The middle is `box[:, :2] + box[:, 2:] / 2`. `.log()` of the ratio of sizes is 0 for equal ones, and the same "
        "with the other sign for half and double.",
        "`move = (middle of truth - middle of boxes) / ____`, `grow = (truth[2:] / ____).____()`",
    ),
)
