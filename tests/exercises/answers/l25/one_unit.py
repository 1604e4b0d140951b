"""Answers to 25.4 beside those that the exercise itself knows."""

RIGHT = {
    "a product of powers": """
def one_unit(positions, nodes):
    unit = torch.exp(nodes.log().sum() / nodes.numel())
    return positions / unit, nodes / unit
""",
    "through logarithms": """
def one_unit(positions, nodes):
    logs = torch.log(nodes)
    level = logs.mean()
    return positions * torch.exp(-level), torch.exp(logs - level)
""",
    "means of frames, then of these": """
def one_unit(positions, nodes):
    per_frame = nodes.flatten(1).log().mean(1)
    unit = per_frame.mean().exp()
    return positions / unit, nodes / unit
""",
    "NumPy": """
import numpy as np
def one_unit(positions, nodes):
    unit = np.exp(np.log(nodes.numpy()).mean())
    return torch.from_numpy(positions.numpy() / unit), torch.from_numpy(nodes.numpy() / unit)
""",
}

WRONG = [
    (
        """
def one_unit(positions, nodes):
    unit = nodes.flatten(1).mean(1)
    return positions, nodes / unit[:, None, None]
""",
        "two bugs",
    ),
    (
        """
def one_unit(positions, nodes):
    unit = nodes.sum() / nodes.numel()
    return positions / unit, nodes / unit
""",
        "geometric",
    ),
    (
        """
def one_unit(positions, nodes):
    unit = torch.exp(torch.log(nodes).mean())
    return positions, nodes / unit
""",
        "cameras stay where they were",
    ),
    (
        """
def one_unit(positions, nodes):
    unit = nodes.flatten(1).log().mean(1).exp()
    return positions / unit[:, None], nodes / unit[:, None, None]
""",
        "they no longer fit together",
    ),
    (
        """
def one_unit(positions, nodes):
    return positions / nodes.max(), nodes / nodes.max()
""",
        None,
    ),
    ({"return positions / unit, nodes / unit": "positions / unit, nodes / unit"}, "return"),
]
