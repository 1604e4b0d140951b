"""Answers to 06.4 beside those that the exercise itself knows."""

RIGHT = {
    "loops": """
def svm_loss(weight, bias, features, labels, strength=1.0):
    K, D = weight.shape
    loss = 0.5 * (weight * weight).sum()
    for n in range(len(features)):
        for k in range(K):
            y = 1 if labels[n] == k else -1
            s = weight[k] @ features[n] + bias[k]
            loss = loss + strength * max(0, 1 - y * s) ** 2
    return loss
""",
    "einsum and relu": """
def svm_loss(weight, bias, features, labels, strength=1.0):
    scores = torch.einsum("kd,nd->nk", weight, features) + bias
    y = torch.full_like(scores, -1)
    y[torch.arange(len(labels)), labels] = 1
    return weight.norm() ** 2 / 2 + strength * F.relu(1 - y * scores).pow(2).sum()
""",
}

OWN_FORM = {
    "NumPy, without gradients": """
import numpy as np
def svm_loss(weight, bias, features, labels, strength=1.0):
    w, b, x = weight.detach().numpy(), bias.detach().numpy(), features.numpy()
    s = x @ w.T + b
    y = -np.ones_like(s)
    y[np.arange(len(s)), labels.numpy()] = 1
    return torch.tensor(0.5 * (w ** 2).sum() + strength * (np.maximum(0, 1 - y * s) ** 2).sum())
""",
    "a Python number": """
def svm_loss(weight, bias, features, labels, strength=1.0):
    scores = features @ weight.T + bias
    sign = 2 * F.one_hot(labels, len(weight)) - 1
    violation = (1 - sign * scores).clamp(min=0)
    return ((weight**2).sum() / 2 + strength * (violation**2).sum()).item()
""",
}

WRONG = [
    ({"1 - sign * scores": "1 + sign * scores"}, "sign is turned"),
    (
        """
def svm_loss(weight, bias, features, labels, strength=1.0):
    scores = features @ weight.T + bias
    sign = 2 * F.one_hot(labels, len(weight)) - 1
    violation = (1 - sign * scores).clamp(min=0)
    return ((weight**2).sum() + strength * (violation**2).sum()) / 2
""",
        "in front of everything",
    ),
    ({"strength=1.0": "strength=10.0"}, None),
    ({"len(weight)": "weight.shape[1]"}, None),
    ({"weight.T": "weight"}, None),
    (
        {"(1 - sign * scores).clamp(min=0)": "(1 - scores[torch.arange(len(labels)), labels]).clamp(min=0)"},
        "every class is its own problem: the classes",
    ),
    ({"(violation**2).sum()": "(violation**2).sum(0)"}, "The result has 1 axis (3), expected are 0 ()"),
    ({"(weight**2).sum() / 2": "(weight**2).sum(1) / 2"}, "The result has 1 axis (3), expected are 0 ()"),
    ({"strength=1.0": "strength"}, "svm_loss() missing 1 required positional"),
    (
        {"2 * F.one_hot(labels, len(weight)) - 1": "torch.where(labels[:, None] == 1, 1, -1)"},
        "labels are the numbers of classes, not signs",
    ),
]
