"""05.1: optical flow stacking."""

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import flow_stacking

from ._smooth_flow import fields

SOLUTION = """
def stack_flow(flow, start, length):
    return flow[:, start : start + length].flatten(1, 2)
"""

FIELDS, STACK = "start : start + length", "flow[:, start : start + length].flatten(1, 2)"
COUNTS_CHANNELS = "this counts channels where fields are meant: each field has two channels, so cut before you flatten"


def _cases(generator):
    return [
        Case("one clip, 2 fields from the start", (fields(generator, 1), 0, 2)),
        Case("2 clips, 3 fields from field 1", (fields(generator), 1, 3)),
        Case("a single field, L = 1", (fields(generator, 3), 4, 1)),
        Case("all 6 fields", (fields(generator, 2, 6, 4, 9), 0, 6)),
    ]


stack_flow = exercise(
    "05.1",
    "Optical flow stacking",
    points=1,
    solution=SOLUTION,
    same_as=flow_stacking.stack_flow,
    cases=_cases,
    mistakes=(
        edit("all u come before all v: Eq. 1 takes them in turn, u1, v1, u2, v2", {".flat": ".transpose(1, 2).flat"}),
        edit("v comes before u: channel 2k - 1 is u, channel 2k is v", {".flat": ".flip(2).flat"}),
        edit(
            "the first field is skipped: k = 1 reads d at start + k - 1, which is `start` itself",
            {FIELDS: "start + 1 : start + 1 + length"},
        ),
        edit(
            "there is one field too many: L fields are start to start + L - 1, and a slice leaves its end out",
            {FIELDS: "start : start + length + 1"},
        ),
        edit("`start` is ignored: the stack begins at field `start`, not at field 0", {FIELDS: ":length"}),
        edit("`length` is taken for the end: the stack has `length` fields after `start`", {FIELDS: "start:length"}),
        edit("time runs backwards: the earliest field comes first", {".flat": ".flip(1).flat"}),
        edit("this slices axis 0, the clips: the fields are axis 1, flow[:, a:b]", {"[:, ": "["}),
        edit(
            "these are all fields: only `length` of them, from `start` on, belong to the stack",
            {f"[:, {FIELDS}]": ""},
        ),
        edit(
            "there is one field too few: L fields are start to start + L - 1, and a slice leaves its end out",
            {FIELDS: "start : start + length - 1"},
        ),
        edit(
            "there are twice as many fields: each has two channels, so L fields already make 2L of them",
            {FIELDS: "start : start + 2 * length"},
        ),
        edit("clips and fields became one axis: join fields and components, axes 1 and 2", {"ten(1, 2)": "ten(0, 1)"}),
        edit("everything became one axis: join fields and components, axes 1 and 2", {"ten(1, 2)": "ten()"}),
        edit(
            "all but the clips became one axis: flatten takes a last axis, too; join axes 1 and 2",
            {"ten(1, 2)": "ten(1)"},
        ),
        edit("only one field came: does a return stand inside a loop?", {FIELDS: "start : start + 1"}),
        edit(COUNTS_CHANNELS, {STACK: f"flow.flatten(1, 2)[:, {FIELDS}]"}),
        edit(COUNTS_CHANNELS, {STACK: "flow.flatten(1, 2)[:, start : start + 2 * length]"}),
        edit(COUNTS_CHANNELS, {STACK: "flow.flatten(1, 2)[:, 2 * start : 2 * start + length]"}),
        edit(
            "the stack begins one field too early: k = 1 reads d at start + k - 1, which is `start` itself",
            {FIELDS: "start - 1 : start - 1 + length"},
        ),
        edit(
            "components and rows became one axis: join fields and components, axes 1 and 2", {"ten(1, 2)": "ten(2, 3)"}
        ),
        edit("v is missing: each field gives two channels, u and v", {"].flatten(1, 2)": ", 0]"}),
        edit(
            "the fields are set one below the other as if they were clips: join them along the channels, dim=1",
            {".flatten(1, 2)": ".transpose(0, 1).flatten(0, 1)"},
        ),
        edit("fields and components still have axes of their own: put both into the channels", {".flatten(1, 2)": ""}),
        edit("this adds the fields up: the network should see each of them", {".flatten(1, 2)": ".sum(1)"}),
        edit("this takes the mean field: the network should see each of them", {".flatten(1, 2)": ".mean(1)"}),
        edit("u and v are added: each field gives two channels", {".flatten(1, 2)": ".sum(2)"}),
        edit(
            "all v come before all u: Eq. 1 takes them in turn, u1, v1, u2, v2",
            {".flat": ".flip(2).transpose(1, 2).flat"},
        ),
        edit(
            "time runs backwards from `start`: take start, start + 1, ...",
            {FIELDS: "torch.arange(start, start - length, -1)"},
        ),
    ),
    hints=(
        "Take L fields, and write their components one after the other as channels. Which of the two axes, field or "
        "component, must change faster for u1, v1, u2, v2?",
        "`flow[:, a:b]` takes fields a to b - 1. `x.flatten(1, 2)` makes one axis of axes 1 and 2; the later of them "
        "changes faster.",
        "`flow[:, start : start + ____].flatten(____, ____)`",
    ),
)
