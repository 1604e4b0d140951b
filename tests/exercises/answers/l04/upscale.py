"""Answers to 04.6 beside those that the exercise itself knows."""

RIGHT = {
    "scaled before": """
def upscale(flow, size):
    h, w = flow.shape[2:]
    scaled = flow.clone()
    scaled[:, 0] *= (size[1] - 1) / (w - 1)
    scaled[:, 1] *= (size[0] - 1) / (h - 1)
    return F.interpolate(scaled, size, mode="bilinear", align_corners=True)
""",
    "grid_sample, and a variable called resize": """
def upscale(flow, size):
    B, _, h, w = flow.shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, size[0]), torch.linspace(-1, 1, size[1]), indexing="ij")
    grid = torch.stack([x, y], -1).expand(B, -1, -1, -1)
    resize = F.grid_sample(flow, grid, align_corners=True)
    return resize * torch.tensor([(size[1] - 1) / (w - 1), (size[0] - 1) / (h - 1)]).view(2, 1, 1)
""",
}

OWN_FORM = {
    "two matrices in float64": """
def upscale(flow, size):
    def matrix(n, m):
        M = torch.zeros(m, n, dtype=torch.float64)
        for i in range(m):
            p = i * (n - 1) / (m - 1)
            k = min(int(p), n - 2)
            M[i, k], M[i, k + 1] = 1 - (p - k), p - k
        return M
    A, B = matrix(flow.shape[2], size[0]), matrix(flow.shape[3], size[1])
    out = torch.einsum("yh,bchw,xw->bcyx", A, flow.double(), B)
    factors = torch.tensor([(size[1] - 1) / (flow.shape[3] - 1), (size[0] - 1) / (flow.shape[2] - 1)]).double()
    return out * factors[:, None, None]
""",
}

WRONG = [
    (
        """
def upscale(flow, size):
    across = (size[1] - 1) / (flow.shape[3] - 1)
    down = (size[0] - 1) / (flow.shape[2] - 1)
    flow *= torch.tensor([across, down]).view(1, 2, 1, 1)
    return F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
""",
        "changed in place",
    ),
    (
        """
def upscale(flow, size):
    resized = F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    return resized * (size[1] / flow.shape[3])
""",
        "count the gaps between pixels, not the",
    ),
    (
        {"return resized * flow.new_tensor([across, down]).view(1, 2, 1, 1)": "return resized"},
        "the vectors keep their length: in a picture",
    ),
    ({"flow.new_tensor([across, down]).view(1, 2, 1, 1)": "2"}, "this always doubles: the factor is that of"),
    ({"flow.new_tensor([across, down]).view(1, 2, 1, 1)": "across"}, "u and v have factors of their own: this takes"),
    (
        {"flow.new_tensor([across, down]).view(1, 2, 1, 1)": "(size[1] / flow.shape[3])"},
        "count the gaps between pixels, not the",
    ),
    (
        {
            "(size[1] - 1) / (flow.shape[3] - 1)": "(flow.shape[3] - 1) / (size[1] - 1)",
            "(size[0] - 1) / (flow.shape[2] - 1)": "(flow.shape[2] - 1) / (size[0] - 1)",
        },
        "the vectors shrink where the picture grows",
    ),
    ({"size=size": "size=(size[1], size[0])"}, "Are two axes exchanged? Shape (1, 2, 9, 5)"),
    ({'mode="bilinear", align_corners=True': 'mode="nearest"'}, "u and v are multiplied after F.interpolate"),
    (
        """
def upscale(flow, size):
    flow[:, 0] *= (size[1] - 1) / (flow.shape[3] - 1)
    flow[:, 1] *= (size[0] - 1) / (flow.shape[2] - 1)
    return F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
""",
        "The result is right, but argument 1 (flow)",
    ),
    (
        """
def upscale(flow, size):
    out = F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    out[0] *= (size[1] - 1) / (flow.shape[3] - 1)
    out[1] *= (size[0] - 1) / (flow.shape[2] - 1)
    return out
""",
        "resized[0] is the first flow of the batch: u",
    ),
    (
        """
def upscale(flow, size):
    flow = F.interpolate(flow, size=size, mode="bilinear", align_corners=True)
    across = (size[1] - 1) / (flow.shape[3] - 1)
    down = (size[0] - 1) / (flow.shape[2] - 1)
    return flow * torch.tensor([across, down]).view(1, 2, 1, 1)
""",
        "the vectors keep their length: in a picture",
    ),
    (
        """
def upscale(flow, size):
    return 2 * F.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=True)
""",
        "this doubles every flow: take the size that",
    ),
]
