"""Answers to 01.5 beside those that the exercise itself knows."""

RIGHT = {
    "softmax as in its formula": """
def average_predictions(logits):
    e = torch.exp(logits)
    p = e / e.sum(-1, keepdim=True)
    return p.mean(1)
""",
    "a module": """
import scipy.special
def average_predictions(logits):
    return torch.tensor(scipy.special.softmax(logits.numpy(), axis=-1).mean(1))
""",
    "class by class": """
def average_predictions(logits):
    B, N, K = logits.shape
    out = torch.zeros(B, K)
    for n in range(N):
        out += logits[:, n].softmax(dim=1) / N
    return out
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def average_predictions(logits):
    z = logits.numpy().astype(np.float64)
    z = z - z.max(axis=-1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return torch.from_numpy(p.mean(axis=1))
""",
}

WRONG = [
    ({".mean(dim=1)": ".mean(dim=1).argmax(dim=-1)"}, "only the winning class came"),
    ({".mean(dim=1)": ".mean(dim=1, keepdim=True)"}, "an axis of size 1"),
    (
        """
def average_predictions(logits):
    e = torch.exp(logits)
    return (e / e.sum()).mean(1)
""",
        "the softmax runs over all videos",
    ),
    (
        """
def average_predictions(logits):
    return logits.softmax(-1).max(1)
""",
        "a pair came",
    ),
    (
        """
def average_predictions(logits):
    e = logits.exp()
    return (e / e.sum()).mean(1)
""",
        "the softmax runs over all videos",
    ),
    (
        """
def average_predictions(logits):
    e = logits.exp()
    return e.mean(1) / e.mean(1).sum(-1, keepdim=True)
""",
        "the exponentials are averaged before they are divided",
    ),
    (
        """
def average_predictions(logits):
    return torch.nn.functional.one_hot(logits.argmax(-1)).float().mean(1)
""",
        "this counts votes",
    ),
    (
        """
def average_predictions(logits):
    for clips in logits:
        return clips.softmax(-1).mean(0)
""",
        "ends the loop in its first round",
    ),
    (
        """
def average_predictions(logits):
    return logits.softmax(2).sum(1) / logits.shape[2]
""",
        "divided by the number of classes",
    ),
    (
        """
def average_predictions(logits):
    return nn.Softmax()(logits).mean(1)
""",
        "the softmax runs over the videos",
    ),
]
