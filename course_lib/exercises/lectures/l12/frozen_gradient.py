"""12.5: the gradient of a frozen batch normalisation."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.exercises.lectures.l12.group_norm import LIBRARY

SOLUTION = """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    scale = weight / (running_var + eps).sqrt()
    return gradient * scale[:, None, None]
"""

SCALE, PRODUCT = "weight / (running_var + eps).sqrt()", "gradient * scale[:, None, None]"


def _cases(generator):
    def numbers(*shape):
        gradient = torch.randn(shape, generator=generator)
        return gradient, torch.rand(shape[1], generator=generator) * 3 + 0.2, torch.randn(shape[1], generator=generator)

    return [
        Case("2 samples of 3 channels, 4 x 5 places", numbers(2, 3, 4, 5)),
        Case("one sample of 4 channels, 4 x 3 places", numbers(1, 4, 4, 3)),
        Case("eps 0.5", numbers(3, 2, 2, 3), {"eps": 0.5}),
        Case(
            "by hand: weight 3, variance 4, so 1.5 times the gradient",
            (torch.ones(1, 1, 1, 2), torch.tensor([4.0]), torch.tensor([3.0])),
            {"eps": 0.0},
        ),
    ]


frozen_gradient = exercise(
    "12.5",
    "The gradient through BN*",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("torch.autograd.grad", *LIBRARY),
    mistakes=(
        edit(
            "eps is added to the scale: it belongs to the variance, under the root",
            {SCALE: "weight / running_var.sqrt() + eps"},
        ),
        edit("the weight counts twice: y has it once", {"weight / (": "weight**2 / ("}),
        edit(
            "this is the gradient of a live batch normalisation, whose mean and variance move with x: frozen, they are "
            "constants, and only the scale is left",
            {PRODUCT: f"({PRODUCT}) - ({PRODUCT}).mean(dim=(0, 2, 3), keepdim=True)"},
        ),
        edit("the weight (gamma) is missing: y = weight (x - mean) / deviation + bias", {"weight / ": "1 / "}),
        edit("the slope is upside down: weight over deviation", {SCALE: "(running_var + eps).sqrt() / weight"}),
        edit(
            "the deviation is that of the incoming gradient: y was divided by the one of `running_var`",
            {"running_var + eps": "gradient.var(dim=(0, 2, 3), correction=0) + eps"},
        ),
        edit(
            "the incoming gradient is missing: the chain rule multiplies it by the slope",
            {PRODUCT: "scale[:, None, None].expand_as(gradient)"},
        ),
        edit("the deviation is missing: the chain rule divides by it", {SCALE: "weight"}),
        edit("the root is missing: divide by the deviation, not by the variance", {".sqrt()": ""}),
        edit("the gradient is multiplied by the deviation: y is x *divided* by it", {"weight / ": "weight * "}),
        edit("the gradient is divided by the weight: y is x *times* weight", {"weight / (": "1 / weight / ("}),
        edit("eps stands outside the root", {"(running_var + eps).sqrt()": "(running_var.sqrt() + eps)"}),
        edit("the argument `eps` is not used: it is added to the variance as it comes", {"+ eps": "+ 1e-5"}),
        edit(
            "this adds up over the batch: x has a gradient of its own in every cell",
            {"return gradient": "return gradient.sum(0, keepdim=True)"},
        ),
        edit(
            "this averages over the batch: x has a gradient of its own in every cell",
            {"return gradient": "return gradient.mean(0, keepdim=True)"},
        ),
        edit("the scale of the first channel is taken for all", {"scale[:,": "scale[:1,"}),
    ),
    hints=(
        "Frozen means: mean, variance, weight and bias are constants. So y is a straight line in x. What is its slope?",
        "`y = weight (x - mean) / (var + eps).sqrt() + bias`. The slope does not contain mean or bias; it is one "
        "number per channel, and `[:, None, None]` gives it rows and columns.",
        "`scale = ____ / (____ + eps).sqrt()`; return `gradient * scale[____]`.",
    ),
)
