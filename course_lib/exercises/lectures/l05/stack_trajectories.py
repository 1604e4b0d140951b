"""05.2: trajectory stacking."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import flow_stacking

from ._smooth_flow import fields

SOLUTION = """
import torch

from course_lib.ops.warp import warp


def stack_trajectories(flow, start, length):
    travelled = torch.zeros_like(flow[:, 0])  # (B, 2, H, W): how far the point of each pixel has gone
    channels = []
    for k in range(length):
        here = warp(flow[:, start + k], travelled, outside="border")
        channels.append(here)
        travelled = travelled + here
    return torch.cat(channels, dim=1)
"""

HERE = 'warp(flow[:, start + k], travelled, outside="border")'
READ, MOVE = "        channels.append(here)\n", "        travelled = travelled + here\n"


def _cases(generator):
    moving_point = torch.zeros(1, 3, 2, 4, 6)
    for t in range(3):
        moving_point[0, t, 0, 2, 1 + t] = 1.0
    return [
        Case("a point that moves right, one pixel per frame", (moving_point, 0, 3)),
        Case("2 clips, 3 smooth fields", (fields(generator, 2, 3), 0, 3)),
        Case("from field 2, 4 fields", (fields(generator, 2, 6, 6, 5), 2, 4)),
        Case("a single field, L = 1", (fields(generator, 3, 2), 1, 1)),
        Case("no more than one field there is", (fields(generator, 2, 1), 0, 1)),
        Case("fast: 3 pixels per frame, over the border", (fields(generator, 1, 4, 6, 8, 3.0), 0, 4)),
    ]


stack_trajectories = exercise(
    "05.2",
    "Trajectory stacking",
    points=3,
    solution=SOLUTION,
    same_as=flow_stacking.stack_trajectories,
    cases=_cases,
    mistakes=(
        edit(
            "this is plain stacking: the second displacement is read where the pixel has arrived, not where it began",
            {MOVE: ""},
        ),
        edit(
            "the way is added up at the starting pixel: Eq. 2 adds the displacement that was read at the point itself",
            {"travelled + here": "travelled + flow[:, start + k]"},
        ),
        edit(
            "only the last displacement counts: p_k starts from p_{k-1}, so the displacements add up",
            {"travelled + here": "here"},
        ),
        edit(
            "the points move backwards: warp(image, flow) already reads at x + flow, so give it the way with its sign",
            {"k], travelled": "k], -travelled"},
        ),
        edit(
            "the point moves before its first displacement is read: p_1 is the pixel itself",
            {READ + MOVE: MOVE + READ.replace("here", HERE)},
        ),
        edit(
            'beyond the border the flow becomes 0: read the nearest pixel, outside="border"',
            {', outside="border"': ""},
        ),
        edit(
            "the points have moved before anything is read: `travelled` is zero at first",
            {"torch.zeros_like(flow[:, 0])": "flow[:, start]"},
        ),
        edit(
            "image and way are exchanged: warp(field, travelled) reads the field at x + travelled",
            {"flow[:, start + k], travelled": "travelled, flow[:, start + k]"},
        ),
        edit("each step reads the first field again: step k reads field start + k", {"start + k": "start"}),
        edit(
            "`start` is added twice: with start + k, k runs from 0 to length - 1",
            {"range(length)": "range(start, start + length)"},
        ),
        edit(
            "the channels hold the way before each step: Eq. 2 asks for the displacement read at p_k",
            {"append(here)": "append(travelled)"},
        ),
        edit(
            "the fields are set one below the other as if they were clips: join them along the channels, dim=1",
            {"dim=1": "dim=0"},
        ),
        edit(
            "the way is added up at the starting pixel, and the point has moved before its first displacement is read",
            {READ + MOVE: "        travelled = travelled + flow[:, start + k]\n" + READ.replace("here", HERE)},
        ),
        edit(
            "this slices axis 0, the clips: the fields are axis 1, flow[:, start + k]",
            {"flow[:, start + k]": "flow[start + k]"},
        ),
        edit(
            "the way is that of a single step at the starting pixel: what was read at p_k is added to the way so far",
            {"k], travelled": "k], flow[:, start + k - 1] if k else travelled"},
        ),
        edit(
            "the way is the field's own displacement: it is the way before this field, from the fields below it",
            {"k], travelled": "k], flow[:, start + k]"},
        ),
        edit(
            "the places are rounded to whole pixels: warp reads between pixels, bilinearly",
            {"k], travelled": "k], travelled.round()"},
        ),
        edit(
            "u and v of the way are exchanged: channel 0 is u, to the right", {"k], travelled": "k], travelled.flip(1)"}
        ),
        edit(
            "the fields are summed at each pixel: Eq. 2 asks for each displacement, read where the point is by then",
            {HERE: "flow[:, start + k]", "append(here)": "append(travelled + here)"},
        ),
        edit("the return stands inside the loop and ends it early: move it left", {"    return": "        return"}),
        edit("`start` is ignored: begin with field `start`", {"start + k": "k"}),
        edit(
            "the channels hold the way travelled so far: Eq. 2 asks for the displacement read at p_k",
            {"append(here)": "append(travelled + here)"},
        ),
        edit("v is missing: each field gives two channels, u and v", {"append(here)": "append(here[:, :1])"}),
        edit("time runs backwards: the earliest field comes first", {"append(here)": "insert(0, here)"}),
        edit("the fields come last one first: step k reads field start + k", {"start + k": "start + length - 1 - k"}),
        edit("only half of the way is gone: read at x + travelled", {"k], travelled": "k], travelled / 2"}),
        edit(
            "this is the way in all: every step's displacement is asked for, two channels each",
            {"torch.cat(channels, dim=1)": "travelled"},
        ),
        edit(
            "the way is averaged: p_k adds up all displacements so far", {"travelled + here": "(travelled + here) / 2"}
        ),
    ),
    hints=(
        "Carry a map with you, `travelled`: how far the point that began at each pixel has gone by now. At first it is "
        "zero everywhere. Each field is read at pixel + travelled, and what was read is the next step of the way.",
        '`warp(field, travelled, outside="border")` reads `field` at x + travelled, for all pixels at once. '
        "`flow[:, start + k]` is a field, (B, 2, H, W). `torch.cat(list, dim=1)` joins channels.",
        'In the loop: `here = warp(____, travelled, outside="border")`, `channels.append(here)`, '
        "`travelled = travelled + ____`.",
    ),
)
