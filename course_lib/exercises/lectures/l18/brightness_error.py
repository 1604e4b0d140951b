"""18.1: how far is the warped image from the first one?"""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.models import flownet2_inputs

SOLUTION = """
def brightness_error(image, warped):
    return (image - warped).square().sum(dim=1, keepdim=True).sqrt()
"""

ROOT, SUM, DIFFERENCE = ".sqrt()", ".sum(dim=1, keepdim=True)", "(image - warped)"


def _cases(generator):
    def images(batch, rows, columns):
        return tuple(torch.randn(batch, 3, rows, columns, generator=generator) for _ in range(2))

    by_hand = torch.tensor([3.0, 0, -4]).view(1, 3, 1, 1)
    return [
        Case("by hand: the difference is (3, 0, -4)", (by_hand, 0 * by_hand)),
        Case("one pair of 4 x 6", images(1, 4, 6)),
        Case("three pairs of 5 x 3", images(3, 5, 3)),
    ]


brightness_error = exercise(
    "18.1",
    "Brightness error",
    points=1,
    solution=SOLUTION,
    same_as=flownet2_inputs.brightness_error,
    cases=_cases,
    mistakes=(
        edit("the axis of colours is gone: keep it as an axis of 1, keepdim=True", {", keepdim=True": ""}),
        edit("this is the square of the length: take its root", {ROOT: ""}),
        edit(
            "this is the mean of the absolute differences: the length is the root of the sum of squares",
            {".square().sum(dim=1, keepdim=True).sqrt()": ".abs().mean(dim=1, keepdim=True)"},
        ),
        edit(
            "this is the sum of the absolute differences: the length is the root of the sum of squares",
            {".square().sum(dim=1, keepdim=True).sqrt()": ".abs().sum(dim=1, keepdim=True)"},
        ),
        edit(
            "this is the root of the mean square: the length is the root of the *sum* of squares",
            {SUM: ".mean(dim=1, keepdim=True)"},
        ),
        edit(
            "every colour has its own error here: one length over the three colours is asked for",
            {".square().sum(dim=1, keepdim=True).sqrt()": ".abs()"},
        ),
        edit(
            "this is the difference itself: one length over the three colours is asked for",
            {
                ".square().sum(dim=1, keepdim=True).sqrt()": "",
            },
        ),
        edit(
            "this adds up the differences before it squares them, so that red and blue can cancel",
            {".square().sum(dim=1, keepdim=True).sqrt()": ".sum(dim=1, keepdim=True).abs()"},
        ),
        edit("this adds up the differences, with their signs: square them first", {".square()": "", ROOT: ""}),
        edit(
            "this is the mean of the differences, with their signs: red and blue can cancel, so square them first",
            {".square().sum(dim=1, keepdim=True).sqrt()": ".mean(dim=1, keepdim=True)"},
        ),
        edit(
            "the colours are averaged before the difference is taken: red and blue can cancel",
            {".square().sum(dim=1, keepdim=True).sqrt()": ".mean(dim=1, keepdim=True).abs()"},
        ),
        edit("axis 0 is the batch: the colours are axis 1", {"dim=1": "dim=0"}),
        edit("axis 3 are the columns: the colours are axis 1", {"dim=1": "dim=3"}),
        edit(
            "one number for the whole batch, with the right number of axes: every pixel has an error of its own",
            {"dim=1": "dim=(0, 1, 2, 3)"},
        ),
        edit(
            "this is the difference of two lengths, and can be negative: take the length of the difference",
            {f"{DIFFERENCE}.square(){SUM}{ROOT}": f"image.square(){SUM}{ROOT} - warped.square(){SUM}{ROOT}"},
        ),
        edit("axis 2 are the rows: the colours are axis 1", {"dim=1": "dim=2"}),
        edit(
            "this is the largest difference of a colour: the length is asked for",
            {
                ".square().sum(dim=1, keepdim=True).sqrt()": ".abs().amax(dim=1, keepdim=True)",
            },
        ),
        edit("the images are added: the error is the length of their difference", {"image - warped": "image + warped"}),
        edit(
            "this is the difference of two lengths: take the length of the difference",
            {f"{DIFFERENCE}.square(){SUM}{ROOT}": f"(image.square(){SUM}{ROOT} - warped.square(){SUM}{ROOT}).abs()"},
        ),
        edit(
            "this is one number for the whole picture: every pixel has an error of its own",
            {
                SUM: ".sum()",
            },
        ),
    ),
    hints=(
        "At every pixel there is a vector of three differences. How long is it?",
        "`.square()`, then `.sum(dim=1, keepdim=True)`, then `.sqrt()`; or `.norm(dim=1, keepdim=True)`.",
        "`return (image - ____).square().sum(dim=____, keepdim=True).____()`.",
    ),
)
