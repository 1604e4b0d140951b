"""16.2: values between the pixels."""

import torch

from course_lib.exercises import Case, edit, exercise

SOLUTION = """
import torch


def sample_points(image, points):
    height, width = image.shape[1:]
    x, y = points[:, 0], points[:, 1]
    left = x.floor().long().clamp(max=width - 2)
    top = y.floor().long().clamp(max=height - 2)
    right_share, lower_share = x - left, y - top
    upper = (1 - right_share) * image[:, top, left] + right_share * image[:, top, left + 1]
    lower = (1 - right_share) * image[:, top + 1, left] + right_share * image[:, top + 1, left + 1]
    return (1 - lower_share) * upper + lower_share * lower
"""

LEFT, TOP = "x.floor().long().clamp(max=width - 2)", "y.floor().long().clamp(max=height - 2)"
RESULT = "(1 - lower_share) * upper + lower_share * lower"
UPPER = "(1 - right_share) * image[:, top, left] + right_share * image[:, top, left + 1]"
LOWER = "(1 - right_share) * image[:, top + 1, left] + right_share * image[:, top + 1, left + 1]"

SAMPLER = (
    "torch.nn.functional.grid_sample(image[None], (2 * points / (torch.tensor([width, height]) - 1) - 1)[None, None], "
    "align_corners=False{})[0, :, 0]"
)
EDGES = "with these numbers, 2 x / (W - 1) - 1, the ends are pixel *centres*: that is align_corners=True"


def _cases(generator):
    def points(number, height, width):
        inside = torch.rand(number, 2, generator=generator) * torch.tensor([width - 1.0, height - 1.0])
        return torch.cat([inside, torch.tensor([[width - 1.0, height - 1.0], [0.0, 0.0]])])

    def image(*shape):
        return torch.randn(*shape, generator=generator)

    by_hand = torch.tensor([[[0.0, 10], [20, 70]]])
    return [
        Case("by hand: 2 x 2 pixels, (0.25, 0.5) and a corner", (by_hand, torch.tensor([[0.25, 0.5], [1.0, 0.0]]))),
        Case("3 channels of 5 x 8, 6 points", (image(3, 5, 8), points(4, 5, 8))),
        Case("1 channel of 9 x 4, 12 points", (image(1, 9, 4), points(10, 9, 4))),
        Case("7 channels of 6 x 6, 4 points", (image(7, 6, 6), points(2, 6, 6))),
    ]


