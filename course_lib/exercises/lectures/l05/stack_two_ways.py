"""05.3: bi-directional stacking, repaired."""

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.flow_stacking import stack_bidirectional

from ._smooth_flow import fields

SOLUTION = """
import torch


def stack_two_ways(forward, backward, middle, length):
    half = length // 2
    ahead = forward[:, middle : middle + half]
    behind = backward[:, middle - half : middle].flip(1)
    return torch.cat([ahead, behind], dim=1).flatten(1, 2)
"""

AHEAD, BEHIND = "forward[:, middle : middle + half]", "backward[:, middle - half : middle].flip(1)"
ONE_EARLY = (
    "the backward part is one field early: backward[:, t] goes from frame t + 1 to t, so the one that leaves `middle` "
    "has number middle - 1"
)
RENUMBERED = "turned around, the fields have other numbers (field t of T is field T - 1 - t): cut first, then flip"
EXCHANGED = "u and v are exchanged in the backward part: reverse the fields (axis 1 of five), not the components"


def _cases(generator):
    def both(*sizes):
        return fields(generator, *sizes), fields(generator, *sizes)

    return [
        Case("L = 4 around frame 3 of 8", (*both(2, 7), 3, 4)),
        Case("L = 2 around frame 1", (*both(1, 3, 4, 6), 1, 2)),
        Case("L = 6 around frame 4", (*both(2, 9, 4, 5), 4, 6)),
        Case("L = 2 at the last frame that allows it", (*both(3, 5), 4, 2)),
    ]


stack_two_ways = exercise(
    "05.3",
    "Fix the bugs: bi-directional stacking",
    points=2,
    solution=SOLUTION,
    same_as=stack_bidirectional,
    cases=_cases,
    mistakes=(
        edit(
            "both bugs are still there: which backward field starts at frame `middle`, and which comes after it?",
            {BEHIND: "backward[:, middle : middle + half]"},
        ),
        edit(
            "the backward fields come in the wrong order: first the one that leaves `middle`, then the one before it",
            {".flip(1)": ""},
        ),
        edit(
            "the backward part is one field late: backward[:, t] goes from frame t + 1 to t, so the one that leaves "
            "`middle` has number middle - 1",
            {"middle - half : middle]": "middle - half + 1 : middle + 1]"},
        ),
        edit(
            "the backward part starts after `middle`: it goes into the past",
            {"middle - half : middle]": "middle : middle + half]"},
        ),
        edit(
            "the backward part uses forward fields: they start from other frames, at other pixels",
            {"backward[": "forward["},
        ),
        edit(
            "the forward field with a minus is not the backward field: it belongs to the pixels of another frame",
            {"backward[": "-forward["},
        ),
        edit("the halves are exchanged: forward first", {"[ahead, behind]": "[behind, ahead]"}),
        edit(
            "the forward part is not L / 2 fields: half of the stack goes each way",
            {"middle : middle + half": "middle : middle + length"},
        ),
        edit(
            "backward flow keeps its sign: it says where each pixel of `middle` came from",
            {"behind = backward": "behind = -backward"},
        ),
        edit(
            "the forward part is one field late: forward[:, t] goes from frame t to t + 1, so the one that leaves "
            "`middle` has number middle",
            {"middle : middle + half": "middle + 1 : middle + half + 1"},
        ),
        edit(ONE_EARLY, {"middle - half : middle]": "max(middle - half - 1, 0) : middle - 1]"}),
        edit(ONE_EARLY, {"middle - half : middle]": "middle - half - 1 : middle - 1]"}),
        edit(
            "the backward part is empty: a slice runs upwards, so take middle - half : middle and reverse it",
            {"middle - half : middle]": "middle : middle - half]"},
        ),
        edit("each half has L fields: half of the stack goes each way, so each has L / 2", {"length // 2": "length"}),
        edit("the clips are reversed: reverse the fields, axis 1", {".flip(1)": ".flip(0)"}),
        edit("the fields are mirrored left to right: reverse their order, axis 1", {".flip(1)": ".flip(-1)"}),
        edit(
            "each half has L / 2 fields, the backward one as well: middle - half : middle",
            {"middle - half :": "middle - length :"},
        ),
        edit(
            "half - middle is below 0, and counts from the end: middle - half", {"middle - half :": "half - middle :"}
        ),
        edit(RENUMBERED, {BEHIND: "backward.flip(1)[:, middle : middle + half]"}),
        edit(RENUMBERED, {BEHIND: "backward.flip(1)[:, middle - half : middle]"}),
        edit(
            "these are the first fields of the video: they are to leave `middle`", {"middle - half : middle]": ":half]"}
        ),
        edit(EXCHANGED, {".flip(1)": ".flip(1, 2)"}),
        edit(EXCHANGED, {".flip(1)": ".flip(2)"}),
        edit(
            "forward and backward fields take turns: first all forward fields, then all backward ones",
            {"cat([ahead, behind], dim=1).flatten(1, 2)": "stack([ahead, behind], dim=2).flatten(1, 3)"},
        ),
        edit(
            "the halves are set one below the other as if they were clips: join them along the fields, dim=1",
            {"dim=1": "dim=0"},
        ),
        edit(
            "the forward part ends at `middle` instead of starting there", {AHEAD: "forward[:, middle - half : middle]"}
        ),
        edit(
            "these are all backward fields before `middle`: only the last L / 2 of them",
            {"middle - half : middle]": ":middle]"},
        ),
        edit(
            "the backward part starts after `middle`, and its sign is turned: it goes into the past as it is",
            {BEHIND: "-backward[:, middle : middle + half]"},
        ),
    ),
    hints=(
        "Write frame numbers on paper, and an arrow for each field. Forward field t starts at frame t. At which frame "
        "does backward field t start? Which arrow leaves frame `middle` to the left, and which one follows it?",
        "`backward[:, t]` goes from frame t + 1 to frame t. The fields wanted are middle - 1, middle - 2, ... "
        "`x.flip(1)` reverses axis 1.",
        "`behind = backward[:, middle - ____ : middle].flip(____)`",
    ),
)
