"""Answers to 16.5 beside those that the exercise itself knows."""

RIGHT = {
    "norm and max": """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1)
    longer = boxes.max(dim=1).values
    return (error <= alpha * longer[:, None]).double().mean().item()
""",
    "picture by picture": """
def pck(predicted, truth, boxes, alpha):
    right = total = 0
    for p, t, box in zip(predicted, truth, boxes):
        right += int((torch.linalg.vector_norm(p - t, dim=1) <= alpha * max(box)).sum())
        total += len(p)
    return right / total
""",
    "in shares of the box": """
def pck(predicted, truth, boxes, alpha):
    x, y = (predicted - truth).unbind(-1)
    side = torch.maximum(boxes[:, 0], boxes[:, 1])
    share = torch.sqrt(x**2 + y**2) / side[:, None]
    return float((share <= alpha).float().mean())
""",
    "all distances, then the diagonal": """
def pck(predicted, truth, boxes, alpha):
    e = torch.cdist(predicted, truth).diagonal(dim1=1, dim2=2)
    return float((e.T <= alpha * boxes.amax(1)).float().mean())
""",
}

WRONG = [
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).abs().max(dim=-1).values
    return (error <= alpha * boxes.max(1, keepdim=True).values).float().mean().item()
""",
        "not its larger coordinate",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1)
    return (error <= alpha * boxes.min(1, keepdim=True).values).float().mean().item()
""",
        "the shorter side",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1)
    return (error <= alpha * boxes.max()).float().mean().item()
""",
        "every picture has its own",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).pow(2).sum(-1)
    return (error <= alpha * boxes.max(1, keepdim=True).values).float().mean().item()
""",
        "take the root",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1)
    return (error <= alpha * boxes.norm(dim=1, keepdim=True)).float().mean().item()
""",
        "the diagonal",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1)
    return (error > alpha * boxes.max(1, keepdim=True).values).float().mean().item()
""",
        "of *wrong* points",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1)
    allowed = alpha * boxes.sum(dim=-1, keepdim=True)
    return (error <= allowed).float().mean().item()
""",
        "the sum of both sides",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1)
    allowed = alpha * boxes.prod(dim=-1, keepdim=True).sqrt()
    return (error <= allowed).float().mean().item()
""",
        "root of the area",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).abs()
    allowed = alpha * boxes[:, None]
    return (error <= allowed).all(-1).float().mean().item()
""",
        "y with the height",
    ),
    (
        """
def pck(predicted, truth, boxes, alpha):
    error = (predicted - truth).norm(dim=-1).mean()
    allowed = alpha * boxes.amax(dim=-1, keepdim=True)
    return (error <= allowed).float().mean().item()
""",
        "not averaged",
    ),
]
