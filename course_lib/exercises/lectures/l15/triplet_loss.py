"""15.2: the triplet loss with plain distances."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = (anchor - positive).norm(dim=1)
    far = (anchor - negative).norm(dim=1)
    return (near - far + margin).clamp(min=0).mean()
"""

NEAR, FAR = "(anchor - positive).norm(dim=1)", "(anchor - negative).norm(dim=1)"
LOSS = "(near - far + margin).clamp(min=0)"
SQUARED = "these are squared distances (FaceNet's form): asked for are plain ones"


def _cases(generator):
    def triplets(number, width):
        anchor, one, other = torch.randn(3, number, width, generator=generator)
        return anchor, anchor + 0.7 * one, anchor + 0.9 * other

    return [
        Case(
            "by hand: distances 3 and 5, then 3 and 3.5, margin 1",
            (torch.zeros(2, 2), torch.tensor([[3.0, 0], [0, -3]]), torch.tensor([[3.0, 4], [-3.5, 0]])),
        ),
        Case("8 triplets of 3 numbers", triplets(8, 3)),
        Case("5 triplets of 7 numbers, margin 0.3", triplets(5, 7), {"margin": 0.3}),
        Case("9 triplets of 2 numbers, margin 2", triplets(9, 2), {"margin": 2.0}),
    ]


triplet_loss = exercise(
    "15.2",
    "The triplet loss",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    differentiable=True,
    forbidden=("torch.nn.functional.triplet_margin_loss", "torch.nn.functional.triplet_margin_with_distance_loss"),
    mistakes=(
        edit(SQUARED, {".norm(dim=1)": ".square().sum(dim=1)"}),
        edit("the two distances are exchanged: a near *negative* is what costs", {"near - far": "far - near"}),
        edit(
            "the margin has the wrong sign: the negative shall be further by at least the margin",
            {"+ margin": "- margin"},
        ),
        edit("the margin is missing: without it, equal distances are good enough", {" + margin": ""}),
        edit("the margin is fixed to 1: use the argument `margin`", {"+ margin": "+ 1.0"}),
        edit(
            "a triplet that is already right counts negatively: cut each one off at 0, then average",
            {".clamp(min=0)": ""},
        ),
        edit(
            "the cut comes too late: cut each triplet off at 0, then average, or good ones pay for bad ones",
            {".clamp(min=0).mean()": ".mean().clamp(min=0)"},
        ),
        edit(
            "the difference is cut off before the margin is added: add the margin, then cut",
            {LOSS: "((near - far).clamp(min=0) + margin)"},
        ),
        edit("the loss is not squared: only the contrastive loss is", {".mean()": ".square().mean()"}),
        edit(
            "the negative is compared with the positive: both are compared with the anchor",
            {FAR: "(positive - negative).norm(dim=1)"},
        ),
        edit("this adds up over triplets: the loss is their mean", {".mean()": ".sum()"}),
        edit("every triplet still has a loss of its own: take the mean", {".mean()": ""}),
        edit("there is no factor 1/2 in this loss", {".mean()": ".mean() / 2"}),
        edit(
            "this averages over the triplets that still cost something: over all of them, please",
            {LOSS + ".mean()": LOSS + ".sum() / (near - far + margin > 0).sum()"},
        ),
        edit("this is the largest loss: take the mean", {".mean()": ".amax()"}),
        edit(
            "one distance per triplet adds up over axis 1; here it runs over the triplets",
            {".norm(dim=1)": ".norm(dim=0)"},
        ),
        edit(
            "this is one distance for all triplets together: .norm(dim=1) gives one per triplet",
            {".norm(dim=1)": ".norm()"},
        ),
        edit(
            "this is the mean square, not the distance: add the squares up (.norm(dim=1))",
            {".norm(dim=1)": ".square().mean(dim=1).sqrt()"},
        ),
        edit(
            "this is the distance as one walks along streets (L1): take the straight one, .norm(dim=1)",
            {".norm(dim=1)": ".abs().sum(dim=1)"},
        ),
        edit(
            "this is the mean of the differences, not the distance: the root of the sum of squares, .norm(dim=1)",
            {".norm(dim=1)": ".abs().mean(dim=1)"},
        ),
        edit(
            "this is one mean square for all triplets together: .norm(dim=1) gives one distance per triplet",
            {".norm(dim=1)": ".square().mean()"},
        ),
        edit(
            "these are angles (cosine): take the lengths of the differences",
            {
                NEAR: "1 - torch.cosine_similarity(anchor, positive)",
                FAR: "1 - torch.cosine_similarity(anchor, negative)",
            },
        ),
        edit(
            "the points are scaled to length 1 first, as in FaceNet: here they are compared as they are",
            {
                f"    near = {NEAR}": "    scale = lambda x: x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)\n"
                "    anchor, positive, negative = scale(anchor), scale(positive), scale(negative)\n"
                f"    near = {NEAR}"
            },
        ),
        edit(
            "these are the two wishes of the contrastive loss: here only the difference of the distances is compared "
            "with the margin",
            {LOSS: "(near + (margin - far).clamp(min=0))"},
        ),
        edit(
            "the distance from positive to negative takes part (`swap` of PyTorch's function): both are the anchor's",
            {FAR: f"torch.minimum({FAR}, (positive - negative).norm(dim=1))"},
        ),
        edit(
            "the cut is on the wrong side: what is *below* 0 becomes 0, .clamp(min=0)",
            {".clamp(min=0)": ".clamp(max=0)"},
        ),
        edit("the cut is a soft one: a plain .clamp(min=0), please", {LOSS: "(near - far + margin).exp().log1p()"}),
        edit(
            "only the distance to the negative is squared: take plain ones on both sides",
            {FAR: "(anchor - negative).square().sum(dim=1)"},
        ),
        edit(
            "only the distance to the positive is squared: take plain ones on both sides",
            {NEAR: "(anchor - positive).square().sum(dim=1)"},
        ),
    ),
    hints=(
        "Two distances from the anchor. The negative's shall exceed the positive's by the margin; what is missing "
        "costs.",
        "`(anchor - positive).norm(dim=1)` is one distance per triplet. Missing is `near + margin - far`, if that is "
        "above 0: `.clamp(min=0)`. Average last.",
        "`far = (anchor - ____).norm(dim=1)`; return `(near - ____ + margin).clamp(min=____).mean()`.",
    ),
)
