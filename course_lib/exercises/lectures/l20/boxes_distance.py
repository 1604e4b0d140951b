"""20.6: the signed distance to a union of boxes."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def boxes_distance(points, centers, halves):
    beyond = (points[:, None] - centers).abs() - halves
    outside = beyond.clamp(min=0).norm(dim=-1)
    inside = beyond.amax(-1).clamp(max=0)
    return (outside + inside).amin(1)
"""

BEYOND = "(points[:, None] - centers).abs() - halves"
OUTSIDE, INSIDE, UNION = (
    "beyond.clamp(min=0).norm(dim=-1)",
    "beyond.amax(-1).clamp(max=0)",
    "(outside + inside).amin(1)",
)


def _cases(generator):
    def boxes(number, count):
        centers = 0.5 * torch.rand(count, 3, generator=generator) - 0.25
        halves = 0.08 + 0.2 * torch.rand(count, 3, generator=generator)
        anywhere = torch.rand(number, 3, generator=generator) - 0.5
        within = centers[torch.arange(number) % count]  # near the middle of a box, so surely inside
        within = within + 0.12 * (torch.rand(number, 3, generator=generator) - 0.5)
        return torch.cat([anywhere, within]), centers, halves

    by_hand = torch.tensor([[0.0, 0, 0], [2, 0, 0], [1, 2, 3], [4, 5, 0], [0.9, 0, 0]])
    return [
        Case(
            "by hand: 5 points, a box of half extents 1, 2, 3",
            (by_hand, torch.zeros(1, 3), torch.tensor([[1.0, 2, 3]])),
        ),
        Case("14 points, 1 box", boxes(7, 1)),
        Case("18 points, 4 boxes", boxes(9, 4)),
        Case("10 points, 2 boxes", boxes(5, 2)),
    ]


boxes_distance = exercise(
    "20.6",
    "The signed distance to a union of boxes",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "this is the *intersection* of the boxes: the union is as near as the nearest box", {"amin(1)": "amax(1)"}
        ),
        edit(
            "distances of several boxes do not add up: the union is as near as the nearest box", {"amin(1)": "sum(1)"}
        ),
        edit("the union is as near as the nearest box: this is the mean", {"amin(1)": "mean(1)"}),
        edit("one number per point: the smallest over the boxes is missing", {".amin(1)": ""}),
        edit("this is the nearest box for all points together: the smallest for each point", {"amin(1)": "amin(0)"}),
        edit("inside, the distance is 0 here: it is negative there", {UNION: "outside.amin(1)"}),
        edit("outside, the distance is 0 here", {UNION: "inside.amin(1)"}),
        edit("outside is positive, inside negative: the sign is turned", {UNION: "-(outside + inside).amin(1)"}),
        edit(
            "inside, the nearest face counts, where the coordinate is *largest* (nearest to 0)",
            {INSIDE: "beyond.amin(-1).clamp(max=0)"},
        ),
        edit(
            "inside, the nearest face counts alone: no length of three numbers",
            {INSIDE: "-beyond.clamp(max=0).norm(dim=-1)"},
        ),
        edit(
            "outside near a corner, this is too small: the length of the three numbers, not the largest",
            {UNION: "beyond.amax(-1).amin(1)"},
        ),
        edit(
            "this adds the three numbers: the length is the root of the sum of squares",
            {OUTSIDE: "beyond.clamp(min=0).sum(-1)"},
        ),
        edit("the root is missing: this is the squared distance", {OUTSIDE: "beyond.clamp(min=0).square().sum(-1)"}),
        edit(
            "negative coordinates are within the box: 0 instead of them, before the length is taken",
            {OUTSIDE: "beyond.norm(dim=-1)"},
        ),
        edit("only the first box is there: the smallest over all of them", {".amin(1)": "[:, 0]"}),
        edit("(P,) is asked for: an axis of size 1 is too many", {UNION: "(outside + inside).amin(1)[:, None]"}),
        edit(
            "the length of the three numbers of a point and box, not of all numbers together",
            {OUTSIDE: "beyond.clamp(min=0).norm()"},
        ),
        edit("inside, the nearest face counts alone: no sum of three numbers", {INSIDE: "beyond.clamp(max=0).sum(-1)"}),
        edit(
            "inside, the nearest face counts alone: no mean of three numbers", {INSIDE: "beyond.mean(-1).clamp(max=0)"}
        ),
        edit(
            "outside, what lies *beyond* counts: 0 instead of the negative numbers, not of the positive",
            {OUTSIDE: "beyond.clamp(max=0).norm(dim=-1)"},
        ),
        edit(
            "distances are not scaled by the box: subtract the half extents, do not divide by them",
            {BEYOND: "((points[:, None] - centers) / halves).abs() - 1"},
        ),
        edit(
            "this is the distance to a ball around each box",
            {BEYOND: "((points[:, None] - centers).norm(dim=-1) - halves.norm(dim=-1))[..., None]"},
        ),
        edit(
            "first the size of the coordinate, then the half extent is subtracted: |p - c| - h",
            {BEYOND: "(points[:, None] - centers - halves).abs()"},
        ),
        edit("the half extents are subtracted: |p - c| - h", {BEYOND: "(points[:, None] - centers).abs() + halves"}),
        edit(
            "the clamp to 0.1 belongs to DeepSDF's loss, not to the distance",
            {UNION: "(outside + inside).amin(1).clamp(-0.1, 0.1)"},
        ),
        edit(
            "the box with the nearest *centre* need not be the nearest box",
            {UNION: "(outside + inside).gather(1, (points[:, None] - centers).norm(dim=-1).argmin(1)[:, None])[:, 0]"},
        ),
        edit("`.abs()` is missing: a box reaches as far to the left as to the right", {".abs()": ""}),
        edit("`halves` are half extents already: do not halve them", {"- halves": "- halves / 2"}),
        edit(
            "`halves` are half extents, from the middle to the face: do not double them", {"- halves": "- 2 * halves"}
        ),
        edit("the boxes stand at their centres: subtract those", {"(points[:, None] - centers)": "points[:, None]"}),
        edit("the distance to the middle of the box: the half extents are missing", {" - halves": ""}),
        edit(
            "the largest coordinate is cut at 0 only inside: outside it must not count once more", {".clamp(max=0)": ""}
        ),
        edit(
            "the surface is not everything: this is the unsigned distance", {UNION: "(outside + inside).abs().amin(1)"}
        ),
        edit("this is yes or no: a signed distance is asked for", {UNION: "(outside + inside).amin(1) < 0"}),
    ),
    hints=(
        "One box about 0 first: by how much is |x| beyond the half extent, along each axis? Outside, only what is "
        "beyond counts, as a length. Inside, all three are negative, and the nearest face decides. A union is as near "
        "as its nearest part.",
        "`points[:, None] - centers` is (P, N, 3). `.clamp(min=0)` keeps what is beyond, `.norm(dim=-1)` is a length, "
        "`.amax(-1)` the largest of three, `.clamp(max=0)` keeps what is negative.",
        "`beyond = (points[:, None] - centers).abs() - ____`; `outside = beyond.clamp(min=0).____`; `inside = "
        "beyond.____(-1).clamp(max=0)`; `(outside + inside).____(1)`.",
    ),
)
