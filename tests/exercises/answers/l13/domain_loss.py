"""Answers to 13.3 beside those that the exercise itself knows."""

RIGHT = {
    "log softmax by hand": """
def domain_loss(features, labels, weights, biases, step):
    k = step % weights.shape[0]
    scores = features @ weights[k].T + biases[k]
    logs = scores.log_softmax(1)
    return -logs[torch.arange(len(labels)), labels].mean()
""",
    "F.linear": """
def domain_loss(features, labels, weights, biases, step):
    k = step - step // len(weights) * len(weights)
    return F.cross_entropy(F.linear(features, weights[k], biases[k]), labels)
""",
    "a loop over the samples": """
def domain_loss(features, labels, weights, biases, step):
    w, b = weights[step % len(weights)], biases[step % len(biases)]
    total = 0
    for x, y in zip(features, labels):
        s = w @ x + b
        total = total + torch.logsumexp(s, 0) - s[y]
    return total / len(labels)
""",
}

WRONG = [
    ({"step % len(weights)": "step % 3"}, None),
    (
        """
def domain_loss(features, labels, weights, biases, step):
    k = step % len(weights)
    scores = (features @ weights[k].T + biases[k]).softmax(1)
    return F.cross_entropy(scores, labels)
""",
        "made twice",
    ),
    (
        """
def domain_loss(features, labels, weights, biases, step):
    loss = 0
    for w, b in zip(weights, biases):
        loss = loss + F.cross_entropy(features @ w.T + b, labels)
    return loss
""",
        "losses are added",
    ),
    (
        """
def domain_loss(features, labels, weights, biases, step):
    loss = 0
    for w, b in zip(weights, biases):
        loss = loss + F.cross_entropy(features @ w.T + b, labels)
    return loss / len(weights)
""",
        "all branches learn",
    ),
    (
        """
def domain_loss(features, labels, weights, biases, step):
    d = step if step < len(weights) else len(weights) - 1
    return F.cross_entropy(features @ weights[d].T + biases[d], labels)
""",
        "keeps all further steps",
    ),
    (
        """
def domain_loss(features, labels, weights, biases, step):
    d = step % len(weights)
    p = (features @ weights[d].T + biases[d]).softmax(1)
    return -p[torch.arange(len(labels)), labels].mean()
""",
        "logarithm is missing",
    ),
]
