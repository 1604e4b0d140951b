"""04.5: iterated Lucas-Kanade, repaired."""

import torch

from course_lib.exercises import Case, edit, exercise
from course_lib.ops.warp import pixel_grid

SOLUTION = """
import torch

from course_lib.ops.flow import lucas_kanade
from course_lib.ops.warp import warp


def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        warped = warp(image2, flow)
        step = lucas_kanade(image1, warped)
        flow = flow + step
    return flow
"""


def _cases(generator):
    def pair(batch, height, width, right, down):
        """Smooth random pictures, and the same moved: sums of waves, so that no interpolation is needed."""
        frequency = 0.35 * torch.randn(2, batch, 12, 1, 1, generator=generator)
        phase = 6.28 * torch.rand(batch, 12, 1, 1, generator=generator)
        x, y = pixel_grid(height, width)
        waves = [
            0.5 + 0.04 * (frequency[0] * (x - m * right) + frequency[1] * (y - m * down) + phase).cos().sum(1)
            for m in (0, 1)
        ]
        return [w.unsqueeze(1) for w in waves]

    def case(label, sizes, motion, iterations):
        images = pair(*sizes, *motion)
        while not _settled(*images, iterations):
            images = pair(*sizes, *motion)
        return Case(label, (*images, iterations))

    return [
        case("once, motion (0.5, -0.3)", (1, 24, 30), (0.5, -0.3), 1),
        case("three times, motion (1.6, 0.8)", (2, 30, 24), (1.6, 0.8), 3),
        case("five times, motion (-2.2, 1.4)", (1, 28, 32), (-2.2, 1.4), 5),
        case("not at all", (2, 20, 22), (1.0, 1.0), 0),
    ]


def _settled(image1, image2, iterations):
    """Whether the flow is the same in float64: nearly even corners can turn a rounding error into 0.002 pixels."""
    flow = refine.reference(image1, image2, iterations)
    exact = refine.reference(image1.double(), image2.double(), iterations)
    return torch.allclose(flow.double(), exact.double(), rtol=2e-4, atol=2e-4)


refine = exercise(
    "04.5",
    "Fix the bugs: iterate",
    points=2,
    solution=SOLUTION,
    cases=_cases,
    rtol=1e-3,
    atol=1e-3,
    mistakes=(
        edit(
            "the flow is replaced by what is left of it: add the new step to the flow so far",
            {"flow + step": "step"},
        ),
        edit(
            "the warped image is warped again by the whole flow: fetch image 2 itself in every round",
            {"warped = warp": "warped = image2 = warp"},
        ),
        edit(
            "this warps the warped image a little further, and blurs it each time: fetch image 2 itself, along the "
            "whole flow",
            {
                "        warped = warp(image2, flow)\n": "",
                "image1, warped": "image1, image2",
                "flow + step\n": "flow + step\n        image2 = warp(image2, step)\n",
            },
        ),
        edit("there is one round too few", {"range(iterations)": "range(iterations - 1)"}),
        edit("there is one round too many", {"range(iterations)": "range(iterations + 1)"}),
        edit(
            "only one round is made: `iterations` of them are asked for (is the return inside the loop?)",
            {"    return": "        return"},
        ),
        edit(
            "image 2 is fetched along the last step alone: the way so far is the whole flow, warp(image2, flow)",
            {"flow = torch.zeros": "flow = step = torch.zeros", "(image2, flow)": "(image2, step)"},
        ),
        edit(
            "the flow is averaged with the step: add the step to the flow so far", {"flow + step": "(flow + step) / 2"}
        ),
        edit("the old flow is subtracted: add the step to the flow so far", {"flow + step": "step - flow"}),
        edit(
            "image 1 is brought near image 2: keep image 1 as it is, and fetch image 2 back to it",
            {"warp(image2, flow)": "warp(image1, -flow)", "(image1, warped)": "(warped, image2)"},
        ),
        edit(
            "both images are warped: image 1 stays as it is, and only image 2 is fetched back to it",
            {"(image1, warped)": "(warp(image1, flow), warped)"},
        ),
        edit(
            "the wrong image is warped: the flow points from image 1 into image 2, so image 2 is fetched back",
            {"warp(image2, flow)": "warp(image1, flow)", "(image1, warped)": "(warped, image2)"},
        ),
        edit(
            "one image is compared with itself, and nothing is left to find: compare image 1 with image 2 fetched back",
            {"warp(image2, flow)": "warp(image1, flow)"},
        ),
        edit(
            "nothing is warped: each round measures the whole motion again",
            {"lucas_kanade(image1, warped)": "lucas_kanade(image1, image2)"},
        ),
        edit(
            "the image is warped the wrong way: fetch along the flow, not against it",
            {"(image2, flow)": "(image2, -flow)"},
        ),
        edit(
            "the step has the wrong sign: it goes from image 1 to the warped image 2, and is added",
            {"flow + step": "flow - step"},
        ),
        edit("only one round is made: `iterations` of them are asked for", {"range(iterations)": "range(1)"}),
        edit("half of the step is lost: add the whole step to the flow", {"flow + step": "flow + step / 2"}),
        edit("the step is taken twice: add it once", {"flow + step": "flow + 2 * step"}),
    ),
    hints=(
        "Suppose the flow were perfect already. Which image would have to look like which, what would Lucas-Kanade "
        "find between them, and what should the new flow be?",
        "`warp(image2, flow)` fetches image 2 back to where image 1 is. `lucas_kanade(a, b)` returns the motion from "
        "`a` to `b`.",
        "`warped = warp(____, flow)`, `step = lucas_kanade(image1, ____)`, `flow = flow + ____`",
    ),
)
