"""04.3: the end-point error."""

import torch

from course_lib.exercises import Case, Mistake, edit, exercise
from course_lib.metrics import endpoint_error

SOLUTION = """
def epe(flow, truth, valid):
    distance = (flow - truth).square().sum(dim=1).sqrt()  # (B, H, W)
    return distance[valid].mean().item()
"""


def _cases(generator):
    def case(label, batch, height, width, share, scale=3.0):
        flow, truth = (scale * torch.randn(batch, 2, height, width, generator=generator) for _ in range(2))
        valid = torch.rand(batch, height, width, generator=generator) < share
        valid[0, 0, 0], valid[-1, -1, -1] = True, False
        return Case(label, (flow, truth, valid))

    arrows = [torch.tensor(arrow).view(1, 2, 1, 1).expand(1, 2, 2, 3) for arrow in ([4.0, 6.0], [1.0, 2.0])]
    uneven = case("two pictures: most of one is hidden, little of the other", 2, 6, 8, 0.9)
    uneven.args[2][0, 1:] = False
    return [
        Case("estimated (4, 6), true (1, 2): 5 pixels", (*arrows, torch.ones(1, 2, 3, dtype=torch.bool))),
        case("a picture of 5 x 7, half of it hidden", 1, 5, 7, 0.5),
        uneven,
        case("three pictures of 8 x 5, small errors", 3, 8, 5, 0.7, 0.2),
    ]


def _per_picture(flow, truth, valid):
    found = [endpoint_error(*one) for one in zip(flow.split(1), truth.split(1), valid.split(1), strict=True)]
    return sum(found) / len(found)


MASKED_EARLY = (
    "the mask is (B, H, W), and here it picks from a tensor that still has the axis of u and v: take the distance "
    "of each "
    "pixel first, (B, H, W), then distance[valid]"
)
TOGETHER = "this is the length of all differences together, as one long arrow: one distance per pixel, then the mean"
UV = "u and v lie along axis 1: the sum of squares runs over it"
SQUARES = ".square().sum(dim=1).sqrt()"

epe = exercise(
    "04.3",
    "The end-point error",
    points=1,
    solution=SOLUTION,
    same_as=endpoint_error,
    cases=_cases,
    mistakes=(
        edit("all pixels count here: average the distances where `valid` is true", {"[valid]": ""}),
        edit("this measures where `valid` is false: those are the pixels without a truth", {"[valid]": "[~valid]"}),
        edit(
            "the sum runs over the valid pixels, but is divided by the number of all: divide by valid.sum()",
            {"distance[valid]": "(distance * valid)"},
        ),
        edit("this is the sum of all errors: divide by the number of valid pixels", {".mean()": ".sum()"}),
        edit("the root is missing: this averages squared distances", {".sqrt()": ""}),
        edit(
            "the root is taken after the mean: take the distance of each pixel first, then average",
            {".sqrt()": "", ".mean()": ".mean().sqrt()"},
        ),
        edit(
            "this adds up the errors to the right and down: the distance is the root of the sum of their squares",
            {SQUARES: ".abs().sum(dim=1)"},
        ),
        edit(
            "this averages over u and v: one pixel has one distance, the root of the sum of both squares",
            {SQUARES: ".abs().mean(dim=1)"},
        ),
        edit("under the root stands the mean of both squares: it is their sum", {"sum(dim=1)": "mean(dim=1)"}),
        edit(
            "this averages the errors as vectors, so that opposite ones cancel: take the distances first",
            {SQUARES: ".permute(0, 2, 3, 1)", ".mean()": ".mean(0).norm()"},
        ),
        edit(
            "this compares how long the arrows are: two arrows of one length may point apart; subtract them first",
            {f"(flow - truth){SQUARES}": "(flow.norm(dim=1) - truth.norm(dim=1)).abs()"},
        ),
        edit("only the error in u counts here: v belongs to it", {SQUARES: "[:, 0].abs()"}),
        Mistake(
            "each picture counts the same, however many valid pixels it has: average over all valid pixels at once",
            _per_picture,
        ),
        edit("the arrows are added: subtract the true one", {"flow - truth": "flow + truth"}),
        edit(MASKED_EARLY, {"distance[valid]": "(flow - truth)[valid]"}),
        edit(
            "keepdim leaves an axis of size 1, and the mask has none there: leave it out, distance is (B, H, W)",
            {"dim=1)": "dim=1, keepdim=True)"},
        ),
        edit(
            "the mask has an axis more than the distances: both are (B, H, W), so distance[valid]",
            {"[valid]": "[valid[:, None]]"},
        ),
        edit(UV, {"dim=1": "dim=0"}),
        edit(UV, {"dim=1": "dim=-1"}),
        edit(TOGETHER, {"distance[valid].mean()": "(flow - truth).norm()"}),
        edit(TOGETHER, {"distance[valid].mean()": "distance[valid].norm()"}),
        edit(TOGETHER, {"distance[valid].mean()": "(distance[valid].norm() / valid.sum())"}),
        edit(
            "u and v are averaged apart from each other: each pixel has one distance, and these are averaged",
            {"distance[valid].mean()": "(flow - truth).abs().permute(0, 2, 3, 1)[valid].mean(0).norm()"},
        ),
        edit("a mask is bool: whole numbers pick pictures by their number", {"[valid]": "[valid.long()]"}),
        edit(
            "this is the mean of all squares (F.mse_loss): the root of u^2 + v^2 at each pixel, then the mean over the "
            "valid ones",
            {"distance[valid].mean()": "(flow - truth).square().mean()"},
        ),
        edit(
            "the squares are subtracted: subtract the arrows first, then square",
            {"(flow - truth).square()": "(flow.square() - truth.square())", ".sqrt()": ".abs().sqrt()"},
        ),
        edit(
            "brackets are missing, so that the true arrow alone is squared: (flow - truth) ** 2",
            {"(flow - truth).square()": "(flow - truth.square())"},
        ),
        edit("this looks at the first picture only", {"distance[valid]": "distance[0][valid[0]]"}),
        edit(
            "only the first picture was added up: return after the loop, not in it",
            {"distance[valid].mean()": "(distance[0][valid[0]].sum() / valid.sum())"},
        ),
        edit("this is the largest error: the mean is asked for", {".mean()": ".max()"}),
        edit("this is the median error: the mean is asked for", {".mean()": ".median()"}),
        edit(
            "this adds the distances of all pixels and divides by the number of valid ones: take the valid ones first",
            {"distance[valid].mean()": "(distance.sum() / valid.sum())"},
        ),
        edit("u and v are added before they are squared: square each, then add", {SQUARES: ".sum(dim=1).abs()"}),
    ),
    hints=(
        "Two steps. First one number per pixel: how long is the difference of the two arrows? Then the mean of these "
        "numbers over the pixels that count.",
        "`(flow - truth).norm(dim=1)` is the distance at every pixel, (B, H, W). `distance[valid]` picks the valid "
        "ones, as one long row. `.item()` makes a float of a tensor with one number.",
        "`distance = (flow - ____).norm(dim=____)`, then `return distance[____].mean().item()`.",
    ),
)
