"""Answers to 14.5 beside those that the exercise itself knows."""

RIGHT = {
    "nonzero": """
def displacement(response, stride, search, side):
    row, column = (response == response.max()).nonzero()[0]
    H, W = response.shape
    return torch.stack([column - (W - 1) / 2, row - (H - 1) / 2]) * (stride * side / search)
""",
    "unravel_index": """
def displacement(response, stride, search, side):
    place = torch.stack(torch.unravel_index(response.argmax(), response.shape)).flip(0)
    middle = (torch.tensor(response.shape).flip(0) - 1) / 2
    return (place - middle) * stride / search * side
""",
    "numpy": """
import numpy as np
def displacement(response, stride, search, side):
    r = response.numpy()
    row, column = np.unravel_index(r.argmax(), r.shape)
    right = (column - (r.shape[1] - 1) / 2) * stride * side / search
    down = (row - (r.shape[0] - 1) / 2) * stride * side / search
    return torch.tensor([float(right), float(down)])
""",
    "maxima of rows and columns": """
def displacement(response, stride, search, side):
    down = response.amax(1).argmax() - (len(response) - 1) / 2
    right = response.amax(0).argmax() - (response.shape[1] - 1) / 2
    return torch.stack([right, down]) * stride * (side / search)
""",
}

WRONG = [
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    row, column = divmod(int(response.argmax()), W)
    return torch.tensor([row - (H - 1) / 2, column - (W - 1) / 2]) * stride * side / search
""",
        "x and y are exchanged",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    row, column = divmod(int(response.argmax()), W)
    return torch.tensor([column - (W - 1) / 2, row - (H - 1) / 2]) * stride
""",
        "pixels of the search image",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    row, column = divmod(int(response.argmax()), W)
    return torch.tensor([column - W // 2, row - H // 2]) * stride * side / search
""",
        "(n - 1) / 2",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    row, column = divmod(int(response.argmax()), W)
    return torch.tensor([column - (W - 1) / 2, row - (H - 1) / 2]) * side / search
""",
        "stride is missing",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    row, column = divmod(int(response.argmax()), H)
    return torch.tensor([column - (W - 1) / 2, row - (H - 1) / 2]) * stride * side / search
""",
        "number of *columns*",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    row, column = divmod(int(response.argmax()), W)
    return torch.tensor([column, row]) * stride * side / search
""",
        "middle is missing",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    i = response.argmax().item()
    r, c = i // W, i % W
    return torch.tensor([c - H//2, r - W//2]) * stride * side / search
""",
        "rows and columns are exchanged",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    i = response.argmax().item()
    r, c = i // W, i % W
    return torch.tensor([c * stride - search/2, r * stride - search/2]) * side / search
""",
        "search image's border",
    ),
    (
        """
def displacement(response, stride, search, side):
    H, W = response.shape
    i = response.argmax().item()
    r, c = i // W, i % W
    return torch.tensor([c + 0.5 - (W-1)/2, r + 0.5 - (H-1)/2]) * stride * side / search
""",
        "half a cell",
    ),
]
