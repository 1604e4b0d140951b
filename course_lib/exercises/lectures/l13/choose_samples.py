"""13.2: which boxes are examples of the target, and which of background."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
from course_lib.ops.boxes import iou as overlap


def choose_samples(boxes, truth, positive=0.7, negative=0.5):
    share = overlap(boxes, truth)
    return boxes[share >= positive], boxes[share <= negative]
"""

PAIR, SHARE = "boxes[share >= positive], boxes[share <= negative]", "overlap(boxes, truth)"


def _cases(generator):
    def around(truth, number, spread):
        noise = torch.rand(number, 4, generator=generator) - 0.5
        return truth + spread * noise * torch.tensor([truth[2], truth[3], truth[2], truth[3]])

    truth = torch.tensor([12.0, 30, 24, 16])
    near, far = around(truth, 12, 0.2), around(truth, 12, 1.5) + 6
    mixed = torch.cat([near, around(truth, 12, 0.6), far])[torch.randperm(36, generator=generator)]
    # IoU of exactly 0.5 and 0.75: both limits are included. The last one has 0.725.
    exact = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 2], [0, 0, 4, 3], [0, 0, 4, 1], [3, 3, 4, 4], [0, 0, 4, 2.9]])
    return [
        Case("36 boxes around one", (mixed, truth)),
        Case("online: at least 0.7, at most 0.3", (mixed, truth), {"negative": 0.3}),
        Case("limits are included", (exact, torch.tensor([0.0, 0, 4, 4]), 0.75, 0.5)),
        Case("no positive at all", (far + 100, truth)),
    ]


choose_samples = exercise(
    "13.2",
    "Samples by overlap",
    points=1,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "what lies between the limits is neither: here it counts as background",
            {"share <= negative": "share < positive"},
        ),
        edit(
            "what lies between the limits is neither: here it counts as target",
            {"share >= positive": "share > negative"},
        ),
        edit("the limits belong to the samples: >= and <=", {">=": ">", "<=": "<"}),
        edit("the lower limit belongs to the positives: >=", {">=": ">"}),
        edit("the upper limit belongs to the negatives: <=", {"<=": "<"}),
        edit("first the positives, then the negatives", {PAIR: "boxes[share <= negative], boxes[share >= positive]"}),
        edit("these are masks: return the boxes that they choose", {PAIR: "share >= positive, share <= negative"}),
        edit(
            "these are the overlaps: return the boxes that have them",
            {PAIR: "share[share >= positive], share[share <= negative]"},
        ),
        edit("the limit for negatives is always 0.5 here: take the argument", {"<= negative": "<= 0.5"}),
        edit("the limit for positives is always 0.7 here: take the argument", {">= positive": ">= 0.7"}),
        edit(
            "the comparisons are turned round: positives overlap much",
            {PAIR: "boxes[share <= positive], boxes[share >= negative]"},
        ),
        edit(
            "these are the row numbers: return the boxes",
            {PAIR: "(share >= positive).nonzero()[:, 0], (share <= negative).nonzero()[:, 0]"},
        ),
        edit(
            "these are the numbers of samples: return the boxes",
            {PAIR: "(share >= positive).sum(), (share <= negative).sum()"},
        ),
        edit(
            "boxes that share nothing at all are background, too",
            {"share <= negative": "(share > 0) & (share <= negative)"},
        ),
        edit(
            "these negatives lie between the limits: background overlaps by at most the lower one",
            {"share <= negative": "(share >= negative) & (share < positive)"},
        ),
    ),
    hints=(
        "Two questions to every box: does it overlap enough to be a target, or little enough to be background? Some "
        "boxes answer no to both and are left out.",
        "`overlap(boxes, truth)` is (N,). A comparison gives (N,) of True and False, and `boxes[mask]` keeps the rows "
        "where it is True.",
        "`return boxes[share >= ____], boxes[share ____ negative]`",
    ),
)
