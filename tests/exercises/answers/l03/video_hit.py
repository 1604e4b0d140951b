"""Answers to 03.4 beside those that the exercise itself knows."""

RIGHT = {
    "sums by index": """
def video_hit(scores, videos, labels, k):
    V = len(labels)
    p = scores.softmax(1)
    sums = torch.zeros(V, scores.shape[1]).index_add_(0, videos, p)
    counts = torch.bincount(videos, minlength=V)
    mean = sums / counts[:, None]
    top = mean.argsort(1, descending=True)[:, :k]
    return (top == labels[:, None]).any(1).float().mean()
""",
    "ranked by NumPy": """
import numpy as np
def video_hit(scores, videos, labels, k):
    s = scores.numpy().astype(np.float64)
    e = np.exp(s - s.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    hits = []
    for v, y in enumerate(labels.numpy()):
        mean = p[videos.numpy() == v].mean(0)
        hits.append(y in np.argsort(-mean)[:k])
    return np.mean(hits)
""",
    "how many are better": """
def video_hit(scores, videos, labels, k):
    p = scores.softmax(1)
    total = 0
    for v in labels.new_tensor(range(len(labels))):
        mean = p[videos == v].mean(0)
        own = mean[labels[v]]
        total += int((mean > own).sum() < k)
    return total / len(labels)
""",
}

WRONG = [
    (
        """
def video_hit(scores, videos, labels, k):
    means = scores.softmax(1).view(len(labels), -1, scores.shape[1]).mean(1)
    return (means.topk(k).indices == labels[:, None]).any(1).float().mean().item()
""",
        None,
    ),
    (
        """
import numpy as np
def video_hit(scores, videos, labels, k):
    p = np.exp(scores.numpy())
    p /= p.sum()
    hits = [y in np.argsort(-p[videos.numpy() == v].mean(0))[:k] for v, y in enumerate(labels.numpy())]
    return float(np.mean(hits))
""",
        None,
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    best = scores.argmax(1)
    votes = torch.stack([F.one_hot(best[videos == v], scores.shape[1]).sum(0) for v in range(len(labels))])
    return (votes.topk(k).indices == labels[:, None]).any(1).float().mean().item()
""",
        None,
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    hits = 0
    for video, label in enumerate(labels):
        mean = scores[videos == video].softmax(1).mean(0)
        hits += int(label in mean.topk(k).indices)
    return hits
""",
        "number of hits",
    ),
    ({"hits.float().mean()": "hits.mean()"}, "could not infer output dtype"),
]
