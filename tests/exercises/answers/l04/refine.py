"""Answers to 04.5 beside those that the exercise itself knows."""

RIGHT = {
    "the first round by itself": """
def refine(image1, image2, iterations):
    if iterations == 0:
        return torch.zeros(image1.shape[0], 2, image1.shape[2], image1.shape[3])
    flow = lucas_kanade(image1, image2)
    for _ in range(iterations - 1):
        flow = flow + lucas_kanade(image1, warp(image2, flow))
    return flow
""",
    "reduce": """
from functools import reduce
def refine(image1, image2, iterations):
    start = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    return reduce(lambda flow, _: flow + lucas_kanade(image1, warp(image2, flow)), range(iterations), start)
""",
    "float64 inside": """
def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:], dtype=torch.float64)
    for _ in range(iterations):
        flow = flow + lucas_kanade(image1.double(), warp(image2.double(), flow))
    return flow.float()
""",
}

WRONG = [
    (
        """
import torch
from course_lib.ops.flow import lucas_kanade
from course_lib.ops.warp import warp
def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        warped = warp(image2, flow)
        step = lucas_kanade(warped, image1)
        flow = flow + step
    return flow
""",
        "wrong sign",
    ),
    (
        """
import torch
from course_lib.ops.flow import lucas_kanade
from course_lib.ops.warp import warp
def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        warped = warp(image2, flow)
        step = lucas_kanade(image2, warped)
        flow = flow + step
    return flow
""",
        "compared with itself",
    ),
    (
        """
import torch
from course_lib.ops.flow import lucas_kanade
from course_lib.ops.warp import warp
def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(1):
        warped = warp(image2, flow)
        step = lucas_kanade(image1, warped)
        flow = flow + step
    return flow
""",
        None,
    ),
    (
        """
import torch
from course_lib.ops.flow import lucas_kanade
from course_lib.ops.warp import warp
def refine(image1, image2, iterations):
    warped = image2
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        step = lucas_kanade(image1, warped)
        flow = flow + step
        warped = warp(warped, step)
    return flow
""",
        "a little further",
    ),
]
