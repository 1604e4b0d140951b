"""Answers to 02.1 beside those that the exercise itself knows."""

RIGHT = {
    "with the loops over one frame": """
def conv3d_loops(clip, weight, bias):
    D, C, R, P, Q = weight.shape
    out = 0
    for r in range(R):
        n = clip.shape[1] - R + 1
        parts = [conv2d_loops(clip[:, t + r], weight[:, :, r], torch.zeros(D)) for t in range(n)]
        out = out + torch.stack(parts, dim=1)
    return out + bias[:, None, None, None]
""",
    "all windows at once": """
def conv3d_loops(clip, weight, bias):
    D, _C, R, P, Q = weight.shape
    patches = clip.unfold(1, R, 1).unfold(2, P, 1).unfold(3, Q, 1)
    return torch.einsum("cthwrpq,dcrpq->dthw", patches, weight) + bias.view(-1, 1, 1, 1)
""",
    "a variable called conv3d": """
def conv3d_loops(clip, weight, bias):
    outputs, _, R, P, Q = weight.shape
    conv3d = torch.zeros(outputs, clip.shape[1] - R + 1, clip.shape[2] - P + 1, clip.shape[3] - Q + 1)
    for j in range(outputs):
        for t in range(conv3d.shape[1]):
            for x in range(conv3d.shape[2]):
                for y in range(conv3d.shape[3]):
                    block = clip[:, t:t+R, x:x+P, y:y+Q]
                    conv3d[j, t, x, y] = torch.dot(weight[j].flatten(), block.flatten()) + bias[j]
    return conv3d
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def conv3d_loops(clip, weight, bias):
    clip, weight, bias = clip.numpy(), weight.numpy(), bias.numpy()
    D, C, R, P, Q = weight.shape
    T, H, W = clip.shape[1:]
    out = np.zeros((D, T - R + 1, H - P + 1, W - Q + 1))
    for d, t, y, x in np.ndindex(*out.shape):
        out[d, t, y, x] = np.sum(clip[:, t:t+R, y:y+P, x:x+Q] * weight[d]) + bias[d]
    return torch.from_numpy(out)
""",
}

WRONG = [
    ({"t : t + R": "y : t + R"}, "two sizes do not fit"),
    (
        {"+ bias[j]\n": "+ bias[j]\n                    return out\n"},
        "the return stands inside a loop and ends it early",
    ),
    ({"frames, rows, columns = clip": "rows, columns, frames = clip"}, "two sizes do not fit"),
    ({"weight[j] * block": "weight[j] @ block"}, "RuntimeError"),
    ({"return out": "return out.squeeze(0)"}, "an axis of size 1"),
    ({"return out": "return out[None]"}, "an axis of size 1"),
    (
        """
import torch.nn.functional as F
def conv3d_loops(clip, weight, bias):
    return F.conv3d(clip[None], weight, bias)[0]
""",
        "conv3d",
    ),
    (
        """
def conv3d_loops(clip, weight, bias):
    frames = clip.shape[1] - weight.shape[2] + 1
    return torch.stack([conv2d_loops(clip[:, t], weight[:, :, 0], bias) for t in range(frames)], dim=1)
""",
        "time is missing",
    ),
    (
        """
def conv3d_loops(clip, weight, bias):
    D, C, R, P, Q = weight.shape
    frames = clip.shape[1] - R + 1
    out = [sum(conv2d_loops(clip[:, t + r], weight[:, :, r], bias) for r in range(R)) for t in range(frames)]
    return torch.stack(out, dim=1)
""",
        "for every frame of the kernel",
    ),
    (
        """
def conv3d_loops(clip, weight, bias):
    D, C, R, P, Q = weight.shape
    patches = clip.unfold(1, R, 1).unfold(2, P, 1).unfold(3, Q, 1)
    return torch.einsum("cthwrpq,dcrpq->thwd", patches, weight) + bias
""",
        "another order",
    ),
    (
        """
def conv3d_loops(clip, weight, bias):
    R = weight.shape[2]
    out = []
    for t in range(clip.shape[1] - R + 1):
        total = 0
        for r in range(R):
            total = total + conv2d_loops(clip[:, t + r], weight[:, :, r], bias)
        out.append(total)
    return torch.stack(out)
""",
        "are two axes exchanged? shape",
    ),
    (
        """
def conv3d_loops(clip, weight, bias):
    return torch.conv3d(clip.unsqueeze(0), weight, bias).squeeze(0)
""",
        "without torch.conv3d",
    ),
    (
        """
def conv3d_loops(clip, weight, bias):
    c = F.conv3d
    return c(clip.unsqueeze(0), weight, bias).squeeze(0)
""",
        "without F.conv3d",
    ),
    (
        """
def conv3d_loops(clip, weight, bias):
    m = nn.Conv3d(clip.shape[0], len(weight), weight.shape[2:])
    m.weight.data = weight
    m.bias.data = bias
    return m(clip)
""",
        "without nn.Conv3d",
    ),
]
