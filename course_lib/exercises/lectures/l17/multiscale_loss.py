"""17.4: the error at every scale."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops import flow_losses

SOLUTION = """
import torch.nn.functional as F


def multiscale_loss(flows, truth, weights, scale=20.0):
    total = 0
    for flow, weight in zip(flows, weights, strict=True):
        target = F.adaptive_avg_pool2d(truth, flow.shape[2:]) / scale
        distance = (flow - target).square().sum(dim=1).sqrt()
        total = total + weight * distance.sum() / len(truth)
    return total
"""

TARGET, DISTANCE = "F.adaptive_avg_pool2d(truth, flow.shape[2:]) / scale", "(flow - target).square().sum(dim=1).sqrt()"
TERM = "weight * distance.sum() / len(truth)"


def _library(flows, truth, weights, scale=20.0):
    return flow_losses.multiscale_loss(flows, truth, weights=weights, scale=scale)


def _cases(generator):
    def problem(batch, height, width, levels, weights, *scale):
        flows = [torch.randn(batch, 2, height >> i, width >> i, generator=generator) for i in range(2, 2 + levels)]
        return flows, 30 * torch.randn(batch, 2, height, width, generator=generator), weights, *scale

    right = 20 * torch.ones(1, 2, 8, 8)
    return [
        Case("two scales of 16 x 32, two pairs", problem(2, 16, 32, 2, (1.0, 0.5))),
        Case("three scales of 48 x 32, three pairs", problem(3, 48, 32, 3, (0.005, 0.01, 0.32))),
        Case("other units: scale 4", problem(1, 16, 24, 2, (0.2, 0.7), 4.0)),
        Case(
            "by hand: one vector is off by (3, 4)",
            ([torch.ones(1, 2, 2, 2) + torch.tensor([[[3.0, 0], [0, 0]], [[4, 0], [0, 0]]])], right, (0.5,)),
        ),
    ]


multiscale_loss = exercise(
    "17.4",
    "The error at every scale",
    points=3,
    solution=SOLUTION,
    same_as=_library,
    cases=_cases,
    differentiable=True,
    forbidden=("course_lib.ops.flow_losses.multiscale_loss",),
    mistakes=(
        edit(
            "the truth is in pixels, the network's flow in units of `scale` pixels: divide the truth by it",
            {" / scale": ""},
        ),
        edit("the truth is divided by the scale, not multiplied", {"/ scale": "* scale"}),
        edit(
            "vectors do not shrink with the map: at every scale the network gives pixels of the *full* picture / scale",
            {" / scale": " / scale * flow.shape[3] / truth.shape[3]"},
        ),
        edit(
            "the distance of two vectors is the root of the sum of squares",
            {DISTANCE: "(flow - target).square().sum(dim=1)"},
        ),
        edit(
            "this takes absolute differences of u and v; the distance of the vectors is asked for",
            {DISTANCE: "(flow - target).abs().sum(dim=1)"},
        ),
        edit(
            "this is the mean over the pixels: the paper's loss is the sum, so finer maps weigh more",
            {TERM: "weight * distance.mean()"},
        ),
        edit(
            "the batch is not divided out: the loss of a batch is the mean over its pairs",
            {TERM: "weight * distance.sum()"},
        ),
        edit("the weights are missing: each scale has its own", {TERM: TERM.removeprefix("weight * ")}),
        edit(
            "the finest scale gets the last weight: flows and weights are in the same order",
            {"zip(flows, weights,": "zip(flows, weights[::-1],"},
        ),
        edit("the weights are divided out, not multiplied", {"weight * distance.sum()": "distance.sum() / weight"}),
        edit("only the last scale came: add up", {"total + ": ""}),
        edit("only the first scale came: return after the loop, not in it", {"    return": "        return"}),
        edit(
            "this takes single vectors of the truth: take the average over the cell that a coarse pixel covers",
            {TARGET: 'F.interpolate(truth, flow.shape[2:], mode="nearest") / scale'},
        ),
        edit(
            "this interpolates between a few vectors of the truth: take the average over the whole cell",
            {TARGET: 'F.interpolate(truth, flow.shape[2:], mode="bilinear") / scale'},
        ),
        edit(
            "the largest vector of a cell is no average",
            {TARGET: "F.adaptive_max_pool2d(truth, flow.shape[2:]) / scale"},
        ),
        edit(
            "the flow is enlarged to the truth's size here: it is the truth that shrinks to the map's",
            {TARGET: "truth / scale", "(flow - target)": "(F.interpolate(flow, truth.shape[2:]) - target)"},
        ),
        edit(
            "the flow is enlarged to the truth's size here, bilinearly: it is the truth that shrinks to the map's",
            {
                TARGET: "truth / scale",
                "(flow - target)": '(F.interpolate(flow, truth.shape[2:], mode="bilinear") - target)',
            },
        ),
        edit(
            "u and v lie along axis 1; this takes distances along axis 0, over the batch",
            {"sum(dim=1)": "sum(dim=0)"},
        ),
        edit(
            "distances are taken over the whole map, for u and v apart: sum over axis 1 alone, then the root",
            {"sum(dim=1)": "sum(dim=(2, 3))"},
        ),
        edit(
            "the weights are divided by their sum here: take them as they are",
            {"weight * distance": "weight / sum(weights) * distance"},
        ),
        edit(
            "distances are taken over u and v together with the whole map: sum over axis 1 alone, then the root",
            {DISTANCE: "(flow - target).square().sum().sqrt()"},
        ),
    ),
    hints=(
        "Each scale by itself: bring the truth to that size and into the network's units, take the distance of the "
        "vectors at every pixel, add them up.",
        "`F.adaptive_avg_pool2d(truth, size)` averages over cells. The vectors lie along axis 1. Divide by the "
        "number of pairs, `len(truth)`.",
        "`target = F.adaptive_avg_pool2d(truth, flow.shape[2:]) / ____`; `distance = (flow - target).square().sum(dim="
        "____).sqrt()`; `total = total + weight * distance.____ / len(truth)`.",
    ),
)
