"""15.4: semi-hard negatives."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def semi_hard(distance, labels, margin):
    chosen = []
    for a in range(len(labels)):
        for p in range(a + 1, len(labels)):
            if labels[a] != labels[p]:
                continue
            gap = distance[a] - distance[a, p]
            allowed = (labels != labels[a]) & (gap > 0) & (gap < margin)
            if allowed.any():
                n = gap.masked_fill(~allowed, torch.inf).argmin()
                chosen.append((a, p, int(n)))
    return torch.tensor(chosen, dtype=torch.long).reshape(-1, 3)
"""

ALLOWED = "(labels != labels[a]) & (gap > 0) & (gap < margin)"
CHOICE, GAP = "gap.masked_fill(~allowed, torch.inf).argmin()", "distance[a] - distance[a, p]"
FOUND = "if allowed.any()"
IN_THEIR_ORDER = "of the semi-hard negatives this takes the first in the batch: take the nearest to the anchor"
PLACE = "the negative's number is its place among a part of the points: its place in the batch is asked for"
NO_SIGN = "the sign of the gap is lost, so that nearer ones came, too: further than the positive, gap > 0"


def _cases(generator):
    def batch(number, classes):
        """Distances that are whole sixteenths, all different, and labels: no result hangs on the last digit."""
        upper = torch.triu_indices(number, number, offset=1)
        distance = torch.zeros(number, number)
        distance[upper[0], upper[1]] = (torch.randperm(upper.shape[1], generator=generator) + 1) / 16
        return distance + distance.T, torch.randperm(number, generator=generator) % classes

    by_hand = torch.tensor(
        [[0, 2, 2, 3, 4], [2, 0, 4, 2.5, 1.5], [2, 4, 0, 5, 7], [3, 2.5, 5, 0, 7], [4, 1.5, 7, 7, 0]]
    )
    return [
        Case(
            "by hand: 5 points, margin 2, some exactly as far as the positive, or further by just the margin",
            (by_hand, torch.tensor([0, 0, 1, 1, 2]), 2.0),
        ),
        Case("10 points, 3 classes, a wide margin", (*batch(10, 3), 1.53)),
        Case("12 points, 4 classes, a narrow margin", (*batch(12, 4), 0.47)),
        Case("9 points, 2 classes", (*batch(9, 2), 0.91)),
        Case(
            "two classes far apart: no triplet",
            (torch.tensor([[0, 1, 9.0], [1, 0, 9], [9, 9, 0]]), torch.tensor([4, 4, 1]), 2.0),
        ),
    ]


