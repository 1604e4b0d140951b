"""04.7: what is hidden in the other picture."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
from course_lib.ops.warp import in_view, warp


def hidden(forward, backward):
    back = warp(backward, forward)
    gap = (forward + back).square().sum(1)
    tolerance = 0.01 * (forward.square().sum(1) + back.square().sum(1)) + 0.5
    return (gap > tolerance) | ~in_view(forward)
"""

FETCHED = "warp(backward, forward)"
GAP = "(forward + back).square().sum(1)"
SQUARED = "|f|^2 is u^2 + v^2, the sum of the squares of both components, at each pixel: .square().sum(1)"
LENGTHS = "(forward.square().sum(1) + back.square().sum(1))"


def _cases(generator):
    def noise(batch, height, width, scale):
        return scale * torch.randn(batch, 2, height, width, generator=generator)

    def nearly_opposite(batch, height, width, speed):
        """A uniform motion, its opposite, and errors of half a pixel or so in both."""
        motion = noise(batch, 1, 1, speed).expand(-1, -1, height, width)
        return motion + noise(batch, height, width, 0.4), noise(batch, height, width, 0.4) - motion

    square, back = torch.zeros(1, 2, 8, 9), torch.zeros(1, 2, 8, 9)
    square[:, 0, 2:4, 2:4], back[:, 0, 2:4, 4:6] = 2.0, -2.0
    return [
        Case("a square of 2 x 2 pixels moves right by 2", (square, back)),
        Case("slow, 2 fields of 24 x 33", nearly_opposite(2, 24, 33, 1.0)),
        Case("fast, 2 fields of 36 x 30", nearly_opposite(2, 36, 30, 4.0)),
        Case("fields that have nothing to do with each other", (noise(1, 40, 34, 1.5), noise(1, 40, 34, 1.5))),
        Case("long vectors: the tolerance grows with them", nearly_opposite(1, 60, 60, 12.0)),
    ]


