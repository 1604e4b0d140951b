"""Answers to 05.1 beside those that the exercise itself knows."""

RIGHT = {
    "channel by channel": """
def stack_flow(flow, start, length):
    B, T, _, H, W = flow.shape
    out = torch.zeros(B, 2 * length, H, W)
    for k in range(length):
        out[:, 2 * k] = flow[:, start + k, 0]
        out[:, 2 * k + 1] = flow[:, start + k, 1]
    return out
""",
    "clip by clip": """
def stack_flow(flow, start, length):
    part = flow[:, torch.arange(start, start + length)]
    return torch.stack([clip.reshape(-1, *clip.shape[2:]) for clip in part])
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def stack_flow(flow, start, length):
    B, T, _, H, W = flow.shape
    out = np.zeros((B, 2 * length, H, W))
    out[:, 0::2] = flow[:, start:start + length, 0]
    out[:, 1::2] = flow[:, start:start + length, 1]
    return torch.from_numpy(out)
""",
}

WRONG = [
    (
        """
def stack_flow(flow, start, length):
    return flow[:, start : start + length].reshape(2 * length, *flow.shape[3:])
""",
        "view and reshape must keep the number of elements",
    ),
    ({"flow[": "-flow["}, "everything has the wrong sign"),
    ({".flatten(1, 2)": ".flatten(1, 2).numpy()"}, "a numpy array came"),
    (
        """
def stack_flow(flow, start, length):
    return torch.cat([flow[:, start + k] for k in range(length)])
""",
        "one below the other",
    ),
    (
        """
def stack_flow(flow, start, length):
    return torch.cat([flow[:, start : start + length, 0], flow[:, start : start + length, 1]], dim=1)
""",
        "all u come before",
    ),
    (
        """
def stack_flow(flow, start, length):
    channels = []
    for k in range(1, length + 1):
        channels.append(flow[:, start + k])
    return torch.cat(channels, dim=1)
""",
        "first field is skipped",
    ),
    (
        """
def stack_flow(flow, start, length):
    out = torch.zeros(flow.shape[0], 2 * length, *flow.shape[3:])
    for k in range(length):
        out[:, k] = flow[:, start + k, 0]
        out[:, k + 1] = flow[:, start + k, 1]
    return out
""",
        None,
    ),
    (
        """
def stack_flow(flow, start, length):
    return torch.cat([flow[:, k] for k in range(length)], dim=1)
""",
        "`start` is ignored",
    ),
    (
        """
def stack_flow(flow, start, length):
    channels = []
    for k in range(length):
        channels.append(flow[:, start + k, 1])
        channels.append(flow[:, start + k, 0])
    return torch.stack(channels, dim=1)
""",
        "v comes before u",
    ),
    (
        """
def stack_flow(flow, start, length):
    channels = []
    for k in range(length):
        channels.append(flow[:, start + k])
        return torch.cat(channels, dim=1)
""",
        "only one field came",
    ),
    (
        """
def stack_flow(flow, start, length):
    channels = []
    for k in range(length):
        channels.append(flow[:, start + k])
    return channels
""",
        "a list of tensors came",
    ),
]