semi_hard = exercise(
    "15.4",
    "Semi-hard negatives",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "these are the hardest negatives: a semi-hard one is further from the anchor than the positive, gap > 0",
            {ALLOWED: "(labels != labels[a]) & (gap < margin)"},
        ),
        edit(
            "negatives beyond the margin came, whose loss is 0: gap < margin",
            {ALLOWED: "(labels != labels[a]) & (gap > 0)"},
        ),
        edit(
            "this takes the nearest of all negatives and only then asks whether it is semi-hard: ask first",
            {
                CHOICE: "gap.masked_fill(labels == labels[a], torch.inf).argmin()",
                FOUND: "if 0 < gap.masked_fill(labels == labels[a], torch.inf).min() < margin",
            },
        ),
        edit(
            "points of the anchor's own class came as negatives: labels != labels[a]",
            {ALLOWED: "(gap > 0) & (gap < margin)"},
        ),
        edit(
            "this takes the furthest of the semi-hard negatives: the nearest has the largest loss",
            {CHOICE: "gap.masked_fill(~allowed, -torch.inf).argmax()"},
        ),
        edit(IN_THEIR_ORDER, {CHOICE: "allowed.nonzero()[0, 0]"}),
        edit(IN_THEIR_ORDER, {CHOICE: "allowed.int().argmax()"}),
        edit(
            "the distances are measured from the positive: from the anchor, distance[a]",
            {GAP: "distance[p] - distance[a, p]"},
        ),
        edit(
            "the sign of the gap is turned: how much *further* than the positive a point is",
            {GAP: "distance[a, p] - distance[a]"},
        ),
        edit(
            "the negatives within the margin are counted from 0: subtract the positive's distance", {GAP: "distance[a]"}
        ),
        edit(
            "these are only the hard ones, nearer than the positive: semi-hard lie behind it, within the margin",
            {ALLOWED: "(labels != labels[a]) & (gap < 0)"},
        ),
        edit(
            "this takes the negative nearest to the positive: nearest to the anchor, please",
            {CHOICE: "distance[p].masked_fill(~allowed, torch.inf).argmin()"},
        ),
        edit(
            "one of these negatives does not belong to the choice: it has to be semi-hard itself",
            {CHOICE: "gap.abs().masked_fill(labels == labels[a], torch.inf).argmin()"},
        ),
        edit(
            "each pair gets a triplet for *every* semi-hard negative: only the nearest is asked for",
            {f"n = {CHOICE}": "for n in allowed.nonzero():", "    chosen.append": "        chosen.append"},
        ),
        edit(
            "the margin is counted from 0: it begins at the positive, distance[a] < distance[a, p] + margin",
            {"(gap < margin)": "(distance[a] < margin)"},
        ),
        edit(
            "negatives nearer than the positive came, within the margin before it: gap > 0",
            {"gap > 0": "gap > -margin"},
        ),
        edit(NO_SIGN, {GAP: "(distance[a] - distance[a, p]).abs()"}),
        edit(NO_SIGN, {GAP: "(distance[a] - distance[a, p]).abs()", "(gap > 0) & ": ""}),
        edit(
            "these are the easy negatives, beyond the margin, whose loss is 0: gap < margin",
            {ALLOWED: "(labels != labels[a]) & (gap > margin)"},
        ),
        edit(
            "this is the nearest of all negatives, whether it is semi-hard or not: ask for both sides of the gap",
            {CHOICE: "gap.masked_fill(labels == labels[a], torch.inf).argmin()", FOUND: "if True"},
        ),
        edit(PLACE, {CHOICE: "gap[allowed].argmin()"}),
        edit(PLACE, {CHOICE: "gap.masked_fill(~allowed, torch.inf)[labels != labels[a]].argmin()"}),
        edit(
            "what is not allowed is filled with 0, and that is the smallest: fill in torch.inf",
            {CHOICE: "gap.masked_fill(~allowed, 0).argmin()"},
        ),
        edit(
            "of the semi-hard negatives this takes the last in the batch: take the nearest to the anchor",
            {CHOICE: "allowed.nonzero()[-1, 0]"},
        ),
        edit(
            "no triplet at all came: the points *all* being semi-hard negatives never happens, .any() is meant",
            {FOUND: "if allowed.all()"},
        ),
        edit("the order is anchor, positive, negative", {"(a, p, int(n))": "(a, int(n), p)"}),
        edit("anchor and positive are exchanged: the anchor comes first, a < p", {"(a, p, int(n))": "(p, a, int(n))"}),
        edit(
            "a pair counts once, a < p: here each comes twice, and the anchor is a positive of its own",
            {"range(a + 1, len(labels))": "range(len(labels))"},
        ),
        edit("a pair without a semi-hard negative gives no triplet: here it got point 0", {FOUND: "if True"}),
        edit("the margin does not count: use the argument `margin`", {"gap < margin": "gap < 1"}),
    ),
    hints=(
        "For one pair (a, p): how much further than p is each point from a? A semi-hard negative is of another class, "
        "further than p, and not further by the whole margin. Of these you want the nearest.",
        "`distance[a] - distance[a, p]` does it for all points at once. Conditions are joined with `&`, each in "
        "brackets; `.masked_fill(~allowed, torch.inf).argmin()` finds the smallest among the allowed; `.any()` says "
        "whether there is one.",
        "`gap = distance[a] - ____`; `allowed = (labels != ____) & (gap > ____) & (gap < ____)`; if there is any, "
        "`n = gap.masked_fill(~allowed, ____).argmin()`, and append `(a, p, int(n))`.",
    ),
)
