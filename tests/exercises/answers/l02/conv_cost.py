"""Answers to 02.4 beside those that the exercise itself knows."""

RIGHT = {
    "asking a layer": """
def conv_cost(channels, outputs, kernel, places):
    layer = nn.Conv3d(channels, outputs, kernel)
    parameters = sum(p.numel() for p in layer.parameters())
    return parameters, layer.weight.numel() * places[0] * places[1] * places[2]
""",
    "a named tuple": """
from collections import namedtuple
Cost = namedtuple("Cost", "parameters madds")
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = channels * outputs * R * P * Q
    return Cost(parameters=w + outputs, madds=w * T * H * W)
""",
}

OWN_FORM = {
    "a tensor of two": """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    params = outputs * channels * R * P * Q + outputs
    madds = (params - outputs) * T * H * W
    return torch.tensor([params, madds])
""",
}

WRONG = [
    ({"weights * T * H * W": "weights * T * H * W // outputs"}, "outputs are missing"),
    (
        {"T, H, W = places": "T, H, W = (n - k + 1 for n, k in zip(places, kernel))"},
        "`places` is the output's size already",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    layer = nn.Conv3d(channels, outputs, kernel, bias=False)
    weights = sum(p.numel() for p in layer.parameters())
    return weights, weights * math.prod(places)
import math
""",
        "biases are missing",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = outputs * channels * R * P * Q
    return w + outputs, w * H * W
""",
        "t' is missing in the multiply-adds",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = channels * R * P * Q
    return w + 1, w * T * H * W
""",
        "the outputs are missing",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = outputs * (channels + R * P * Q)
    return w + outputs, w * T * H * W
""",
        "the channels are added",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = outputs * channels * R * P * Q
    return float(w + outputs), float(w * T * H * W)
""",
        "adding a bias is no multiplication",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = outputs * channels * R * P * Q
    return w + outputs, w * T * H * W / 1
""",
        "adding a bias is no multiplication",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = outputs * channels * R * P * Q
    return w * T * H * W
""",
        "the parameters are missing",
    ),
    (
        """
def conv_cost(channels, outputs, kernel, places):
    R, P, Q = kernel
    T, H, W = places
    w = outputs * channels * R * P * Q
    return w + outputs, w * channels * T * H * W
""",
        "the channels are counted twice in the multiply-adds",
    ),
]
