"""16.5: PCK, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).square().sum(dim=-1).sqrt()  # (B, N)
    allowed = alpha * boxes.amax(dim=-1, keepdim=True)  # (B, 1)
    return (error <= allowed).float().mean().item()
"""

ERROR, ALLOWED = "(predicted - truth).square().sum(dim=-1).sqrt()", "alpha * boxes.amax(dim=-1, keepdim=True)"


def _cases(generator):
    def problem(batch, number, alpha):
        """Errors spread evenly over 0 to twice what is allowed, in all directions, none on the border."""
        boxes = 20 + 60 * torch.rand(batch, 2, generator=generator)
        truth = 100 * torch.rand(batch, number, 2, generator=generator)
        share = 2 * (torch.randperm(batch * number, generator=generator).view(batch, number) + 0.5) / (batch * number)
        share = torch.where((share - 1).abs() < 0.02, 0.9, share)
        angle = 6.2832 * torch.rand(batch, number, generator=generator)
        length = share * alpha * boxes.amax(-1, keepdim=True)
        return truth + length[..., None] * torch.stack([angle.cos(), angle.sin()], -1), truth, boxes, alpha

    by_hand = (torch.tensor([[[3.0, 4], [9, 0]]]), torch.zeros(1, 2, 2), torch.tensor([[40.0, 24]]), 0.125)
    return [
        Case("by hand: errors 5 and 9, a box of 40 x 24, 0.125", by_hand),
        Case("4 pictures, 25 points, 0.1", problem(4, 25, 0.1)),
        Case("2 pictures, 40 points, 0.05", problem(2, 40, 0.05)),
        Case("7 pictures, 11 points, 0.2", problem(7, 11, 0.2)),
    ]


pck = exercise(
    "16.5",
    "Fix the bugs: PCK",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "both bugs are still there: an error is a length, and the longer side of *its own* box counts",
            {ERROR: "(predicted - truth).abs().amax(dim=-1)", ALLOWED: "alpha * boxes.mean()"},
        ),
        edit(
            "one bug is left: an error is the *length* of the difference, not its larger coordinate",
            {ERROR: "(predicted - truth).abs().amax(dim=-1)"},
        ),
        edit(
            "one bug is left: every picture has a box of its own, and its longer side counts",
            {ALLOWED: "alpha * boxes.mean()"},
        ),
        edit("this is the shorter side: PCK takes the longer one, max(w, h)", {"amax": "amin"}),
        edit("this is the mean of both sides: PCK takes the longer one, max(w, h)", {"boxes.amax": "boxes.mean"}),
        edit("this is the diagonal: PCK takes the longer side, max(w, h)", {"boxes.amax": "boxes.norm"}),
        edit(
            "this is the width: PCK takes the longer side, max(w, h)",
            {"boxes.amax(dim=-1, keepdim=True)": "boxes[:, :1]"},
        ),
        edit(
            "this is the height: PCK takes the longer side, max(w, h)",
            {"boxes.amax(dim=-1, keepdim=True)": "boxes[:, 1:]"},
        ),
        edit(
            "the largest of *all* boxes is taken: every picture has its own",
            {"boxes.amax(dim=-1, keepdim=True)": "boxes.amax()"},
        ),
        edit("the squared error is compared: take the root", {".sqrt()": ""}),
        edit(
            "the coordinates are added up: take the length of the difference",
            {ERROR: "(predicted - truth).abs().sum(dim=-1)"},
        ),
        edit("this is the share of *wrong* points", {"<= allowed": "> allowed"}),
        edit(
            "alpha is missing: a point may be off by a share of the box", {ALLOWED: "boxes.amax(dim=-1, keepdim=True)"}
        ),
        edit("the error is a length, and only x was compared", {ERROR: "(predicted - truth)[..., 0].abs()"}),
        edit("the error is a length, and only y was compared", {ERROR: "(predicted - truth)[..., 1].abs()"}),
        edit("PCK is a share, 0 to 1: here it is a number of points", {"mean()": "sum()"}),
        edit("one number is asked for, over all pictures", {".mean().item()": ".mean(dim=1)"}),
        edit("this is the sum of both sides: PCK takes the longer one, max(w, h)", {"boxes.amax": "boxes.sum"}),
        edit(
            "this is the root of the area: PCK takes the longer side, max(w, h)",
            {"boxes.amax(dim=-1, keepdim=True)": "boxes.prod(dim=-1, keepdim=True).sqrt()"},
        ),
        edit("half the side is allowed: alpha is a share of the whole one", {ALLOWED: f"{ALLOWED} / 2"}),
        edit("the root is of the *sum* of squares, not of their mean", {"square().sum(": "square().mean("}),
        edit(
            "x is compared with the width and y with the height: an error is one length, and the longer side counts",
            {ERROR: "((predicted - truth).abs() / boxes[:, None]).amax(dim=-1)", ALLOWED: "alpha"},
        ),
        edit(
            "the coordinates are counted one by one: a point is right or wrong as a whole",
            {ERROR: "(predicted - truth).abs()", "<= allowed": "<= allowed[:, None]"},
        ),
        edit(
            "every point counts by itself, not only pictures where all are right",
            {"(error <= allowed)": "(error <= allowed).all(dim=1)"},
        ),
        edit("errors are not averaged: each is compared by itself", {"(error <=": "(error.mean() <="}),
    ),
    hints=(
        "Check both with a pencil: predicted (3, 4), true (0, 0): how far off is that? And which number may it be off "
        "by, if the box is 80 wide and 40 high and alpha is 0.1?",
        "The length of a difference: `.square().sum(dim=-1).sqrt()`, or `.norm(dim=-1)`. `amax(dim=-1, keepdim=True)` "
        "takes the longer side of each box and keeps an axis for the points.",
        "`error = (predicted - truth).norm(dim=____)`, `allowed = alpha * boxes.____(dim=-1, keepdim=True)`.",
    ),
)
