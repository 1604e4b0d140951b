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
]
