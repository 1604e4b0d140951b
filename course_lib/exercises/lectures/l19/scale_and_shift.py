"""19.4: the scale and shift that bring a relative prediction closest to the truth."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.depth import align_least_squares

SOLUTION = """
import torch


def scale_and_shift(prediction, target, valid):
    n = valid.sum(dim=(1, 2))
    mean = (prediction * valid).sum(dim=(1, 2)) / n
    mean_target = (target * valid).sum(dim=(1, 2)) / n
    p = (prediction - mean[:, None, None]) * valid
    t = (target - mean_target[:, None, None]) * valid
    scale = (p * t).sum(dim=(1, 2)) / (p * p).sum(dim=(1, 2))
    shift = mean_target - scale * mean
    return scale, shift
"""

CENTRED_T = "(target - mean_target[:, None, None]) * valid"
COVARIANCE, VARIANCE = "(p * t).sum(dim=(1, 2))", "(p * p).sum(dim=(1, 2))"
SCALE, SHIFT = "(p * t).sum(dim=(1, 2)) / (p * p).sum(dim=(1, 2))", "mean_target - scale * mean"
P = "(prediction - mean[:, None, None]) * valid"


def _rows(of_one):
    """Code of one number per picture, where a and b are the valid pixels of prediction and target."""
    return f"torch.stack([(lambda a, b: {of_one})(x[v], y[v]) for x, y, v in zip(prediction, target, valid)])"


def _cases(generator):
    def maps(batch, rows, columns, holes):
        prediction = 200 + 300 * torch.rand(batch, rows, columns, generator=generator)
        scale = torch.linspace(0.001, 0.004, batch).view(-1, 1, 1)
        target = scale * prediction - 0.1 + 0.2 * torch.rand(batch, rows, columns, generator=generator)
        valid = torch.ones(batch, rows, columns, dtype=torch.bool)
        for picture, number in zip(valid, holes, strict=True):
            picture.flatten()[torch.randperm(rows * columns, generator=generator)[:number]] = False
        return prediction, target, valid

    return [
        Case("1 picture of 4 x 6, all valid", maps(1, 4, 6, (0,))),
        Case("3 pictures of 5 x 7, 0, 12 and 25 pixels not valid", maps(3, 5, 7, (0, 12, 25))),
        Case("2 pictures of 8 x 3, 5 and 2 not valid", maps(2, 8, 3, (5, 2))),
        Case(
            "by hand: 1, 2, 4 to 5, 7 and 11, with a pixel that is not valid",
            (
                torch.tensor([[[1.0, 2, 4, 9]]]),
                torch.tensor([[[5.0, 7, 11, 0]]]),
                torch.tensor([[[True, True, True, False]]]),
            ),
        ),
    ]


scale_and_shift = exercise(
    "19.4",
    "The best scale and shift",
    points=3,
    solution=SOLUTION,
    same_as=align_least_squares,
    cases=_cases,
    rtol=1e-3,
    mistakes=(
        edit(
            "scale and shift are those of the whole batch: every picture has its own",
            {
                "dim=(1, 2)": "dim=(0, 1, 2), keepdim=True",
                "[:, None, None]": "",
                "return scale, shift": "return scale.flatten().expand(len(valid)), shift.flatten().expand(len(valid))",
            },
        ),
        edit(
            "scale and shift are one number for the whole batch: every picture has its own, so the sums run over rows "
            "and columns, dim=(1, 2)",
            {"dim=(1, 2)": "", "[:, None, None]": ""},
        ),
        edit(
            "pixels that are not valid were set to 0, and count as zeros: they must not count at all",
            {"n = valid.sum(dim=(1, 2))": "n = valid[0].numel()", P: "prediction * valid - mean[:, None, None]",
             CENTRED_T: "target * valid - mean_target[:, None, None]"},
        ),
        edit(
            "pixels that are not valid count in the sum of p * p: multiply both differences by `valid`",
            {P: "prediction - mean[:, None, None]"},
        ),
        edit(
            "median and mean deviation are MiDaS's other way: here it is the least squared error, by covariance and "
            "variance",
            {SCALE: _rows("(b - b.median()).abs().mean() / (a - a.median()).abs().mean()"),
             SHIFT: f"{_rows('b.median()')} - scale * {_rows('a.median()')}"},
        ),
        edit(
            "this fits the smallest and the largest value and forgets all others: least squares asks every pixel",
            {SCALE: _rows("(b.max() - b.min()) / (a.max() - a.min())"),
             SHIFT: f"{_rows('b.min()')} - scale * {_rows('a.min()')}"},
        ),
        edit(
            "covariance and variance divide by unlike numbers, n and n - 1: `.var()` needs correction=0 beside a mean",
            {SCALE: f"{SCALE} * (n - 1) / n"},
        ),
        edit("covariance and variance divide by unlike numbers, n - 1 and n", {SCALE: f"{SCALE} * n / (n - 1)"}),
        edit(
            "this is the correlation, which has no unit: the covariance is divided by the variance of the prediction",
            {SCALE: f"{COVARIANCE} / ({VARIANCE} * (t * t).sum(dim=(1, 2))) ** 0.5"},
        ),
        edit(
            "the covariance is divided by the deviation: its square, the variance, is asked for",
            {SCALE: f"{COVARIANCE} / n / ({VARIANCE} / n) ** 0.5"},
        ),
        edit(
            "the covariance is divided by the deviation: its square, the variance, is asked for",
            {SCALE: f"{COVARIANCE} / n / ({VARIANCE} / (n - 1)) ** 0.5"},
        ),
        edit(
            "pixels that are not valid count in the means and sums: multiply by `valid`, or pick the valid ones",
            {"n = valid.sum(dim=(1, 2))": "n = valid[0].numel()", " * valid": ""},
        ),
        edit(
            "n counts all pixels, also those that are not valid",
            {"n = valid.sum(dim=(1, 2))": "n = valid[0].numel()"},
        ),
        edit(
            "pixels that are not valid count in the sums of products: multiply the differences by `valid`",
            {
                P: "prediction - mean[:, None, None]",
                "(target - mean_target[:, None, None]) * valid": "target - mean_target[:, None, None]",
            },
        ),
        edit(
            "the scale goes from target to prediction: divide by the sum of p * p, the *prediction's*",
            {"(p * p)": "(t * t)"},
        ),
        edit(
            "prediction and target are exchanged: scale * prediction + shift = target",
            {"(p * p)": "(t * t)", SHIFT: "mean - scale * mean_target"},
        ),
        edit(
            "the means are not subtracted: this is the best scale *without* a shift",
            {P: "prediction * valid", "(target - mean_target[:, None, None]) * valid": "target * valid"},
        ),
        edit(
            "the shift takes the scale into account: mean of the target minus scale times mean of the prediction",
            {SHIFT: "mean_target - mean"},
        ),
        edit("the sign of the shift is turned", {SHIFT: "scale * mean - mean_target"}),
        edit("the shift is subtracted from the target's mean, not added", {SHIFT: "mean_target + scale * mean"}),
        edit(
            "the shift is the mean of the target minus *scale times* the mean of the prediction", {SHIFT: "mean_target"}
        ),
        edit(
            "this is the best scale without a shift: first subtract the two means",
            {
                P: "prediction * valid",
                "(target - mean_target[:, None, None]) * valid": "target * valid",
                SHIFT: "0 * mean",
            },
        ),
        edit("the order is scale, shift", {"return scale, shift": "return shift, scale"}),
        edit("the scale is a ratio of sums: the root is too much", {SCALE: f"({SCALE}) ** 0.5"}),
        edit(
            "this compares the spreads: they agree with the best scale only where the two maps agree up to scale and "
            "shift",
            {SCALE: "((t * t).sum(dim=(1, 2)) / (p * p).sum(dim=(1, 2))) ** 0.5"},
        ),
        edit(
            "this is the mean of ratios, which small numbers rule: take the ratio of sums",
            {SCALE: "(target / prediction * valid).sum(dim=(1, 2)) / n"},
        ),
        edit(
            "this is the ratio of the means: it is the scale only where there is no shift",
            {SCALE: "mean_target / mean"},
        ),
        edit("a factor n is left over in the scale", {SCALE: f"{SCALE} / n"}),
        edit("a factor n is left over in the scale", {SCALE: f"{SCALE} * n"}),
        edit("the means are not divided by the number of valid pixels", {"(dim=(1, 2)) / n": "(dim=(1, 2))"}),
        edit("only the scale came: return scale, shift", {"return scale, shift": "return scale"}),
        edit(
            "the aligned map came; scale and shift are asked for",
            {"return scale, shift": "return scale[:, None, None] * prediction + shift[:, None, None]"},
        ),
    ),
    hints=(
        "A straight line through points (prediction, target), one point per valid pixel: the slope is the scale, the "
        "intercept the shift. Every picture has its own line.",
        "Slope: covariance divided by variance of the prediction. The line goes through the point of the two means. "
        "Sum with `dim=(1, 2)`, multiply by `valid` what is not to count, divide by `valid.sum(dim=(1, 2))`.",
        "`p = (prediction - mean[:, None, None]) * valid`, `t` likewise; "
        "`scale = (p * ____).sum(dim=(1, 2)) / (p * ____).sum(dim=(1, 2))`; `shift = mean_target - ____`.",
    ),
)
