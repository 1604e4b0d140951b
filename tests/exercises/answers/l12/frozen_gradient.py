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
    "methods only": """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    return gradient.mul(weight.div((running_var + eps) ** 0.5).reshape(1, len(weight), 1, 1))
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
    (
        """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    return gradient * (running_var[:, None, None] + eps).sqrt() / weight[:, None, None]
""",
        "upside down",
    ),
    (
        """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    s = (weight / (gradient.var((0, 2, 3), correction=0) + eps).sqrt())[:, None, None]
    return s * gradient
""",
        "incoming",
    ),
    (
        """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    return (gradient * (weight / (running_var + eps).sqrt())[:, None, None]).mean(0, keepdim=True)
""",
        "averages over the batch",
    ),
    (
        """
def frozen_gradient(gradient, running_var, weight, eps=1e-5):
    return (weight / (running_var + eps).sqrt())[:, None, None].expand_as(gradient)
""",
        "incoming",
    ),
]
