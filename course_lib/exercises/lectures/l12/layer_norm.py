"""12.4: layer normalisation, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.exercises.lectures.l12.group_norm import LIBRARY

SOLUTION = """
def layer_norm(x, eps=1e-5):
    axes = tuple(range(1, x.dim()))
    mean = x.mean(dim=axes, keepdim=True)
    deviation = (x.var(dim=axes, keepdim=True, correction=0) + eps).sqrt()
    return (x - mean) / deviation
"""

BUGS = "x.std(dim=axes, keepdim=True) + eps"
DEVIATION = "(x.var(dim=axes, keepdim=True, correction=0) + eps).sqrt()"


def _cases(generator):
    def maps(*shape):
        return torch.randn(shape, generator=generator) * 1.5 + 1

    return [
        Case("2 samples of 3 channels, 1 x 2 places: m is 6", (maps(2, 3, 1, 2),)),
        Case("3 samples of 4 channels, 5 x 3 places", (maps(3, 4, 5, 3),)),
        Case("a nearly even map: only eps keeps it small", (1e-4 * maps(2, 3, 2, 4),), {"eps": 1e-3}),
        Case("an even map, all cells 2", (torch.full((2, 3, 2, 2), 2.0),)),
        Case("a clip, 2 channels, 3 frames of 2 x 4", (maps(2, 2, 3, 2, 4),), {"eps": 0.1}),
    ]


layer_norm = exercise(
    "12.4",
    "Fix the bugs: layer normalisation",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=LIBRARY,
    mistakes=(
        edit("the mean was right before: it is taken off x", {"(x - mean) / deviation": "x / deviation"}),
        edit("divide by the deviation; this multiplies", {"/ deviation": "* deviation"}),
        edit("eps is in twice now: inside the root it stays, outside it goes", {".sqrt()": ".sqrt() + eps"}),
        edit(
            "both bugs are still there: `std` divides by m - 1 unless told otherwise, and eps belongs inside the root",
            {DEVIATION: BUGS},
        ),
        edit("one bug is left: eps stands outside the root", {DEVIATION: BUGS.replace("=True", "=True, correction=0")}),
        edit("one bug is left: the variance divides by m - 1, Eq. 2 by m", {", correction=0": ""}),
        edit("the root is missing now: divide by the deviation, not by the variance", {".sqrt()": ""}),
        edit(
            "`std` has the root already, and this takes another: eps is added to the *variance*, then the root",
            {DEVIATION: f"({BUGS}).sqrt()"},
        ),
        edit(
            "`std` has the root already, and this takes another: eps is added to the *variance*, then the root",
            {DEVIATION: "(x.std(dim=axes, keepdim=True, correction=0) + eps).sqrt()"},
        ),
        edit(
            "the root of eps is added to the deviation: that is not the root of the sum, so add eps to the variance",
            {DEVIATION: "x.std(dim=axes, keepdim=True, correction=0) + eps**0.5"},
        ),
        edit("the argument `eps` is not used: it is added to the variance as it comes", {"+ eps": "+ 1e-5"}),
        edit(
            "eps is a lower limit here: it is added to the variance, inside the root",
            {DEVIATION: "x.std(dim=axes, keepdim=True, correction=0).clamp(min=eps)"},
        ),
        edit("eps is squared here: it is added to the variance as it is", {"+ eps": "+ eps**2"}),
        edit("eps is gone: an even map then divides 0 by 0", {" + eps": ""}),
        edit("eps is subtracted", {"+ eps": "- eps"}),
        edit("the batch is averaged as well: axis 0 are the samples", {"range(1,": "range("}),
        edit(
            "a clip has an axis more than a picture: every axis but the first",
            {"tuple(range(1, x.dim()))": "(1, 2, 3)"},
        ),
        edit("the channels are left out: layer normalisation averages over axis 1 as well", {"range(1,": "range(2,"}),
        edit(
            "only the channels are averaged: rows, columns and time belong to the set as well",
            {DEVIATION: DEVIATION, "tuple(range(1, x.dim()))": "(1,)"},
        ),
    ),
    hints=(
        "Two things in Eq. 2 differ from this code: by what the sum of squares is divided, and where eps stands.",
        "`x.std()` and `x.var()` divide by m - 1 by default; `correction=0` divides by m. eps is added to the "
        "*variance*, before the root.",
        "`deviation = (x.var(dim=axes, keepdim=True, correction=____) + ____).sqrt()`.",
    ),
)
