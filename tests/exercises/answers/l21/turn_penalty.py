"""Answers to 21.2 beside those that the exercise itself knows."""

RIGHT = {
    "columns instead of rows": """
def turn_penalty(turn):
    products = turn.mT @ turn
    return ((products - torch.eye(turn.shape[-1])) ** 2).sum((1, 2)).mean()
""",
    "a trace per matrix": """
def turn_penalty(turn):
    total = 0
    for t in turn:
        rest = torch.eye(len(t)) - t @ t.T
        total = total + torch.trace(rest @ rest.T)
    return total / turn.shape[0]
""",
    "the other product": """
def turn_penalty(turn):
    rest = turn.transpose(1, 2) @ turn - torch.eye(turn.shape[1])
    return rest.square().sum((1, 2)).mean()
""",
    "the norm of the library": """
def turn_penalty(turn):
    rest = torch.bmm(turn, turn.mT) - torch.eye(turn.shape[1])
    return (torch.linalg.matrix_norm(rest) ** 2).mean()
""",
    "a loop over matrices": """
def turn_penalty(turn):
    total = 0
    for T in turn:
        rest = torch.eye(len(T)) - T @ T.T
        total = total + (rest * rest).sum()
    return total / len(turn)
""",
    "sum over all, divided by the batch": """
def turn_penalty(turn):
    rest = torch.einsum("bij,bkj->bik", turn, turn) - torch.eye(turn.shape[1])
    return rest.pow(2).sum() / turn.shape[0]
""",
}

OWN_FORM = {
    "NumPy": """
import numpy as np
def turn_penalty(turn):
    t = turn.detach().numpy()
    rest = t @ t.transpose(0, 2, 1) - np.eye(t.shape[1])
    return float((rest**2).sum((1, 2)).mean())
""",
}

WRONG = [
    (
        """
def turn_penalty(turn):
    rest = torch.bmm(turn, turn) - torch.eye(turn.shape[1])
    return rest.square().sum((1, 2)).mean()
""",
        "T times itself",
    ),
    (
        """
def turn_penalty(turn):
    rest = torch.bmm(turn, turn.mT) - torch.eye(turn.shape[1])
    return rest.norm(dim=(1, 2)).mean()
""",
        "the norm must be squared",
    ),
    (
        """
def turn_penalty(turn):
    rest = torch.bmm(turn, turn.mT) - torch.eye(turn.shape[1])
    return F.mse_loss(rest, torch.zeros_like(rest))
""",
        "are added up, not averaged",
    ),
    (
        """
def turn_penalty(turn):
    rest = torch.bmm(turn, turn.mT) - torch.ones(turn.shape[1], turn.shape[1])
    return rest.square().sum((1, 2)).mean()
""",
        None,
    ),
    (
        """
def turn_penalty(turn):
    rest = turn - torch.eye(turn.shape[1])
    return rest.square().sum((1, 2)).mean()
""",
        "this compares T with the identity",
    ),
    ({"    return (rest**2).sum(dim=(1, 2)).mean()": "    print((rest**2).sum(dim=(1, 2)).mean())"}, "printed"),
]
