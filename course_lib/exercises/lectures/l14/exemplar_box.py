"""14.4: the exemplar is a square with some context."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.boxes import with_context

SOLUTION = """
import torch


def exemplar_box(boxes):
    x, y, w, h = boxes.unbind(-1)
    p = (w + h) / 2
    side = ((w + p) * (h + p)).sqrt()
    return torch.stack([x + w / 2 - side / 2, y + h / 2 - side / 2, side, side], dim=-1)
"""

P, SIDE = "(w + h) / 2", "((w + p) * (h + p)).sqrt()"
CORNER = "x + w / 2 - side / 2, y + h / 2 - side / 2, side, side"


def _cases(generator):
    def boxes(number):
        return torch.rand(number, 4, generator=generator) * torch.tensor([100.0, 60, 40, 25]) + torch.tensor(
            [0, 0, 3, 2]
        )

    return [
        Case("by hand: 20 x 20 at (50, 40)", (torch.tensor([[50.0, 40, 20, 20]]),)),
        Case("by hand: 30 x 10, not square", (torch.tensor([[10.0, 20, 30, 10]]),)),
        Case("a tall box that reaches out of the frame", (torch.tensor([[-7.0, 3, 8, 31]]),)),
        Case("5 boxes", (boxes(5),)),
    ]


exemplar_box = exercise(
    "14.4",
    "The exemplar, with context",
    points=1,
    solution=SOLUTION,
    same_as=with_context,
    cases=_cases,
    forbidden=("course_lib.trackers.siamfc_training._cut",),
    mistakes=(
        edit(
            "the middle moves: the square lies about the middle of the box, not at its corner",
            {CORNER: "x, y, side, side"},
        ),
        edit("p is added twice to each side: the paper's 2p is (w + h) / 2 in all", {P: "w + h"}),
        edit("this is half of the context: 2p = (w + h) / 2 in all", {P: "(w + h) / 4"}),
        edit("there is no context: add (w + h) / 2 to both width and height", {P: "0 * w"}),
        edit("the root is missing: the square has the *area* (w + 2p)(h + 2p)", {SIDE: "(w + p) * (h + p)"}),
        edit(
            "the exemplar is square: its side is the root of the area", {CORNER: "x - p / 2, y - p / 2, w + p, h + p"}
        ),
        edit("this is the longer side: the square has the same *area*", {SIDE: "torch.maximum(w, h) + p"}),
        edit(
            "this is the mean of the sides: the square has the same *area*, a geometric mean", {SIDE: "(w + h) / 2 + p"}
        ),
        edit("the context depends on the area of the box: 2p = (w + h) / 2", {P: "(w * h).sqrt()"}),
        edit(
            "x is moved by half the height, y by half the width: the other way round",
            {CORNER: "x + h / 2 - side / 2, y + w / 2 - side / 2, side, side"},
        ),
        edit(
            "these are the middle and the side: x and y are the upper left corner",
            {CORNER: "x + w / 2, y + h / 2, side, side"},
        ),
        edit(
            "these are two corners: return x, y, width, height",
            {CORNER: "x + w / 2 - side / 2, y + h / 2 - side / 2, x + w / 2 + side / 2, y + h / 2 + side / 2"},
        ),
        edit(
            "the middle of a box between edges is x + w / 2, not x + (w - 1) / 2",
            {CORNER: "x + (w - 1) / 2 - side / 2, y + (h - 1) / 2 - side / 2, side, side"},
        ),
        edit(
            "the square is half a pixel off: x + w / 2 - side / 2",
            {CORNER: "x + w / 2 - (side - 1) / 2, y + h / 2 - (side - 1) / 2, side, side"},
        ),
        edit("the axis of (x, y, w, h) is the last: stack along dim=-1", {"dim=-1": "dim=0"}),
        edit(
            "each side has a context of its own: p is the same for both", {SIDE: "((w + w / 2) * (h + h / 2)).sqrt()"}
        ),
        edit(
            "this doubles both sides and keeps the shape: the exemplar is square",
            {CORNER: "x - w / 2, y - h / 2, 2 * w, 2 * h"},
        ),
        edit(
            "this is twice the longer side: the square has the area (w + 2p)(h + 2p)", {SIDE: "2 * torch.maximum(w, h)"}
        ),
        edit("this is twice the geometric mean: right for squares alone", {SIDE: "2 * (w * h).sqrt()"}),
        edit(
            "the corner is rounded: boxes are between pixels here",
            {CORNER: "(x + w / 2 - side / 2).round(), (y + h / 2 - side / 2).round(), side, side"},
        ),
        edit(
            "the middle of the square lies at the box's corner: add w / 2 and h / 2",
            {CORNER: "x - side / 2, y - side / 2, side, side"},
        ),
        edit(
            "the corner moves by half of the context, which keeps the middle of squares alone: x + w / 2 - side / 2",
            {CORNER: "x - p / 2, y - p / 2, side, side"},
        ),
        edit(
            "the corner moves inwards: a larger square begins left of the box and above it",
            {CORNER: "x + (side - w) / 2, y + (side - h) / 2, side, side"},
        ),
        edit(
            "the exemplar is square: its width and its height are both `side`",
            {CORNER: "x + w / 2 - side / 2, y + h / 2 - side / 2, w + p, h + p"},
        ),
        edit("the root is of the first factor alone: it is of the product", {SIDE: "(w + p).sqrt() * (h + p)"}),
        edit("this is the shorter side: the square has the same *area*", {SIDE: "torch.minimum(w, h) + p"}),
        edit("the side is doubled: it is the root alone", {SIDE: "2 * ((w + p) * (h + p)).sqrt()"}),
        edit(
            "this is the search image's square: the exemplar's side is the root alone",
            {SIDE: "((w + p) * (h + p)).sqrt() * 255 / 127"},
        ),
        edit(
            "x and y are halved, too: the middle is x + w / 2, y + h / 2",
            {CORNER: "(x + w) / 2 - side / 2, (y + h) / 2 - side / 2, side, side"},
        ),
    ),
    hints=(
        "Three steps: how much context, which side has a square of that area, where its corner lies so that the middle "
        "stays.",
        "`x, y, w, h = boxes.unbind(-1)`. Add the same context to w and to h; the side is the root of their product.",
        "`p = ____`, `side = ((w + p) * (h + p)).sqrt()`, and the corner is `x + ____ - side / 2`, and so for y.",
    ),
)