hidden = exercise(
    "04.7",
    "What is hidden?",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.flow.occlusion",),
    mistakes=(
        edit(
            "the backward flow is read at the same pixel: fetch it from where the forward flow points, with warp",
            {FETCHED: "backward"},
        ),
        edit(
            "the difference is taken: going and coming back cancel in the sum, forward + backward",
            {"(forward + back)": "(forward - back)"},
        ),
        edit(
            "the gap is that of the sum of both vectors, |f + b|^2: add first, then square, so that going and "
            "coming back "
            "cancel",
            {GAP: "forward.square().sum(1) + back.square().sum(1)"},
        ),
        edit(
            "the tolerance grows with |f|^2 + |b|^2, the squares of both lengths: square first, then add",
            {LENGTHS: "(forward + back).square().sum(1)"},
        ),
        edit(
            "the tolerance takes squared lengths, as the gap does",
            {LENGTHS: "(forward.norm(dim=1) + back.norm(dim=1))"},
        ),
        edit(
            "gap and tolerance take lengths: all of them are squared, |f + b|^2, |f|^2 and |b|^2",
            {GAP: "(forward + back).norm(dim=1)", LENGTHS: "(forward.norm(dim=1) + back.norm(dim=1))"},
        ),
        edit(
            "brackets are missing: 0.01 multiplies the sum of both squared lengths",
            {LENGTHS: "forward.square().sum(1) + back.square().sum(1)"},
        ),
        edit(
            "only what leaves the picture is marked: what something else covers is missing",
            {"(gap > tolerance) | ": ""},
        ),
        edit(
            "the gap compares how long the vectors are: add them, and take the length of the sum",
            {GAP: "(forward.norm(dim=1) - back.norm(dim=1)).square()"},
        ),
        edit(
            "the lengths are added before they are squared: |f|^2 + |b|^2 squares each of them",
            {LENGTHS: "(forward.norm(dim=1) + back.norm(dim=1)).square()"},
        ),
        edit(
            "the fetched backward flow says nothing about what leaves: in_view(forward)",
            {"in_view(forward)": "in_view(back)"},
        ),
        edit(
            "the wrong field is fetched: walk along the forward flow, and read the backward flow there",
            {
                FETCHED: "warp(forward, backward)",
                "(forward + back)": "(backward + back)",
                "(forward.square": "(backward.square",
            },
        ),
        edit("the tolerance has 0.01 in front of the lengths, not 0.1", {"0.01": "0.1"}),
        edit(SQUARED, {GAP: "(forward + back).sum(1).square()"}),
        edit(SQUARED, {GAP: "(forward + back).abs().sum(1)"}),
        edit(SQUARED, {".sum(1)": ".mean(1)"}),
        edit(SQUARED, {".sum(1)": ""}),
        edit(SQUARED, {".sum(1)": ".sum()"}),
        edit(SQUARED, {".sum(1)": ".sum(0)"}),
        edit(
            "the backward flow is read on the wrong side: fetch it from where the forward flow points, not from the "
            "opposite place",
            {FETCHED: "warp(backward, -forward)"},
        ),
        edit(
            "the backward flow is fetched along itself: fetch it from where the *forward* flow points",
            {FETCHED: "warp(backward, backward)"},
        ),
        edit(
            "the wrong field is fetched: warp the backward flow along the forward flow",
            {FETCHED: "warp(forward, backward)"},
        ),
        edit(
            "this marks what is seen: hidden is where the gap is *larger* than the tolerance",
            {"gap > tolerance": "gap <= tolerance"},
        ),
        edit("what leaves the picture is missing: ~in_view(forward)", {" | ~in_view(forward)": ""}),
        edit(
            "this marks what stays in the picture: in_view is true there, so turn it around with ~",
            {"~in_view": "in_view"},
        ),
        edit(
            "the backward flow says nothing about what leaves: in_view(forward)",
            {"in_view(forward)": "in_view(backward)"},
        ),
        edit(
            "this marks what is seen, all of it: the mask is true where something is hidden",
            {"(gap > tolerance) | ~in_view(forward)": "(gap <= tolerance) & in_view(forward)"},
        ),
        edit(
            "the tolerance grows with both vectors: the backward one is missing",
            {LENGTHS: "forward.square().sum(1)"},
        ),
        edit("the tolerance grows with both vectors: the forward one is missing", {LENGTHS: "back.square().sum(1)"}),
        edit(
            "the tolerance takes the backward flow of the same pixel: take the one where you arrive, in both places",
            {"+ back.square": "+ backward.square"},
        ),
        edit(
            "0.5 square pixels stand outside the bracket: only the lengths are multiplied by 0.01",
            {".sum(1)) + 0.5": ".sum(1) + 0.5)"},
        ),
        edit("| binds tighter than >: put brackets around gap > tolerance", {"(gap > tolerance)": "gap > tolerance"}),
        edit("the constant 0.5 of the tolerance is missing", {" + 0.5": ""}),
        edit("the part of the tolerance that grows with the vectors is missing", {f"0.01 * {LENGTHS} + 0.5": "0.5"}),
        edit("the gap is not squared: the tolerance is in square pixels", {"gap > ": "gap.sqrt() > "}),
        edit("one of the two conditions is enough: join them with |, not with &", {"| ~in_view": "& ~in_view"}),
        edit(
            "the two squared lengths are multiplied: add them",
            {"forward.square().sum(1) + back": "forward.square().sum(1) * back"},
        ),
    ),
    hints=(
        "Walk from a pixel along the forward flow. Where you arrive, read the backward flow and walk along it. If you "
        "are not back where you started, something was in between.",
        "`back = warp(backward, forward)` is the backward flow where you arrive. `x.square().sum(1)` is a squared "
        "length, (B, H, W). Two masks are joined by `|`, and `~` turns one around.",
        "`gap = (forward + ____).square().sum(1)`, `tolerance = 0.01 * (forward.square().sum(1) + ____) + 0.5`, "
        "`return (gap > ____) | ~in_view(____)`.",
    ),
)
