"""15.5: recall at k."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.metrics.retrieval import recall_at

SOLUTION = """
import torch


def recall_at_k(points, labels, k):
    distance = torch.cdist(points, points).fill_diagonal_(torch.inf)
    nearest = distance.topk(k, dim=1, largest=False).indices
    found = (labels[nearest] == labels[:, None]).any(dim=1)
    return found.float().mean().item()
"""

ITSELF, NEAREST = ".fill_diagonal_(torch.inf)", "distance.topk(k, dim=1, largest=False).indices"
FOUND = "(labels[nearest] == labels[:, None]).any(dim=1)"
SHARE = "this is the share of right neighbours (precision): a search succeeds if one of the k is right, .any(dim=1)"
MAJORITY = "this asks whether *all* k are right: one is enough, .any(dim=1)"


def _cases(generator):
    def batch(number, classes, width=3):
        labels = torch.randperm(number, generator=generator) % classes
        points = torch.randn(classes, width, generator=generator)[labels] * 0.5
        return points + torch.randn(number, width, generator=generator), labels

    lonely = torch.cat([torch.arange(10) + 3, torch.arange(30) % 3])[torch.randperm(40, generator=generator)]
    return [
        Case(
            "by hand, on a line: 0, 1, 3, 7 and 8.5, k = 1",
            (torch.tensor([[0.0], [1], [3], [7], [8.5]]), torch.tensor([0, 1, 1, 0, 0]), 1),
        ),
        Case("48 points of 6 classes, k = 1", (*batch(48, 6), 1)),
        Case("64 points of 9 classes, k = 3", (*batch(64, 9), 3)),
        Case("57 points of 8 classes, k = 2", (*batch(57, 8, 6), 2)),
        Case("ten classes with a single point, k = 2", (torch.randn(40, 2, generator=generator), lonely, 2)),
    ]


recall_at_k = exercise(
    "15.5",
    "Recall at k",
    points=2,
    solution=SOLUTION,
    same_as=recall_at,
    cases=_cases,
    mistakes=(
        edit(
            "every search succeeds: leave each point out of its own neighbours (torch.inf on the diagonal, then the "
            "*smallest*), and ask each point alone, .any(dim=1)",
            {ITSELF: ""},
        ),
        edit("these are the furthest points: largest=False", {", largest=False": "", ITSELF: ""}),
        edit("these are the furthest points: largest=False", {", largest=False": "", "torch.inf": "-torch.inf"}),
        edit(SHARE, {FOUND: "(labels[nearest] == labels[:, None])"}),
        edit(MAJORITY, {".any(dim=1)": ".all(dim=1)"}),
        edit(
            "only the k-th neighbour is looked at: any of the first k will do",
            {FOUND: "labels[nearest[:, -1]] == labels"},
        ),
        edit(
            "only the nearest neighbour is looked at: any of the k will do", {FOUND: "labels[nearest[:, 0]] == labels"}
        ),
        edit("this is the number of successes: divide by the number of points", {".mean()": ".sum()"}),
        edit("these are percent: a share from 0 to 1 is asked for", {".item()": ".item() * 100"}),
        edit("this is the share of failures", {".any(dim=1)": ".any(dim=1).logical_not()"}),
        edit(
            "this compares by the product of the points, not by their distance",
            {"torch.cdist(points, points)": "(-points @ points.T)"},
        ),
        edit("every point still has an answer of its own: take the mean", {".mean().item()": ""}),
        edit("this looks at k + 1 neighbours: the point itself is out already", {"topk(k,": "topk(k + 1,"}),
        edit(
            "this looks at k - 1 neighbours: the point itself is out already, or counted as one of the k",
            {NEAREST: f"{NEAREST}[:, 1:]", ITSELF: ""},
        ),
        edit("the nearest neighbour is dropped: it is no longer the point itself", {NEAREST: f"{NEAREST}[:, 1:]"}),
        edit(
            "this is recall as other fields count it, the share of the class that was found: here one of the k is "
            "enough, .any(dim=1)",
            {
                FOUND: "((labels[nearest] == labels[:, None]).sum(dim=1)"
                " / (labels == labels[:, None]).sum(dim=1).sub(1).clamp(min=1))"
            },
        ),
        edit(
            "here the k neighbours vote, and the majority decides: one of them is enough, .any(dim=1)",
            {FOUND: "labels[nearest].mode(dim=1).values == labels"},
        ),
        edit(
            "points that are alone in their class are left out: they count, as failures",
            {"found.float()": "found[(labels == labels[:, None]).sum(dim=1) > 1].float()"},
        ),
        edit(
            "the numbers of the neighbours are compared with classes: their classes are labels[nearest]",
            {FOUND: "(nearest == labels[:, None]).any(dim=1)"},
        ),
        edit(
            "this divides by the number of classes: divide by the number of points",
            {"found.float().mean()": "(found.float().sum() / len(labels.unique()))"},
        ),
        edit(
            "this is the distance as one walks along streets (L1): take the straight one",
            {"torch.cdist(points, points)": "torch.cdist(points, points, p=1)"},
        ),
        edit(
            "this compares by angles (cosine), not by distance",
            {
                "torch.cdist(points, points)": "(-(points / points.norm(dim=1, keepdim=True)) @ (points / points.norm("
                "dim=1, keepdim=True)).T)"
            },
        ),
    ),
    hints=(
        "Every point asks: is one of my k nearest others of my class? The share of those who say yes.",
        "`torch.cdist(points, points)` has all distances, `.fill_diagonal_(torch.inf)` takes each point out of its own "
        "neighbours, `.topk(k, dim=1, largest=False).indices` are the k nearest; `labels[nearest]` has their classes.",
        "`found = (labels[nearest] == labels[:, ____]).____(dim=1)`; return `found.float().____().item()`.",
    ),
)
