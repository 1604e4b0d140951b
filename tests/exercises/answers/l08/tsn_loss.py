"""Answers to 08.2 beside those that the exercise itself knows."""

RIGHT = {
    "log_softmax and nll_loss": """
def tsn_loss(scores, labels):
    snippets = scores.shape[1]
    G = sum(scores[:, k] for k in range(snippets)) / snippets
    return F.nll_loss(F.log_softmax(G, dim=-1), labels)
""",
    "cross_entropy": """
def tsn_loss(scores, labels):
    return F.cross_entropy(scores.mean(1), labels)
""",
    "the formula with one-hot labels": """
def tsn_loss(scores, labels):
    G = scores.mean(1)
    y = F.one_hot(labels, G.shape[1])
    return -(y * (G - torch.logsumexp(G, 1, keepdim=True))).sum(1).mean()
""",
}

OWN_FORM = {
    "a Python number": """
def tsn_loss(scores, labels):
    total = 0.0
    for video, label in zip(scores, labels):
        G = video.double().mean(0)
        total += (torch.logsumexp(G, 0) - G[label]).item()
    return total / len(labels)
""",
}

WRONG = [
    (
        """
def tsn_loss(scores, labels):
    B, K, C = scores.shape
    return F.cross_entropy(scores.reshape(B * K, C), labels.repeat_interleave(K))
""",
        "first the consensus",
    ),
    (
        """
def tsn_loss(scores, labels):
    return F.nll_loss(scores.softmax(-1).mean(1).log(), labels)
""",
        "before the consensus",
    ),
    (
        """
def tsn_loss(scores, labels):
    return F.nll_loss(scores.mean(1), labels)
""",
        "all scores may grow",
    ),
    (
        """
def tsn_loss(scores, labels):
    return F.cross_entropy(scores.mean(2), labels)
""",
        None,
    ),
    (
        """
def tsn_loss(scores, labels):
    return F.cross_entropy(scores.softmax(2).mean(1), labels)
""",
        "a second one in the loss",
    ),
    (
        """
def tsn_loss(scores, labels):
    return -scores.mean(1).softmax(1)[torch.arange(len(labels)), labels].mean()
""",
        "minus its logarithm",
    ),
    (
        """
def tsn_loss(scores, labels):
    B, K, C = scores.shape
    return F.cross_entropy(scores.reshape(B * K, C), labels.repeat(K))
""",
        "label of another video",
    ),
]
