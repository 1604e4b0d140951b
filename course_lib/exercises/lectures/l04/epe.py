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
        edit("this is the largest error: the mean is asked for", {".mean()": ".max()"}),
        edit("this is the median error: the mean is asked for", {".mean()": ".median()"}),
    ),
    hints=(
        "Two steps. First one number per pixel: how long is the difference of the two arrows? Then the mean of these "
        "numbers over the pixels that count.",
        "`(flow - truth).norm(dim=1)` is the distance at every pixel, (B, H, W). `distance[valid]` picks the valid "
        "ones, as one long row. `.item()` makes a float of a tensor with one number.",
        "`distance = (flow - ____).norm(dim=____)`, then `return distance[____].mean().item()`.",
    ),
)
