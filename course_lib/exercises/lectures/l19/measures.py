"""19.1: three measures of a depth map, where some depths are unknown."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def measures(depth, truth):
    known = truth > 0
    y, t = depth[known], truth[known]
    abs_rel = ((y - t).abs() / t).mean()
    rmse = ((y - t) ** 2).mean().sqrt()
    delta = (torch.maximum(y / t, t / y) < 1.25).float().mean()
    return abs_rel, rmse, delta
"""

KNOWN, PICKED = "truth > 0", "depth[known], truth[known]"
REL, RMSE, FACTOR = "((y - t).abs() / t).mean()", "((y - t) ** 2).mean().sqrt()", "torch.maximum(y / t, t / y) < 1.25"
SHARE = f"({FACTOR}).float().mean()"


def _cases(generator):
    def maps(rows, columns, holes):
        truth = 0.3 + 5 * torch.rand(rows, columns, generator=generator)
        # Factors from all of 0.55 to 1.9, and none so close to 1.25 that rounding decides
        factors = torch.tensor([0.6, 0.72, 0.77, 0.86, 0.93, 1.04, 1.13, 1.19, 1.42, 1.77])
        chosen = factors[torch.randperm(rows * columns, generator=generator).view(rows, columns) % len(factors)]
        depth = truth * chosen
        truth.flatten()[torch.randperm(rows * columns, generator=generator)[:holes]] = 0
        return depth, truth

    return [
        Case("4 x 6 pixels, all known", maps(4, 6, 0)),
        Case("5 x 7 pixels, 12 unknown", maps(5, 7, 12)),
        Case("9 x 3 pixels, 20 unknown", maps(9, 3, 20)),
        Case(
            "by hand: 1, 3, 9 where 2, 3 and nothing is true",
            (torch.tensor([[1.0, 3, 9]]), torch.tensor([[2.0, 3, 0]])),
        ),
    ]


measures = exercise(
    "19.1",
    "Measures that leave out what nobody knows",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "unknown pixels, whose truth is 0, count here: take only pixels with truth > 0",
            {PICKED: "depth + 0, truth + 0"},
        ),
        edit(
            "unknown pixels, made equal in both maps, count as pixels without an error: take only those with truth > 0",
            {PICKED: "torch.where(known, depth, 1.0), torch.where(known, truth, 1.0)"},
        ),
        edit(
            "unknown depth now counts as a tiny one, which is wrong by a huge factor: leave those pixels out",
            {PICKED: "depth + 0, truth.clamp(min=1e-6)"},
        ),
        edit(
            "unknown pixels are set to 0 in abs rel and counted in n, and count fully in RMSE: take only known ones",
            {
                REL: "torch.nan_to_num((depth - truth).abs() / truth, posinf=0.0).mean()",
                RMSE: "((depth - truth) ** 2).mean().sqrt()",
                SHARE: "(torch.maximum(depth / truth, truth / depth) < 1.25).float().mean()",
            },
        ),
        edit(
            "RMSE and delta are right; in abs rel unknown pixels count, too",
            {REL: "torch.nan_to_num((depth - truth).abs() / truth, posinf=0.0).mean()"},
        ),
        edit(
            "in the RMSE unknown pixels count: take it over known ones as well",
            {RMSE: "((depth - truth) ** 2).mean().sqrt()"},
        ),
        edit(
            "in delta unknown pixels count in n: divide by the number of known ones there as well",
            {SHARE: f"({FACTOR}).float().sum() / truth.numel()"},
        ),
        edit("the RMSE is relative here: no division by the true depth", {RMSE: "((y - t) ** 2 / t).mean().sqrt()"}),
        edit(
            "unknown pixels are skipped in the sums and counted in n: divide by the number of known ones",
            {
                REL: "((y - t).abs() / t).sum() / truth.numel()",
                RMSE: "(((y - t) ** 2).sum() / truth.numel()).sqrt()",
                SHARE: f"({FACTOR}).float().sum() / truth.numel()",
            },
        ),
        edit("the unknown pixels are chosen, not the known ones", {KNOWN: "truth == 0"}),
        edit("the relative error is relative to the *true* depth", {"abs() / t": "abs() / y"}),
        edit("the relative error is taken without its sign: .abs()", {"(y - t).abs()": "(y - t)"}),
        edit("the root is missing in the RMSE: it is in metres again", {".mean().sqrt()": ".mean()"}),
        edit(
            "this is the mean of |y - t|: first the squares, then their mean, then the root",
            {RMSE: "((y - t) ** 2).sqrt().mean()"},
        ),
        edit("the root of a mean is asked for, not of a sum", {"** 2).mean().sqrt()": "** 2).sum().sqrt()"}),
        edit(
            "too small by a factor is as wrong as too large: the larger of y / t and t / y",
            {"torch.maximum(y / t, t / y)": "(y / t)"},
        ),
        edit(
            "too large by a factor is as wrong as too small: the larger of y / t and t / y",
            {"torch.maximum(y / t, t / y)": "(t / y)"},
        ),
        edit(
            "nearly every pixel counts as good here: the *larger* of y / t and t / y must be below 1.25",
            {"maximum": "minimum"},
        ),
        edit(
            "this counts errors below 25 % of the true depth: delta compares a ratio, so 0.8 is the limit below",
            {FACTOR: "(y - t).abs() / t < 0.25"},
        ),
        edit("delta is the share of *good* pixels, below 1.25", {"< 1.25": "> 1.25"}),
        edit("delta is a share: the mean of yes and no, not their number", {".float().mean()": ".float().sum()"}),
        edit("delta is a share from 0 to 1, not in percent", {".float().mean()": ".float().mean() * 100"}),
        edit(
            "this is the squared relative error; abs_rel takes |y - t| / t", {"(y - t).abs() / t": "(y - t) ** 2 / t"}
        ),
        edit("this is the RMSE of the log; here it is in metres", {RMSE: "((y / t).log() ** 2).mean().sqrt()"}),
        edit(
            "the relative error is the mean of ratios, pixel by pixel, not the ratio of the means",
            {REL: "(y - t).abs().mean() / t.mean()"},
        ),
        edit("the order is abs_rel, rmse, delta", {"return abs_rel, rmse": "return rmse, abs_rel"}),
        edit("the order is abs_rel, rmse, delta", {"return abs_rel, rmse, delta": "return delta, abs_rel, rmse"}),
        edit(
            "the relative error is relative to the *true* depth, not to the larger of the two",
            {"(y - t).abs() / t": "(y - t).abs() / torch.maximum(y, t)"},
        ),
        edit("abs_rel is a mean over the known pixels: this is a sum", {REL: "((y - t).abs() / t).sum()"}),
        edit("nothing is divided by the true depth in abs_rel", {"(y - t).abs() / t": "(y - t).abs()"}),
    ),
    hints=(
        "First throw away every pixel whose true depth is 0, from prediction and truth alike. Then the three formulas "
        "are means over what is left.",
        "`depth[known]` with a mask `known = truth > 0` gives the chosen pixels in a row. `torch.maximum(a, b)` takes "
        "the larger of two, pixel by pixel. The mean of `mask.float()` is a share.",
        "`y, t = depth[known], truth[____]`; `abs_rel = ((y - t).abs() / ____).mean()`; "
        "`rmse = (____ ** 2).mean().sqrt()`; `delta = (torch.maximum(y / t, ____) < 1.25).float().mean()`.",
    ),
)
