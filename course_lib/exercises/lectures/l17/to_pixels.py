"""17.5: from the network's output to pixels of the picture."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch.nn.functional as F


def to_pixels(flow, size, scale=20.0):
    height, width = size
    rows, columns = 4 * flow.shape[2], 4 * flow.shape[3]
    full = F.interpolate(scale * flow, size=size, mode="bilinear", align_corners=False)
    return full * flow.new_tensor([width / columns, height / rows]).view(1, 2, 1, 1)
"""

FACTORS, ENLARGED = (
    "[width / columns, height / rows]",
    'F.interpolate(scale * flow, size=size, mode="bilinear", align_corners=False)',
)

AT_FOUR = 'F.interpolate(scale * flow, scale_factor=4, mode="bilinear", align_corners=False)'
CUT = f"{AT_FOUR}[:, :, :height, :width]"
TWICE = f'F.interpolate({AT_FOUR}, size=size, mode="bilinear", align_corners=False)'


def _cases(generator):
    def flow(batch, rows, columns):
        return torch.randn(batch, 2, rows, columns, generator=generator)

    return [
        Case("48 x 64 from a picture of 48 x 64: nothing was stretched", (flow(1, 12, 16), (48, 64))),
        Case("two pictures of 50 x 60, stretched to 64 x 64", (flow(2, 16, 16), (50, 60))),
        Case("40 x 90, stretched to 64 x 128, scale 4", (flow(1, 16, 32), (40, 90), 4.0)),
        Case("a picture that was shrunk: 30 x 40 to 16 x 32", (flow(2, 4, 8), (30, 40))),
    ]


to_pixels = exercise(
    "17.5",
    "Back to pixels of the picture",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit("the network gives flow / scale: multiply by it", {"scale * flow": "flow"}),
        edit("the network gives flow / scale: multiply, do not divide", {"scale * flow": "flow / scale"}),
        edit(
            "the map grows by 4, its vectors do not: they are pixels of the full (stretched) picture already",
            {FACTORS: "[4 * width / columns, 4 * height / rows]"},
        ),
        edit(
            "the map grows by 4, its vectors do not: they are pixels of the full (stretched) picture already. Only the "
            "stretching changes them",
            {FACTORS: "[4.0, 4.0]"},
        ),
        edit("the stretching is not undone: u shrinks by width / columns, v by height / rows", {FACTORS: "[1.0, 1.0]"}),
        edit(
            "the factors are turned: a stretched picture has longer vectors, so going back they shrink",
            {FACTORS: "[columns / width, rows / height]"},
        ),
        edit(
            "the factors are exchanged: u goes with the columns, v with the rows",
            {FACTORS: "[height / rows, width / columns]"},
        ),
        edit(
            "u and v have factors of their own: this takes that of the width for both",
            {FACTORS: "[width / columns, width / columns]"},
        ),
        edit(
            "u and v have factors of their own: this takes that of the height for both",
            {FACTORS: "[height / rows, height / rows]"},
        ),
        edit("only u is corrected: v shrinks by height / rows", {FACTORS: "[width / columns, 1.0]"}),
        edit("only v is corrected: u shrinks by width / columns", {FACTORS: "[1.0, height / rows]"}),
        edit("`size` is (height, width): rows come first", {"height, width = size": "width, height = size"}),
        edit(
            "align_corners=False is asked for here: a network's coarse pixel covers a cell, and cells are stretched",
            {"align_corners=False": "align_corners=True"},
        ),
        edit("this repeats the nearest vector: interpolate bilinearly", {', mode="bilinear", align_corners=False': ""}),
        edit("this interpolates cubically: bilinearly is asked for", {"bilinear": "bicubic"}),
        edit(
            "this enlarges by 4 and stops at the stretched picture: the size of the original one is asked for",
            {"size=size": "scale_factor=4"},
        ),
        edit(
            "this cuts a part out of the stretched picture; it was stretched, not padded: enlarge the map to `size`",
            {ENLARGED: CUT},
        ),
        edit(
            "this cuts a part out of the stretched picture; it was stretched, not padded, and its vectors are too long",
            {ENLARGED: CUT, FACTORS: "[1.0, 1.0]"},
        ),
        edit(
            "this interpolates twice, which blurs twice: go from the map to the original size at once",
            {ENLARGED: TWICE},
        ),
    ),
    hints=(
        "Two steps: the network's numbers become pixels, and the map becomes as large as the picture. What did "
        "stretching the picture to (4h, 4w) do to a vector, and how is it undone?",
        '`F.interpolate(x, size=size, mode="bilinear", align_corners=False)` enlarges the map. Then u is multiplied by '
        "(true width) / (stretched width), v by the same of the heights.",
        "`full = F.interpolate(____ * flow, size=size, ...)`, then `full * flow.new_tensor([width / ____, height / "
        "____]).view(1, 2, 1, 1)`.",
    ),
)
