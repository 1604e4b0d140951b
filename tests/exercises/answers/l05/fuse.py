"""Answers to 05.5 beside those that the exercise itself knows."""

RIGHT = {
    "with the library's mean": """
def fuse(spatial, temporal, weight=0.5):
    s = average_predictions(spatial)
    t = average_predictions(temporal)
    return s * (1 - weight) + t * weight
""",
    "loops, softmax as in its formula": """
def fuse(spatial, temporal, weight=0.5):
    N, V, K = spatial.shape
    out = torch.zeros(N, K)
    for n in range(N):
        for v in range(V):
            e = torch.exp(spatial[n, v])
            out[n] += (1 - weight) * e / e.sum() / V
        for v in range(temporal.shape[1]):
            e = torch.exp(temporal[n, v])
            out[n] += weight * e / e.sum() / temporal.shape[1]
    return out
""",
    "one sum over all views": """
def fuse(spatial, temporal, weight=0.5):
    views = torch.cat([spatial.softmax(2), temporal.softmax(2)], 1)
    V, W = spatial.shape[1], temporal.shape[1]
    w = torch.tensor([(1 - weight) / V] * V + [weight / W] * W)
    return torch.einsum("nvk,v->nk", views, w)
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def _softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
def fuse(spatial, temporal, weight=0.5):
    s, t = _softmax(spatial.numpy().astype("float64")).mean(1), _softmax(temporal.numpy().astype("float64")).mean(1)
    return torch.tensor((1 - weight) * s + weight * t)
""",
}

WRONG = [
    ({"weight=0.5": "weight=1 / 3"}, None),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return torch.cat([spatial, temporal], 1).softmax(2).mean(1)
""",
        "averaged together",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    still, moving = average_predictions(spatial), average_predictions(temporal)
    return torch.stack([still, moving]).amax(0)
""",
        "larger of both streams",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    n = min(spatial.shape[1], temporal.shape[1])
    mixed = (1 - weight) * spatial[:, :n].softmax(2) + weight * temporal[:, :n].softmax(2)
    return mixed.mean(1)
""",
        None,
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return (1 - weight) * spatial.softmax(2).mean(0) + weight * temporal.softmax(2).mean(0)
""",
        "two sizes do not fit",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return weight * spatial.softmax(2).mean(1) + weight * temporal.softmax(2).mean(1)
""",
        "the weights do not add up to 1",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return torch.cat([(1 - weight) * spatial.softmax(2), weight * temporal.softmax(2)], 1).mean(1)
""",
        "all views are averaged together",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return (1 - weight) * spatial.softmax(2).max(1) + weight * temporal.softmax(2).max(1)
""",
        "a pair came where one tensor belongs",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return ((1 - weight) * spatial.softmax(2).mean(1) + weight * temporal.softmax(2).mean(1)).softmax(1)
""",
        "a second softmax flattens the probabilities",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return (1 - weight) * spatial.sigmoid().mean(1) + weight * temporal.sigmoid().mean(1)
""",
        "a sigmoid judges each class by itself",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return 1 - weight * spatial.softmax(2).mean(1) + weight * temporal.softmax(2).mean(1)
""",
        "brackets are missing",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    s = nn.functional.one_hot(spatial.argmax(2), spatial.shape[2]).float().mean(1)
    t = nn.functional.one_hot(temporal.argmax(2), temporal.shape[2]).float().mean(1)
    return (1 - weight) * s + weight * t
""",
        "an import is missing",
    ),
    (
        """
def fuse(spatial, temporal, weight=0.5):
    return (1 - weight) * average_predictions(spatial).softmax(1) + weight * average_predictions(temporal).softmax(1)
""",
        "each stream goes through a second softmax",
    ),
]
