"""Answers to 18.3 beside those that the exercise itself knows."""

RIGHT = {
    "repeated by hand": """
def flows_to_fuse(stack, small, scale=20.0):
    grown = [x.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3) for x in (small / scale, stack * scale)]
    return grown[0], grown[1]
""",
    "enlarged first, by its default": """
def flows_to_fuse(stack, small, scale=20.0):
    large_flow = scale * F.interpolate(stack, scale_factor=4)
    small_flow = F.interpolate(small, scale_factor=4) * (1 / scale)
    return small_flow, large_flow
""",
    "to a size": """
def flows_to_fuse(stack, small, scale=20.0):
    size = 4 * stack.shape[2], 4 * stack.shape[3]
    return (F.interpolate(small.div(scale), size=size, mode="nearest"),
            F.interpolate(stack.mul(scale), size=size, mode="nearest"))
""",
}

WRONG = [
    (
        """
def flows_to_fuse(stack, small, scale=20.0):
    large_flow = 4 * F.interpolate(scale * stack, scale_factor=4, mode="nearest")
    small_flow = 4 * F.interpolate(small / scale, scale_factor=4, mode="nearest")
    return small_flow, large_flow
""",
        "does not have longer vectors",
    ),
    (
        """
def flows_to_fuse(stack, small, scale=20.0):
    large_flow = F.interpolate(scale * stack, scale_factor=4, mode="bilinear", align_corners=True)
    small_flow = F.interpolate(small / scale, scale_factor=4, mode="nearest")
    return small_flow, large_flow
""",
        None,
    ),
    (
        """
def flows_to_fuse(stack, small, scale=20.0):
    grown = [F.interpolate(scale * x, scale_factor=4, mode="nearest") for x in (small, stack)]
    return grown[0], grown[1]
""",
        "divided by the scale",
    ),
    (
        """
def flows_to_fuse(stack, small, scale=20.0):
    large_flow = F.interpolate(scale * stack, scale_factor=4, mode="nearest")
    small_flow = F.interpolate(4 * small / scale, scale_factor=4)
    return small_flow, large_flow
""",
        "small flow is multiplied by 4",
    ),
]
