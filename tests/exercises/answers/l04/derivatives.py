"""Answers to 04.1 beside those that the exercise itself knows."""

RIGHT = {
    "a convolution": """
def derivatives(image1, image2):
    kx = torch.tensor([[0, 0, 0], [-1, 0, 1], [0, 0, 0]]).view(1, 1, 3, 3) / 4
    both = image1 + image2
    ix = F.conv2d(both, kx)
    iy = F.conv2d(both, kx.transpose(2, 3))
    return ix, iy, (image2 - image1)[..., 1:-1, 1:-1]
""",
    "torch.gradient": """
def derivatives(image1, image2):
    middle = torch.lerp(image1, image2, 0.5)
    iy, ix = torch.gradient(middle, dim=(2, 3))
    return [d[..., 1:-1, 1:-1] for d in (ix, iy, image2 - image1)]
""",
}

OWN_FORM = {
    "one tensor of three": """
def derivatives(image1, image2):
    stacked = torch.stack([image1, image2]).mean(0)
    ix = (stacked.narrow(3, 2, stacked.shape[3] - 2) - stacked.narrow(3, 0, stacked.shape[3] - 2))[:, :, 1:-1] / 2
    iy = stacked.diff(dim=2)
    iy = ((iy[:, :, 1:] + iy[:, :, :-1]) / 2)[..., 1:-1]
    it = torch.diff(torch.stack([image1, image2]), dim=0)[0, :, :, 1:-1, 1:-1]
    return torch.stack([ix, iy, it])
""",
}

WRONG = [
    ({"(image1 + image2) / 2": "image1 + image2"}, "half of the sum"),
    (
        """
def derivatives(a, b):
    m = (a + b) / 2
    return (m[..., 2:] - m[..., :-2]) / 2, (m[..., 2:, :] - m[..., :-2, :]) / 2, b - a
""",
        "cut the border from all three",
    ),
    ({"return ix, iy, it": "return ix, iy"}, "2 values were returned"),
    (
        """
def derivatives(image1, image2):
    m = (image1 + image2) / 2
    ix = m[:, :, 1:-1, 2:] - m[:, :, 1:-1, :-2] / 2
    iy = m[:, :, 2:, 1:-1] - m[:, :, :-2, 1:-1] / 2
    return ix, iy, (image2 - image1)[:, :, 1:-1, 1:-1]
""",
        "brackets are missing: a sum or a difference",
    ),
    ({"(image2 - image1)[": "(middle - image1)["}, "It is half as large as it should be: image 2"),
    (
        """
def derivatives(image1, image2):
    m = (image1 + image2) / 2
    return m.diff(dim=3)[:, :, 1:-1, :-1], m.diff(dim=2)[:, :, :-1, 1:-1], (image2 - image1)[:, :, 1:-1, 1:-1]
""",
        "this is the step from the left or upper",
    ),
    (
        """
def derivatives(a, b):
    m = F.pad((a + b) / 2, (1, 1, 1, 1))
    return (m[..., 1:-1, 2:] - m[..., 1:-1, :-2]) / 2, (m[..., 2:, 1:-1] - m[..., :-2, 1:-1]) / 2, b - a
""",
        "Off by two: axis 2 has 4, expected 2, axis 3",
    ),
    (
        """
def derivatives(a, b):
    m = (a + b) / 2
    return (m.roll(-1, 3) - m.roll(1, 3)) / 2, (m.roll(-1, 2) - m.roll(1, 2)) / 2, b - a
""",
        "the border is still there, filled with what",
    ),
    (
        """
def derivatives(a, b):
    m = (a + b) / 2
    iy, ix = torch.gradient(m, dim=(2, 3))
    return ix, iy, b - a
""",
        "Off by two: axis 2 has 4, expected 2, axis 3",
    ),
    (
        """
def derivatives(a, b):
    m = (a + b) / 2
    ix, iy = torch.gradient(m, dim=(2, 3))
    c = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    return ix[c], iy[c], (b - a)[c]
""",
        "right and down are exchanged: Ix compares",
    ),
    ({"(image2 - image1)[": "((image2 - image1) / 2)["}, "It is half as large as it should be: image 2"),
    ({"return ix, iy, it": "return torch.cat([ix, iy, it], dim=1)"}, "One tensor came, 3 values are expected, as a"),
]