sample_points = exercise(
    "16.2",
    "Look between the pixels",
    points=3,
    solution=SOLUTION,
    cases=_cases,
    mistakes=(
        edit(
            "this is the pixel to the upper left: all four neighbours count, by nearness",
            {RESULT: "image[:, y.floor().long(), x.floor().long()]"},
        ),
        edit(
            "x and y are exchanged: a point is (x, y), and x counts columns",
            {
                "x, y = points[:, 0], points[:, 1]": "ratio = (width - 1) / (height - 1)\n"
                "    y, x = points[:, 0] / ratio, points[:, 1] * ratio"
            },
        ),
        edit(
            "the shares are turned around: a point near the left neighbour takes more of it",
            {
                UPPER: UPPER.replace("(1 - right_share)", "R")
                .replace("right_share", "(1 - right_share)")
                .replace("R *", "right_share *"),
                LOWER: LOWER.replace("(1 - right_share)", "R")
                .replace("right_share", "(1 - right_share)")
                .replace("R *", "right_share *"),
                RESULT: "lower_share * upper + (1 - lower_share) * lower",
            },
        ),
        edit(
            "the share of the lower row is turned around: lower_share belongs to `lower`",
            {RESULT: "lower_share * upper + (1 - lower_share) * lower"},
        ),
        edit(
            "the share of the right column is turned around: near the left neighbour, take more of it",
            {
                UPPER: "right_share * image[:, top, left] + (1 - right_share) * image[:, top, left + 1]",
                LOWER: "right_share * image[:, top + 1, left] + (1 - right_share) * image[:, top + 1, left + 1]",
            },
        ),
        edit("this interpolates along x only: the row below counts as well", {RESULT: "upper"}),
        edit(
            "this interpolates along y only: the column to the right counts as well",
            {"right_share, lower_share = x - left, y - top": "right_share, lower_share = 0 * x, y - top"},
        ),
        edit(
            "this rounds to the nearest pixel: interpolate between the four neighbours",
            {RESULT: "image[:, y.round().long(), x.round().long()]"},
        ),
        edit(
            "this is the plain mean of the four: weight each by how near it is",
            {"right_share, lower_share = x - left, y - top": "right_share, lower_share = 0 * x + 0.5, 0 * y + 0.5"},
        ),
        edit(
            "the last column and row have no neighbour to the right or below: clamp left to width - 2, top to height "
            "- 2",
            {".clamp(max=width - 2)": "", ".clamp(max=height - 2)": ""},
        ),
        edit(
            "the weights do not add up to 1 where a point lies on the last row or column: its own pixel gets none",
            {RESULT: f"({RESULT}) * (x < width - 1) * (y < height - 1)"},
        ),
        edit("one column too far: floor gives the left neighbour, ceil the right one", {"x.floor()": "x.ceil()"}),
        edit("both shares come from x: down the rows it is y - top", {"y - top": "x - left"}),
        edit("the axes are (C, N): channels first, as in the image", {RESULT: f"({RESULT}).T"}),
        edit("only the first channel is read", {RESULT: f"({RESULT})[:1]"}),
        edit(
            "the four add up without the rows' shares: upper and lower rows need a share each",
            {RESULT: "upper + lower"},
        ),
        edit(
            "with align_corners=True the last centre, W - 1, is at 1: divide by W - 1 and H - 1, not by W and H",
            {
                "x, y = points[:, 0], points[:, 1]": "x = points[:, 0] * (width - 1) / width\n"
                "    y = points[:, 1] * (height - 1) / height"
            },
        ),
        edit(EDGES, {RESULT: SAMPLER.format("")}),
        edit(EDGES, {RESULT: SAMPLER.format(", padding_mode='border'")}),
        edit(
            "on the last column `left` is width - 2, and the share of its right neighbour 1: it is x - left, not x % 1",
            {"x - left, y - top": "x % 1, y % 1"},
        ),
        edit(
            "the shares are exchanged: x - left goes along a row, y - top from row to row",
            {"right_share, lower_share = x": "lower_share, right_share = x"},
        ),
        edit(
            "at whole numbers floor and ceil are the same pixel, and its weights are 0: take left and left + 1",
            {RESULT: f"({RESULT}) * (x % 1 > 0) * (y % 1 > 0)"},
        ),
        edit(
            "this interpolates along x only: the row below counts as well",
            {TOP: "y.floor().long()", LOWER: "upper"},
        ),
        edit(
            "the lower right pixel counts as well: along the upper row, along the lower one, then between the two",
            {RESULT: "(upper + (1 - lower_share) * image[:, top, left] + lower_share * image[:, top + 1, left]) / 2"},
        ),
        edit(
            "all four neighbours count, not only two of them",
            {
                UPPER: "(1 - right_share) * image[:, top, left]",
                LOWER: "right_share * image[:, top + 1, left + 1]",
            },
        ),
    ),
    hints=(
        "Between four pixels, first go along the upper row, then along the lower one, then from the one to the other. "
        "How far? As far as x is from the left neighbour, and y from the upper one.",
        "`left = x.floor().long()`; the right neighbour is `left + 1`, and on the last column there is none, so let "
        "`left` end at `width - 2`. `image[:, top, left]` reads N pixels of every channel: (C, N).",
        "`upper = (1 - right_share) * image[:, top, left] + right_share * image[:, top, ____]`, `lower` the same one "
        "row below; return `(1 - ____) * upper + ____ * lower`.",
    ),
)
