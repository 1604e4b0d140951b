"""21.5: F1 at a radius, with precision and recall."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.points import f_score

SOLUTION = """
import torch


def f1_at(x, y, t):
    distance = torch.cdist(x, y)
    precision = (distance.amin(dim=1) < t).float().mean()
    recall = (distance.amin(dim=0) < t).float().mean()
    f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-8)
    return f1, precision, recall
"""

DISTANCE = "torch.cdist(x, y)"
PRECISION, RECALL = "(distance.amin(dim=1) < t).float().mean()", "(distance.amin(dim=0) < t).float().mean()"
F1, RETURN = "2 * precision * recall / (precision + recall).clamp(min=1e-8)", "return f1, precision, recall"


def _cases(generator):
    def sets(number, true, found, t, near, far):
        """True points far from each other; some have predictions, at lengths none of which is close to t."""
        cells = torch.randperm(125, generator=generator)[:true]
        y = 3.0 * torch.stack([cells // 25, cells // 5 % 5, cells % 5], -1).float()
        way = torch.nn.functional.normalize(torch.randn(number, 3, generator=generator), dim=1)
        length = torch.where(torch.arange(number) < near, 0.6, 1.5)[:, None] * t
        x = y[torch.arange(number) % found] + way * length
        x[:far] += 40
        return x[torch.randperm(number, generator=generator)], y, t

    return [
        Case("9 predicted and 6 true points, t = 0.5", sets(9, 6, 4, 0.5, 7, 0)),
        Case("8 predicted and 11 true points, t = 0.8, two of them far away", sets(8, 11, 5, 0.8, 6, 2)),
        Case("12 and 7 points, t = 0.3, of which t squared is small", sets(12, 7, 7, 0.3, 8, 1)),
        Case("nothing is near: F1 is 0", sets(4, 5, 3, 0.5, 0, 0)),
        Case("little is near: precision and recall are small", sets(10, 12, 5, 0.5, 1, 0)),
        Case("all is near", sets(5, 5, 5, 0.6, 5, 0)),
        Case(
            "a distance of exactly t is not nearer than t",
            (torch.tensor([[0.0, 0, 0], [8, 0, 0]]), torch.tensor([[2.0, 0, 0], [8, 1, 0], [8, 0, 9]]), 2.0),
        ),
        Case(
            "a predicted point between two true ones",
            (torch.tensor([[0.0, 0, 0], [9, 0, 0]]), torch.tensor([[-1.0, 0, 0], [1, 0, 0], [0, 7, 0]]), 4.0),
        ),
        Case(
            "by hand: 0, 3 and 9 on a line, where 1 and 20 are true, t = 2.5",
            (
                torch.tensor([[0.0, 0, 0], [3, 0, 0], [9, 0, 0]]),
                torch.tensor([[1.0, 0, 0], [20, 0, 0]]),
                2.5,
            ),
        ),
    ]


SQUARE = "squared distances are compared with t: take the distance itself"
NAN = "where nothing is near this divides 0 by 0: F1 is 0 there"

f1_at = exercise(
    "21.5",
    "F1 at a radius",
    points=2,
    solution=SOLUTION,
    same_as=f_score,
    cases=_cases,
    mistakes=(
        edit(SQUARE, {DISTANCE: f"{DISTANCE} ** 2"}),
        edit("t is squared, the distance is not: both, or neither", {") < t)": ") < t**2)"}),
        edit(
            "one number comes where nothing is near: F1, precision and recall are three, always",
            {
                F1: "2 * precision * recall / (precision + recall)",
                RETURN: "return (f1, precision, recall) if precision + recall > 0 else 0.0",
            },
        ),
        edit(
            "near *pairs* are counted: a point counts once, however many are near it",
            {PRECISION: "(distance < t).sum() / len(x)", RECALL: "(distance < t).sum() / len(y)"},
        ),
        edit(
            "precision's hits are counted for recall too: count the true points that have a neighbour",
            {RECALL: "(distance.amin(dim=1) < t).sum() / len(y)"},
        ),
        edit(
            "hits are divided by the size of the other set: precision is a share of the predicted points",
            {
                PRECISION: "(distance.amin(dim=1) < t).sum() / len(y)",
                RECALL: "(distance.amin(dim=0) < t).sum() / len(x)",
            },
        ),
        edit(
            "the mean distance is compared with t: compare that of each point, then take the share",
            {
                PRECISION: "(distance.amin(dim=1).mean() < t).float()",
                RECALL: "(distance.amin(dim=0).mean() < t).float()",
            },
        ),
        edit(
            "the mean distance to all others is compared with t: take the distance to the nearest",
            {"amin(dim=1)": "mean(dim=1)", "amin(dim=0)": "mean(dim=0)"},
        ),
        edit(
            "F1 is upside down: the product is above, the sum below",
            {F1: "2 * (precision + recall) / (precision * recall).clamp(min=1e-8)"},
        ),
        edit(
            "the denominator is kept from 0 by far too much: small F1 become smaller still",
            {"clamp(min=1e-8)": "clamp(min=1)"},
        ),
        edit(
            "recall is no leftover of precision: it asks the true points, 1 - precision asks the predicted ones",
            {RECALL: "1 - precision"},
        ),
        edit("this is the mean of precision and recall: F1 is 2 P R / (P + R)", {F1: "(precision + recall) / 2"}),
        edit("a distance of exactly t counts here: nearer than t is asked for", {") < t)": ") <= t)"}),
        edit("the factor 2 is missing in F1", {"2 * precision": "precision"}),
        edit("this is the geometric mean: F1 is 2 P R / (P + R)", {F1: "(precision * recall).sqrt()"}),
        edit("this is the product: F1 is 2 P R / (P + R)", {F1: "precision * recall"}),
        edit("the smaller of the two is not F1, which is 2 P R / (P + R)", {F1: "torch.minimum(precision, recall)"}),
        edit(NAN, {".clamp(min=1e-8)": ""}),
        edit(
            "precision and recall are exchanged: precision belongs to the *predicted* points, x",
            {"dim=1": "dim=0", "recall = (distance.amin(dim=0)": "recall = (distance.amin(dim=1)"},
        ),
        edit("both are precision: for recall, the minimum runs over the predicted points", {RECALL: PRECISION}),
        edit("both are recall: for precision, the minimum runs over the true points", {PRECISION: RECALL}),
        edit("these are the points that are too far: count the near ones", {") < t)": ") > t)"}),
        edit(
            "in percent: shares from 0 to 1 are asked for", {RETURN: "return 100 * f1, 100 * precision, 100 * recall"}
        ),
        edit(
            "numbers of points: shares are asked for",
            {PRECISION: PRECISION.replace("mean", "sum"), RECALL: RECALL.replace("mean", "sum")},
        ),
        edit(
            "the share of *pairs* that are near: a point counts once, if its nearest is near",
            {PRECISION: "(distance < t).float().mean()", RECALL: "(distance < t).float().mean()"},
        ),
        edit(
            "a point counts if *any* other is near: take the smallest distance",
            {"amin(dim=1)": "amax(dim=1)", "amin(dim=0)": "amax(dim=0)"},
        ),
        edit("F1 alone came: return F1, precision and recall", {RETURN: "return f1"}),
        edit("|dx| + |dy| + |dz| is another distance", {DISTANCE: "torch.cdist(x, y, p=1)"}),
        edit("the order is F1, precision, recall", {RETURN: "return precision, recall, f1"}),
        edit(
            "the radius is t, not 2 t: a ball around one of the sets is enough",
            {") < t)": ") < 2 * t)"},
        ),
    ),
    hints=(
        "One table of distances. Its rows are predicted points, its columns true ones. For each row: is the smallest "
        "number below t? Which share of rows is that? Then the columns.",
        "`torch.cdist(x, y)` gives the table (P, Q) of distances, not squared. `.amin(dim=1)` is the smallest of each "
        "row. The mean of `mask.float()` is a share. `.clamp(min=1e-8)` keeps a denominator from 0.",
        "`precision = (distance.amin(dim=____) < t).float().mean()`, `recall` with the other axis, "
        "`f1 = 2 * ____ / (precision + recall).clamp(min=1e-8)`, and return all three.",
    ),
)
