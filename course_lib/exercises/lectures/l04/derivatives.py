"""04.1: derivatives in space and time."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
def derivatives(image1, image2):
    middle = (image1 + image2) / 2
    ix = (middle[:, :, 1:-1, 2:] - middle[:, :, 1:-1, :-2]) / 2
    iy = (middle[:, :, 2:, 1:-1] - middle[:, :, :-2, 1:-1]) / 2
    it = (image2 - image1)[:, :, 1:-1, 1:-1]
    return ix, iy, it
"""

RIGHT, LEFT = "middle[:, :, 1:-1, 2:]", "middle[:, :, 1:-1, :-2]"
LOWER, UPPER = "middle[:, :, 2:, 1:-1]", "middle[:, :, :-2, 1:-1]"
ITSELF = "middle[:, :, 1:-1, 1:-1]"
BRACKETS = "brackets are missing: a sum or a difference is divided as a whole, (a - b) / 2"
ONE_STEP = (
    "this is the step from a pixel to its neighbour: a central difference goes from the left neighbour to the "
    "right one, "
    "and is divided by 2"
)


def _cases(generator):
    def pair(batch, height, width, scale=1.0):
        return tuple(scale * torch.rand(batch, 1, height, width, generator=generator) for _ in range(2))

    column, row = (torch.arange(n).float() for n in (5, 4))
    ramp = (10 + 2 * column + 3 * row[:, None])[None, None]
    return [
        Case("2 brighter per column, 3 per row, then darker by 1: Ix = 2, Iy = 3, It = -1", (ramp, ramp - 1)),
        Case("one pair of 5 x 6 pixels", pair(1, 5, 6)),
        Case("two pairs of 7 x 5 pixels", pair(2, 7, 5)),
        Case("pixels in 0..255", pair(1, 6, 9, 255.0)),
    ]


