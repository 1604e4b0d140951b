"""Answers to 18.4 beside those that the exercise itself knows."""

RIGHT = {
    "with the error of 18.1": """
def fusion_input(images, small, large):
    first, second = images[:, :3], images[:, 3:]
    parts = [first, small, large]
    parts += [torch.norm(flow, dim=1, keepdim=True) for flow in (small, large)]
    for flow in (small, large):
        parts.append(torch.norm(first - warp(second, flow, "border"), dim=1, keepdim=True))
    return torch.cat(parts, 1)
""",
    "written out": """
def fusion_input(images, small, large):
    first, second = images.chunk(2, 1)
    a, b = warp(second, small, outside="border"), warp(second, large, outside="border")
    return torch.cat([
        first, small, large,
        small.pow(2).sum(1, keepdim=True).sqrt(), large.pow(2).sum(1, keepdim=True).sqrt(),
        (first - a).pow(2).sum(1, keepdim=True).sqrt(), (first - b).pow(2).sum(1, keepdim=True).sqrt(),
    ], dim=1)
""",
    "both at once": """
def fusion_input(images, small, large):
    first, second = images[:, :3].repeat(2, 1, 1, 1), images[:, 3:].repeat(2, 1, 1, 1)
    flows = torch.cat([small, large])
    errors = (first - warp(second, flows, outside="border")).norm(dim=1, keepdim=True).chunk(2)
    lengths = flows.norm(dim=1, keepdim=True).chunk(2)
    return torch.cat([images[:, :3], small, large, lengths[0], lengths[1], errors[0], errors[1]], 1)
""",
}

WRONG = [
    (
        """
def fusion_input(images, small, large):
    first, second = images.split(3, dim=1)
    parts = [first]
    for flow in (small, large):
        error = (first - warp(second, flow, outside="border")).norm(dim=1, keepdim=True)
        parts += [flow, flow.norm(dim=1, keepdim=True), error]
    return torch.cat(parts, dim=1)
""",
        "stand together",
    ),
    (
        """
def fusion_input(images, small, large):
    first, second = images.split(3, dim=1)
    errors = [(first - warp(second, f, outside="border")).norm(dim=1, keepdim=True) for f in (small, large)]
    return torch.cat([first, small, large, *errors], dim=1)
""",
        "lengths of the flows are missing",
    ),
    (
        """
def fusion_input(images, small, large):
    first, second = images.split(3, dim=1)
    flows = (small / 20, large / 20)
    lengths = [flow.norm(dim=1, keepdim=True) for flow in flows]
    errors = [(first - warp(second, f, outside="border")).norm(dim=1, keepdim=True) for f in (small, large)]
    return torch.cat([first, *flows, *lengths, *errors], dim=1)
""",
        "nothing is divided by 20",
    ),
]
