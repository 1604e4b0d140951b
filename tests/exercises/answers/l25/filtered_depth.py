"""Answers to 25.6 beside those that the exercise itself knows."""

RIGHT = {
    "max / min without the 1, which cancels": """
def filtered_depth(own, others, trusted, sharpness=3.0):
    w = torch.exp(-sharpness * torch.maximum(own / others, others / own)) * trusted
    mean = (w * others).sum(0) / w.sum(0)
    return torch.where(trusted.any(0), mean, own)
""",
    "a softmax over the trusted": """
def filtered_depth(own, others, trusted, sharpness=3.0):
    r = torch.maximum(own / others, others / own) - 1
    scores = (-sharpness * r).masked_fill(~trusted, -1e9)
    mean = (torch.softmax(scores, 0) * others).sum(0)
    return torch.where(trusted.any(0), mean, own)
""",
    "in a loop over frames": """
def filtered_depth(own, others, trusted, sharpness=3.0):
    top, bottom = torch.zeros_like(own), torch.zeros_like(own)
    for z, t in zip(others, trusted):
        w = torch.exp(-sharpness * torch.maximum(own / z, z / own) + sharpness) * t.float()
        top, bottom = top + w * z, bottom + w
    return torch.where(bottom > 0, top / bottom, own)
""",
    "the difference over the smaller": """
def filtered_depth(own, others, trusted, sharpness=3.0):
    disagreement = (own - others).abs() / torch.minimum(own.unsqueeze(0), others)
    w = trusted.float() / torch.exp(sharpness * disagreement)
    alone = w.sum(0) == 0
    return ((w * others).sum(0) + alone * own) / (w.sum(0) + alone)
""",
    "pixel by pixel": """
import math
def filtered_depth(own, others, trusted, sharpness=3.0):
    out = own.clone().tolist()
    for y in range(own.shape[0]):
        for x in range(own.shape[1]):
            d = own[y, x].item()
            said = [z.item() for z, t in zip(others[:, y, x], trusted[:, y, x]) if t]
            w = [math.exp(-sharpness * (max(d, z) / min(d, z) - 1)) for z in said]
            if said:
                out[y][x] = sum(a * b for a, b in zip(w, said)) / sum(w)
    return torch.tensor(out)
""",
}

WRONG = [
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    r = torch.maximum(own / others, others / own) - 1
    w = torch.softmax(-sharpness * r, 0) * trusted
    return torch.where(trusted.any(0), (w * others).sum(0), own)
""",
        "brought to sum 1 before",
    ),
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    r = torch.maximum(own / others, others / own) - 1
    w = torch.exp(-sharpness * r) * ~trusted
    mean = (w * others).sum(0) / w.sum(0).clamp(min=1e-12)
    return torch.where(w.sum(0) > 0, mean, own)
""",
        "upside down",
    ),
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    r = torch.maximum(own / others, others / own) - 1
    return (torch.exp(-sharpness * r) * trusted * others).sum(0)
""",
        "without the division",
    ),
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    r = torch.maximum(own / others, others / own) - 1
    w = torch.exp(-sharpness * r)
    return (w * others).sum(0) / w.sum(0)
""",
        "frames that are not trusted count",
    ),
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    r = torch.maximum(own / others, others / own) - 1
    w = torch.exp(-sharpness * r) * trusted
    return (w * others).sum(0) / w.sum(0)
""",
        "own depth stays",
    ),
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    w = trusted.float()
    mean = (w * others).sum(0) / w.sum(0).clamp(min=1)
    return torch.where(w.sum(0) > 0, mean, own)
""",
        "plain mean",
    ),
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    w = torch.exp(-sharpness * (own - others).abs()) * trusted
    mean = (w * others).sum(0) / w.sum(0).clamp(min=1e-12)
    return torch.where(w.sum(0) > 0, mean, own)
""",
        "has a unit",
    ),
    (
        """
def filtered_depth(own, others, trusted, sharpness=3.0):
    return others.masked_fill(~trusted, float("nan")).nanmedian(0).values
""",
        None,
    ),
    ({"return torch.where": "torch.where"}, "return"),
]
