"""Answers to 06.1 beside those that the exercise itself knows."""

RIGHT = {
    "from the cost in 2D": """
def layer_cost(inputs, outputs, size, depth=3):
    params, madds = layer_cost_2d(inputs, outputs, size[1:])
    return (params - outputs) * depth + outputs, madds * depth * size[0]
""",
    "asking a layer": """
def layer_cost(inputs, outputs, size, depth=3):
    layer = nn.Conv3d(inputs, outputs, (depth, 3, 3), padding=(depth // 2, 1, 1))
    n = sum(p.numel() for p in layer.parameters())
    return n, layer.weight.numel() * size[0] * size[1] * size[2]
""",
}

OWN_FORM = {
    "an array": """
import numpy as np
def layer_cost(inputs, outputs, size, depth=3):
    T, H, W = size
    w = outputs * inputs * depth * 3 * 3
    return np.array([w + outputs, w * T * H * W])
""",
}

WRONG = [
    (
        """
import numpy as np
def layer_cost(inputs, outputs, size, depth=3):
    weights = np.prod([outputs, inputs, depth, 3, 3])
    return np.array([weights, weights * np.prod(size)])
""",
        "the biases are missing",
    ),
    ({"weights + outputs, weights": "weights + outputs, (weights + inputs)"}, None),
    ({"depth * 3 * 3": "depth * 3 * 3 / 1"}, "float"),
    ({"return weights + outputs, weights * T * H * W": "print(weights + outputs, weights * T * H * W)"}, "printed"),
]
