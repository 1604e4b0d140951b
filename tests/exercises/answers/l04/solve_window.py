"""Answers to 04.2 beside those that the exercise itself knows."""

RIGHT = {
    "Python numbers": """
def solve_window(ix, iy, it):
    xx = xy = yy = xt = yt = 0.0
    H, W = ix.shape
    for i in range(H):
        for j in range(W):
            x, y, t = ix[i, j].item(), iy[i, j].item(), it[i, j].item()
            xx += x * x; xy += x * y; yy += y * y; xt += x * t; yt += y * t
    det = xx * yy - xy * xy
    return torch.tensor([(xy * yt - yy * xt) / det, (xy * xt - xx * yt) / det])
""",
    "lstsq on the 2 x 2 system": """
def solve_window(ix, iy, it):
    a = torch.stack([ix.flatten(), iy.flatten()], 1)
    return torch.linalg.lstsq(a.T @ a, -(a.T @ it.flatten())[:, None]).solution[:, 0]
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def solve_window(ix, iy, it):
    a = np.stack([ix.numpy().ravel(), iy.numpy().ravel()], 1).astype(np.float64)
    b = -it.numpy().ravel()
    return torch.from_numpy(np.linalg.solve(a.T @ a, a.T @ b))
""",
}

WRONG = [
    (
        """
def solve_window(ix, iy, it):
    return -torch.stack([(ix * it).sum() / (ix * ix).sum(), (iy * it).sum() / (iy * iy).sum()])
""",
        "mixed sum",
    ),
    (
        """
def solve_window(ix, iy, it):
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    bx, by = -(ix * it).sum(), -(iy * it).sum()
    det = xx * yy - xy * xy
    return torch.stack([(yy * bx + xy * by) / det, (xx * by + xy * bx) / det])
""",
        "mixed sum has",
    ),
    ({"(ix * ix).sum(), (ix * iy).sum()": "ix.sum() ** 2, ix.sum() * iy.sum()"}, None),
    *(
        (f"def solve_window(ix, iy, it):\n    a = torch.stack([ix.flatten(), iy.flatten()], 1)\n    {rest}", words)
        for rest, words in (
            ("return torch.linalg.lstsq(a, -it.reshape(-1, 1)).solution[:, 0]", "lstsq was given a matrix of 35 x 2"),
            ("return torch.linalg.pinv(a) @ -it.flatten()", "pinv was given a matrix of 35 x 2"),
            ("q, r = torch.linalg.qr(a)\n    return torch.linalg.inv(r) @ (q.T @ -it.flatten())", "qr was given"),
            (
                "import numpy as np\n    found = np.linalg.lstsq(a.numpy(), -it.numpy().ravel(), rcond=None)[0]\n"
                "    return torch.from_numpy(found)",
                "lstsq was given a matrix of 35 x 2",
            ),
        )
    ),
    ({"(matrix, right)": "(matrix, right).numpy()"}, "a numpy array came"),
    ({"    xx, xy": "    it *= -1\n    xx, xy", "-torch": "torch"}, "changed in place"),
    ({"torch.linalg.solve(matrix, right)": "right @ matrix"}, "this multiplies by the matrix: it must be"),
    ({"torch.linalg.solve(matrix, right)": "right / matrix.diagonal()"}, "the mixed sum S(Ix Iy) is missing: this"),
    (
        """
def solve_window(ix, iy, it):
    x, y, t = ix.sum(), iy.sum(), it.sum()
    A = torch.tensor([[x * x, x * y], [x * y, y * y]])
    return torch.linalg.solve(A, -torch.stack([x * t, y * t]))
""",
        "these are products of sums: multiply pixel by",
    ),
    (
        """
def solve_window(ix, iy, it):
    A = torch.stack([ix.pow(2).sum(), ix.sum() * iy.sum(), ix.sum() * iy.sum(), iy.pow(2).sum()]).view(2, 2)
    return torch.linalg.solve(A, -torch.stack([(ix * it).sum(), (iy * it).sum()]))
""",
        "these are products of sums: multiply pixel by",
    ),
    (
        {"return torch.linalg.solve(matrix, right)": "return torch.linalg.solve(matrix, right[:, None])"},
        "An axis of size 1 is too many: shape (2, 1)",
    ),
    (
        """
def solve_window(ix, iy, it):
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    xt, yt = (ix * it).sum(), (iy * it).sum()
    return torch.stack([xy * yt - yy * xt, xy * xt - xx * yt])
""",
        "the determinant is missing: divide by it",
    ),
    (
        """
def solve_window(ix, iy, it):
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    xt, yt = (ix * it).sum(), (iy * it).sum()
    d = xx * yy + xy * xy
    return torch.stack([xy * yt - yy * xt, xy * xt - xx * yt]) / d
""",
        "the determinant is a difference: S(Ix Ix)",
    ),
    (
        """
def solve_window(ix, iy, it):
    xx, xy, yy = (ix * ix).sum(), (ix * iy).sum(), (iy * iy).sum()
    xt, yt = (ix * it).sum(), (iy * it).sum()
    d = xx * yy - xy
    return torch.stack([xy * yt - yy * xt, xy * xt - xx * yt]) / d
""",
        "the determinant is S(Ix Ix) S(Iy Iy) - S(Ix",
    ),
    (
        {
            "return torch": "u, v = torch",
            "right)\n": "right)\n    return u.item(), v.item()\n",
        },
        "A tuple came, a torch.Tensor is expected",
    ),
]
