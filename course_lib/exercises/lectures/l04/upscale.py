"""04.6: from a coarser level to a finer one."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.flow import resize_flow

SOLUTION = """
import torch.nn.functional as F


def upscale(flow, size):
    across = (size[1] - 1) / (flow.shape[3] - 1)
    down = (size[0] - 1) / (flow.shape[2] - 1)
    resized = F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    return resized * flow.new_tensor([across, down]).view(1, 2, 1, 1)
"""

ACROSS, DOWN = "(size[1] - 1) / (flow.shape[3] - 1)", "(size[0] - 1) / (flow.shape[2] - 1)"
PIXELS_ACROSS, PIXELS_DOWN = "size[1] / flow.shape[3]", "size[0] / flow.shape[2]"
FACTORS = "[across, down]"
BILINEAR = ', mode="bilinear", align_corners=True'
GAPS = "count the gaps between pixels, not the pixels: the factors are (W' - 1) / (W - 1) and (H' - 1) / (H - 1)"
BRACKETS = "brackets are missing: (W' - 1) / (W - 1), not W' - 1 / W - 1"
ALONG = "the two factors belong to u and v, along axis 1: .view(1, 2, 1, 1)"
OWN_SIZE = "the factor of u takes the widths, old and new, that of v the heights: flow is (B, 2, h, w)"
SCALED = "resized * flow.new_tensor([across, down]).view(1, 2, 1, 1)"


def _cases(generator):
    def flow(batch, height, width):
        return 3 * torch.randn(batch, 2, height, width, generator=generator)

    return [
        Case("3 x 5 to 5 x 9: all gaps double", (flow(1, 3, 5), (5, 9))),
        Case("4 x 6 to 10 x 11: factors 3 and 2", (flow(2, 4, 6), (10, 11))),
        Case("5 x 4 to 5 x 10: wider only", (flow(1, 5, 4), (5, 10))),
        Case("9 x 7 to 5 x 4: to a coarser level", (flow(2, 9, 7), (5, 4))),
    ]


upscale = exercise(
    "04.6",
    "From a coarser level to a finer one",
    points=2,
    solution=SOLUTION,
    same_as=resize_flow,
    cases=_cases,
    forbidden=("course_lib.ops.filters.resize",),
    mistakes=(
        edit(
            "the vectors keep their length: in a picture with twice as many pixels, a motion has twice as many pixels "
            "(take the old size from the flow before it is resized)",
            {FACTORS: "[1.0, 1.0]"},
        ),
        edit(GAPS, {ACROSS: PIXELS_ACROSS, DOWN: PIXELS_DOWN}),
        edit(
            f"{GAPS}; and u and v have factors of their own",
            {ACROSS: PIXELS_ACROSS, FACTORS: "[across, across]"},
        ),
        edit(BRACKETS, {ACROSS: "size[1] - 1 / flow.shape[3] - 1", DOWN: "size[0] - 1 / flow.shape[2] - 1"}),
        edit(BRACKETS, {"(flow.shape[3] - 1)": "flow.shape[3] - 1", "(flow.shape[2] - 1)": "flow.shape[2] - 1"}),
        edit(OWN_SIZE, {"flow.shape[3]": "flow.shape[2]"}),
        edit(OWN_SIZE, {"flow.shape[2]": "flow.shape[3]"}),
        edit(OWN_SIZE, {"flow.shape[2]": "flow.shape[1]", "flow.shape[3]": "flow.shape[2]"}),
        edit(GAPS, {"(size[1] - 1)": "size[1]", "(size[0] - 1)": "size[0]"}),
        edit(
            "the factor is a quotient of sizes, not their difference",
            {ACROSS: "size[1] - flow.shape[3]", DOWN: "size[0] - flow.shape[2]"},
        ),
        edit(ALONG, {".view(1, 2, 1, 1)": ""}),
        edit(ALONG, {".view(1, 2, 1, 1)": ".view(2, 1, 1, 1)"}),
        edit(
            "resized[0] is the first flow of the batch: u is resized[:, 0], and v is resized[:, 1]",
            {f"return {SCALED}": "resized[0] *= across\n    resized[1] *= down\n    return resized"},
        ),
        edit("the vectors are multiplied by the factors, not added to them", {"resized *": "resized +"}),
        edit(
            "this doubles every flow: take the size that is asked for, size=size, and the factors from the sizes",
            {"size=size": "scale_factor=2", FACTORS: "[2.0, 2.0]"},
        ),
        edit("this interpolates cubically: bilinearly is asked for", {"bilinear": "bicubic"}),
        edit("the factors are exchanged: u grows with the width, v with the height", {FACTORS: "[down, across]"}),
        edit("u and v have factors of their own: this takes that of the width for both", {FACTORS: "[across, across]"}),
        edit("u and v have factors of their own: this takes that of the height for both", {FACTORS: "[down, down]"}),
        edit("this always doubles: the factor is that of the sizes", {FACTORS: "[2.0, 2.0]"}),
        edit(
            "rows and columns of `size` are exchanged: it is (rows, columns), so the new width is size[1]",
            {"size[1]": "size[-2]", "size[0]": "size[-1]"},
        ),
        edit("the factor has lost its fraction (//, int or round): divide with /, and keep it", {"1) / (": "1) // ("}),
        edit(
            "u and v are multiplied after F.interpolate took the nearest vector: interpolate bilinearly",
            {BILINEAR: ""},
        ),
        edit("only u grows: v is multiplied by the factor of the heights", {FACTORS: "[across, 1.0]"}),
        edit("only v grows: u is multiplied by the factor of the widths", {FACTORS: "[1.0, down]"}),
        edit(
            "this counts pixels, not the gaps between them, and does so twice: the factors are (W' - 1) / (W - 1) and "
            "(H' - 1) / (H - 1), and align_corners=True interpolates between corner pixels",
            {ACROSS: PIXELS_ACROSS, DOWN: PIXELS_DOWN, ", align_corners=True": ""},
        ),
        edit(
            "the vectors shrink where the picture grows: the factor is the new size over the old one, and multiplies",
            {"resized * ": "resized / "},
        ),
        edit(
            "interpolate with align_corners=True, so that corner pixels stay corner pixels, as in `warp`",
            {", align_corners=True": ""},
        ),
        edit("the factor is squared: multiply by it once", {"1, 1)": "1, 1) ** 2"}),
        edit(
            "u and v share a mean factor: u has that of the widths, v that of the heights",
            {FACTORS: "[(across + down) / 2] * 2"},
        ),
    ),
    hints=(
        "Two things change. The field gets more places, which are filled by interpolation. And a vector of 3 pixels "
        "of a coarse picture is how many pixels of the fine one?",
        '`F.interpolate(flow, size=size, mode="bilinear", align_corners=True)` makes the places. '
        "`tensor.view(1, 2, 1, 1)` lets a pair of factors multiply u and v.",
        "`across = (size[1] - 1) / (flow.shape[3] - 1)`, `down` likewise with rows; return "
        "`F.interpolate(____) * torch.tensor([across, ____]).view(1, 2, 1, 1)`.",
    ),
)
