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
]
