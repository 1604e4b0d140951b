"""Answers to 07.5 beside those that the exercise itself knows."""

RIGHT = {
    "loops over Gaussians": """
def fisher_gradients(x, gamma, weights, means, deviations):
    N, (K, D) = len(x), means.shape
    toward, wider = torch.zeros(K, D), torch.zeros(K, D)
    for k in range(K):
        z = (x - means[k]) / deviations[k]
        toward[k] = gamma[:, k] @ z / (N * weights[k].sqrt())
        wider[k] = gamma[:, k] @ (z * z - 1) / (N * (2 * weights[k]).sqrt())
    return toward, wider
""",
    "from sums of x and of its square": """
def fisher_gradients(x, gamma, weights, means, deviations):
    n = x.shape[0]
    s0 = gamma.sum(0)[:, None]
    s1, s2 = gamma.T @ x, gamma.T @ x**2
    toward = (s1 - means * s0) / deviations / (n * weights[:, None] ** 0.5)
    spread = (s2 - 2 * means * s1 + means**2 * s0) / deviations**2 - s0
    return toward, spread / (n * (2 * weights[:, None]) ** 0.5)
""",
    "einsum, and the weights last": """
def fisher_gradients(x, gamma, weights, means, deviations):
    z = (x.unsqueeze(1) - means.unsqueeze(0)) / deviations.unsqueeze(0)
    first = torch.einsum("nk,nkd->kd", gamma, z) / x.shape[0]
    second = torch.einsum("nk,nkd->kd", gamma, z.pow(2) - 1) / x.shape[0]
    return first / weights.sqrt().unsqueeze(1), second / torch.sqrt(2 * weights).unsqueeze(1)
""",
}

OWN_FORM = {
    "NumPy, float64": """
import numpy as np
def fisher_gradients(x, gamma, weights, means, deviations):
    x, g, w, m, s = (t.numpy().astype(np.float64) for t in (x, gamma, weights, means, deviations))
    z = (x[:, None] - m) / s
    a = np.einsum("nk,nkd->kd", g, z) / (len(x) * np.sqrt(w)[:, None])
    b = np.einsum("nk,nkd->kd", g, z**2 - 1) / (len(x) * np.sqrt(2 * w)[:, None])
    return torch.tensor(a), torch.tensor(b)
""",
}

WRONG = [
    (
        """
def fisher_gradients(x, gamma, weights, means, deviations):
    z = (x[:, None] - means) / deviations
    toward = torch.einsum("nk,nkd->kd", gamma, z) / (len(x) * weights.sqrt()[:, None])
    wider = torch.einsum("nk,nkd->kd", gamma, z**2) / (len(x) * (2 * weights).sqrt()[:, None])
    return toward, wider
""",
        "-1 is missing",
    ),
    (
        """
def fisher_gradients(x, gamma, weights, means, deviations):
    z = (x[:, None] - means) / deviations
    toward = (gamma[..., None] * z).mean(0) / weights[:, None]
    wider = (gamma[..., None] * (z**2 - 1)).mean(0) / (2**0.5 * weights[:, None])
    return toward, wider
""",
        "not by pi",
    ),
    ({"return toward, wider": "return toward.flatten(), wider.flatten()"}, None),
    ({".sum(0) / scale": ".sum(1) / scale"}, None),
]
