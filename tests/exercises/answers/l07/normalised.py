"""Answers to 07.2 beside those that the exercise itself knows."""

RIGHT = {
    "loops": """
def normalised(maps, eps=1e-8):
    one, two = torch.empty_like(maps), torch.empty_like(maps)
    for c in range(maps.shape[1]):
        one[:, c] = maps[:, c] / (maps[:, c].max() + eps)
    for t in range(len(maps)):
        two[t] = maps[t] / (maps[t].max(0).values + eps)
    return one, two
""",
    "flattened, and clamped": """
def normalised(maps, eps=1e-8):
    strongest = maps.transpose(0, 1).flatten(1).max(1)[0].view(1, -1, 1, 1)
    return maps / strongest.clamp(min=eps), maps / maps.max(dim=1, keepdim=True)[0].clamp(min=eps)
""",
    "maxima one axis after the other": """
def normalised(maps, eps=1e-8):
    strongest = maps
    for axis in (0, 2, 3):
        strongest, _ = strongest.max(dim=axis, keepdim=True)
    channels_last = maps.movedim(1, -1)
    second = channels_last / (channels_last.max(-1).values.unsqueeze(-1) + eps)
    return torch.div(maps, strongest + eps), second.movedim(-1, 1)
""",
}

OWN_FORM = {
    "NumPy, a list": """
import numpy as np
def normalised(maps, eps=1e-8):
    m = maps.numpy().astype(np.float64)
    return [torch.tensor(m / (m.max(axis=(0, 2, 3), keepdims=True) + eps)),
            torch.tensor(m / (m.max(axis=1, keepdims=True) + eps))]
""",
}

WRONG = [
    ({"dim=1,": "dim=2,"}, None),
    ({"eps=1e-8": "eps=1.0"}, None),
    (
        """
def normalised(maps, eps=1e-8):
    return maps / (maps.max() + eps), maps / (maps.amax(1, keepdim=True) + eps)
""",
        "one for every channel",
    ),
    (
        """
def normalised(maps, eps=1e-8):
    first = maps / (maps.amax((0, 2, 3), keepdim=True) + eps)
    return first, first / (first.amax(1, keepdim=True) + eps)
""",
        "alternatives",
    ),
    ({"maps / (over_video + eps), ": "maps / over_video, "}, None),
    ({"return maps / (over_video + eps), maps / (over_channels + eps)": "maps / over_video, maps / over_channels"},
     "return"),
]
