"""Answers to 23.4 beside those that the exercise itself knows."""

RIGHT = {
    "with topk and einsum": """
def normal_loss(p, q, p_normals, q_normals):
    to_q = torch.cdist(p, q).topk(1, dim=1, largest=False).indices[:, 0]
    to_p = torch.cdist(q, p).min(dim=1).indices
    one = torch.einsum("pc,pc->p", p_normals, q_normals[to_q]).abs().mean()
    two = torch.einsum("pc,pc->p", q_normals, p_normals[to_p]).abs().mean()
    return -(one + two)
""",
    "squared distances": """
def normal_loss(p, q, p_normals, q_normals):
    d = ((p[:, None] - q) ** 2).sum(-1)
    cos = (p_normals @ q_normals.T).abs()
    forward = cos.gather(1, d.argmin(1, keepdim=True)).sum() / len(p)
    backward = cos.gather(0, d.argmin(0, keepdim=True)).sum() / len(q)
    return -forward - backward
""",
    "a loop": """
def normal_loss(p, q, p_normals, q_normals):
    total = 0
    for a, b, u, v in ((p, q, p_normals, q_normals), (q, p, q_normals, p_normals)):
        for point, normal in zip(a, u):
            near = (b - point).norm(dim=1).argmin()
            total = total - (normal @ v[near]).abs() / len(a)
    return total
""",
    "cosine similarity of unit vectors": """
def normal_loss(p, q, p_normals, q_normals):
    d = torch.cdist(p, q)
    one = F.cosine_similarity(p_normals, q_normals[d.argmin(1)], dim=1).abs().mean()
    two = F.cosine_similarity(q_normals, p_normals[d.argmin(0)], dim=1).abs().mean()
    return -one - two
""",
}

OWN_FORM = {}

WRONG = [
    (
        """
def normal_loss(p, q, p_normals, q_normals):
    d = torch.cdist(p, q)
    one = (p_normals * q_normals[d.argmin(1)]).sum(1).abs().mean()
    two = (q_normals * p_normals[d.argmin(0)]).sum(1).abs().mean()
    return one + two
""",
        "minus sign is missing",
    ),
    (
        """
def normal_loss(p, q, p_normals, q_normals):
    d = torch.cdist(p, q)
    one = (1 - (p_normals * q_normals[d.argmin(1)]).sum(1).abs()).mean()
    two = (1 - (q_normals * p_normals[d.argmin(0)]).sum(1).abs()).mean()
    return one + two
""",
        "2 more than the paper",
    ),
    (
        """
def normal_loss(p, q, p_normals, q_normals):
    d = torch.cdist(p, q)
    return -(p_normals * q_normals[d.argmin(1)]).sum(1).abs().mean()
""",
        "only the way from p to q",
    ),
    (
        """
def normal_loss(p, q, p_normals, q_normals):
    cos = (p_normals @ q_normals.T).abs()
    return -cos.amax(1).mean() - cos.amax(0).mean()
""",
        "not by the direction",
    ),
    (
        """
def normal_loss(p, q, p_normals, q_normals):
    d = torch.cdist(p, q)
    one = (p_normals - q_normals[d.argmin(1)]).norm(dim=1).mean()
    two = (q_normals - p_normals[d.argmin(0)]).norm(dim=1).mean()
    return one + two
""",
        None,
    ),
    (
        """
def normal_loss(p, q, p_normals, q_normals):
    d = torch.cdist(p, q)
    one = torch.einsum("pc,pc->p", p_normals, q_normals[d.argmin(1)]).mean()
    two = torch.einsum("pc,pc->p", q_normals, p_normals[d.argmin(0)]).mean()
    return -(one + two)
""",
        "absolute value is missing",
    ),
]
