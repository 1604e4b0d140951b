"""Answers to 12.1 beside those that the exercise itself knows."""

RIGHT = {
    "loops over samples and groups": """
def group_norm(x, groups, weight, bias, eps=1e-5):
    size = x.shape[1] // groups
    samples = []
    for sample in x:
        parts = []
        for part in sample.split(size):
            parts.append((part - part.mean()) / torch.sqrt(((part - part.mean()) ** 2).mean() + eps))
        samples.append(torch.cat(parts))
    return torch.stack(samples) * weight.view(1, -1, 1, 1) + bias.view(1, -1, 1, 1)
""",
    "flat groups, E[x^2] - mean^2": """
def group_norm(x, groups, weight, bias, eps=1e-5):
    flat = x.reshape(len(x), groups, -1)
    mean = flat.mean(-1, keepdim=True)
    var = (flat**2).mean(-1, keepdim=True) - mean**2
    y = ((flat - mean) * torch.rsqrt(var + eps)).view_as(x)
    return torch.addcmul(bias[:, None, None], y, weight[:, None, None])
""",
    "unflatten": """
def group_norm(x, groups, weight, bias, eps=1e-5):
    parts = x.unflatten(1, (groups, -1))
    var, mean = torch.var_mean(parts, dim=(2, 3, 4), correction=0, keepdim=True)
    y = ((parts - mean) / (var + eps) ** 0.5).flatten(1, 2)
    return y * weight[None, :, None, None] + bias[None, :, None, None]
""",
    "slices, one by one": """
def group_norm(x, groups, weight, bias, eps=1e-5):
    out = torch.empty_like(x)
    size = x.shape[1] // groups
    for n in range(len(x)):
        for g in range(groups):
            s = slice(g * size, (g + 1) * size)
            p = x[n, s]
            out[n, s] = (p - p.mean()) / (p.var(correction=0) + eps) ** 0.5
    return out * weight.reshape(-1, 1, 1) + bias.reshape(-1, 1, 1)
""",
    "chunk and cat": """
def group_norm(x, groups, weight, bias, eps=1e-5):
    v = torch.stack(x.chunk(groups, dim=1), 1)
    m = v.flatten(2).mean(2)[..., None, None, None]
    s = (v.flatten(2).var(2, correction=0) + eps).sqrt()[..., None, None, None]
    return torch.cat(((v - m) / s).unbind(1), 1) * weight[:, None, None] + bias[:, None, None]
""",
}

OWN_FORM = {
    "NumPy": """
import numpy as np
def group_norm(x, groups, weight, bias, eps=1e-5):
    a = x.detach().numpy().reshape(x.shape[0], groups, -1)
    a = (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + eps)
    return torch.from_numpy(a.reshape(x.shape)) * weight.detach()[:, None, None] + bias.detach()[:, None, None]
""",
}

WRONG = [
    (
        """
def group_norm(x, groups, weight, bias, eps=1e-5):
    parts = x.unflatten(1, (-1, groups))
    var, mean = torch.var_mean(parts, dim=(2, 3, 4), correction=0, keepdim=True)
    y = (parts - mean) / (var + eps).sqrt()
    return y.flatten(1, 2) * weight[:, None, None] + bias[:, None, None]
""",
        "number of groups",
    ),
    (
        """
def group_norm(x, groups, weight, bias, eps=1e-5):
    parts = x.unflatten(1, (groups, -1))
    mean = parts.mean(dim=(2, 3, 4), keepdim=True)
    std = parts.std(dim=(2, 3, 4), keepdim=True)
    return ((parts - mean) / (std + eps)).flatten(1, 2) * weight[:, None, None] + bias[:, None, None]
""",
        None,
    ),
    ({".reshape(N, C, H, W)\n": "\n"}, None),
    ({"weight[:, None, None] + bias[:, None, None]": "weight + bias"}, None),
    ({"keepdim=True)": "keepdim=False)", "keepdim=True,": "keepdim=False,"}, None),
    (
        """
def group_norm(x, groups, weight, bias, eps=1e-5):
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    var = x.var(dim=(0, 2, 3), keepdim=True, correction=0)
    x = (x - mean) / (var + eps).sqrt()
    return x * weight[:, None, None] + bias[:, None, None]
""",
        "still batch normalisation",
    ),
    (
        """
def group_norm(x, groups, weight, bias, eps=1e-5):
    N, C, H, W = x.shape
    g = x.reshape(N, groups, C // groups, H, W)
    mean = g.mean(dim=(2, 3, 4), keepdim=True)
    var = g.var(dim=(2, 3, 4), keepdim=True, correction=0)
    g = g - mean / (var + eps).sqrt()
    return g.reshape(N, C, H, W) * weight[:, None, None] + bias[:, None, None]
""",
        "brackets",
    ),
    (
        """
def group_norm(x, groups, weight, bias, eps=1e-5):
    N, C, H, W = x.shape
    g = x.reshape(N * groups, C // groups, H, W)
    mean = g.mean(dim=(0, 2, 3), keepdim=True)
    var = g.var(dim=(0, 2, 3), keepdim=True, correction=0)
    return ((g - mean) / (var + eps).sqrt()).reshape(N, C, H, W) * weight[:, None, None] + bias[:, None, None]
""",
        "other way round",
    ),
    (
        """
def group_norm(x, groups, weight, bias, eps=1e-5):
    N, C, H, W = x.shape
    g = x.reshape(N, groups, C // groups, H, W)
    mean = g.mean(dim=(2, 3, 4), keepdim=True)
    var = ((g - mean) ** 2).sum(dim=(2, 3, 4), keepdim=True)
    return ((g - mean) / (var + eps).sqrt()).reshape(N, C, H, W) * weight[:, None, None] + bias[:, None, None]
""",
        "added up",
    ),
]
