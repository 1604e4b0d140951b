"""Answers to 12.3 beside those that the exercise itself knows."""

RIGHT = {
    "both variances by var": """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if not training:
        y = (x - running_mean.view(1, -1, 1, 1)) / torch.sqrt(running_var.view(1, -1, 1, 1) + eps)
        return y, running_mean, running_var
    mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    y = (x - mean.view(1, -1, 1, 1)) / torch.sqrt(var.view(1, -1, 1, 1) + eps)
    return y, running_mean.lerp(mean, momentum), running_var.lerp(x.var((0, 2, 3), unbiased=True), momentum)
""",
    "channels first": """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    rows = x.transpose(0, 1).flatten(1)
    if training:
        mean = rows.mean(1)
        squares = ((rows - mean[:, None]) ** 2).sum(1)
        m = rows.shape[1]
        running_mean = running_mean + momentum * (mean - running_mean)
        running_var = running_var + momentum * (squares / (m - 1) - running_var)
        var = squares / m
    else:
        mean, var = running_mean, running_var
    return (x - mean[None, :, None, None]) * (var + eps).rsqrt()[None, :, None, None], running_mean, running_var
""",
    "a list": """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    m = x.shape[0] * x.shape[2] * x.shape[3]
    mean = x.sum((0, 2, 3)) / m if training else running_mean
    var = (x - mean[:, None, None]).pow(2).sum((0, 2, 3)) / m if training else running_var
    y = (x - mean[:, None, None]) / (var[:, None, None] + eps) ** 0.5
    if training:
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var * m / (m - 1)
    return [y, running_mean, running_var]
""",
    "one einsum, unbiased first": """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if training:
        cells = x.permute(1, 0, 2, 3).flatten(1)
        var, mean = torch.var_mean(cells, 1, correction=1)
        old = running_mean, running_var
        running_mean = torch.lerp(running_mean, mean, momentum)
        running_var = torch.lerp(running_var, var, momentum)
        var = var * (cells.shape[1] - 1) / cells.shape[1]
    else:
        mean, var = running_mean, running_var
    scale = (var + eps).rsqrt()
    return torch.einsum("nchw,c->nchw", x, scale) - (mean * scale)[:, None, None], running_mean, running_var
""",
}

WRONG = [
    (
        """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    y = (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt()
    return y, running_mean, running_var
""",
        None,
    ),
    (
        """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var
    else:
        mean, var = running_mean, running_var
    return (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt(), running_mean, running_var
""",
        "biased variance",
    ),
    ({"return y, running_mean, running_var": "return y"}, None),
    ({"dim=(0, 2, 3)": "dim=0"}, None),
    (
        """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=0)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * x.var(dim=(0, 2, 3))
    mean, var = running_mean, running_var
    y = (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt()
    return y, running_mean, running_var
""",
        "own mean and variance",
    ),
    (
        """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    mean, var = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=0)
    running_mean = (1 - momentum) * running_mean + momentum * mean
    running_var = (1 - momentum) * running_var + momentum * x.var(dim=(0, 2, 3))
    if not training:
        mean, var = running_mean, running_var
    y = (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt()
    return y, running_mean, running_var
""",
        "nothing moves",
    ),
    (
        """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = x.mean(dim=(0, 2, 3)), x.var(dim=(0, 2, 3), correction=0)
        m = x.shape[0] * x.shape[2] * x.shape[3]
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var * (m - 1) / m
    else:
        mean, var = running_mean, running_var
    y = (x - mean[:, None, None]) / (var[:, None, None] + eps).sqrt()
    return y, running_mean, running_var
""",
        "turned round",
    ),
    (
        """
def batch_norm(x, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = x.mean(dim=(2, 3), keepdim=True), x.var(dim=(2, 3), keepdim=True, correction=0)
        running_mean = (1 - momentum) * running_mean + momentum * mean.mean((0, 2, 3))
        running_var = (1 - momentum) * running_var + momentum * x.var(dim=(0, 2, 3))
    else:
        mean, var = running_mean[:, None, None], running_var[:, None, None]
    y = (x - mean) / (var + eps).sqrt()
    return y, running_mean, running_var
""",
        "each sample",
    ),
]
