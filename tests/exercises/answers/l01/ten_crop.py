"""Answers to 01.4 beside those that the exercise itself knows."""

RIGHT = {
    "with NumPy": """
import numpy as np
def ten_crop(frames, size):
    T, H, W, C = frames.shape
    h, w = size
    clip = np.moveaxis(frames.numpy(), -1, 0)
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]
    five = np.stack([clip[:, :, y : y + h, x : x + w] for y, x in corners])
    return torch.from_numpy(np.concatenate([five, five[..., ::-1]]))
""",
    "mirrored one by one": """
def ten_crop(frames, size):
    T, H, W, C = frames.shape
    h, w = size
    mirrored = frames.flip(2)
    ys = [0, 0, H - h, H - h, (H - h) // 2]
    xs = [0, W - w, 0, W - w, (W - w) // 2]
    out = torch.empty(10, C, T, h, w, dtype=frames.dtype)
    for i, (y, x) in enumerate(zip(ys, xs)):
        out[i] = frames[:, y : y + h, x : x + w].permute(3, 0, 1, 2)
        out[i + 5] = torch.fliplr(out[i].reshape(-1, w)).reshape(C, T, h, w)
    return out
""",
    "moved step by step": """
def ten_crop(frames, size):
    T, H, W, C = frames.shape
    h, w = size
    clip = frames.movedim(-1, 0)
    out = []
    for picture in (clip, clip.flip(3)):
        for y in (0, H - h):
            for x in (0, W - w) if picture is clip else (W - w, 0):
                out.append(picture[:, :, y : y + h, x : x + w])
        y, x = (H - h) // 2, (W - w) // 2
        middle = clip[:, :, y : y + h, x : x + w]
        out.append(middle if picture is clip else middle.flip(3))
    return torch.stack(out)
""",
}

WRONG = [
    ({"permute(3, 0, 1, 2)": "view(C, T, H, W)"}, "scrambled"),
    ({"flip(-1)": "flip(2)"}, "backwards in time"),
    (
        """
def ten_crop(frames, size):
    T, H, W, C = frames.shape
    h, w = size
    clip = frames.permute(3, 0, 1, 2)
    corners = [(0, 0), (0, W - w), (H - h, 0), (H - h, W - w), ((H - h) // 2, (W - w) // 2)]
    crops = [clip[:, :, y : y + h, x : x + w] for y, x in corners]
    return torch.stack([crop for one in crops for crop in (one, one.flip(-1))])
""",
        "each mirrored crop follows its own",
    ),
    (
        """
from course_lib.ops import sampling
def ten_crop(frames, size):
    return sampling.ten_crop(frames.permute(3, 0, 1, 2), size)
""",
        "ten_crop",
    ),
]
