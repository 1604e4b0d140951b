"""Answers to 14.1 beside those that the exercise itself knows."""

RIGHT = {
    "a loop over the batch": """
def cross_correlate(exemplars, searches):
    return torch.cat([F.conv2d(x[None], z[None]) for z, x in zip(exemplars, searches)])
""",
    "a loop over places": """
def cross_correlate(exemplars, searches):
    h, w = exemplars.shape[2:]
    rows = []
    for i in range(searches.shape[2] - h + 1):
        row = [(searches[:, :, i:i + h, j:j + w] * exemplars).sum((1, 2, 3)) for j in range(searches.shape[3] - w + 1)]
        rows.append(torch.stack(row, -1))
    return torch.stack(rows, 1)[:, None]
""",
    "windows and einsum": """
def cross_correlate(exemplars, searches):
    h, w = exemplars.shape[2:]
    windows = searches.unfold(2, h, 1).unfold(3, w, 1)
    return torch.einsum("bcijhw,bchw->bij", windows, exemplars).unsqueeze(1)
""",
    "channel by channel, then summed": """
def cross_correlate(exemplars, searches):
    B, C, H, W = searches.shape
    each = F.conv2d(searches.reshape(1, B * C, H, W), exemplars.reshape(B * C, 1, *exemplars.shape[2:]), groups=B * C)
    return each.reshape(B, C, *each.shape[2:]).sum(1, keepdim=True)
""",
    "vmap": """
def cross_correlate(exemplars, searches):
    return torch.vmap(lambda z, x: F.conv2d(x[None], z[None])[0])(exemplars, searches)
""",
}

WRONG = [
    (
        """
def cross_correlate(exemplars, searches):
    return F.conv2d(searches, exemplars)
""",
        None,
    ),
    (
        """
def cross_correlate(exemplars, searches):
    out = [F.conv2d(x[None], exemplars[0][None]) for x in searches]
    return torch.cat(out)
""",
        "meet the first exemplar",
    ),
    (
        """
def cross_correlate(exemplars, searches):
    return torch.cat([F.conv2d(x[None], z.flip(-1, -2)[None]) for z, x in zip(exemplars, searches)])
""",
        "flipped",
    ),
    (
        """
def cross_correlate(exemplars, searches):
    h, w = exemplars.shape[2:]
    windows = searches.unfold(2, h, 1).unfold(3, w, 1)
    return torch.einsum("bcijhw,bchw->bcij", windows, exemplars)
""",
        "channels are not added",
    ),
    (
        """
def cross_correlate(exemplars, searches):
    h, w = exemplars.shape[2:]
    windows = searches.unfold(2, h, 1).unfold(3, w, 1)
    return (windows * exemplars[:, :, None, None]).mean((1, 4, 5)).unsqueeze(1)
""",
        "divides by the number of products",
    ),
    ({"groups=B": "groups=1"}, None),
    (
        """
def cross_correlate(exemplars, searches):
    B, C, H, W = searches.shape
    return F.conv2d(searches.view(1, -1, H, W), exemplars, groups=B)
""",
        "batch is the second axis",
    ),
    (
        """
def cross_correlate(exemplars, searches):
    h, w = exemplars.shape[2:]
    H, W = searches.shape[2:]
    out = torch.zeros(len(searches), 1, H-h+1, W-w+1)
    for i in range(H-h+1):
        for j in range(W-w+1):
            out[:, 0, i, j] = (searches[:, :, i:i+h, j:j+w]*exemplars).sum()
    return out
""",
        "whole batch are added",
    ),
    (
        """
def cross_correlate(exemplars, searches):
    out = F.conv2d(searches, exemplars)
    return out.mean(1, keepdim=True)
""",
        "responses are averaged",
    ),
    (
        """
def cross_correlate(exemplars, searches):
    B, C, H, W = searches.shape
    z = exemplars - exemplars.mean((1,2,3), keepdim=True)
    return F.conv2d(searches.reshape(1, B*C, H, W), z, groups=B).transpose(0, 1)
""",
        "mean is subtracted",
    ),
    (
        """
def cross_correlate(exemplars, searches):
    h, w = exemplars.shape[2:]
    H, W = searches.shape[2:]
    out = torch.zeros(len(searches), 1, H-h+1, W-w+1)
    for i in range(H-h):
        for j in range(W-w):
            out[:, 0, i, j] = (searches[:, :, i:i+h, j:j+w]*exemplars).sum((1,2,3))
    return out
""",
        "last row and column",
    ),
]
