"""Answers to 08.6 beside those that the exercise itself knows."""

RIGHT = {
    "one matrix of weights": """
def video_probabilities(rgb, flow):
    both = torch.stack([rgb.mean(1), flow.mean(1)])
    return torch.einsum("s,sbc->bc", torch.tensor([1.0, 1.5]), both).softmax(-1)
""",
    "step by step": """
def video_probabilities(rgb, flow):
    spatial = rgb.sum(1) / rgb.shape[1]
    temporal = flow.sum(1) / flow.shape[1]
    e = (spatial + 1.5 * temporal).exp()
    return e / e.sum(1, keepdim=True)
""",
    "one after the other": """
def video_probabilities(rgb, flow):
    rows = []
    for r, f in zip(rgb, flow):
        rows.append(torch.softmax(r.mean(0) + f.mean(0) * 3 / 2, dim=0))
    return torch.stack(rows)
""",
}

OWN_FORM = {
    "NumPy": """
import numpy as np
def video_probabilities(rgb, flow):
    s = rgb.double().numpy().mean(1) + 1.5 * flow.double().numpy().mean(1)
    e = np.exp(s - s.max(1, keepdims=True))
    return torch.from_numpy(e / e.sum(1, keepdims=True))
""",
}

WRONG = [
    (
        """
def video_probabilities(rgb, flow):
    p = 0.4 * rgb.softmax(-1).mean(1) + 0.6 * flow.softmax(-1).mean(1)
    return p / p.sum(1, keepdim=True)
""",
        "one bug is left",
    ),
    ({"rgb.mean(dim=1) + 1.5 * flow.mean(dim=1)": "(rgb + 1.5 * flow).mean(dim=1)"}, "sizes do not fit"),
    ({"1.5 * ": "", "fused.softmax(dim=1)": "(0.5 * fused).softmax(dim=-1)"}, "nothing is halved"),
    ({"fused.softmax(dim=1)": "(fused.exp().T / fused.exp().sum(dim=0)[:, None]).T"}, "over the videos"),
    ({"fused.softmax(dim=1)": "fused.softmax(dim=1).argmax(dim=1)"}, None),
]
