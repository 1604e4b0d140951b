"""Answers to 09.2 beside those that the exercise itself knows."""

RIGHT = {
    "filled in a loop": """
def fusing_weight(channels, spatial, temporal, blur):
    weight = torch.zeros(channels, 2 * channels, *blur.shape)
    for d in range(channels):
        weight[d, d] = spatial * blur
        weight[d, channels + d] = temporal * blur
    return weight
""",
    "as an outer product": """
def fusing_weight(channels, spatial, temporal, blur):
    eye = torch.eye(channels)
    both = torch.hstack([spatial * eye, temporal * eye])
    return torch.tensordot(both, blur, dims=0)
""",
    "by Kronecker": """
def fusing_weight(channels, spatial, temporal, blur):
    both = torch.kron(torch.tensor([[spatial, temporal]]), torch.eye(channels))
    return both.reshape(*both.shape, *(1 for _ in blur.shape)) * blur
""",
    "at the right places": """
def fusing_weight(channels, spatial, temporal, blur):
    weight, d = blur.new_zeros(channels, 2 * channels, *blur.shape), torch.arange(channels)
    weight[d, d] = spatial * blur
    weight[d, d + channels] = temporal * blur
    return weight
""",
    "the identity twice, times the shares": """
def fusing_weight(channels, spatial, temporal, blur):
    shares = torch.tensor([spatial, temporal]).repeat_interleave(channels)
    matrix = torch.eye(channels).repeat(1, 2) * shares
    return torch.einsum("oi,k->oik", matrix, blur.flatten()).unflatten(2, blur.shape)
""",
    "what a convolution answers to single channels": """
def fusing_weight(channels, spatial, temporal, blur):
    return torch.stack([
        torch.stack([spatial * blur * (d == i) for i in range(channels)]
                    + [temporal * blur * (d == i) for i in range(channels)])
        for d in range(channels)
    ])
""",
}

WRONG = [
    ({"torch.eye(channels)": "torch.eye(channels).flip(0)"}, None),
    ({"* blur\n": "+ blur\n"}, None),
    ({"spatial * eye, temporal * eye": "spatial * eye, spatial * temporal * eye"}, None),
    (
        """
def fusing_weight(channels, spatial, temporal, blur):
    weight = torch.zeros(channels, 2 * channels, *blur.shape)
    for d in range(channels):
        weight[d, 2 * d] = spatial * blur
        weight[d, 2 * d + 1] = temporal * blur
    return weight
""",
        "interleaved",
    ),
    (
        """
def fusing_weight(channels, spatial, temporal, blur):
    weight = torch.zeros(channels, 2 * channels, *blur.shape)
    for d in range(channels):
        weight[d, d] = temporal * blur
        weight[d, channels + d] = spatial * blur
    return weight
""",
        "exchanged",
    ),
    (
        """
def fusing_weight(channels, spatial, temporal, blur):
    weight = torch.zeros(channels, 2 * channels, *blur.shape)
    for d in range(channels):
        weight[d, d] = spatial * blur
        weight[d, d + 1] = temporal * blur
    return weight
""",
        "one column behind",
    ),
    (
        """
def fusing_weight(channels, spatial, temporal, blur):
    weight = torch.ones(channels, 2 * channels, *blur.shape)
    for d in range(channels):
        weight[d, d] = spatial * blur
        weight[d, channels + d] = temporal * blur
    return weight
""",
        "starts from zeros",
    ),
    (
        """
def fusing_weight(channels, spatial, temporal, blur):
    weight = torch.zeros(channels, channels, *blur.shape)
    for d in range(channels):
        weight[d, d] = (spatial + temporal) * blur
    return weight
""",
        "two matrices side by side",
    ),
    ({"*[1] * blur.ndim)": "1, 1)"}, None),
]
