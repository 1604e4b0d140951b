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
        "the exponentials are divided by the sum over",
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    best = scores.argmax(1)
    votes = torch.stack([F.one_hot(best[videos == v], scores.shape[1]).sum(0) for v in range(len(labels))])
    return (votes.topk(k).indices == labels[:, None]).any(1).float().mean().item()
""",
        "this lets the clips vote, each for its best",
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
    ({"scores.softmax(dim=1)": "scores.log_softmax(dim=1)"}, "this averages scores, or their logarithms"),
    (
        """
def video_hit(scores, videos, labels, k):
    means = torch.stack([scores[videos == v].mean(0).softmax(0) for v in range(len(labels))])
    return (means.topk(k, dim=1).indices == labels[:, None]).any(dim=1).float().mean().item()
""",
        "this averages scores, or their logarithms",
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    hits = 0
    for v in range(len(labels)):
        p = scores[videos == v].softmax(0).mean(0)
        hits += labels[v] in p.topk(k).indices
    return hits / len(labels)
""",
        "the softmax runs over the clips of a video",
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    means = torch.stack([F.softmax(scores[videos == v], dim=0).mean(0) for v in range(len(labels))])
    return (means.topk(k, dim=1).indices == labels[:, None]).any(dim=1).float().mean().item()
""",
        "the softmax runs over the clips of a video",
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    hits = []
    for v in range(len(labels)):
        votes = scores[videos == v].argmax(1)
        hits.append(torch.mode(votes).values == labels[v])
    return torch.stack(hits).float().mean().item()
""",
        "this lets the clips vote, each for its best",
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    return (scores.topk(k, dim=1).indices == labels[videos, None]).any(dim=1).float().mean().item()
""",
        "this is clip hit@k: average the clips of a",
    ),
    (
        """
def video_hit(scores, videos, labels, k):
    hits = 0
    for v, y in enumerate(labels):
        hits += (scores[videos == v].topk(k, dim=1).indices == y).any().item()
    return hits / len(labels)
""",
        "a video counts here as soon as one clip is",
    ),
    ({".mean(0)": ".max(0).values"}, "this takes the strongest clip for each class"),
    ({".any(dim=1)\n": ".sum(dim=1) / k\n"}, "this divides by k as well: a video is a hit"),
    ({".float().mean().item()": ".tolist()"}, "One number is expected, 60 values came"),
]
