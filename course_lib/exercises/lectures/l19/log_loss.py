"""19.2: the logarithm of unknown depth, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def log_loss(depth, truth):
    known = truth > 0
    difference = depth[known].log() - truth[known].log()
    return (difference**2).sum() / known.sum()
"""

DIFFERENCE, MEAN = "depth[known].log() - truth[known].log()", "(difference**2).sum() / known.sum()"
ZERO = (
    "the logarithm of 0 is -inf, and -inf times 0 is NaN: leave unknown pixels out before the logarithm. Then look at "
    "what the mean divides by"
)


def _cases(generator):
    def maps(batch, rows, columns, holes):
        depth, truth = 0.5 + 6 * torch.rand(2, batch, rows, columns, generator=generator)
        truth.flatten()[torch.randperm(truth.numel(), generator=generator)[:holes]] = 0
        return depth, truth

    return [
        Case("2 maps of 4 x 5, all known", maps(2, 4, 5, 0)),
        Case("3 maps of 3 x 7, 20 pixels unknown", maps(3, 3, 7, 20)),
        Case("1 map of 6 x 2, 5 unknown", maps(1, 6, 2, 5)),
        Case("by hand: e and 5 where 1 and nothing is true", (torch.tensor([[[torch.e, 5]]]),
                                                             torch.tensor([[[1.0, 0]]]))),
    ]  # fmt: skip


log_loss = exercise(
    "19.2",
    "Fix the bugs: the logarithm of nothing",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    mistakes=(
        edit(ZERO, {DIFFERENCE: "(depth.log() - truth.log()) * known", MEAN: "(difference**2).mean()"}),
        edit(ZERO, {DIFFERENCE: "depth.log() - truth.log()", MEAN: "(difference**2 * known).mean()"}),
        edit(ZERO, {DIFFERENCE: "(depth.log() - truth.log()) * known"}),
        edit(
            "one bug is left: the mean is taken over all pixels, also those that nobody knows",
            {MEAN: "(difference**2).sum() / truth.numel()"},
        ),
        edit(
            "unknown depth now counts as a tiny one, which is infinitely wrong, nearly: leave those pixels out",
            {DIFFERENCE: "depth.log() - truth.clamp(min=1e-6).log()", "known.sum()": "truth.numel()"},
        ),
        edit(
            "unknown depth now counts as a tiny one, which is infinitely wrong, nearly: leave those pixels out",
            {DIFFERENCE: "depth.log() - (truth + 1e-6).log()", "known.sum()": "truth.numel()"},
        ),
        edit(
            "unknown depth now counts as a tiny one, which is infinitely wrong, nearly: leave those pixels out",
            {DIFFERENCE: "depth.log() - (truth + 1e-8).log()", "known.sum()": "truth.numel()"},
        ),
        edit(
            "unknown depth now counts as a tiny one, which is infinitely wrong, nearly: leave those pixels out",
            {DIFFERENCE: "depth.log() - truth.clamp(min=1e-8).log()", "known.sum()": "truth.numel()"},
        ),
        edit(
            "log(1 + depth) is another loss, which forgives errors near the camera",
            {DIFFERENCE: "depth[known].log1p() - truth[known].log1p()"},
        ),
        edit(
            "the unknown pixels are compared with 1 m here: they must not count at all",
            {DIFFERENCE: "depth.log() - truth.masked_fill(~known, 1.0).log()", "known.sum()": "truth.numel()"},
        ),
        edit(
            "the unknown pixels are compared with 1 m here: they must not count at all",
            {DIFFERENCE: "depth.log() - truth.masked_fill(~known, 1.0).log()"},
        ),
        edit("the squares are added up: divide by the number of known pixels", {" / known.sum()": ""}),
        edit("the squares got lost: the loss is the mean squared difference", {"difference**2": "difference"}),
        edit("the difference is squared, not taken without its sign", {"(difference**2)": "difference.abs()"}),
        edit("the root is too much: the mean of the squares is asked for", {MEAN: f"({MEAN}).sqrt()"}),
        edit("this is the L2 loss in metres; the logarithm has gone", {DIFFERENCE: "depth[known] - truth[known]"}),
        edit("the mask is turned round: the unknown pixels are chosen", {"truth > 0": "truth == 0"}),
        edit(
            "the difference of the logarithms, not the logarithm of the difference",
            {DIFFERENCE: "(depth[known] - truth[known]).abs().log()"},
        ),
        edit(
            "the squared error is averaged over the known pixels of all maps, and the mean is squared here",
            {MEAN: "(difference.sum() / known.sum()) ** 2"},
        ),
        edit("the base is e: `.log()`, not `.log10()`", {"].log()": "].log10()"}),
        edit("the base is e: `.log()`, not `.log2()`", {"].log()": "].log2()"}),
        edit(
            "this is a mean per picture, and then over pictures: here it is one mean over the known pixels of all",
            {
                DIFFERENCE: "(depth.log() - truth.masked_fill(~known, 1.0).log()) * known",
                MEAN: "((difference**2).sum((1, 2)) / known.sum((1, 2))).mean()",
            },
        ),
        edit(
            "`known.float().mean()` is the share of known pixels: divide by their number",
            {MEAN: "(difference**2).sum() / known.float().mean()"},
        ),
        edit(
            "the sum is divided by the number of maps: divide by that of known pixels", {" known.sum()": " len(depth)"}
        ),
        edit("both are metres: .log() makes them logarithms, .exp() does not", {"].log()": "].exp()"}),
        edit("`depth` is in metres too: its logarithm is missing", {"depth[known].log()": "depth[known]"}),
    ),
    hints=(
        "What is the logarithm of a depth that nobody knows, stored as 0? And what is that, squared, times 0? Then: "
        "over how many pixels is the mean?",
        "Multiplying by a mask cannot remove inf. Indexing can: `depth[known]` holds the chosen pixels and nothing "
        "else.",
        "`difference = depth[known].log() - ____.log()`, and the mean over what is left: "
        "`(difference**2).sum() / ____.sum()`.",
    ),
)
