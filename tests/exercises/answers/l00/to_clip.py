"""Answers to 00.1 beside those that the exercise itself knows."""

RIGHT = {
    "frame by frame": """
def to_clip(frames):
    T, H, W, C = frames.shape
    out = torch.zeros(C, T, H, W)
    for t in range(T):
        for c in range(C):
            out[c, t] = frames[t, :, :, c] / 255
    return out
""",
    "with NumPy": """
import numpy as np
def to_clip(frames):
    a = frames.numpy().astype(np.float32) / 255.0
    return torch.from_numpy(a.transpose(3, 0, 1, 2))
""",
    "an object that can be called": """
class ToClip:
    def __call__(self, frames):
        return frames.permute(3, 0, 1, 2) / 255
to_clip = ToClip()
""",
    "one axis moved": """
def to_clip(frames):
    return torch.movedim(frames.to(torch.float32), -1, 0).div(255)
""",
    "a stack of the channels": """
def to_clip(frames):
    return torch.stack([channel / 255 for channel in frames.unbind(-1)])
""",
}

WRONG = [
    ({".float() / 255": "", "3, 0, 1, 2": "0, 3, 1, 2"}, "are two axes exchanged"),
    ({".float() / 255": " / 256"}, "0.996"),
    ({"/ 255": "/ 255).double()", "return ": "return ("}, "float64 came"),
    ({"/ 255": "/ 255).numpy()", "return ": "return ("}, "a numpy array came"),
    ({".float()": "[None]"}, "an axis of size 1 is too many"),
    ({"return": "clip ="}, "nothing was returned"),
    ({"3, 0, 1, 2": "3, 0, 1"}, "line 3 of your cell"),
    ({"(frames):": "(frames, height):"}, "the exercise asks for (frames)"),
    (
        {"return": "frames /= 255\n    return", ".float() / 255": ""},
        "runtimeerror: result type float can't be cast to t",
    ),
    (
        """
def to_clip(frames):
    T, H, W, C = frames.shape
    out = torch.zeros(T, C, H, W)
    for t in range(T):
        for c in range(C):
            out[t, c] = frames[t, :, :, c] / 255
    return out
""",
        "time still comes first",
    ),
    (
        """
def to_clip(frames):
    return torch.from_numpy(frames.numpy().astype("float32").T / 255)
""",
        "opposite order",
    ),
    (
        """
def to_clip(frames):
    x = frames.permute(3, 0, 1, 2).float()
    return (x - x.min()) / (x.max() - x.min())
""",
        "each clip is stretched from its darkest to its brightest value",
    ),
    (
        """
def to_clip(frames):
    return torch.cat([f.permute(2, 0, 1) for f in frames]).float() / 255
""",
        "the result has 3 axes",
    ),
    (
        """
def to_clip(frames):
    return [f / 255 for f in frames.permute(3, 0, 1, 2).float()]
""",
        "a list of tensors came",
    ),
]
