"""Answers to 21.1 beside those that the exercise itself knows."""

RIGHT = {
    "1 x 1 convolutions and a pool": """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    features = torch.nn.functional.conv1d(points.mT, weight_1[..., None], bias_1).relu()
    features = torch.nn.functional.conv1d(features, weight_2[..., None], bias_2).relu()
    return torch.nn.functional.adaptive_max_pool1d(features, 1).squeeze(-1)
""",
    "the last ReLU behind the maximum": """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = (torch.einsum("bpi,ci->bpc", points, weight_1) + bias_1).clamp(min=0)
    x = torch.einsum("bpc,dc->bpd", x, weight_2) + bias_2
    return x.max(1).values.clamp(min=0)
""",
    "linear layers of the library": """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    features = F.relu(F.linear(points, weight_1, bias_1))
    features = F.relu(F.linear(features, weight_2, bias_2))
    return features.max(dim=1).values
""",
    "convolutions of size 1": """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = points.transpose(1, 2)
    x = F.conv1d(x, weight_1[..., None], bias_1).clamp(min=0)
    x = F.conv1d(x, weight_2[..., None], bias_2).clamp(min=0)
    return F.adaptive_max_pool1d(x, 1)[..., 0]
""",
    "a loop over points": """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    largest = None
    for p in range(points.shape[1]):
        x = torch.relu(points[:, p] @ weight_1.T + bias_1)
        x = torch.relu(x @ weight_2.T + bias_2)
        largest = x if largest is None else torch.maximum(largest, x)
    return largest
""",
    "the ReLU after the maximum": """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = torch.einsum("bpc,dc->bpd", points, weight_1).add(bias_1).relu()
    x = torch.einsum("bpc,dc->bpd", x, weight_2).amax(1) + bias_2
    return x.relu()
""",
}

OWN_FORM = {}

WRONG = [
    ({"amax(dim=1)": "max(dim=1)"}, None),
    (
        """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = F.linear(points, weight_1, bias_1).relu()
    return F.linear(x, weight_2, bias_2).relu().mean(1)
""",
        "this is the mean over the points",
    ),
    (
        """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = F.linear(points, weight_1, bias_1)
    return F.linear(x, weight_2, bias_2).amax(1)
""",
        "both ReLUs are missing",
    ),
    (
        """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = F.linear(points.amax(1), weight_1, bias_1).relu()
    return F.linear(x, weight_2, bias_2).relu()
""",
        None,
    ),
    (
        """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = F.linear(points, weight_1, bias_1).relu().amax(1)
    return F.linear(x, weight_2, bias_2).relu()
""",
        "the first maximum comes before the second layer",
    ),
    (
        """
def set_features(points, weight_1, bias_1, weight_2, bias_2):
    x = F.linear(points, weight_1, bias_1).relu()
    x = F.linear(x, weight_2, bias_2).relu()
    return x.max(-1).values
""",
        "the maximum runs over the features",
    ),
    ({"    return features.amax(dim=1)": "    features.amax(dim=1)"}, "return"),
]
