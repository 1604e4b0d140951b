"""24.6: the whole loss of a pair of frames, with disparity."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def pair_loss(spatial, z, other_z, focal, mask, weight=0.1):
    disparity = focal * (1 / z - 1 / other_z).abs()
    loss = (spatial + weight * disparity) * mask
    return (loss.sum(dim=(1, 2)) / mask.sum(dim=(1, 2))).mean()
"""

DISPARITY, LOSS = "focal * (1 / z - 1 / other_z).abs()", "(spatial + weight * disparity) * mask"
RESULT = "(loss.sum(dim=(1, 2)) / mask.sum(dim=(1, 2))).mean()"


def _cases(generator):
    def pair(batch, rows, columns, *weight):
        spatial = 2 * torch.rand(batch, rows, columns, generator=generator)
        z, other_z = 0.5 + 4 * torch.rand(2, batch, rows, columns, generator=generator)
        focal = 30 + 20 * torch.rand((), generator=generator).item()
        trusted = torch.zeros(batch, rows * columns, dtype=torch.bool)
        for number, row in enumerate(trusted):  # the second has fewer than the first
            row[torch.randperm(rows * columns, generator=generator)[: 3 + 5 * (number % 2 == 0)]] = True
        mask = trusted.view(batch, rows, columns)
        spatial[~mask] = 500.0  # flow is wild where it cannot be trusted
        return spatial, z, other_z, focal, mask, *weight

    hand = (torch.tensor([[[2.0, 9]]]), torch.tensor([[[4.0, 1]]]), torch.tensor([[[5.0, 7]]]), 40.0,
            torch.tensor([[[True, False]]]))  # fmt: skip
    return [
        Case("by hand: 2 px, and 1/4 against 1/5 at a focal length of 40", hand),
        Case("2 pairs of 4 x 5, the weight left out", pair(2, 4, 5)),
        Case("3 pairs of 3 x 6, weight 0.7", pair(3, 3, 6, 0.7)),
        Case("1 pair of 6 x 2, weight 0", pair(1, 6, 2, 0.0)),
    ]


pair_loss = exercise(
    "24.6",
    "Disparity, and the loss of a pair",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=("course_lib.video_depth.geometry.pair_loss", "course_lib.video_depth.geometry.disparity_loss"),
    mistakes=(
        edit("the disparity term compares *inverse* depths", {DISPARITY: "focal * (z - other_z).abs()"}),
        edit("the disparity term compares inverse depths, not ratios", {DISPARITY: "focal * (z / other_z - 1).abs()"}),
        edit(
            "the inverse of the difference is not the difference of the inverses",
            {DISPARITY: "focal / (z - other_z).abs()"},
        ),
        edit("the focal length is missing before the disparity", {DISPARITY: "(1 / z - 1 / other_z).abs()"}),
        edit("the focal length multiplies the disparity", {DISPARITY: "(1 / z - 1 / other_z).abs() / focal"}),
        edit("the absolute value is missing: positive and negative differences cancel", {".abs()": ""}),
        edit("the absolute difference, not its square", {".abs()": ".square()"}),
        edit("the disparity term is missing", {LOSS: "spatial * mask"}),
        edit("the spatial term is missing", {LOSS: "weight * disparity * mask"}),
        edit("the weight is not used: this is weight 1", {"weight * disparity": "disparity"}),
        edit("the argument `weight` is not used", {"weight * disparity": "0.1 * disparity"}),
        edit(
            "the weight belongs to the disparity alone",
            {"(spatial + weight * disparity)": "weight * (spatial + disparity)"},
        ),
        edit(
            "the weight stands before the wrong term",
            {"(spatial + weight * disparity)": "(weight * spatial + disparity)"},
        ),
        edit(
            "the terms are not weighed against each other: add weight times the disparity",
            {"(spatial + weight * disparity)": "((1 - weight) * spatial + weight * disparity)"},
        ),
        edit(
            "the mask lets the wrong pixels through: True is trusted",
            {
                LOSS: "(spatial + weight * disparity) * ~mask",
                RESULT: "(loss.sum(dim=(1, 2)) / (~mask).sum(dim=(1, 2))).mean()",
            },
        ),
        edit(
            "pixels that cannot be trusted take part: use the mask",
            {LOSS: "spatial + weight * disparity", RESULT: "loss.mean()"},
        ),
        edit("the mask cuts the spatial term only", {LOSS: "spatial * mask + weight * disparity"}),
        edit("the mask cuts the disparity term only", {LOSS: "spatial + weight * disparity * mask"}),
        edit("divided by all pixels: divide by the number of trusted ones", {RESULT: "loss.mean()"}),
        edit(
            "all pairs share one mean: each pair has its own |M|, and then comes the mean over pairs",
            {RESULT: "loss.sum() / mask.sum()"},
        ),
        edit(
            "the pairs are added up: their mean is asked for",
            {"mask.sum(dim=(1, 2))).mean()": "mask.sum(dim=(1, 2))).sum()"},
        ),
        edit(
            "there is one number per pair: average over the pairs as well",
            {RESULT: "loss.sum(dim=(1, 2)) / mask.sum(dim=(1, 2))"},
        ),
        edit("the sum is not divided by |M|", {RESULT: "loss.sum(dim=(1, 2)).mean()"}),
        edit("the default weight is 0.1", {"weight=0.1": "weight=1.0"}),
        edit("a map came: average it over trusted pixels, then over pairs", {RESULT: "loss"}),
        edit(
            "the disparity term takes its mean over all pixels: over the trusted ones, like the spatial term",
            {
                LOSS: "spatial * mask",
                RESULT: "(loss.sum(dim=(1, 2)) / mask.sum(dim=(1, 2)) + weight * disparity.mean(dim=(1, 2))).mean()",
            },
        ),
        edit(
            "each pair is divided by the trusted pixels of all pairs: by its own |M|",
            {"mask.sum(dim=(1, 2))).mean()": "mask.sum()).mean()"},
        ),
        edit("the focal length multiplies both inverse depths", {DISPARITY: "(focal / z - 1 / other_z).abs()"}),
        edit("the focal length multiplies both inverse depths", {DISPARITY: "(1 / z - focal / other_z).abs()"}),
        edit(
            "the sums run over rows alone: over both axes of the map, dim=(1, 2)",
            {RESULT: "(loss.sum(dim=1) / mask.sum(dim=1)).mean()"},
        ),
    ),
    hints=(
        "Two errors per pixel, in pixels both: the spatial one that you have, and the focal length times a difference "
        "of inverse depths. One mean per pair, over its trusted pixels; then the mean over pairs.",
        "`1 / z`, `.abs()`; a bool mask multiplies as 0 and 1; `.sum(dim=(1, 2))` leaves one number per pair.",
        "`disparity = focal * (____ - ____).abs()`, `loss = (spatial + ____ * disparity) * mask`, and "
        "`(loss.sum(dim=____) / mask.sum(dim=____)).mean()`.",
    ),
)
