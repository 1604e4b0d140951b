"""23.4: the normal loss of two sets of points."""

import torch
from torch.nn.functional import normalize

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def normal_loss(p, q, p_normals, q_normals):
    apart = torch.cdist(p, q)
    forward = (p_normals * q_normals[apart.argmin(1)]).sum(1).abs().mean()
    backward = (q_normals * p_normals[apart.argmin(0)]).sum(1).abs().mean()
    return -forward - backward
"""

FORWARD = "(p_normals * q_normals[apart.argmin(1)]).sum(1).abs().mean()"
BACKWARD = "(q_normals * p_normals[apart.argmin(0)]).sum(1).abs().mean()"


def _cases(generator):
    def sets(number, other):
        p, u = torch.randn(2, number, 3, generator=generator)
        q, v = torch.randn(2, other, 3, generator=generator)
        return p, q, normalize(u, dim=1), normalize(v, dim=1)

    return [
        Case("5 points and 8 points", sets(5, 8)),
        Case("9 points and 4 points", sets(9, 4)),
        Case("3 points and 3 points", sets(3, 3)),
        Case("by hand: one point each, normals opposite", (torch.zeros(1, 3), torch.ones(1, 3),
                                                         torch.tensor([[0.0, 0, 1]]), torch.tensor([[0.0, 0, -1]]))),
    ]  # fmt: skip


normal_loss = exercise(
    "23.4",
    "The normal loss",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=("course_lib.ops.points.normal_distance",),
    mistakes=(
        edit(
            "the minus sign is missing: normals that agree must make the loss small",
            {"-forward - backward": "forward + backward"},
        ),
        edit(
            "this is 1 - |cos| for each way, 2 more than the paper's loss: the same gradients, another number",
            {"-forward - backward": "2 - forward - backward"},
        ),
        edit("both ways are averaged: the paper adds them up", {"-forward - backward": "-(forward + backward) / 2"}),
        edit("only the way from p to q: the other way is a sum of its own", {"-forward - backward": "-forward"}),
        edit("only the way from q to p: the other way is a sum of its own", {"-forward - backward": "-backward"}),
        edit(
            "the absolute value is missing: which side a normal points to does not matter", {".sum(1).abs()": ".sum(1)"}
        ),
        edit(
            "the absolute value belongs around the dot product, not around its three terms",
            {".sum(1).abs()": ".abs().sum(1)"},
        ),
        edit(
            "the absolute value belongs around each point's dot product, not around the mean",
            {".sum(1).abs().mean()": ".sum(1).mean().abs()"},
        ),
        edit(
            "the nearest is found by place, not by the direction of the normal",
            {"torch.cdist(p, q)": "-(p_normals @ q_normals.T).abs()"},
        ),
        edit(
            "the nearest is found by place, not by the direction of the normal",
            {"torch.cdist(p, q)": "torch.cdist(p_normals, q_normals)"},
        ),
        edit("this takes the farthest point: `argmin`", {"argmin": "argmax"}),
        edit("sums instead of means: the number of points must not matter", {".mean()": ".sum()"}),
        edit(
            "each way has pairs of its own: the nearest of q for every p, and the nearest of p for every q",
            {BACKWARD: FORWARD},
        ),
        edit(
            "this takes all pairs; only a point and its nearest one count",
            {FORWARD: "(p_normals @ q_normals.T).abs().mean()", BACKWARD: "(p_normals @ q_normals.T).abs().mean()"},
        ),
        edit(
            "these are squares of the cosine: the paper has its absolute value", {".sum(1).abs()": ".sum(1).square()"}
        ),
        edit("the mean is over coordinates as well: a dot product is a sum", {".sum(1).abs()": ".mean(1).abs()"}),
        edit(
            "this is the Chamfer distance, of places",
            {"return -forward - backward": "return apart.amin(1).square().mean() + apart.amin(0).square().mean()"},
        ),
        edit(
            "normals that point against each other agree as well: the absolute value, not a cut at 0",
            {".sum(1).abs()": ".sum(1).clamp(min=0)"},
        ),
        edit(
            "this is 1 minus the mean of both ways, a convention of others: the loss here is minus their sum",
            {"-forward - backward": "1 - (forward + backward) / 2"},
        ),
        edit("both ways have a minus sign", {"-forward - backward": "forward - backward"}),
        edit("both ways have a minus sign", {"-forward - backward": "backward - forward"}),
        edit("the two ways are added up, not multiplied", {"-forward - backward": "-forward * backward"}),
        edit(
            "these are angles: the paper takes the cosines themselves",
            {"-forward - backward": "forward.acos() + backward.acos()"},
        ),
        edit(
            "each way has its own mean: here the larger set counts more, and both are averaged",
            {"-forward - backward": "-(forward * len(p) + backward * len(q)) / (len(p) + len(q))"},
        ),
        edit(
            "the dot product is of one pair of normals: `sum(1)`, then `abs`, then the mean",
            {".sum(1).abs().mean()": ".sum().abs()"},
        ),
    ),
    hints=(
        "For every p take the nearest q *by place*, and compare their normals by the absolute value of the dot "
        "product. Then the same from q to p. Two means, a minus before each.",
        "`apart = torch.cdist(p, q)` is $(P, Q)$; `apart.argmin(1)` says for each p which q is nearest, "
        "`apart.argmin(0)` for each q which p. Indexing with it gives their normals.",
        "`forward = (p_normals * q_normals[apart.argmin(____)]).sum(1).____.mean()`, `backward` with the other "
        "`argmin`, and `return -____ - ____`.",
    ),
)
