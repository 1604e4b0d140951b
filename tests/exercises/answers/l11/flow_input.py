"""Answers to 11.4 beside those that the exercise itself knows."""

RIGHT = {
    "dividing first, then -1..1": """
def flow_input(flow, largest=20.0):
    return (flow / largest).clamp(-1, 1)
""",
    "where": """
def flow_input(flow, largest=20.0):
    cut = torch.where(flow > largest, torch.full_like(flow, largest), flow)
    cut = torch.where(cut < -largest, torch.full_like(flow, -largest), cut)
    return cut * (1 / largest)
""",
    "size and sign": """
def flow_input(flow, largest=20.0):
    return flow.sign() * flow.abs().clamp(max=largest) / largest
""",
    "hardtanh": """
def flow_input(flow, largest=20.0):
    return F.hardtanh(flow / largest)
""",
}

OWN_FORM = {
    "float64 from NumPy": """
import numpy as np
def flow_input(flow, largest=20.0):
    return torch.from_numpy(np.clip(flow.numpy().astype(np.float64), -largest, largest) / largest)
""",
}

WRONG = [
    (
        """
def flow_input(flow, largest=20.0):
    return torch.minimum(flow, torch.tensor(largest)) / largest
""",
        "clamp from below",
    ),
    ({"largest=20.0": "largest=15.0"}, None),
    (
        """
def flow_input(flow, largest=20.0):
    speed = flow.norm(dim=1, keepdim=True)
    return flow * (largest / speed).clamp(max=1) / largest
""",
        "each by itself",
    ),
    (
        """
def flow_input(flow, largest=20.0):
    return torch.where(flow.abs() > largest, torch.zeros_like(flow), flow) / largest
""",
        "fast motion is lost",
    ),
    ({"/ largest": "/ 255"}, None),
    ({"clamp(-largest, largest)": "clamp(-largest, largest).round()"}, None),
    ({"return flow": "flow"}, "return"),
]
