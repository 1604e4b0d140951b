"""17.2: from a correlation volume to a flow, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def best_displacement(volume, stride=1):
    side = round(volume.shape[1] ** 0.5)
    best = volume.argmax(dim=1)
    u = stride * (best % side - side // 2)
    v = stride * (best // side - side // 2)
    return torch.stack([u, v], dim=1).float()
"""

ACROSS, DOWN = "best % side - side // 2", "best // side - side // 2"


def _cases(generator):
    def volume(batch, side, height, width):
        return torch.randn(batch, side * side, height, width, generator=generator)

    one = torch.zeros(1, 25, 1, 2)
    one[0, 14, 0, 0] = one[0, 3, 0, 1] = 1.0
    return [
        Case("3 x 3 displacements, 4 x 6 places", (volume(2, 3, 4, 6),)),
        Case("5 x 5 displacements, 3 x 4 places, all values negative", (volume(1, 5, 3, 4) - 20,)),
        Case("21 x 21 displacements, 2 pixels apart", (volume(2, 21, 2, 5), 2)),
        Case("by hand: channels 14 and 3 of 25", (one,)),
    ]


best_displacement = exercise(
    "17.2",
    "Fix the bugs: from correlation to flow",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "both bugs are still there: which of dx and dy runs fastest, and where the middle of `side` numbers is",
            {"side // 2)": "side / 2)", "[u, v]": "[v, u]"},
        ),
        edit(
            "one bug is left: side is odd, so the displacements run from -(side // 2) to side // 2; side / 2 has "
            "half a pixel too much",
            {ACROSS: "best % side - side / 2", DOWN: "best // side - side / 2"},
        ),
        edit(
            "one bug is left: dx runs fastest, so u comes from the remainder and v from the quotient",
            {"[u, v]": "[v, u]"},
        ),
        edit("u is right now, v still has half a pixel too much", {DOWN: "best // side - side / 2"}),
        edit("v is right now, u still has half a pixel too much", {ACROSS: "best % side - side / 2"}),
        edit("v comes from the quotient: here both come from the remainder", {"[u, v]": "[u, u]"}),
        edit("u comes from the remainder: here both come from the quotient", {"[u, v]": "[v, v]"}),
        edit(
            "nothing is subtracted: channel 0 is the displacement (-d, -d)",
            {ACROSS: "best % side", DOWN: "best // side"},
        ),
        edit("the middle is side // 2, not one more", {"- side // 2)": "- side // 2 - 1)"}),
        edit("the middle of 0 ... side - 1 is side // 2: this subtracts all of side", {"- side // 2)": "- side)"}),
        edit(
            "the sign is turned: flow points from image 1 to where the patch is in image 2",
            {"stride * (": "-stride * ("},
        ),
        edit("the displacements are `stride` pixels apart: that was right before", {"stride * (": "("}),
        edit(
            "only the middle is multiplied by `stride`: the place counts steps of `stride` pixels as well",
            {"stride * (best": "(best", "side // 2)": "stride * (side // 2))"},
        ),
        edit("the largest value is the most alike: argmax was right", {"argmax": "argmin"}),
        edit(
            "large negative products are unlike, not alike: no absolute value", {"volume.argmax": "volume.abs().argmax"}
        ),
        edit(
            "round instead of // gives the wrong row where the remainder is large",
            {"best // side -": "(best / side).round().long() -"},
        ),
    ),
    hints=(
        "Write down the channels for d = 1: (-1, -1), (0, -1), (1, -1), (-1, 0) ... as (dx, dy). Which number of the "
        "pair changes from one channel to the next? Which channel is (0, 0)?",
        "`%` gives the remainder, `//` the quotient without a fraction. With 3 x 3 channels (0, 0) is channel 4: "
        "quotient 1, remainder 1, and 3 // 2 is 1.",
        "`u = stride * (best ____ side - side // 2)` and `v = stride * (best ____ side - ____)`.",
    ),
)
