"""Answers to 02.5 beside those that the exercise itself knows."""

RIGHT = {
    "a convolution": """
def gradient_x(frames):
    H, W = frames.shape[-2:]
    flat = frames.reshape(-1, 1, W)
    wide = F.pad(flat, (1, 1), mode="replicate")
    return F.conv1d(wide, torch.tensor([[[-0.5, 0, 0.5]]])).reshape(frames.shape)
""",
    "a matrix product": """
def gradient_x(frames):
    W = frames.shape[-1]
    M = torch.zeros(W, W)
    for x in range(W):
        M[min(x + 1, W - 1), x] += 0.5
        M[max(x - 1, 0), x] -= 0.5
    return frames @ M
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def gradient_x(frames):
    a = np.asarray(frames, dtype=np.float64)
    out = np.zeros(a.shape)
    out[..., 1:-1] = (a[..., 2:] - a[..., :-2]) / 2
    out[..., 0] = (a[..., 1] - a[..., 0]) / 2
    out[..., -1] = (a[..., -1] - a[..., -2]) / 2
    return torch.tensor(out)
""",
}

WRONG = [
    (
        """
def gradient_x(frames):
    tall = torch.cat((frames[..., :1, :], frames, frames[..., -1:, :]), dim=-2)
    return (tall[..., 2:, :] - tall[..., :-2, :]) / 2
""",
        "vertical gradient",
    ),
    (
        """
def gradient_x(frames):
    out = torch.zeros_like(frames)
    out[..., 1:-1] = (frames[..., 2:] - frames[..., :-2]) / 2
    return out
""",
        "edge columns stay zero",
    ),
    (
        """
def gradient_x(frames):
    frames[..., 1:-1] = (frames[..., 2:] - frames[..., :-2]) / 2
    return frames
""",
        "the edge columns hold the picture itself",
    ),
    (
        """
def gradient_x(frames):
    flat = F.pad(frames.reshape(-1, 1, frames.shape[-1]), (1, 1), mode="replicate")
    return F.conv1d(flat, torch.tensor([[[0.5, 0, -0.5]]])).reshape(frames.shape)
""",
        "sign is turned",
    ),
    (
        """
import numpy as np
def gradient_x(frames):
    return torch.from_numpy(np.gradient(frames.numpy(), axis=-1))
""",
        "still a half",
    ),
    (
        """
def gradient_x(frames):
    return F.pad(frames.diff(dim=-1), (0, 1))
""",
        "next column only",
    ),
    (
        """
def gradient_x(frames):
    wide = F.pad(frames, (1, 1), mode="reflect")
    return (wide[..., 2:] - wide[..., :-2]) / 2
""",
        "edge columns stay zero",
    ),
    ({"[..., 2:] ": "[..., :, 2:] ", "dim=-1": "dim=-2"}, "runtimeerror: sizes of tensors must match except i"),
    ({"frames[..., -1:]": "frames[..., -1]"}, "runtimeerror: tensors must have same number of dim"),
    (
        """
def gradient_x(frames):
    out = frames.clone()
    out[..., 1:-1] = (frames[..., 2:] - frames[..., :-2]) / 2
    return out
""",
        "the edge columns hold the picture itself",
    ),
    (
        """
def gradient_x(frames):
    out = torch.zeros_like(frames)
    out[..., 1:-1] = (frames[..., 2:] - frames[..., :-2]) / 2
    out[..., 0] = out[..., 1]
    out[..., -1] = out[..., -2]
    return out
""",
        "the gradient of the second column is repeated at the edge",
    ),
    (
        """
def gradient_x(frames):
    wide = torch.cat((frames[..., :1], frames, frames[..., -1:]), -1)
    return wide[..., 2:] - wide[..., :-2] / 2
""",
        "brackets are missing",
    ),
    (
        """
def gradient_x(frames):
    wide = torch.cat((frames[..., :1], frames, frames[..., -1:]), -1)
    return (wide[..., 2:] - wide[..., 1:-1]) / 2
""",
        "this compares neighbours that are one pixel apart",
    ),
    (
        """
def gradient_x(frames):
    return image_gradients(frames)[0]
""",
        "to do without image_gradients",
    ),
]
