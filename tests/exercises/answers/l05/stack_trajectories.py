"""Answers to 05.2 beside those that the exercise itself knows."""

RIGHT = {
    "positions instead of ways": """
def stack_trajectories(flow, start, length):
    B, T, _, H, W = flow.shape
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    p = torch.stack([x, y]).float().expand(B, 2, H, W).clone()
    out = []
    for k in range(length):
        grid = torch.stack([2 * p[:, 0] / (W - 1) - 1, 2 * p[:, 1] / (H - 1) - 1], -1)
        d = torch.nn.functional.grid_sample(flow[:, start + k], grid, padding_mode="border", align_corners=True)
        out.append(d)
        p = p + d
    return torch.cat(out, 1)
""",
    "recursion": """
def stack_trajectories(flow, start, length):
    def follow(travelled, k):
        if k == length:
            return []
        here = warp(flow[:, start + k], travelled, outside="border")
        return [here] + follow(travelled + here, k + 1)
    return torch.cat(follow(torch.zeros_like(flow[:, 0]), 0), 1)
""",
}

OWN_FORM = {
    "float64": """
def stack_trajectories(flow, start, length):
    flow = flow.double()
    travelled = torch.zeros_like(flow[:, 0])
    out = flow.new_empty(flow.shape[0], length, *flow.shape[2:])
    for k in range(length):
        out[:, k] = warp(flow[:, start + k], travelled, outside="border")
        travelled = travelled + out[:, k]
    return out.flatten(1, 2)
""",
}

WRONG = [
    ({"append(here)": "append(here + travelled)"}, "travelled so far"),
    ({"flow[:, 0]": "flow[:, 1]"}, "an index runs past the end"),
    (
        """
def stack_trajectories(flow, start, length):
    return flow[:, start : start + length].cumsum(1).flatten(1, 2)
""",
        "the fields are summed at each pixel",
    ),
    (
        """
def stack_trajectories(flow, start, length):
    channels = [flow[:, start]]
    for k in range(1, length):
        channels.append(warp(flow[:, start + k], flow[:, start + k - 1], outside="border"))
    return torch.cat(channels, dim=1)
""",
        "the way is that of a single step at the starting pixel",
    ),
    (
        """
def stack_trajectories(flow, start, length):
    travelled = flow[:, start]
    channels = [travelled]
    for k in range(1, length):
        here = warp(flow[:, start + k], travelled, outside='border')
        channels.append(here)
        travelled += here
    return torch.cat(channels, dim=1)
""",
        "in place, argument 1 (flow) was changed,",
    ),
    (
        """
def stack_trajectories(flow, start, length):
    travelled = flow[:, start]
    channels = [travelled]
    for k in range(1, length):
        travelled += warp(flow[:, start + k], travelled, outside='border')
        channels.append(travelled)
    return torch.cat(channels, dim=1)
""",
        "in place, argument 1 (flow) was changed,",
    ),
    (
        """
def stack_trajectories(flow, start, length):
    travelled = torch.zeros_like(flow[:, 0])
    channels = []
    for k in range(length):
        travelled = travelled + flow[:, start + k]
        channels.append(warp(flow[:, start + k], travelled, outside='border'))
    return torch.cat(channels, dim=1)
""",
        "the way is added up at the starting pixel",
    ),
    (
        """
def stack_trajectories(flow, start, length):
    travelled = torch.zeros_like(flow[:, 0])
    channels = []
    for k in range(length):
        here = warp(flow[:, start + k], travelled, outside='border')
        channels.append(here)
        travelled = travelled + here
        return torch.cat(channels, dim=1)
    return torch.cat(channels, dim=1)
""",
        "the return stands inside the loop and ends it early",
    ),
]
