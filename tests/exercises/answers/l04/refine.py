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
    ({"(image1, warped)": "(warped, image1)"}, "wrong sign"),
    ({"(image1, warped)": "(image2, warped)"}, "compared with itself"),
    (
        """
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
    ({"warp(image2, flow)": "warp(image1, flow)", "flow + step": "step"}, "one image is compared with itself, and"),
    ({"(image1, warped)": "(warped, image2)"}, "one image is compared with itself, and"),
    (
        """
def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    step = flow
    for _ in range(iterations):
        warped = warp(image2, step)
        step = lucas_kanade(image1, warped)
        flow = flow + step
    return flow
""",
        "image 2 is fetched along the last step alone",
    ),
    (
        """
def refine(image1, image2, iterations):
    flow = torch.zeros(image1.shape[0], 2, *image1.shape[2:])
    for _ in range(iterations):
        image2 = warp(image2, flow)
        flow = flow + lucas_kanade(image1, image2)
    return flow
""",
        "the warped image is warped again by the whole",
    ),
]
