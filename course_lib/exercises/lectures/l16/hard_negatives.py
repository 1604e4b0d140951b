"""16.4: hard negatives by distance."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def hard_negatives(descriptors, features, truth, radius):
    channels, height, width = features.shape
    similarity = descriptors @ features.reshape(channels, -1)  # (N, H * W)
    nearest = similarity.argmax(dim=1)
    points = torch.stack([nearest % width, nearest // width], dim=1)  # (N, 2)
    wrong = (points - truth).norm(dim=1) > radius
    return points, wrong
"""

POINTS, WRONG = "torch.stack([nearest % width, nearest // width], dim=1)", "(points - truth).norm(dim=1) > radius"


def _cases(generator):
    def problem(channels, height, width, number, radius):
        """Some points find the truth, some a cell beside it, some one far away: no distance equals the radius."""
        *cells, spare = torch.randperm(height * width, generator=generator)[: number + 1]
        cells = torch.stack(cells)
        features = torch.randn(channels, height, width, generator=generator)
        features = torch.nn.functional.normalize(features, dim=0)
        found = features.flatten(1)[:, cells].T + 0.05 * torch.randn(number, channels, generator=generator)
        features[:, spare // width, spare % width] = -torch.nn.functional.normalize(found[0], dim=0)  # the opposite
        places = torch.stack([cells % width, cells // width], 1).float()
        shares = [[0.1, 0.05], [0.75, -0.8], [0.6, -0.6], [1.6, 0.2], [-0.1, -1.3], [1.2, -1.4]]  # of the radius
        away = radius * torch.tensor(shares).repeat(number, 1)[:number]
        return torch.nn.functional.normalize(found, dim=1), features, places + away, radius

    by_hand = torch.tensor([[[1.0, 0, 0], [0, 0, 0.6]], [[0.0, 1, 0], [1, 1, 0.8]]])
    return [
        Case(
            "by hand: 2 x 3 cells, one match exactly as far as the radius",
            (torch.tensor([[0.6, 0.8], [1.0, 0]]), by_hand, torch.tensor([[2.0, 0], [2, 1]]), 1.0),
        ),
        Case("8 numbers, 5 x 9 cells, 10 points, radius 3", problem(8, 5, 9, 10, 3.0)),
        Case("12 numbers, 11 x 4 cells, 15 points, radius 0.8", problem(12, 11, 4, 15, 0.8)),
        Case("16 numbers, 6 x 7 cells, 10 points, radius 5.8", problem(16, 6, 7, 10, 5.8)),
    ]


hard_negatives = exercise(
    "16.4",
    "Hard negatives by distance",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "x and y are exchanged: the column is nearest % width",
            {POINTS: "torch.stack([nearest // width, nearest % width], dim=1)"},
        ),
        edit(
            "cells are counted row by row: divide by the width, not the height",
            {POINTS: POINTS.replace("width", "height")},
        ),
        edit(
            "this is the farthest one: of vectors of length 1 the nearest has the *largest* product",
            {"argmax": "argmin"},
        ),
        edit(
            "the nearest neighbour is a *negative* where it is far from the truth: >, not <", {"> radius": "< radius"}
        ),
        edit(
            "the nearest neighbour is a *negative* where it is far from the truth: >, not <=", {"> radius": "<= radius"}
        ),
        edit("exactly as far as the radius is not farther: >, not >=", {"> radius": ">= radius"}),
        edit(
            "a point of a picture is compared with the truth by its length, not axis by axis",
            {WRONG: "((points - truth).abs() > radius).any(dim=1)"},
        ),
        edit(
            "both axes must not be beyond the radius each: take the length of the difference",
            {WRONG: "((points - truth).abs() > radius).all(dim=1)"},
        ),
        edit(
            "this adds up the axes: take the length, the root of the sum of squares",
            {WRONG: "(points - truth).abs().sum(dim=1) > radius"},
        ),
        edit(
            "the squared distance is compared with the radius: take its root, or square the radius",
            {WRONG: "(points - truth).square().sum(dim=1) > radius"},
        ),
        edit(
            "every neighbour but the exact one counts as wrong: those within the radius are no negatives",
            {WRONG: "(points - truth).norm(dim=1) > 0"},
        ),
        edit(
            "this searches for each *cell* the nearest point: for each point the nearest cell, dim=1",
            {"argmax(dim=1)": "argmax(dim=0)[: len(descriptors)]"},
        ),
        edit(
            "the numbers of the cells came: their places (x, y) are asked for",
            {"return points, wrong": "return nearest, wrong"},
        ),
        edit("the order is (points, wrong)", {"return points, wrong": "return wrong, points"}),
        edit(
            "only the wrong points came: all of them are asked for, beside the mask",
            {"return points, wrong": "return points[wrong], wrong"},
        ),
        edit(
            "reshape(-1, C) mixes cells and channels: the channels are the first axis, reshape(C, -1)",
            {"descriptors @ features.reshape(channels, -1)": "descriptors @ features.reshape(-1, channels).T"},
        ),
        edit(
            "axes are exchanged while flattening: rows come before columns",
            {"features.reshape(channels, -1)": "features.transpose(1, 2).reshape(channels, -1)"},
        ),
        edit(
            "the product -1 belongs to the *farthest*: no absolute value",
            {"similarity.argmax": "similarity.abs().argmax"},
        ),
        edit(
            "the radius is in pixels: it is for the distance of places, not of descriptors",
            {WRONG: "(2 - 2 * similarity.amax(dim=1)).clamp(min=0).sqrt() > radius"},
        ),
        edit(
            "the truth may lie between the cells: it is not rounded",
            {WRONG: "(points - truth.round()).norm(dim=1) > radius"},
        ),
        edit(
            "the cells around the truth take part in the search: whether the nearest is wrong is asked afterwards",
            {
                "nearest = similarity": "cells = torch.arange(height * width)\n"
                "    places = torch.stack([cells % width, cells // width], dim=1)\n"
                "    near = (places - truth[:, None]).norm(dim=2) <= radius\n"
                "    nearest = similarity.masked_fill(near, -9)"
            },
        ),
    ),
    hints=(
        "Where would each descriptor go if it chose now? If that is far from the truth, it is the most instructive "
        "mistake there is; if it is near, it is not a mistake.",
        "`descriptors @ features.reshape(C, -1)` gives the product with every cell. `argmax(dim=1)` gives its number, "
        "counted row by row: `number % W` is the column, `number // W` the row.",
        "`points = torch.stack([nearest % ____, nearest // ____], dim=1)`, "
        "`wrong = (points - ____).norm(dim=1) > ____`.",
    ),
)
