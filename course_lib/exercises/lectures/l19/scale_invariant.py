"""19.3: the scale-invariant loss."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.depth import scale_invariant_loss

SOLUTION = """
import torch


def scale_invariant(log_depth, truth, weight=0.5):
    known = truth > 0
    log_truth = torch.where(known, truth, torch.ones_like(truth)).log()
    difference = (log_depth - log_truth) * known
    n = known.sum(dim=(1, 2))
    square = (difference**2).sum(dim=(1, 2)) / n
    mean = difference.sum(dim=(1, 2)) / n
    return (square - weight * mean**2).mean()
"""

SQUARE, MEAN = "(difference**2).sum(dim=(1, 2)) / n", "difference.sum(dim=(1, 2)) / n"
RESULT = "(square - weight * mean**2).mean()"


def _cases(generator):
    def maps(batch, rows, columns, holes, *weight):
        truth = 0.5 + 6 * torch.rand(batch, rows, columns, generator=generator)
        log_depth = truth.log() + 0.4 * torch.randn(batch, rows, columns, generator=generator)
        log_depth += torch.linspace(-0.6, 0.9, batch).view(-1, 1, 1)  # every picture has a factor of its own
        for picture, number in zip(truth, holes, strict=True):
            picture.flatten()[torch.randperm(rows * columns, generator=generator)[:number]] = 0
        return log_depth, truth, *weight

    return [
        Case("1 picture of 4 x 6, all known, weight 0.5", maps(1, 4, 6, (0,), 0.5)),
        Case("3 pictures of 5 x 7, 0, 9 and 25 pixels unknown, weight 1", maps(3, 5, 7, (0, 9, 25), 1.0)),
        Case("2 pictures of 3 x 8, weight 0: the squared error of the log", maps(2, 3, 8, (4, 1), 0.0)),
        Case("2 pictures of 6 x 3, the weight left out", maps(2, 6, 3, (2, 10))),
        Case("by hand: twice too far everywhere, weight 1", (torch.tensor([[[2.0, 6]]]).log(),
                                                              torch.tensor([[[1.0, 3]]]), 1.0)),
    ]  # fmt: skip


scale_invariant = exercise(
    "19.3",
    "The scale-invariant loss",
    points=3,
    solution=SOLUTION,
    same_as=scale_invariant_loss,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(
            "one mean for the whole batch: every picture has a factor of its own, so sums and n are per picture",
            {"dim=(1, 2)": ""},
        ),
        edit(
            "the mean difference is taken over the whole batch: every picture has a factor of its own",
            {MEAN: "difference.sum() / n.sum()"},
        ),
        edit("the second term is the square of the mean", {"mean**2": "mean"}),
        edit("the second term is the *square of the mean*, not the mean of squares", {"mean**2": "square"}),
        edit("the second term is subtracted", {"square - weight": "square + weight"}),
        edit("the second term is missing: this is the squared error of the log", {" - weight * mean**2": ""}),
        edit("the argument `weight` is not used", {"weight * mean": "0.5 * mean"}),
        edit("the weight is not used: this is weight 1", {"weight * mean": "mean"}),
        edit(
            "the weight multiplies both terms: it stands before the second alone",
            {RESULT: "(weight * (square - mean**2)).mean()"},
        ),
        edit(
            "the weight multiplies the first term: it stands before the second",
            {RESULT: "(weight * square - mean**2).mean()"},
        ),
        edit(
            "the weight is squared with the mean: it stands in front of the square",
            {"weight * mean**2": "(weight * mean) ** 2"},
        ),
        edit(
            "n counts all pixels: count the known ones of each picture",
            {"known.sum(dim=(1, 2))": "truth[0].numel()"},
        ),
        edit(
            "n counts the known pixels of the whole batch: each picture has its own",
            {"known.sum(dim=(1, 2))": "known.sum()"},
        ),
        edit(
            "unknown pixels are compared with 1 m: multiply the difference by the mask",
            {"(log_depth - log_truth) * known": "log_depth - log_truth"},
        ),
        edit("log_depth is the logarithm already", {"(log_depth - log_truth)": "(log_depth.exp() - log_truth)"}),
        edit(
            "this compares with the true depth itself: take its logarithm",
            {"torch.ones_like(truth)).log()": "torch.ones_like(truth))"},
        ),
        edit("the pictures are added up: their mean is asked for", {"mean**2).mean()": "mean**2).sum()"}),
        edit("there is one number per picture: average over pictures as well", {RESULT: "square - weight * mean**2"}),
        edit(
            "the second sum must be divided by n before it is squared: (sum d)^2 / n^2",
            {"weight * mean**2": "weight * mean**2 * n"},
        ),
        edit(
            "the second sum must be divided by n before it is squared: (sum d)^2 / n^2",
            {MEAN: MEAN.removesuffix(" / n")},
        ),
        edit("the first sum must be divided by n", {SQUARE: SQUARE.removesuffix(" / n")}),
        edit(
            "the root is too much: the loss is a mean of squares", {RESULT: "(square - weight * mean**2).sqrt().mean()"}
        ),
        edit("the half is too much: this is half the loss", {RESULT: "(square - weight * mean**2).mean() / 2"}),
        edit("the difference is squared, not taken without its sign", {"(difference**2)": "difference.abs()"}),
        edit("the default weight is 0.5", {"weight=0.5": "weight=1.0"}),
        edit("the absolute mean is not its square", {"mean**2": "mean.abs()"}),
        edit(
            "the logarithm of 0 is -inf, and -inf times 0 is NaN: replace unknown depths before the logarithm",
            {"torch.where(known, truth, torch.ones_like(truth)).log()": "truth.log()"},
        ),
        edit(
            "log_depth is the logarithm already: take none of it",
            {"(log_depth - log_truth)": "(log_depth.log() - log_truth)"},
        ),
        edit(
            "unknown is where the *truth* is 0; log_depth may be any number, also negative",
            {"truth > 0": "log_depth > 0"},
        ),
        edit(
            "weight stands alone before the second term: the half is too much",
            {"weight * mean": "weight / 2 * mean"},
        ),
        edit(
            "the first term has no weight, and no 1 - weight either",
            {RESULT: "((1 - weight) * square - weight * mean**2).mean()"},
        ),
        edit(
            "the means of the pictures are averaged before they are squared: square each, then average",
            {RESULT: "square.mean() - weight * mean.mean() ** 2"},
        ),
        edit(
            "unknown depth now counts as a tiny one, which is infinitely wrong, nearly: leave those pixels out",
            {
                "torch.where(known, truth, torch.ones_like(truth)).log()": "truth.clamp(min=1e-6).log()",
                "(log_depth - log_truth) * known": "log_depth - log_truth",
                "known.sum(dim=(1, 2))": "truth[0].numel()",
            },
        ),
        edit(
            "unknown depth now counts as a tiny one, which is infinitely wrong, nearly: leave those pixels out",
            {
                "torch.where(known, truth, torch.ones_like(truth)).log()": "(truth + 1e-8).log()",
                "(log_depth - log_truth) * known": "log_depth - log_truth",
                "known.sum(dim=(1, 2))": "truth[0].numel()",
            },
        ),
        edit(
            "`.var()` divides by n - 1 unless told otherwise: `.var(correction=0)`",
            {RESULT: "((square - mean**2) * n / (n - 1) + (1 - weight) * mean**2).mean()"},
        ),
        edit(
            "all pairs are counted twice, (i, j) and (j, i): a half belongs in front",
            {RESULT: "((1 - weight) * square + 2 * weight * (square - mean**2)).mean()"},
        ),
        edit(
            "the sums run along one axis only: over rows and columns, dim=(1, 2)",
            {"known.sum(dim=(1, 2))": "known.sum(dim=1).clamp(min=1)", "sum(dim=(1, 2))": "sum(dim=1)"},
        ),
    ),
    hints=(
        "For each picture two numbers: the mean of the squared differences of the logarithms, and the square of their "
        "mean. What all pixels share, a factor in front of the depth, is in the second one alone.",
        "Replace unknown depths by 1 before the logarithm: `torch.where(known, truth, torch.ones_like(truth))`. "
        "Multiply the difference by `known`, sum with `dim=(1, 2)`, and divide by the known pixels of each picture.",
        "`n = known.sum(dim=____)`, `square = (difference**2).sum(dim=____) / n`, `mean = ____ / n`, and return "
        "`(square - weight * ____).mean()`.",
    ),
)