derivatives = exercise(
    "04.1",
    "Derivatives in space and time",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    forbidden=("course_lib.ops.flow.spatial_gradients",),
    mistakes=(
        edit(
            "right and down are exchanged: Ix compares columns, the last axis, and Iy compares rows",
            {"return ix, iy, it": "return iy, ix, it"},
        ),
        edit(
            "Ix and Iy are twice too large: the two neighbours are two pixels apart, so divide their difference by 2; "
            "and the picture half-way is half of the sum",
            {f"{LEFT}) / 2": f"{LEFT})", f"{UPPER}) / 2": f"{UPPER})"},
        ),
        edit(
            "Ix and Iy are four times too large: divide the difference of the two neighbours by 2, and the sum of the "
            "two pictures as well",
            {") / 2": ")"},
        ),
        edit(
            "It is half as large as it should be: image 2 minus image 1, one whole frame, and not divided",
            {"return ix, iy, it": "return ix, iy, it / 2"},
        ),
        edit(
            "Ix and Iy are taken of the difference in time: take them of the picture half-way, (image1 + image2) / 2",
            {"(image1 + image2) / 2": "(image2 - image1) / 2"},
        ),
        edit("the signs are lost: a derivative may be negative", {"ix, iy, it\n": "ix.abs(), iy.abs(), it.abs()\n"}),
        edit(BRACKETS, {"(image1 + image2) / 2": "image1 + image2 / 2"}),
        edit(BRACKETS, {f"({RIGHT} - {LEFT})": f"{RIGHT} - {LEFT}", f"({LOWER} - {UPPER})": f"{LOWER} - {UPPER}"}),
        edit("Ix goes down the rows, as Iy does: right is the last axis", {RIGHT: LOWER, LEFT: UPPER}),
        edit("Iy goes along the columns, as Ix does: down is the axis before the last", {LOWER: RIGHT, UPPER: LEFT}),
        edit(ONE_STEP, {LEFT: ITSELF, UPPER: ITSELF}),
        edit(
            ONE_STEP + "; and the border is cut from all four sides, 1:-1",
            {
                f"({RIGHT} - {LEFT}) / 2": "middle[:, :, 1:, 1:] - middle[:, :, 1:, :-1]",
                f"({LOWER} - {UPPER}) / 2": "middle[:, :, 1:, 1:] - middle[:, :, :-1, 1:]",
                "[:, :, 1:-1, 1:-1]\n": "[:, :, 1:, 1:]\n",
            },
        ),
        edit(
            "the border is still there, filled with what lies on the other side: the outermost pixels lack a "
            "neighbour, so cut one pixel from all four sides",
            {
                f"{RIGHT} - {LEFT}": "middle.roll(-1, 3) - middle.roll(1, 3)",
                f"{LOWER} - {UPPER}": "middle.roll(-1, 2) - middle.roll(1, 2)",
                "[:, :, 1:-1, 1:-1]\n": "\n",
            },
        ),
        edit("It is image 2 minus image 1: later minus earlier", {"(image2 - image1)": "(image1 - image2)"}),
        edit(
            "Ix and Iy have the wrong sign: right minus left, and lower minus upper",
            {f"{RIGHT} - {LEFT}": f"{LEFT} - {RIGHT}", f"{LOWER} - {UPPER}": f"{UPPER} - {LOWER}"},
        ),
        edit("Ix has the wrong sign: right minus left", {f"{RIGHT} - {LEFT}": f"{LEFT} - {RIGHT}"}),
        edit(
            "Iy has the wrong sign: rows count downwards, so lower minus upper",
            {f"{LOWER} - {UPPER}": f"{UPPER} - {LOWER}"},
        ),
        edit("the order is Ix, Iy, It", {"return ix, iy, it": "return it, ix, iy"}),
        edit(
            "these are derivatives of image 1 alone: take the picture half-way, (image1 + image2) / 2",
            {"(image1 + image2) / 2": "image1"},
        ),
        edit(
            "these are derivatives of image 2 alone: take the picture half-way, (image1 + image2) / 2",
            {"(image1 + image2) / 2": "image2"},
        ),
        edit(
            ONE_STEP,
            {f"{LEFT}) / 2": f"{ITSELF})", f"{UPPER}) / 2": f"{ITSELF})"},
        ),
        edit(
            "this is the step from the left or upper neighbour to the pixel: a central difference goes on to the other "
            "neighbour, and is divided by 2",
            {
                f"({RIGHT}": f"({ITSELF}",
                f"({LOWER}": f"({ITSELF}",
                f"{LEFT}) / 2": f"{LEFT})",
                f"{UPPER}) / 2": f"{UPPER})",
            },
        ),
        edit(
            "each derivative has another size: Ix still has the first and last row, Iy the first and last column, It "
            "all of them; cut the border from all three, with 1:-1",
            {
                "1:-1, 2:]": ":, 2:]",
                "1:-1, :-2]": ":, :-2]",
                "2:, 1:-1]": "2:, :]",
                ":-2, 1:-1]": ":-2, :]",
                "[:, :, 1:-1, 1:-1]": "",
            },
        ),
        edit("It still has its border: cut one pixel from all four sides, with 1:-1", {"[:, :, 1:-1, 1:-1]\n": "\n"}),
        edit(
            "It adds the pictures: it is what changes, image 2 minus image 1",
            {"(image2 - image1)": "(image2 + image1)"},
        ),
        edit(
            "It is cut at the wrong side: one pixel from all four, 1:-1",
            {"(image2 - image1)[:, :, 1:-1, 1:-1]": "(image2 - image1)[:, :, :-2, :-2]"},
        ),
    ),
    hints=(
        "In a row, `middle[2:]` are the right neighbours of the inner pixels and `middle[:-2]` the left ones. A "
        "picture has rows too: the inner ones are `1:-1`.",
        "`picture[:, :, 1:-1, 2:]` are the right neighbours of all inner pixels, `picture[:, :, 2:, 1:-1]` the lower "
        "ones, and `picture[:, :, 1:-1, 1:-1]` the inner pixels themselves.",
        "`ix = (middle[:, :, 1:-1, 2:] - middle[____]) / 2` with `middle = (image1 + image2) / 2`; `iy` likewise, with "
        "rows for columns; `it = (image2 - image1)[____]`.",
    ),
)
