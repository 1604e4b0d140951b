"""Answers to 15.3 beside those that the exercise itself knows."""

RIGHT = {
    "cosines": """
def facenet_loss(anchor, positive, negative, margin=0.2):
    near = 2 - 2 * F.cosine_similarity(anchor, positive)
    far = 2 - 2 * F.cosine_similarity(anchor, negative)
    return (near - far + margin).clamp(min=0).mean()
""",
    "products instead of distances": """
def facenet_loss(anchor, positive, negative, margin=0.2):
    a, p, n = (x / x.norm(dim=1, keepdim=True) for x in (anchor, positive, negative))
    return torch.relu(2 * (a * n).sum(1) - 2 * (a * p).sum(1) + margin).mean()
""",
    "plain distances, squared": """
def facenet_loss(anchor, positive, negative, margin=0.2):
    anchor, positive, negative = (F.normalize(x) for x in (anchor, positive, negative))
    near = (anchor - positive).norm(dim=1) ** 2
    far = (anchor - negative).norm(dim=1) ** 2
    return F.relu(near - far + margin).mean()
""",
    "a loop": """
def facenet_loss(anchor, positive, negative, margin=0.2):
    losses = []
    for a, p, n in zip(anchor, positive, negative):
        a, p, n = a / a.norm(), p / p.norm(), n / n.norm()
        losses.append((((a - p) ** 2).sum() - ((a - n) ** 2).sum() + margin).clamp(min=0))
    return torch.stack(losses).mean()
""",
}

OWN_FORM = {
    "a Python number": """
def facenet_loss(anchor, positive, negative, margin=0.2):
    a, p, n = (F.normalize(x, dim=1) for x in (anchor, positive, negative))
    return float(((a - p).square().sum(1) - (a - n).square().sum(1) + margin).clamp(min=0).mean().detach())
""",
}

WRONG = [
    ({"F.normalize(x, dim=1)": "x / x.norm(dim=0)"}, "one bug is left: F.normalize(x, dim=0)"),
    ({".square().sum(dim=1)": ".square().sum(dim=1).sqrt()"}, "one bug is left: these are plain"),
    ({".clamp(min=0).mean()": ".mean().relu()"}, "one bug is left: each triplet"),
    (
        {".square().sum(dim=1)": ".norm(dim=1)", ".clamp(min=0).mean()": ".mean().relu()"},
        "two bugs are left: these are plain",
    ),
    ({"F.normalize(x, dim=1)": "1 * x"}, "nothing is scaled any more"),
    ({"near - far + margin": "near - (far + margin)"}, "the margin has the wrong sign"),
    ({"F.normalize(x, dim=1)": "F.normalize(x.flatten(), dim=0).view_as(x)"}, "all points are scaled by one number"),
    (
        """
def facenet_loss(anchor, positive, negative, margin=0.2):
    a, p, n = (F.normalize(x, dim=1) for x in (anchor, positive, negative))
    return ((a * n).sum(1) - (a * p).sum(1) + margin).clamp(min=0).mean()
""",
        "half as large",
    ),
    (
        """
def facenet_loss(anchor, positive, negative, margin=0.2):
    anchor, positive, negative = (F.normalize(x, dim=1) for x in (anchor, positive, negative))
    near = (anchor - positive).norm(dim=0) ** 2
    far = (anchor - negative).norm(dim=0) ** 2
    return (near - far + margin).clamp(min=0).mean()
""",
        "add up over the triplets",
    ),
    (
        """
def facenet_loss(anchor, positive, negative, margin=0.2):
    near = (anchor - positive).norm(dim=1)
    far = (anchor - negative).norm(dim=1)
    return (near - far + margin).clamp(min=0).mean()
""",
        "nothing is scaled any more, and the distances are plain",
    ),
]
