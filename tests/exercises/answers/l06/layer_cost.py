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
    ({"return weights + outputs, weights * T * H * W": "print(weights + outputs, weights * T * H * W)"}, "printed"),
    (
        {
            "return weights + outputs, weights * T * H * W": "counts = weights + outputs, weights * T * H * W\n"
            "    return torch.tensor(counts, dtype=torch.float32)"
        },
        "the numbers are right, and floats: counts are",
    ),
    (
        """
import numpy as np
def layer_cost(inputs, outputs, size, depth=3):
    w = outputs * inputs * depth * 9.0
    return w + outputs, w * np.prod(size)
""",
        "the numbers are right, and floats: counts are",
    ),
    ({"depth * 3 * 3": "27"}, "the depth is fixed to 3: use the argument"),
    ({"weights * T": "inputs * depth * 9 * T"}, "the multiply-adds miss the outputs: every"),
    (
        """
def layer_cost(inputs, outputs, size, depth=3):
    T, H, W = size
    params = outputs * (inputs * depth * 9 + 1)
    return params, params * T * H * W
""",
        "adding a bias is no multiplication",
    ),
    (
        """
def layer_cost(inputs, outputs, size, depth=3):
    p, m = layer_cost_2d(inputs, outputs, size[1:])
    return p * depth, m * depth * size[0]
""",
        "the depth multiplies the weights, not the",
    ),
    (
        """
def layer_cost(inputs, outputs, size, depth=3):
    p, m = layer_cost_2d(inputs, outputs, size[1:])
    return p * depth, m * depth
""",
        "the depth multiplies the weights, not the",
    ),
    (
        """
def layer_cost(inputs, outputs, size, depth=3):
    p, m = layer_cost_2d(inputs, outputs, size[1:])
    return (p - outputs) * depth + outputs, m * size[0]
""",
        "the multiply-adds miss the depth: there are",
    ),
    (
        {"return weights + outputs, weights * T * H * W": "return [weights * T * H * W, weights + outputs]"},
        "the order is (parameters, multiply-adds)",
    ),
    (
        {"return weights + outputs, weights * T * H * W": "return weights + outputs, weights * T * H * W / 1e6"},
        "Everything is 1e+06 times too small: a factor",
    ),
]
