"""Answers to 12.5 beside those that the exercise itself knows."""

RIGHT = {
    "einsum": """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    return torch.einsum("nchw,c->nchw", gradient, weight * torch.rsqrt(running_var + eps))
""",
    "a loop over channels": """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    out = gradient.clone()
    for c in range(len(weight)):
        out[:, c] *= weight[c] / (running_var[c] + eps) ** 0.5
    return out
""",
    "view": """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    shape = (1, -1, 1, 1)
    return gradient * weight.view(shape) / torch.sqrt(running_var.view(shape) + eps)
""",
}

WRONG = [
    ({"scale[:, None, None]": "scale"}, None),
    ({"gradient * ": ""}, None),
    (
        """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    scale = (weight / (running_var + eps).sqrt())[:, None, None]
    return scale * (gradient - gradient.mean(dim=(0, 2, 3), keepdim=True))
""",
        "live batch normalisation",
    ),
]
